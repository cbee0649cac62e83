-- Times in which nothing may start.

-- A decision of a config that names a calendar reads this table, and so holds its weakest lock until it commits; a change of a calendar
-- takes the strongest one, so it waits for all who have read the old state, and is dated after them.
CREATE TABLE @cron_calendars (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    timezone text NOT NULL,
    -- As JSON.
    blackouts text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE @cron_configs
    -- The names of the calendars.
    ADD COLUMN calendars text[] NOT NULL DEFAULT '{}';
