-- What runs log and how far they say they have come is kept while they go on, and the trace in which a run was asked for.

-- How many characters of the log were dropped before the first one that is kept.
ALTER TABLE cron_job_logs ADD COLUMN log_start INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cron_job_logs ADD COLUMN progress REAL;
ALTER TABLE cron_job_logs ADD COLUMN progress_text TEXT;

ALTER TABLE cron_jobs ADD COLUMN traceparent TEXT;

PRAGMA user_version = 4;
