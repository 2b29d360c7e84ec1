//! Which algorithm computes a layer: the one place that decides.
//!
//! Decisions depend on shapes alone, never on the number of threads, so that results do not depend on it either. The
//! environment variable `PORTRAITIST_WINOGRAD` (`off`, `always`) overrides what is expected to be fastest.

use crate::bf16::unit::Bf16Unit;
use crate::channels_last::shape::FeatureMapShape;
use crate::convolution::correlation::Correlation;
use crate::convolution::shape::Conv2d;
use crate::simd::dispatch::{Kernels, WinogradPolicy};
use crate::simd::outer_product::MAX_OUTER_ROWS;
use crate::winograd::filter::{Direction, Filter};

/// Up to this many tiles, transforming the weights is more work than the tiles are. Then each task transforms the
/// weights of a call right before it needs them, and constant weights are stored transformed. With more tiles, the
/// weights of a call are transformed once, and all tasks share them.
pub(crate) const FEW_TILES: usize = 96;
/// Constant weights that take more elements (4 MB) transformed are kept packed, where there are many tiles.
const LARGEST_KEPT_WEIGHTS: usize = 1 << 20;

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// By its definition.
    Direct,
    /// By Winograd's minimal filtering.
    Winograd(Filter),
    /// By its definition, of inputs and weights that are rounded to bf16.
    DirectRounded,
    /// By Winograd's minimal filtering, of transformed inputs and weights that are rounded to bf16.
    WinogradRounded(Filter),
}

impl Algorithm {
    /// Winograd's filter, if it is his algorithm.
    pub(crate) fn filter(self) -> Option<Filter> {
        match self {
            Self::Direct | Self::DirectRounded => None,
            Self::Winograd(filter) | Self::WinogradRounded(filter) => Some(filter),
        }
    }

    /// Whether bf16 values are multiplied.
    pub(crate) fn is_rounded(self) -> bool {
        matches!(self, Self::DirectRounded | Self::WinogradRounded(_))
    }
}

/// How exact a [`PreparedConvolution`](crate::PreparedConvolution) must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Any algorithm. F(4x4, 3x3) has errors around 1e-5 of the largest output.
    Standard,
    /// All but F(4x4, 3x3): errors around 1e-6 of the largest output. For layers behind which errors grow.
    High,
    /// Products of bf16 values, summed in `f32`, by any algorithm: errors around 1e-2 of the largest output.
    Bf16,
    /// Products of bf16 values, but not by F(4x4, 3x3): errors around 3e-3 of the largest output.
    HighBf16,
}

impl Precision {
    /// Whether bf16 values are multiplied.
    pub fn is_rounded(self) -> bool {
        matches!(self, Self::Bf16 | Self::HighBf16)
    }
}

/// The direct algorithm of a precision.
pub(crate) fn direct(precision: Precision) -> Algorithm {
    if precision.is_rounded() { Algorithm::DirectRounded } else { Algorithm::Direct }
}

/// The algorithm for a correlation whose weights are given with each call.
pub(crate) fn of_correlation(kernels: &Kernels, correlation: &Correlation<'_>) -> Algorithm {
    let three_by_three = correlation.taps.len() == 9 && correlation.taps.last() == Some(&[2, 2]);
    let is_possible = three_by_three && correlation.axes[0].stride == 1;
    let takes_winograd = match kernels.winograd {
        _ if !is_possible => false,
        WinogradPolicy::Never => false,
        WinogradPolicy::IfFaster => winograd_is_faster(correlation),
        WinogradPolicy::Always => true,
    };
    if takes_winograd { Algorithm::Winograd(Filter::F4) } else { Algorithm::Direct }
}

/// Whether F(4x4, 3x3) is expected to be faster than the direct correlation, where it is possible.
fn winograd_is_faster(correlation: &Correlation<'_>) -> bool {
    let [height, width] = correlation.target_size;
    let channels = [correlation.source_channels, correlation.target_channels];
    if channels.iter().any(|channels| *channels < 16) {
        return false;
    }
    // Nanoseconds for each pair of channels, fitted to measurements on two threads of Zen 5 with AVX-512.
    let tiles = (correlation.batch * Filter::F4.tiles([height, width])) as f64;
    let inverse_channels: f64 = channels.iter().map(|channels| 1.0 / *channels as f64).sum();
    let [multiply, transform_weights, transform_tiles] = [0.18 * tiles, 8.0, 4.0 * tiles * inverse_channels];
    let direct = 0.05 * (correlation.batch * height * width) as f64;
    multiply + transform_weights + transform_tiles < 0.95 * direct
}

/// How the gradient of a convolution's weight is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeightGradientAlgorithm {
    /// By Winograd's transforms.
    Winograd,
    /// By sums over positions, registers of input channels.
    TransposedInput,
    /// By sums over positions, registers of output channels.
    TransposedOutput,
}

/// The algorithm for the gradient of a weight; `output_size` is height and width of the output.
pub(crate) fn of_weight_gradient(kernels: &Kernels, conv: &Conv2d, output_size: [usize; 2]) -> WeightGradientAlgorithm {
    let takes_winograd = match kernels.winograd {
        _ if conv.kernel != [3, 3] || conv.stride != 1 => false,
        WinogradPolicy::Never => false,
        WinogradPolicy::IfFaster => weight_gradient_by_winograd_is_faster(conv, output_size),
        WinogradPolicy::Always => true,
    };
    // Registers of few output channels would stay mostly empty.
    let few_outputs = conv.out_channels <= 2 * MAX_OUTER_ROWS.min(kernels.lanes / 2);
    if takes_winograd {
        WeightGradientAlgorithm::Winograd
    } else if few_outputs && conv.in_channels > conv.out_channels {
        WeightGradientAlgorithm::TransposedInput
    } else {
        WeightGradientAlgorithm::TransposedOutput
    }
}

