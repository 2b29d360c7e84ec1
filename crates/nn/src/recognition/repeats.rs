//! What protocols name more than once.

/// A sentence about entries that are named again; `None` if none is.
pub(super) fn repeated(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| format!("the protocol names {what} again, {count} in all; each counts as often as it is named"))
}
