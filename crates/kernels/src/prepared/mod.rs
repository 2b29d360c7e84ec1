//! Layers whose weights do not change: packed or transformed once, with bias, activation and residual in the pass
//! that writes the outputs. They read and write [`FeatureMap`]s, whose pixels hold their channels side by side.
//!
//! Which algorithm computes a convolution, and in which order it adds, depends on its shape alone. A picture's result
//! depends neither on the pictures beside it nor on the number of threads.

pub(crate) mod direct;
mod few_outputs;
mod map;
mod normalize;
pub(crate) mod pixels;
pub(crate) mod product;
pub(crate) mod tiles;
pub(crate) mod transforms;
mod upsample;
pub(crate) mod weights;

pub use few_outputs::PreparedFewOutputs;
pub use map::{FeatureMap, FeatureMapShape};
pub use normalize::{FeatureMapNormalization, NormalizationScope};
pub use upsample::PreparedUpsampling;

use crate::isa::{Kernels, WinogradUse, kernels};
use crate::scratch::Shared;
use crate::shape::{Conv2d, Padding, ShapeError, check_length};
use product::{Ending, Finish, Residual};
use transforms::Filter;
use weights::PreparedWeights;

/// What is done to the outputs of a convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutputActivation<'a> {
    /// Nothing.
    None,
    /// `max(0, x)`.
    Relu,
    /// `x` above 0, else `x` times the slope of its channel.
    Prelu(&'a [f32]),
}

/// A convolution, its weights prepared for pictures of one size. It pads by reading what lies around its inputs.
///
/// A linear layer is a convolution whose kernel is as large as the picture.
#[derive(Debug)]
pub struct PreparedConvolution {
    kernels: &'static Kernels,
    input: FeatureMapShape,
    out_channels: usize,
    out_size: [usize; 2],
    stride: usize,
    padding: usize,
    mode: Padding,
    algorithm: Algorithm,
    weights: Weights,
    /// For whole registers of channels, as slopes.
    bias: Vec<f32>,
    ending: Ending,
    slopes: Vec<f32>,
}

/// Transformed weights of more elements (4 MB) are not kept, where many tiles share the work of transforming them.
const LARGEST_KEPT_WEIGHTS: usize = 1 << 20;
/// Tiles of a picture that are many.
const MANY_TILES: usize = 96;

/// What a convolution keeps of its weights.
#[derive(Debug)]
enum Weights {
    /// As products read them.
    Ready(PreparedWeights),
    /// A 3x3 kernel as the direct algorithm reads it, transformed at each call: that takes little time where tiles are
    /// many, and saves three quarters of the memory.
    Packed(PreparedWeights),
}

impl Weights {
    fn new(
        kernels: &Kernels,
        algorithm: Algorithm,
        convolution: &Conv2d,
        input: &FeatureMapShape,
        weight: &[f32],
        [height, width]: [usize; 2],
    ) -> Self {
        if algorithm == Algorithm::Winograd(Filter::Four) {
            let tiles = [height, width].map(|size| size.div_ceil(Filter::Four.out())).iter().product::<usize>();
            let transformed = Filter::Four.places() * input.pitch * convolution.out_channels;
            if tiles > MANY_TILES && transformed > LARGEST_KEPT_WEIGHTS {
                return Self::Packed(PreparedWeights::new(kernels, Algorithm::Direct, convolution, input, weight));
            }
        }
        Self::Ready(PreparedWeights::new(kernels, algorithm, convolution, input, weight))
    }
}

/// How exact a [`PreparedConvolution`] must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Any algorithm. F(4x4, 3x3) has errors around 1e-5 of the largest output.
    Standard,
    /// All but F(4x4, 3x3): errors around 1e-6 of the largest output. For layers behind which errors grow.
    High,
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Direct,
    Winograd(Filter),
}

/// Inputs and outputs of one call.
struct Job<'a> {
    convolution: &'a PreparedConvolution,
    weights: &'a PreparedWeights,
    batch: usize,
    input: &'a [f32],
    placement: Placement,
    target: Shared,
    finish: Finish,
}

/// Where outputs lie in the map that is written.
#[derive(Clone, Copy)]
struct Placement {
    map: FeatureMapShape,
    /// Rows and columns of the map for each row and column of outputs.
    scale: usize,
    /// Channels of the map, of which outputs hold those of `scale * scale` pixels one behind the other.
    channels: usize,
}

