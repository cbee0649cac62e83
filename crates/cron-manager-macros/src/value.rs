//! What the keys take.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Expr, ExprGroup, ExprLit, ExprPath, Lit, Result, spanned::Spanned};

use crate::args::Arg;

/// What a key takes.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A job's name.
    Name,
    /// A cron expression.
    Schedule,
    /// Any text.
    Text { example: &'static str },
    /// Several texts.
    Texts { example: &'static str },
    /// True or false, or nothing for true.
    Flag,
    /// A length of time with its unit.
    Length,
    /// A length of time, in seconds where it has no unit.
    Seconds,
    /// A JSON object.
    Context,
    /// A variant of an enum of the library.
    Variant { of: &'static str },
}

impl Arg {
    /// The value as an expression for the builder's method of the key's name.
    pub(crate) fn expression(&self) -> Result<TokenStream> {
        let Some(value) = &self.value else {
            return match self.kind {
                Kind::Flag => Ok(quote!(true)),
                _ => Err(Error::new(self.key.span(), self.wanted())),
            };
        };
        match (self.kind, literal(value)) {
            (Kind::Name, Some(Lit::Str(text))) => {
                check_name(&text.value()).map_err(|problem| Error::new(text.span(), problem))?;
                Ok(quote!(#text))
            }
            (Kind::Flag, Some(Lit::Bool(flag))) => Ok(quote!(#flag)),
            (Kind::Schedule | Kind::Text { .. } | Kind::Context, Some(Lit::Str(text))) => Ok(quote!(#text)),
            (Kind::Length | Kind::Seconds, Some(Lit::Str(text))) => {
                let length = length(&text.value()).ok_or_else(|| Error::new(text.span(), self.wanted()))?;
                Ok(tokens(length))
            }
            (Kind::Seconds, Some(Lit::Int(number))) => self.seconds(number.base10_digits(), value),
            (Kind::Seconds, Some(Lit::Float(number))) => self.seconds(number.base10_digits(), value),
            (Kind::Schedule, None) => Ok(constant(value)),
            (Kind::Variant { of }, None) => self.variant(of, value),
            (Kind::Text { .. } | Kind::Texts { .. } | Kind::Context | Kind::Length | Kind::Seconds, None) => {
                Ok(quote!(#value))
            }
            _ => Err(Error::new(value.span(), self.wanted())),
        }
    }

    fn seconds(&self, digits: &str, value: &Expr) -> Result<TokenStream> {
        let seconds = digits.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        seconds.map(tokens).ok_or_else(|| Error::new(value.span(), self.wanted()))
    }

    /// A bare name is a variant of `of`; other paths are taken as they are.
    fn variant(&self, of: &str, value: &Expr) -> Result<TokenStream> {
        match value {
            Expr::Path(ExprPath { path, .. }) => match path.get_ident() {
                Some(variant) => {
                    let of = format_ident!("{of}");
                    Ok(quote_spanned!(variant.span()=> ::cron_manager::__private::#of::#variant))
                }
                None => Ok(quote!(#path)),
            },
            _ => Err(Error::new(value.span(), self.wanted())),
        }
    }

    fn wanted(&self) -> String {
        let key = &self.key;
        match self.kind {
            Kind::Name => format!("`{key}` takes a text, such as {key} = \"send-invoices\""),
            Kind::Schedule => format!(
                "`{key}` takes a cron expression or the name of one, such as {key} = \"30 2 * * *\" or {key} = EVERY_5_MINUTES"
            ),
            Kind::Text { example } => format!("`{key}` takes a text, such as {key} = {example:?}"),
            Kind::Texts { example } => format!("`{key}` takes texts in brackets, such as {key} = [{example:?}]"),
            Kind::Flag => format!("`{key}` takes true or false, or stands alone for true"),
            Kind::Length => {
                format!("`{key}` takes a length of time with its unit (ms, s, m, h or d), such as {key} = \"90s\"")
            }
            Kind::Seconds => {
                format!("`{key}` takes seconds or a length of time, such as {key} = 20 or {key} = \"20s\"")
            }
            Kind::Context => {
                format!(
                    "`{key}` takes a JSON object as a text, such as {key} = r#\"{{\"shop\": 7}}\"#, or an expression"
                )
            }
            Kind::Variant { of } => format!("`{key}` takes a variant of `{of}` by its name, without quotes"),
        }
    }
}

/// Whether `name` can be a job's; the rule is `JobName`'s.
pub(crate) fn check_name(name: &str) -> std::result::Result<(), String> {
    const MAX: usize = 128;
    if name.is_empty() || name.len() > MAX {
        return Err(format!("a job's name has 1 to {MAX} characters, this has {}", name.len()));
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_.:-".contains(*c)) {
        Some(c) => Err(format!("{c:?} is not allowed in a job's name; use letters, digits and _ . : -")),
        None => Ok(()),
    }
}

/// The literal that `value` is, also when a `macro_rules` handed it on.
fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        Expr::Group(ExprGroup { expr, .. }) => literal(expr),
        _ => None,
    }
}

/// A bare name is found among the library's, and else where the attribute stands; all other expressions are taken as they are.
fn constant(value: &Expr) -> TokenStream {
    match value {
        Expr::Path(ExprPath { path, .. }) if path.get_ident().is_some() => quote! {{
            #[allow(unused_imports)]
            use ::cron_manager::schedules::*;
            #path
        }},
        _ => quote!(#value),
    }
}

/// A number and a unit.
fn length(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

fn tokens(length: Duration) -> TokenStream {
    let (seconds, nanoseconds) = (length.as_secs(), length.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanoseconds))
}
