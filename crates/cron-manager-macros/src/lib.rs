//! The attribute `#[cron_job]`. Use it through `cron_manager`, which documents it.

mod args;
mod expand;
mod value;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use quote::quote;

/// # Keys
/// All may be left out.
///
/// | key | value |
/// |---|---|
/// | `name` | the job's name, as a text; without it, the function's |
/// | `schedule` | a cron expression as a text, a constant of `schedules` by its name alone, or a constant of your own |
/// | `timezone` | the IANA zone of the expression; UTC without it |
/// | `dst_gap` | a value of `DstGap`: `RunAfter` or `Skip` |
/// | `every` | an interval instead of an expression, such as `"10s"` |
/// | `distributed` | one replica runs a tick for the whole service; alone, or `= true`, or `= false` |
/// | `ttl` | the length of a run's lease, in seconds, or such as `"20s"` |
/// | `calendars` | texts in brackets, such as `["holidays"]` |
/// | `timeout`, `jitter`, `start_deadline`, `lock_at_least_for` | lengths such as `"90s"`, `"500ms"`, `"5m"`, `"1h"` or `"2d"`, or an expression of type `Duration` |
/// | `catch_up`, `overlap`, `on_abandoned`, `lock` | a value of `CatchUp`, `Overlap`, `OnAbandoned`, `LockPolicy`, such as `Latest` |
/// | `context` | what the handler is told: a text that holds a JSON object, or an expression |
/// | `enabled` | whether the job is on at first; it is, without this |
///
/// # What becomes of the function
/// It stays as it is, so that tests can call it. Beside it stands a type of the same name that is a `DeclaredJob`.
#[proc_macro_attribute]
pub fn cron_job(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = item.into();
    match expand::expand(args.into(), &item) {
        Ok(expanded) => expanded.into(),
        // The function is kept, so that what calls it is not reported, too.
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item).into()
        }
    }
}