impl Placement {
    /// Outputs that are the pixels of the map.
    fn whole(map: FeatureMapShape) -> Self {
        Self { map, scale: 1, channels: usize::MAX }
    }

    fn offset(&self, image: usize, [y, x]: [usize; 2], channel: usize) -> usize {
        let phase = channel / self.channels;
        let pixel = [y * self.scale + phase / self.scale, x * self.scale + phase % self.scale];
        self.map.offset(image, pixel, 0) + channel % self.channels
    }

    /// The first channel that lies in another pixel of the map than `channel`.
    fn next_pixel(&self, channel: usize) -> usize {
        (channel / self.channels + 1).saturating_mul(self.channels)
    }
}

// SAFETY: the pointers in `finish` are to bias, slopes and residual, which outlive the job and are only read.
unsafe impl Sync for Job<'_> {}

impl PreparedConvolution {
    /// Prepares `weight` (`[out, in, kh, kw]`), `bias` (`[out]`) and the slopes of the activation. The batch that
    /// `convolution` names does not matter; its sizes must be those of `input`.
    ///
    /// # Errors
    /// [`ShapeError`] if the shape is impossible, a slice has another length, or the padding is wider than the halo of
    /// the input.
    pub fn new(
        convolution: &Conv2d,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
        precision: Precision,
    ) -> Result<Self, ShapeError> {
        let kernels = kernels();
        let algorithm = choose(kernels, convolution, &input, convolution.output_size()?, precision);
        Self::with(kernels, algorithm, convolution, input, weight, bias, activation)
    }

    /// As [`PreparedConvolution::new`], for a chosen instruction set and algorithm.
    pub(crate) fn with(
        kernels: &'static Kernels,
        algorithm: Algorithm,
        convolution: &Conv2d,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
    ) -> Result<Self, ShapeError> {
        let out_channels = convolution.out_channels;
        let out_size = convolution.check(None, Some(weight.len()), Some(bias.len()), None)?;
        check_length("input channels", convolution.in_channels, input.channels)?;
        check_length("input rows", convolution.in_height, input.height)?;
        check_length("input columns", convolution.in_width, input.width)?;
        if convolution.padding > input.halo {
            return Err(ShapeError::Halo { padding: convolution.padding, halo: input.halo });
        }
        let (ending, slopes) = match activation {
            OutputActivation::None => (Ending::Linear, &[][..]),
            OutputActivation::Relu => (Ending::Relu, &[][..]),
            OutputActivation::Prelu(slopes) => {
                check_length("slopes", out_channels, slopes.len())?;
                (Ending::Prelu, slopes)
            }
        };
        let whole = |values: &[f32]| {
            let mut values = values.to_vec();
            values.resize(out_channels.next_multiple_of(kernels.lanes), 0.0);
            values
        };
        Ok(Self {
            kernels,
            input,
            out_channels,
            out_size,
            stride: convolution.stride,
            padding: convolution.padding,
            mode: convolution.mode,
            algorithm,
            weights: Weights::new(kernels, algorithm, convolution, &input, weight, out_size),
            bias: whole(bias),
            ending,
            slopes: whole(slopes),
        })
    }

    /// The shape of the inputs.
    pub fn input_shape(&self) -> FeatureMapShape {
        self.input
    }

    /// Rows and columns by which inputs must be continued, and how: see [`FeatureMap::pad`].
    pub fn padding(&self) -> (usize, Padding) {
        (self.padding, self.mode)
    }

    /// The shape of the outputs, with some halo for the convolutions that read them.
    pub fn output(&self, halo: usize) -> FeatureMapShape {
        FeatureMapShape::features(self.out_channels, self.out_size[0], self.out_size[1], halo)
    }

