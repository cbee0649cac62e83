//! The API as programs see it that others wrote: clients of Python, of Node and of the shell, and a tester that lives by the description. Each test
//! starts the real program. What the clients need is pinned, and installed under `target` when a test first asks for it.
//!
//! | file | does |
//! |---|---|
//! | `program` | starts `cron-manager serve`, and ends it |
//! | `tools` | installs and runs Python, Node and curl |
//! | `python/`, `node/` | clients in their own languages: one function a law |
//! | `protos/inventory.proto` | the original library's service, as its users wrote it down |
//! | `schemathesis.toml`, `python/hooks.py` | which checks of schemathesis fit, and why others do not |

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod curl;
mod description;
mod encrypted;
mod node;
mod page;
mod program;
mod python;
mod tools;
