-- Times in which nothing may start.

CREATE TABLE cron_calendars (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    timezone TEXT NOT NULL,
    -- As JSON.
    blackouts TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The names of the calendars, as JSON.
ALTER TABLE cron_configs ADD COLUMN calendars TEXT NOT NULL DEFAULT '[]';

PRAGMA user_version = 7;
