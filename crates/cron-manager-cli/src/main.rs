//! The program `cron-manager`.

mod command;
mod crontab;

fn main() {}
