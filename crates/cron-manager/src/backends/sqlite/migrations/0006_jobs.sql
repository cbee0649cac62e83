-- What a config's runs do, and what replicas can run beside their handlers, one a line.

ALTER TABLE cron_configs ADD COLUMN job_type TEXT NOT NULL DEFAULT 'inline';
ALTER TABLE cron_configs ADD COLUMN job TEXT;
ALTER TABLE cron_replicas ADD COLUMN runners TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 6;
