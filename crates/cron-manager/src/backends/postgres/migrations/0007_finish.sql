-- Ends a run as succeeded in the transaction of its work, for logins that may do nothing else here. The token, which nobody but the run's
-- replica knows, tells that the caller is its handler. The row is left as `finish.rs` leaves it. 'succeeded'; or 'cancelling', when the run is
-- to be cancelled, which was promised to somebody; or nothing, when it is not held like this any more.
CREATE FUNCTION @cron_finish(run_id bigint, replica_id text, fence bigint, token bigint, result text, log text, log_start bigint, truncated boolean)
    RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH held AS MATERIALIZED (SELECT job.id, job.cancelling FROM @cron_jobs AS job
        WHERE job.id = $1 AND job.state = 'running' AND job.replica_id = $2 AND job.fence = $3 AND job.token = $4 FOR NO KEY UPDATE),
    logged AS (INSERT INTO @cron_job_logs (run_id, log, log_start) SELECT held.id, $6, $7 FROM held WHERE NOT held.cancelling AND $6 IS NOT NULL
        ON CONFLICT (run_id) DO UPDATE SET log = excluded.log, log_start = excluded.log_start),
    ended AS (UPDATE @cron_jobs AS job SET state = 'succeeded', reason = NULL, finished_at = @cron_now(), result = $5, error = NULL, truncated = $8
        FROM held WHERE job.id = held.id AND NOT held.cancelling)
    SELECT CASE WHEN held.cancelling THEN 'cancelling' ELSE 'succeeded' END FROM held
$$;

REVOKE ALL ON FUNCTION @cron_finish(bigint, text, bigint, bigint, text, text, bigint, boolean) FROM PUBLIC;

-- By the comment, which everybody can read, such a login tells that it is in this store's database.
DO $$ BEGIN
    EXECUTE format('COMMENT ON FUNCTION @cron_finish(bigint, text, bigint, bigint, text, text, bigint, boolean) IS %L', (SELECT id FROM @cron_store));
END $$;
