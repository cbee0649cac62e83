-- What switches and changes jobs while they run.

-- The pause a config is in, or was in last.
ALTER TABLE cron_configs ADD COLUMN paused_at INTEGER;
ALTER TABLE cron_configs ADD COLUMN paused_until INTEGER;
ALTER TABLE cron_configs ADD COLUMN pause_reason TEXT;

-- One row, once the control record was changed.
CREATE TABLE cron_control (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    enabled INTEGER NOT NULL,
    log_level TEXT,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The times in which jobs were switched off; at most one has no end.
CREATE TABLE cron_switched_off (
    -- Of the control record that switched them off.
    version INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER
) STRICT;

-- A context of the run's own, the run it repeats, and whether it is to be stopped.
ALTER TABLE cron_jobs ADD COLUMN context TEXT;
ALTER TABLE cron_jobs ADD COLUMN retry_of INTEGER;
ALTER TABLE cron_jobs ADD COLUMN cancelling INTEGER NOT NULL DEFAULT 0;

-- Requests to create a config, so that they can be told when they come again.
CREATE TABLE cron_requests (
    id TEXT PRIMARY KEY,
    config_id INTEGER NOT NULL REFERENCES cron_configs,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
