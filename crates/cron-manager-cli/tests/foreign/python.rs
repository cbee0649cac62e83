//! Clients of Python, generated from a proto as their users do it.

use std::path::Path;

use crate::{
    program::Program,
    tools::{OUR_PROTO, SOURCE, must, python},
};

/// Where proto files are looked for, and those that are meant.
pub(crate) type Protos = (&'static str, &'static [&'static str]);

/// The original library's service, as its users have it.
const ORIGINAL: Protos = (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/protos"), &["inventory.proto"]);
/// Our own service.
pub(crate) const OURS: Protos = (OUR_PROTO, &["cron/cron.proto", "cron/options.proto"]);

/// Runs the function `law` of `python/FILE.py` against a program of its own.
fn holds(file: &str, law: &str, protos: Protos) {
    holds_for(&Program::start(), file, law, protos, &[]);
}

/// Runs the function `law` of `python/FILE.py`, beside what is generated from the proto files, with the program's address and further arguments.
pub(crate) fn holds_for(program: &Program, file: &str, law: &str, protos: Protos, arguments: &[&str]) {
    let generated = program.folder().join("generated");
    generate(&generated, protos);
    let mut client = python("python");
    client.arg(format!("{SOURCE}/python/{file}.py")).args([law, &program.address]).args(arguments);
    must(client.env("PYTHONPATH", generated), law);
}

/// Generates a client into a folder, which is made.
pub(crate) fn generate(folder: &Path, (root, protos): Protos) {
    std::fs::create_dir(folder).unwrap();
    let mut protoc = python("python");
    protoc.args(["-m", "grpc_tools.protoc", "--proto_path", root]).args(protos);
    for out in ["--python_out", "--grpc_python_out"] {
        protoc.arg(format!("{out}={}", folder.display()));
    }
    must(&mut protoc, "no client was generated");
}

/// Each law becomes a test.
macro_rules! laws {
    ($file:ident by $protos:expr; $($law:ident)*) => {
        mod $file {
            $(#[test] fn $law() { super::holds(stringify!($file), stringify!($law), $protos) })*
        }
    };
}

laws! { original by super::ORIGINAL;
    what_was_created_is_answered
    a_new_config_is_off_unless_it_says_otherwise
    an_update_changes_what_it_names
    false_is_not_said_and_so_changes_nothing
    an_unknown_id_is_not_found
    a_missing_id_is_refused
    a_name_that_is_taken_already_exists
    a_wrong_context_is_an_invalid_argument_with_its_field
}

laws! { ours by super::OURS;
    a_config_is_found_in_the_list_page_by_page
    what_is_present_is_changed_even_to_false
    a_field_of_the_mask_that_is_absent_is_cleared
    an_old_etag_is_aborted
    a_triggered_run_is_watched_to_its_end
    a_run_is_followed_with_its_log_to_its_end
    a_stream_that_is_cancelled_ends
    a_deadline_ends_a_stream
    reflection_is_enough_to_call_without_a_proto
    health_is_serving
}
