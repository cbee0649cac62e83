//! Etags: the version of a config in quotes, the same text in a header and in a body (RFC 9110 section 8.8.3, AIP-154).

use super::Misfit;

/// The etag of a version.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version that `text` is the etag of; `None` for `*`, which any version matches.
pub(crate) fn version(text: &str) -> Result<Option<i64>, Misfit> {
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let version = digits.parse().map_err(|_| Misfit::new("etag", format!("{text} is no etag of a config")))?;
    Ok(Some(version))
}
