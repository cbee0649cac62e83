//! The program `cron-manager`.
fn main() {}
