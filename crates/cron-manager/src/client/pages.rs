//! Lists, page by page.

use std::{future::Future, vec};

use futures_util::{Stream, stream};

use crate::Result;

/// How many rows are asked for at once.
pub(super) const PAGE: i32 = 100;

/// The rows of all pages. `read` is given the token of a page, and returns its rows and the token of the next one, empty when there is none.
/// A page is read when a row of it is asked for; after an error the stream ends.
pub(super) fn rows<T, F>(read: impl Fn(String) -> F) -> impl Stream<Item = Result<T>>
where
    F: Future<Output = Result<(Vec<T>, String)>>,
{
    let begin = (Vec::new().into_iter(), Some(String::new()), read);
    stream::try_unfold(begin, |(mut rows, mut next, read): (vec::IntoIter<T>, Option<String>, _)| async move {
        loop {
            if let Some(row) = rows.next() {
                return Ok(Some((row, (rows, next, read))));
            }
            let Some(token) = next else { return Ok(None) };
            let (page, following) = read(token).await?;
            rows = page.into_iter();
            next = Some(following).filter(|token| !token.is_empty());
        }
    })
}
