//! How large synthetic pictures are.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};

/// Sides of pictures that are drawn, in pixels.
pub const SIDES: RangeInclusive<usize> = 64..=1024;

/// Refuses a side outside [`SIDES`].
pub(crate) fn check_side(side_px: usize) -> Result<()> {
    if SIDES.contains(&side_px) {
        return Ok(());
    }
    Err(Error::OutOfRange {
        what: "side of a synthetic picture",
        expected: "64 to 1024 pixels",
        found: side_px.to_string(),
    })
}
