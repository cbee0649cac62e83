//! Clients of Node, which load a proto at run time.

use crate::{
    program::Program,
    tools::{OUR_PROTO, SOURCE, must, node, python},
};

/// Runs the function `law` of `node/FILE.mjs` against a program of its own, with further arguments.
fn holds(file: &str, law: &str, arguments: &[&str]) {
    let program = Program::start();
    let (mut node, folder) = node();
    // Node looks for packages beside the file.
    let name = format!("{file}.mjs");
    let client = folder.join(format!("{law}-{name}"));
    std::fs::copy(format!("{SOURCE}/node/{name}"), &client).unwrap();
    node.arg(&client).args([law, &program.address]).args(arguments);
    let said = must(&mut node, law);
    std::fs::remove_file(client).unwrap();
    assert!(said.contains("holds"), "{law} was not looked at: {said}");
}

/// Each law becomes a test.
macro_rules! laws {
    ($file:ident with $arguments:expr; $($law:ident)*) => {
        mod $file {
            $(#[test] fn $law() { super::holds(stringify!($file), stringify!($law), $arguments) })*
        }
    };
}

const PROTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/protos");

laws! { original with &[super::PROTOS];
    what_was_created_is_answered
    an_update_changes_what_it_names
    false_is_said_and_counts
    an_unknown_id_is_not_found
    a_name_that_is_taken_already_exists
    a_wrong_context_is_an_invalid_argument_with_its_field
}

laws! { ours with &[super::OUR_PROTO];
    a_triggered_run_is_watched_to_its_end
    a_deadline_ends_a_stream
    a_stream_that_is_cancelled_ends
    a_body_that_is_too_large_is_refused_over_http2
}

#[test]
fn a_page_of_the_web_asks_and_watches_by_grpc_web() {
    let folder = Program::start();
    let descriptors = folder.folder().join("descriptors");
    let mut protoc = python("python");
    protoc.args(["-m", "grpc_tools.protoc", "--include_imports", "--proto_path", OUR_PROTO, "cron/cron.proto"]);
    must(protoc.arg("--descriptor_set_out").arg(&descriptors), "the proto was not read");
    holds("web", "asks_and_watches", &[descriptors.to_str().unwrap()]);
}
