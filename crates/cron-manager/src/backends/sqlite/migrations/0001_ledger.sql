-- Instants are microseconds since the Unix epoch in UTC; durations are nanoseconds unless their name says otherwise.

CREATE TABLE cron_configs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    enabled INTEGER NOT NULL,
    context TEXT NOT NULL,
    cron_expression TEXT,
    timezone TEXT,
    dst_gap TEXT,
    every_seconds INTEGER,
    at INTEGER,
    catch_up TEXT NOT NULL,
    overlap TEXT NOT NULL,
    on_abandoned TEXT NOT NULL,
    start_deadline INTEGER,
    timeout INTEGER,
    jitter INTEGER,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    watermark INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE INDEX cron_configs_revision ON cron_configs (revision);

-- The schedule of each version, so that the ledger can be added up afterwards.
CREATE TABLE cron_config_versions (
    config_id INTEGER NOT NULL REFERENCES cron_configs,
    version INTEGER NOT NULL,
    since INTEGER NOT NULL,
    cron_expression TEXT,
    timezone TEXT,
    dst_gap TEXT,
    every_seconds INTEGER,
    at INTEGER,
    distributed INTEGER NOT NULL,
    tz_database TEXT NOT NULL,
    PRIMARY KEY (config_id, version)
) STRICT, WITHOUT ROWID;

-- How far each replica's lane of a config has come, where every replica runs each tick.
CREATE TABLE cron_lanes (
    config_id INTEGER NOT NULL REFERENCES cron_configs,
    replica_id TEXT NOT NULL REFERENCES cron_replicas,
    since INTEGER NOT NULL,
    watermark INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    PRIMARY KEY (config_id, replica_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cron_replicas (
    id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    host TEXT NOT NULL,
    handlers TEXT NOT NULL,
    running INTEGER NOT NULL,
    -- Microseconds that its wall clock is ahead.
    clock_skew INTEGER NOT NULL,
    registered_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL,
    draining INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE INDEX cron_replicas_live ON cron_replicas (registered_at) WHERE ended_at IS NULL;

CREATE TABLE cron_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    config_id INTEGER NOT NULL REFERENCES cron_configs,
    -- The one replica that it is for; NULL on the service's page.
    lane TEXT,
    name TEXT NOT NULL,
    config_version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    due_through INTEGER NOT NULL,
    count INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    request_id TEXT,
    start_after INTEGER NOT NULL,
    start_deadline INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    exclusive INTEGER NOT NULL,
    replica_id TEXT,
    fence INTEGER NOT NULL,
    token INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL,
    ttl INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    result TEXT,
    error TEXT,
    truncated INTEGER NOT NULL
) STRICT;

-- The backstop of the protocol: whatever was decided, these three hold.
CREATE UNIQUE INDEX cron_jobs_tick ON cron_jobs (config_id, due_at, attempt, coalesce(lane, '')) WHERE kind = 'tick';
CREATE UNIQUE INDEX cron_jobs_request ON cron_jobs (request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX cron_jobs_exclusive ON cron_jobs (config_id, coalesce(lane, '')) WHERE state = 'running' AND exclusive = 1;

-- What a page holds: the live rows, and the skipped tick row that reaches furthest.
CREATE INDEX cron_jobs_live ON cron_jobs (config_id, state) WHERE state IN ('pending', 'running');
CREATE INDEX cron_jobs_skipped ON cron_jobs (config_id, coalesce(lane, ''), due_through) WHERE state = 'skipped' AND kind = 'tick';

-- Listings, newest id first: every index ends in the id.
CREATE INDEX cron_jobs_config ON cron_jobs (config_id);
CREATE INDEX cron_jobs_state ON cron_jobs (state);
CREATE INDEX cron_jobs_due ON cron_jobs (due_at);

CREATE TABLE cron_job_logs (
    run_id INTEGER PRIMARY KEY REFERENCES cron_jobs,
    log TEXT NOT NULL
) STRICT;

-- One row: the newest revision. Counting in a row, not by a sequence, lets edits become visible in their order.
CREATE TABLE cron_revision (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO cron_revision (id, revision) VALUES (1, 0);

-- "Cron" in ASCII: by this a file is known as ours.
PRAGMA application_id = 1131573102;
PRAGMA user_version = 1;
