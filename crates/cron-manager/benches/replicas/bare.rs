//! The limit: the same work in the same batches, without a scheduler.

use sqlx::{AssertSqlSafe, PgPool};

/// As many as a turn of the scheduler takes in one transaction.
const BATCH: usize = 256;

/// `@` stands before the name of each table.
const TABLES: &str = "
    CREATE TABLE @configs (id integer PRIMARY KEY, watermark timestamptz NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE @runs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, config_id integer NOT NULL, due_at timestamptz NOT NULL,
        state text NOT NULL, replica_id bigint, started_at timestamptz, finished_at timestamptz);
    CREATE UNIQUE INDEX ON @runs (config_id, due_at);
    CREATE UNIQUE INDEX ON @runs (config_id) WHERE state = 'running'";

pub(crate) struct Bare {
    pool: PgPool,
    ids: Vec<i32>,
    lock: String,
    insert: String,
    moved: String,
    end: String,
    end_all: String,
}

impl Bare {
    /// Tables whose names begin with `name`.
    pub(crate) async fn new(pool: &PgPool, name: &str, configs: usize) -> Self {
        let sql = |template: &str| template.replace('@', &format!("bare_{name}_"));
        sqlx::raw_sql(AssertSqlSafe(sql(TABLES))).execute(pool).await.unwrap();
        let fill = sql("INSERT INTO @configs SELECT id, now() FROM generate_series(1, $1) AS id");
        sqlx::query(AssertSqlSafe(fill)).bind(configs as i32).execute(pool).await.unwrap();
        Self {
            pool: pool.clone(),
            ids: (1..=configs as i32).collect(),
            lock: sql("SELECT id FROM @configs WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED"),
            insert: sql("INSERT INTO @runs (config_id, due_at, state, replica_id, started_at) \
                         SELECT id, coalesce('epoch'::timestamptz + make_interval(secs => $2), clock_timestamp()), 'running', 1, now() \
                         FROM unnest($1) AS id RETURNING id"),
            moved: sql("UPDATE @configs SET watermark = now() WHERE id = ANY($1)"),
            end: sql("UPDATE @runs SET state = 'done', finished_at = now() WHERE id = $1 AND state = 'running'"),
            end_all: sql(
                "UPDATE @runs SET state = 'done', finished_at = now() WHERE config_id = ANY($1) AND state = 'running'",
            ),
        }
    }

    pub(crate) fn batches(&self) -> impl Iterator<Item = &[i32]> {
        self.ids.chunks(BATCH)
    }

    /// One tick of each: its start row, and its watermark.
    pub(crate) async fn claim_all(&self, due: i32) {
        for ids in self.batches() {
            self.claim(ids, due).await;
        }
    }

    pub(crate) async fn claim(&self, ids: &[i32], due: i32) {
        self.insert(ids, Some(f64::from(due))).await;
    }

    /// A run of one, which is returned.
    pub(crate) async fn start(&self, id: i32) -> i64 {
        self.insert(&[id], None).await[0]
    }

    pub(crate) async fn end(&self, run: i64) {
        sqlx::query(AssertSqlSafe(self.end.clone())).bind(run).execute(&self.pool).await.unwrap();
    }

    pub(crate) async fn end_all(&self, ids: &[i32]) {
        sqlx::query(AssertSqlSafe(self.end_all.clone())).bind(ids).execute(&self.pool).await.unwrap();
    }

    async fn insert(&self, ids: &[i32], due: Option<f64>) -> Vec<i64> {
        let mut claim = self.pool.begin().await.unwrap();
        sqlx::query(AssertSqlSafe(self.lock.clone())).bind(ids).execute(&mut *claim).await.unwrap();
        let insert = sqlx::query_scalar(AssertSqlSafe(self.insert.clone())).bind(ids).bind(due);
        let runs = insert.fetch_all(&mut *claim).await.unwrap();
        sqlx::query(AssertSqlSafe(self.moved.clone())).bind(ids).execute(&mut *claim).await.unwrap();
        claim.commit().await.unwrap();
        runs
    }
}
