//! The letters of plots.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// What plots name it.
pub(crate) const FONT: &str = "sans-serif";
/// Letters for PNGs, and for measuring texts; an SVG is shown in a font of the reader's. See assets/README.md.
const FONT_FILE: &[u8] = include_bytes!("../assets/DejaVuSans-latin.ttf");

/// Makes the font known to the drawing library.
pub(crate) fn prepare_font() {
    static ONCE: Once = Once::new();
    // A file that is no font would show as an error of the first text.
    ONCE.call_once(|| drop(register_font(FONT, FontStyle::Normal, FONT_FILE)));
}
