-- What switches and changes jobs while they run.

ALTER TABLE @cron_configs
    -- The pause a config is in, or was in last.
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN paused_until timestamptz,
    ADD COLUMN pause_reason text;

-- One row, once the control record was changed.
CREATE TABLE @cron_control (
    id integer PRIMARY KEY CHECK (id = 1),
    enabled boolean NOT NULL,
    log_level text,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

-- The times in which jobs were switched off; at most one has no end. Each decision reads this table, and so holds its weakest lock until
-- it commits; a switching takes the strongest one, so it waits for all who have read the old state, and is dated after them.
CREATE TABLE @cron_switched_off (
    -- Of the control record that switched them off.
    version bigint PRIMARY KEY,
    since timestamptz NOT NULL,
    until timestamptz
);

ALTER TABLE @cron_jobs
    -- In place of the config's.
    ADD COLUMN context text,
    -- The run it repeats.
    ADD COLUMN retry_of bigint,
    -- Whether it is to be stopped.
    ADD COLUMN cancelling boolean NOT NULL DEFAULT false;

-- Requests to create a config, so that they can be told when they come again.
CREATE TABLE @cron_requests (
    id text PRIMARY KEY,
    config_id integer NOT NULL REFERENCES @cron_configs,
    body text NOT NULL
);
