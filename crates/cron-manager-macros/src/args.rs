//! What stands in the attribute's brackets.

use proc_macro2::TokenStream;
use syn::{
    Error, Expr, Ident, Result, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::value::Kind;

/// Each key, and what it takes.
pub(crate) const KEYS: &[(&str, Kind)] = &[
    ("name", Kind::Name),
    ("schedule", Kind::Schedule),
    ("timezone", Kind::Text { example: "Europe/Berlin" }),
    ("dst_gap", Kind::Variant { of: "DstGap" }),
    ("every", Kind::Length),
    ("distributed", Kind::Flag),
    ("ttl", Kind::Seconds),
    ("timeout", Kind::Length),
    ("jitter", Kind::Length),
    ("start_deadline", Kind::Length),
    ("catch_up", Kind::Variant { of: "CatchUp" }),
    ("overlap", Kind::Variant { of: "Overlap" }),
    ("on_abandoned", Kind::Variant { of: "OnAbandoned" }),
    ("lock", Kind::Variant { of: "LockPolicy" }),
    ("lock_at_least_for", Kind::Length),
    ("calendars", Kind::Texts { example: "holidays" }),
    ("context", Kind::Context),
    ("enabled", Kind::Flag),
];

/// One `key = value`, or a `key` alone.
pub(crate) struct Arg {
    pub(crate) key: Ident,
    pub(crate) kind: Kind,
    pub(crate) value: Option<Expr>,
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key: Ident = input.call(Ident::parse_any)?;
        let Some((_, kind)) = KEYS.iter().find(|(known, _)| key == known) else { return Err(unknown(&key)) };
        let value = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
        Ok(Self { key, kind: *kind, value })
    }
}

/// The arguments, each key at most once, and no two that exclude each other.
pub(crate) fn parse(args: TokenStream) -> Result<Vec<Arg>> {
    let args: Vec<Arg> = Punctuated::<Arg, Token![,]>::parse_terminated.parse2(args)?.into_iter().collect();
    for (at, arg) in args.iter().enumerate() {
        if args[..at].iter().any(|earlier| earlier.key == arg.key) {
            return Err(Error::new(arg.key.span(), format!("`{}` is given twice", arg.key)));
        }
    }
    if let Some(second) = args.iter().filter(|arg| arg.key == "schedule" || arg.key == "every").nth(1) {
        return Err(Error::new(second.key.span(), "a job is due by `schedule` or by `every`, not by both"));
    }
    let given = |key: &str| args.iter().find(|arg| arg.key == key);
    for key in ["timezone", "dst_gap"] {
        if let (Some(arg), None) = (given(key), given("schedule")) {
            return Err(Error::new(arg.key.span(), format!("`{key}` needs a `schedule`: nothing else has a zone")));
        }
    }
    Ok(args)
}

fn unknown(key: &Ident) -> Error {
    let written = key.to_string();
    let known: Vec<&str> = KEYS.iter().map(|(known, _)| *known).collect();
    // A third of the letters may be wrong before a guess is more of a riddle than a help.
    let near = known.iter().map(|known| (distance(&written, known), known)).min();
    let guess = match near {
        Some((distance, near)) if distance * 3 <= near.len().max(3) => format!("; did you mean `{near}`?"),
        _ => ".".to_owned(),
    };
    Error::new(key.span(), format!("`#[cron_job]` has no key `{written}`{guess} Its keys are {}", known.join(", ")))
}

/// How many letters must be put in, taken out or changed to come from `one` to `other` (Levenshtein 1965).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}
