//! The limit: claims of the same jobs in the same batches, without a scheduler.

use sqlx::PgPool;

/// As many as a turn of the scheduler takes in one transaction.
const BATCH: usize = 256;

const TABLES: &str = "
    CREATE TABLE bare_configs (id integer PRIMARY KEY, watermark timestamptz NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE bare_runs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, config_id integer NOT NULL, due_at timestamptz NOT NULL,
        state text NOT NULL, replica_id bigint, started_at timestamptz, finished_at timestamptz);
    CREATE UNIQUE INDEX ON bare_runs (config_id, due_at);
    CREATE UNIQUE INDEX ON bare_runs (config_id) WHERE state = 'running'";

pub(crate) struct Bare {
    pool: PgPool,
    ids: Vec<i32>,
}

impl Bare {
    pub(crate) async fn new(pool: &PgPool, configs: usize) -> Self {
        sqlx::raw_sql(TABLES).execute(pool).await.unwrap();
        let fill = "INSERT INTO bare_configs SELECT id, now() FROM generate_series(1, $1) AS id";
        sqlx::query(fill).bind(configs as i32).execute(pool).await.unwrap();
        Self { pool: pool.clone(), ids: (1..=configs as i32).collect() }
    }

    /// One tick of each: its start row, and its watermark; ended afterwards, which is not part of a claim.
    pub(crate) async fn claim_all(&self, due: i32) {
        for ids in self.ids.chunks(BATCH) {
            let mut claim = self.pool.begin().await.unwrap();
            let lock = "SELECT id FROM bare_configs WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED";
            sqlx::query(lock).bind(ids).execute(&mut *claim).await.unwrap();
            let insert = "INSERT INTO bare_runs (config_id, due_at, state, replica_id, started_at) \
                          SELECT id, 'epoch'::timestamptz + make_interval(secs => $2), 'done', 1, now() FROM unnest($1) AS id";
            sqlx::query(insert).bind(ids).bind(f64::from(due)).execute(&mut *claim).await.unwrap();
            let moved = "UPDATE bare_configs SET watermark = now() WHERE id = ANY($1)";
            sqlx::query(moved).bind(ids).execute(&mut *claim).await.unwrap();
            claim.commit().await.unwrap();
        }
    }
}
