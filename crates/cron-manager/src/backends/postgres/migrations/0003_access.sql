-- Who may ask, and who changed what.

CREATE TABLE @cron_tokens (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    -- SHA-256 of the secret, which is kept nowhere.
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Rows are only added. `config_id` is that of the config that was changed, if it was one.
CREATE TABLE @cron_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    reason text,
    action text NOT NULL,
    config_id integer,
    resource text NOT NULL,
    difference text NOT NULL,
    truncated boolean NOT NULL
);

CREATE INDEX cron_audit_config ON @cron_audit (config_id, id) WHERE config_id IS NOT NULL;
CREATE INDEX cron_audit_actor ON @cron_audit (actor, id);
