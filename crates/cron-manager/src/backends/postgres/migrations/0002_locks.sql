-- What locks beside the store need, and jobs that foreign timers call for.

ALTER TABLE @cron_configs
    ADD COLUMN external boolean NOT NULL DEFAULT false,
    ADD COLUMN lock text NOT NULL DEFAULT 'prefer',
    ADD COLUMN lock_at_least_for bigint,
    ADD COLUMN min_gap bigint NOT NULL DEFAULT 900000000,
    -- When the newest run of the service's page was claimed.
    ADD COLUMN started_at timestamptz;

ALTER TABLE @cron_lanes ADD COLUMN started_at timestamptz;

-- One row: the random id by which locks tell this store from others.
CREATE TABLE @cron_store (
    id text PRIMARY KEY
);

INSERT INTO @cron_store (id) VALUES (left(md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text), 16));
