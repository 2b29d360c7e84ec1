//! The problem that the forward pass and the gradient of the input have in common: a correlation. `direct.rs` or
//! Winograd's algorithm solves it.

use super::axis::Axis;

/// A correlation of `source` `[batch, source_channels, height, width]` to `[batch, target_channels, ...]`.
pub(crate) struct Correlation<'a> {
    pub(crate) source: &'a [f32],
    pub(crate) batch: usize,
    pub(crate) source_channels: usize,
    /// Height and width of the source.
    pub(crate) source_size: [usize; 2],
    /// Padded rows and columns.
    pub(crate) axes: [Axis; 2],
    /// Offset of each tap in padded rows and columns, in the order of the packed weights.
    pub(crate) taps: Vec<[usize; 2]>,
    pub(crate) target_channels: usize,
    /// Height and width of the output.
    pub(crate) target_size: [usize; 2],
}

/// Where the weights of a correlation lie in the caller's slice.
pub(crate) struct WeightLayout {
    /// For each output channel of the correlation, where its weights start and its row of `taps`.
    pub(crate) channels: Vec<(usize, usize)>,
    /// Elements from an input channel of the correlation to the next.
    pub(crate) source_stride: usize,
    /// Input channels of the correlation.
    pub(crate) source_channels: usize,
    /// Offset of each tap, none for a weight that is zero. One row for each kind of output channel.
    pub(crate) taps: Vec<Vec<Option<usize>>>,
}

/// Offsets of the taps of a kernel, row by row.
pub(crate) fn kernel_taps(kernel: [usize; 2]) -> Vec<[usize; 2]> {
    (0..kernel[0]).flat_map(|y| (0..kernel[1]).map(move |x| [y, x])).collect()
}
