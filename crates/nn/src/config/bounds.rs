//! Bounds of sizes, and how a size beyond them is reported.

/// Whether a value lies within its bounds, both included.
pub(super) fn within(name: &str, value: usize, low: usize, high: usize) -> Result<(), String> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(format!("{name} must be between {low} and {high}, found {value}"))
    }
}
