-- What a config's runs do, and what replicas can run beside their handlers.

ALTER TABLE @cron_configs
    ADD COLUMN job_type text NOT NULL DEFAULT 'inline',
    ADD COLUMN job text;

ALTER TABLE @cron_replicas ADD COLUMN runners text[] NOT NULL DEFAULT '{}';
