//! What the operations and their fallbacks share.

use portraitist_kernels::Padding;

/// Added to variances by instance normalisation, to deviations by layer normalisation, before dividing.
pub const NORM_EPSILON: f32 = 1e-5;

/// How a square kernel moves over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Side of the kernel in pixels.
    pub kernel: usize,
    /// Step of the kernel in pixels.
    pub stride: usize,
    /// Rows and columns added on every side.
    pub padding: usize,
    /// What the added pixels hold.
    pub mode: Padding,
}

impl ConvGeometry {
    /// Height and width of the output for an input of the size given.
    pub fn output_size(&self, size: [usize; 2]) -> [usize; 2] {
        size.map(|side| (side + 2 * self.padding).saturating_sub(self.kernel) / self.stride + 1)
    }
}
