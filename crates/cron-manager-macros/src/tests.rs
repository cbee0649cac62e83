//! What the attribute refuses, with which words and at which place, and what it writes out.

use proc_macro2::TokenStream;
use syn::Error;

use crate::expand::expand;

const FUNCTION: &str = "async fn do_something(run: ActiveRun) {}";

fn expanded(args: &str, item: &str) -> String {
    without_spaces(&expand(args.parse().unwrap(), &item.parse().unwrap()).unwrap().to_string())
}

fn refused(args: &str, item: &str) -> Error {
    expand(args.parse().unwrap(), &item.parse().unwrap()).unwrap_err()
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The words of the error, and the text in `args` that it points at.
fn told(args: &str) -> (String, String) {
    let error = refused(args, FUNCTION);
    (error.to_string(), pointed_at(args, &error))
}

fn pointed_at(text: &str, error: &Error) -> String {
    let (start, end) = (error.span().start(), error.span().end());
    assert_eq!((start.line, end.line), (1, 1), "{error}");
    text.chars().skip(start.column).take(end.column - start.column).collect()
}

fn assert_told(args: &str, words: &str, place: &str) {
    let (told, at) = told(args);
    assert!(told.contains(words), "{args}: {told}");
    assert_eq!(at, place, "{args}: {told}");
}

#[test]
fn the_function_stays_and_its_arguments_become_calls_in_their_order() {
    let text = expanded(
        r#"name = "doSomething", schedule = "30 2 * * *", timezone = "Europe/Berlin", distributed, ttl = 20, timeout = "90s", jitter = "1.5s""#,
        FUNCTION,
    );
    assert!(text.starts_with("asyncfndo_something(run:ActiveRun){}"), "{text}");
    assert!(text.contains("structdo_something{}"), "{text}");
    let calls = r#"manager.job("doSomething").schedule("30 2 * * *").timezone("Europe/Berlin").distributed(true).ttl(::core::time::Duration::new(20u64,0u32)).timeout(::core::time::Duration::new(90u64,0u32)).jitter(::core::time::Duration::new(1u64,500000000u32)).run(do_something)"#;
    assert!(text.contains(&without_spaces(calls)), "{text}");
}

#[test]
fn a_job_without_a_name_is_called_as_its_function() {
    assert!(expanded("", FUNCTION).contains(r#"manager.job("do_something").run(do_something)"#));
    assert!(expanded("", "async fn r#move() {}").contains(r#"manager.job("move").run(r#move)"#));
}

#[test]
fn a_visible_function_is_a_visible_job_under_the_same_conditions() {
    let text = expanded("", "#[cfg(unix)] pub(crate) async fn at_night() {}");
    assert!(text.contains("#[allow(non_camel_case_types,dead_code)]pub(crate)structat_night{}"), "{text}");
    assert_eq!(text.matches("#[cfg(unix)]").count(), 4, "{text}");
}

#[test]
fn a_bare_name_is_the_librarys_and_a_path_is_the_users() {
    let bare = expanded("schedule = EVERY_5_MINUTES", FUNCTION);
    assert!(bare.contains("use::cron_manager::schedules::*;EVERY_5_MINUTES}"), "{bare}");
    assert!(expanded("schedule = crate::NIGHTLY", FUNCTION).contains(".schedule(crate::NIGHTLY)"));
    let variant = expanded("catch_up = Latest", FUNCTION);
    assert!(variant.contains(".catch_up(::cron_manager::__private::CatchUp::Latest)"), "{variant}");
    assert!(expanded("catch_up = my::CATCH_UP", FUNCTION).contains(".catch_up(my::CATCH_UP)"));
}

#[test]
fn lengths_are_told_by_a_unit_or_by_an_expression() {
    let length = |text: &str| {
        let expanded = expanded(&format!("every = {text}"), FUNCTION);
        let rest = expanded.split(".every(").nth(1).unwrap();
        rest.split(").run").next().unwrap().replace("::core::time::Duration::new", "")
    };
    assert_eq!(length("\"500ms\""), "(0u64,500000000u32)");
    assert_eq!(length("\"5m\""), "(300u64,0u32)");
    assert_eq!(length("\"2h\""), "(7200u64,0u32)");
    assert_eq!(length("\"1d\""), "(86400u64,0u32)");
    assert_eq!(length("crate::PERIOD"), "crate::PERIOD");
    for wrong in ["\"90\"", "\"s\"", "\"-1s\"", "\"1 week\"", "\"\"", "\"1e9d\"", "90", "true"] {
        assert_told(&format!("every = {wrong}"), "a length of time with its unit (ms, s, m, h or d)", wrong);
    }
}

#[test]
fn what_cannot_do_a_job_is_refused_at_the_word_that_is_wrong() {
    let refusals = [
        ("fn sync() {}", "write `async` before this `fn`", "fn"),
        ("async fn m(&self) {}", "a job has no `self`", "&self"),
        ("async fn m(self: Arc<Self>, run: ActiveRun) {}", "a job has no `self`", "self: Arc<Self>"),
        ("async fn g<T>(of: Ctx<T>) {}", "no generic parameters", "T"),
        ("async fn i(of: impl Send) {}", "not `impl Trait`", "impl Send"),
        ("async fn n(a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A, i: A) {}", "at most 8 arguments", "i: A"),
        ("struct S;", "belongs on an async fn", "struct S;"),
        ("async fn größe() {}", "'ö' is not allowed in a job's name", "größe"),
    ];
    for (item, words, place) in refusals {
        let error = refused("", item);
        assert!(error.to_string().contains(words), "{item}: {error}");
        assert_eq!(pointed_at(item, &error), place, "{item}: {error}");
    }
}

#[test]
fn an_unknown_key_is_told_the_nearest_and_all_that_are_known() {
    assert_told(r#"shedule = "@daily""#, "has no key `shedule`; did you mean `schedule`?", "shedule");
    assert_told("distribute", "did you mean `distributed`?", "distribute");
    assert_told("timeOut = \"1s\"", "did you mean `timeout`?", "timeOut");
    assert_told("colour = 3", "has no key `colour`. Its keys are name, schedule, timezone, dst_gap, every, ", "colour");
}

#[test]
fn keys_that_are_doubled_or_exclude_each_other_are_refused_at_the_later_one() {
    assert_told(r#"ttl = 20, distributed, ttl = 30"#, "`ttl` is given twice", "ttl");
    assert_eq!(refused("ttl = 20, distributed, ttl = 30", FUNCTION).span().start().column, 23);
    assert_told(r#"schedule = "@daily", every = "1s""#, "by `schedule` or by `every`", "every");
    assert_told(r#"every = "1s", schedule = "@daily""#, "by `schedule` or by `every`", "schedule");
    assert_told(r#"every = "1s", timezone = "Europe/Berlin""#, "`timezone` needs a `schedule`", "timezone");
    assert_told("dst_gap = Skip", "`dst_gap` needs a `schedule`", "dst_gap");
}

#[test]
fn a_name_that_no_job_can_have_is_refused() {
    assert_told(r#"name = "send invoices""#, "' ' is not allowed in a job's name", r#""send invoices""#);
    assert_told(r#"name = """#, "a job's name has 1 to 128 characters, this has 0", r#""""#);
    let (long, fits) = ("x".repeat(129), format!(r#"name = "{}""#, "x".repeat(128)));
    assert_told(&format!("name = \"{long}\""), "this has 129", &format!("\"{long}\""));
    expanded(&fits, FUNCTION);
    expanded(r#"name = "A-z_0.9:""#, FUNCTION);
}

#[test]
fn a_value_of_the_wrong_kind_is_told_what_its_key_takes() {
    assert_told("name = 5", "`name` takes a text", "5");
    assert_told("name = NAME", "`name` takes a text", "NAME");
    assert_told("name", "`name` takes a text", "name");
    assert_told("schedule = 5", "`schedule` takes a cron expression or the name of one", "5");
    assert_told("schedule", "`schedule` takes a cron expression or the name of one", "schedule");
    assert_told("schedule = \"@daily\", timezone = 1", "such as timezone = \"Europe/Berlin\"", "1");
    assert_told("distributed = \"yes\"", "`distributed` takes true or false", "\"yes\"");
    assert_told("enabled = 1", "`enabled` takes true or false", "1");
    assert_told("ttl = \"20\"", "`ttl` takes seconds or a length of time", "\"20\"");
    assert_told("ttl = true", "`ttl` takes seconds or a length of time", "true");
    assert_told("context = 7", "`context` takes a JSON object as a text", "7");
    assert_told("overlap = \"skip\"", "`overlap` takes a variant of `Overlap` by its name", "\"skip\"");
}

#[test]
fn what_is_no_list_of_keys_is_refused() {
    for args in ["5", "\"@daily\"", "schedule =", "schedule \"@daily\"", "ttl = 20; distributed"] {
        expand(args.parse().unwrap(), &FUNCTION.parse::<TokenStream>().unwrap()).unwrap_err();
    }
}
