//! The laws of the HTTP face, over real connections, on the store in memory.

mod broken;
mod client;
mod configs;
mod errors;
mod guard;
mod hostile;
mod pages;
mod probes;
mod runs;
mod serving;
