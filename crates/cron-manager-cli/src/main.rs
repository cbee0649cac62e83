//! The program `cron-manager`.

mod crontab;

fn main() {}
