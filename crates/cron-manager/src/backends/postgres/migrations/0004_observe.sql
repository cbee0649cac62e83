-- What runs log and how far they say they have come is kept while they go on, and the trace in which a run was asked for.

ALTER TABLE @cron_job_logs
    -- How many characters of the log were dropped before the first one that is kept.
    ADD COLUMN log_start bigint NOT NULL DEFAULT 0,
    ADD COLUMN progress double precision,
    ADD COLUMN progress_text text;

ALTER TABLE @cron_jobs ADD COLUMN traceparent text;
