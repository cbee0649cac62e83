-- Who may ask, and who changed what.

CREATE TABLE cron_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- SHA-256 of the secret, which is kept nowhere.
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Rows are only added. `config_id` is that of the config that was changed, if it was one.
CREATE TABLE cron_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    reason TEXT,
    action TEXT NOT NULL,
    config_id INTEGER,
    resource TEXT NOT NULL,
    difference TEXT NOT NULL,
    truncated INTEGER NOT NULL
) STRICT;

CREATE INDEX cron_audit_config ON cron_audit (config_id, id) WHERE config_id IS NOT NULL;
CREATE INDEX cron_audit_actor ON cron_audit (actor, id);

PRAGMA user_version = 3;
