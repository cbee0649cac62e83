-- What locks beside the store need, and jobs that foreign timers call for.

ALTER TABLE cron_configs ADD COLUMN external INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cron_configs ADD COLUMN lock TEXT NOT NULL DEFAULT 'prefer';
ALTER TABLE cron_configs ADD COLUMN lock_at_least_for INTEGER;
ALTER TABLE cron_configs ADD COLUMN min_gap INTEGER NOT NULL DEFAULT 900000000;

-- When the newest run of the page was claimed.
ALTER TABLE cron_configs ADD COLUMN started_at INTEGER;
ALTER TABLE cron_lanes ADD COLUMN started_at INTEGER;

-- One row: the random id by which locks tell this store from others.
CREATE TABLE cron_store (
    id TEXT PRIMARY KEY
) STRICT;

INSERT INTO cron_store (id) VALUES (lower(hex(randomblob(8))));

PRAGMA user_version = 2;
