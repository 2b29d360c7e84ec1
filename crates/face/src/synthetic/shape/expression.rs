//! What a face does: smile, open mouth, brows, lids, gaze.

/// An expression; all zero is a neutral face that looks straight ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expression {
    /// Corners of the mouth: -1 (down) to 1 (a broad smile).
    pub smile: f32,
    /// How far the jaw is open, 0..=1.
    pub open: f32,
    /// Brows: -1 (frowning) to 1 (raised).
    pub brows: f32,
    /// Difference between the brows, -1..=1: positive raises the right one in the picture.
    pub brow_skew: f32,
    /// Lids: -1 (nearly closed) to 1 (wide open).
    pub lids: f32,
    /// Direction of the gaze in radians from straight ahead: to the viewer's right, up; each -0.5..=0.5.
    pub gaze: [f32; 2],
}