    /// Convolves `input`, adds the bias, applies the activation, adds `residual` and overwrites `output`.
    ///
    /// # Errors
    /// [`ShapeError`] if a map has another shape or number of pictures than the others ask for, or the input is not
    /// padded; `output` is untouched then.
    pub fn forward(
        &self,
        input: &FeatureMap,
        residual: Option<&FeatureMap>,
        output: &mut FeatureMap,
    ) -> Result<(), ShapeError> {
        let shape = output.shape();
        check_feature_map(self.input, input)?;
        check_feature_map(self.output(shape.halo), output)?;
        check_length("output pictures", input.batch(), output.batch())?;
        if !input.is_padded(self.padding, self.mode) {
            return Err(ShapeError::NotPadded { padding: self.padding, mode: self.mode });
        }
        let residual = match residual {
            None => None,
            Some(residual) => {
                check_feature_map(shape, residual)?;
                check_length("residual pictures", input.batch(), residual.batch())?;
                Some(residual.values().as_ptr())
            }
        };
        let target = Shared::new(output.overwrite());
        self.run(input.batch(), input.values(), residual, Placement::whole(shape), target);
        Ok(())
    }

    /// Whether weights are transformed at each call.
    #[cfg(test)]
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.weights, Weights::Packed(_))
    }

    /// Convolves pictures that were checked. The residual lies as the target does.
    fn run(&self, batch: usize, input: &[f32], residual: Option<*const f32>, placement: Placement, target: Shared) {
        let first = target.at(0);
        let finish = Finish {
            bias: self.bias.as_ptr(),
            ending: self.ending,
            slopes: self.slopes.as_ptr(),
            residual: residual
                .map(|residual| Residual { first: residual, distance: residual.addr().wrapping_sub(first.addr()) }),
        };
        let transformed;
        let weights = match &self.weights {
            Weights::Ready(weights) => weights,
            Weights::Packed(weights) => {
                transformed = weights.transformed(self.kernels);
                &transformed
            }
        };
        let job = Job { convolution: self, weights, batch, input, placement, target, finish };
        match self.algorithm {
            Algorithm::Direct => job.run_direct(),
            Algorithm::Winograd(filter) => job.run_tiles(filter),
        }
    }
}

fn check_feature_map(expected: FeatureMapShape, map: &FeatureMap) -> Result<(), ShapeError> {
    let found = map.shape();
    if found == expected { Ok(()) } else { Err(ShapeError::FeatureMap { expected, found }) }
}

/// The fastest algorithm for one image at a time, by the shape and the wanted precision alone. For many images, which
/// share the weights, F(4x4, 3x3) would sometimes be faster where F(2x2, 3x3) is chosen; but the result of an image
/// must not depend on the others.
pub(crate) fn choose(
    kernels: &Kernels,
    convolution: &Conv2d,
    input: &FeatureMapShape,
    [height, width]: [usize; 2],
    precision: Precision,
) -> Algorithm {
    let (largest, filters): (Filter, &[Filter]) = match precision {
        Precision::Standard => (Filter::Four, &[Filter::Two, Filter::Four]),
        Precision::High => (Filter::Two, &[Filter::Two]),
    };
    let winograd_is_possible = convolution.kernel == [3, 3]
        && convolution.stride == 1
        && convolution.padding <= 1
        && input.pitch.is_multiple_of(kernels.lanes);
    match kernels.winograd {
        WinogradUse::Never => return Algorithm::Direct,
        WinogradUse::Always if winograd_is_possible => return Algorithm::Winograd(largest),
        _ => {}
    }
    // Nanoseconds for one picture, measured on two threads of Zen 5: a product; a weight that comes from memory, at
    // 48 GB/s; a place of a channel of a tile that is transformed.
    const PRODUCT: f64 = 0.005;
    const WEIGHT: f64 = 0.083;
    const TRANSFORM: f64 = 0.05;
    let pairs = (convolution.in_channels * convolution.out_channels) as f64;
    let per_tile = (convolution.in_channels + convolution.out_channels) as f64 / pairs;
    let direct = (PRODUCT * (height * width) as f64 + WEIGHT) * 9.0;
    let by_tiles = |filter: Filter| {
        let tiles = (height.div_ceil(filter.out()) * width.div_ceil(filter.out())) as f64;
        (PRODUCT * tiles + WEIGHT + TRANSFORM * tiles * per_tile) * filter.places() as f64
    };
    let mut best = (direct, Algorithm::Direct);
    for &filter in filters {
        if winograd_is_possible && by_tiles(filter) < best.0 {
            best = (by_tiles(filter), Algorithm::Winograd(filter));
        }
    }
    best.1
}

/// Sizes of parts of `total`: multiples of `step`, at most `most` where that is more than a step.
fn part(total: usize, most: usize, step: usize) -> usize {
    crate::cover::even_parts(total, most).next_multiple_of(step)
}