fn weight_gradient_by_winograd_is_faster(conv: &Conv2d, output_size: [usize; 2]) -> bool {
    if conv.in_channels.min(conv.out_channels) < 32 {
        return false;
    }
    let multiplications = Filter::F4.points() * conv.batch * Filter::F4.tiles(output_size);
    let direct = 9 * conv.batch * output_size[0] * output_size[1];
    // The last transform costs each pair of channels as much as some 1000 multiplications.
    multiplications + 1000 < direct
}

/// A convolution of one image with constant weights, whose algorithm is to be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConstantConvolution<'a> {
    pub(crate) convolution: &'a Conv2d,
    pub(crate) input: FeatureMapShape,
    /// Rows and columns of outputs that are left out on each side.
    pub(crate) margin: [usize; 2],
    /// Height and width of what is left.
    pub(crate) out_size: [usize; 2],
    pub(crate) precision: Precision,
}

impl ConstantConvolution<'_> {
    /// Winograd's algorithms that can compute it, the one with the fewest multiplications last.
    fn filters(&self, kernels: &Kernels) -> Vec<Filter> {
        use Direction::{Across, Down};
        let filters: &[Filter] = match (self.convolution.kernel, self.precision) {
            ([3, 3], Precision::Standard) => &[Filter::F2, Filter::F4],
            ([3, 3], Precision::High | Precision::HighBf16) => &[Filter::F2],
            ([3, 3], Precision::Bf16) => &[Filter::F2, Filter::F4Rounded],
            ([5, 5], Precision::Standard) => &[Filter::Five],
            ([1, 3], Precision::Standard) => &[Filter::Line3(Across)],
            ([3, 1], Precision::Standard) => &[Filter::Line3(Down)],
            ([1, 7], Precision::Standard) => &[Filter::Line7(Across)],
            ([7, 1], Precision::Standard) => &[Filter::Line7(Down)],
            _ => &[],
        };
        let Conv2d { stride, padding, .. } = *self.convolution;
        if stride != 1 || !self.input.pitch.is_multiple_of(kernels.lanes) {
            return Vec::new();
        }
        let first = self.margin.map(|margin| margin as isize - padding as isize);
        filters.iter().copied().filter(|filter| filter.stays_within(self.input, first, self.out_size)).collect()
    }
}

/// The fastest algorithm for one image at a time with constant weights, by the shape and the wanted precision alone.
///
/// For many images, which share the weights, F(4x4, 3x3) would sometimes be faster where F(2x2, 3x3) is chosen; but the
/// result of an image must not depend on the others.
pub(crate) fn of_constant_weights(kernels: &Kernels, constant: &ConstantConvolution<'_>) -> Algorithm {
    let ConstantConvolution { convolution, out_size: [height, width], precision, .. } = *constant;
    let by_winograd = |filter| {
        if precision.is_rounded() { Algorithm::WinogradRounded(filter) } else { Algorithm::Winograd(filter) }
    };
    let filters = constant.filters(kernels);
    match (kernels.winograd, filters.last()) {
        (WinogradPolicy::Never, _) | (_, None) => return direct(precision),
        (WinogradPolicy::Always, Some(filter)) => return by_winograd(*filter),
        (WinogradPolicy::IfFaster, _) => {}
    }
    // Nanoseconds for one image, measured on two threads of Zen 5: a multiplication; a weight that comes from memory, at
    // 48 GB/s; a point of a channel of a tile that is transformed.
    const TRANSFORM: f64 = 0.05;
    let [multiplication, weight] = match (precision.is_rounded(), kernels.bf16()) {
        (true, Bf16Unit::Amx) => [0.0008, 0.042],
        (true, _) => [0.0025, 0.042],
        (false, _) => [0.005, 0.083],
    };
    let pairs = (convolution.in_channels * convolution.out_channels) as f64;
    let per_tile = (convolution.in_channels + convolution.out_channels) as f64 / pairs;
    let taps = convolution.kernel.iter().product::<usize>() as f64;
    let directly = (multiplication * (height * width) as f64 + weight) * taps;
    let by_tiles = |filter: Filter| {
        let tiles = filter.tiles([height, width]) as f64;
        (multiplication * tiles + weight + TRANSFORM * tiles * per_tile) * filter.points() as f64
    };
    let mut best = (directly, direct(precision));
    for filter in filters {
        if by_tiles(filter) < best.0 {
            best = (by_tiles(filter), by_winograd(filter));
        }
    }
    best.1
}

/// The algorithm for the four phases of upsampling with constant weights.
pub(crate) fn of_upsampling_phases(kernels: &Kernels, precision: Precision) -> Algorithm {
    match (kernels.winograd, precision) {
        (WinogradPolicy::Never, _) => direct(precision),
        (_, Precision::Standard | Precision::High) => Algorithm::Winograd(Filter::F4),
        (_, Precision::Bf16) => Algorithm::WinogradRounded(Filter::F4Rounded),
        (_, Precision::HighBf16) => Algorithm::WinogradRounded(Filter::F2),
    }
}

/// Whether constant weights are kept packed as the direct algorithm reads them, and transformed at each call: that takes
/// little time where tiles are many, and saves three quarters of the memory.
pub(crate) fn keeps_weights_packed(
    algorithm: Algorithm,
    pitch: usize,
    out_channels: usize,
    output_size: [usize; 2],
) -> bool {
    let transformed = Filter::F4.points() * pitch * out_channels;
    algorithm == Algorithm::Winograd(Filter::F4)
        && Filter::F4.tiles(output_size) > FEW_TILES
        && transformed > LARGEST_KEPT_WEIGHTS
}
