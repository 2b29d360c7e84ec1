//! Convolutions with constant weights against the definition in double precision, with every algorithm and instruction set.

use super::convolution::{affordable, products};
use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::algorithm::{Algorithm, ConstantConvolution, of_constant_weights};
use crate::simd::dispatch::{Kernels, WinogradPolicy};
use crate::winograd::filter::{Direction, Filter};
use crate::{
    Conv2d, FeatureMap, FeatureMapShape, Isa, OutputActivation, Padding, Precision, PreparedConvolution, ShapeError,
};

/// The direct algorithm and Winograd's of every kernel, with their tolerances.
const ALGORITHMS: [(Algorithm, f64); 8] = [
    (Algorithm::Direct, 2e-6),
    (Algorithm::Winograd(Filter::F2), 2e-6),
    (Algorithm::Winograd(Filter::F4), 2e-5),
    (Algorithm::Winograd(Filter::Five), 2e-5),
    (Algorithm::Winograd(Filter::Line3(Direction::Across)), 5e-6),
    (Algorithm::Winograd(Filter::Line3(Direction::Down)), 5e-6),
    (Algorithm::Winograd(Filter::Line7(Direction::Across)), 1e-5),
    (Algorithm::Winograd(Filter::Line7(Direction::Down)), 1e-5),
];

pub(super) fn shape(
    batch: usize,
    channels: [usize; 2],
    size: [usize; 2],
    kernel: [usize; 2],
    stride_padding: [usize; 2],
) -> Conv2d {
    let [in_channels, out_channels] = channels;
    let [in_height, in_width] = size;
    let [stride, padding] = stride_padding;
    // Reflection wherever there is enough to reflect, so that all modes are met.
    let mode = match (in_height + in_width) % 3 {
        0 if padding < in_height.min(in_width) => Padding::Reflect,
        1 => Padding::Replicate,
        _ => Padding::Zero,
    };
    Conv2d { batch, in_channels, in_height, in_width, out_channels, kernel, stride, padding, mode }
}

pub(super) struct Case {
    pub(super) conv: Conv2d,
    pub(super) input: Vec<f32>,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) prelu_weight: Vec<f32>,
    pub(super) residual: Option<Vec<f32>>,
    pub(super) halo: usize,
}

impl Case {
    pub(super) fn new(conv: Conv2d, seed: u64) -> Self {
        let conv = affordable(&conv);
        let [height, width] = conv.output_size().expect("shape is possible");
        let mut random = Random::new(seed);
        let outputs = conv.batch * conv.out_channels * height * width;
        Self {
            conv,
            input: random.values(conv.batch * conv.in_channels * conv.in_height * conv.in_width),
            weight: random.values(conv.out_channels * conv.in_channels * conv.kernel[0] * conv.kernel[1]),
            bias: random.values(conv.out_channels),
            prelu_weight: random.values(conv.out_channels),
            residual: seed.is_multiple_of(2).then(|| random.values(outputs)),
            halo: conv.padding + random.below(3),
        }
    }

    fn input_shape(&self, dense: bool) -> FeatureMapShape {
        let Conv2d { in_channels, in_height, in_width, .. } = self.conv;
        if dense {
            FeatureMapShape::images(in_channels, in_height, in_width, self.halo)
        } else {
            FeatureMapShape::features(in_channels, in_height, in_width, self.halo)
        }
    }

    fn activation(&self, seed: usize) -> OutputActivation<'_> {
        [OutputActivation::None, OutputActivation::Relu, OutputActivation::Prelu(&self.prelu_weight)][seed % 3]
    }

    pub(super) fn prepared(&self, kernels: &'static Kernels, algorithm: Algorithm, seed: usize) -> PreparedConvolution {
        let dense = seed.is_multiple_of(4) && algorithm.filter().is_none();
        let (input, activation) = (self.input_shape(dense), self.activation(seed));
        let (weight, bias) = (&self.weight, &self.bias);
        PreparedConvolution::with(kernels, algorithm, &self.conv, input, weight, bias, activation).expect("shape")
    }

    /// Outputs of some of the images.
    pub(super) fn computed(&self, prepared: &PreparedConvolution, pictures: std::ops::Range<usize>) -> Vec<f32> {
        let part = |values: &[f32]| {
            let len = values.len() / self.conv.batch.max(1);
            values[pictures.start * len..pictures.end * len].to_vec()
        };
        let mut input = FeatureMap::new(prepared.input_shape(), pictures.len()).expect("shape");
        input.fill(&part(&self.input)).expect("length");
        input.pad(self.conv.padding, self.conv.mode).expect("there is a halo");
        let shape = prepared.output(self.halo);
        let mut output = FeatureMap::new(shape, pictures.len()).expect("shape");
        let residual = self.residual.as_ref().map(|values| {
            let mut residual = FeatureMap::new(shape, pictures.len()).expect("shape");
            residual.fill(&part(values)).expect("length");
            residual
        });
        prepared.forward(&input, residual.as_ref(), &mut output).expect("feature maps fit");
        let mut images = vec![f32::NAN; pictures.len() * shape.channels() * shape.plane()];
        output.write(&mut images).expect("length");
        images
    }

    /// The definition, and the largest sum before activation and residual.
    pub(super) fn reference(&self, seed: usize) -> Vec<f64> {
        let [height, width] = self.conv.output_size().expect("shape is possible");
        let channel = |index: usize| index / (height * width) % self.conv.out_channels;
        let count = self.conv.batch * self.conv.out_channels * height * width;
        let mut output: Vec<f64> = (0..count).map(|index| f64::from(self.bias[channel(index)])).collect();
        products(&self.conv, |o, i, w| output[o] += f64::from(self.input[i]) * f64::from(self.weight[w]));
        for (index, value) in output.iter_mut().enumerate() {
            *value *= match self.activation(seed) {
                OutputActivation::Relu if *value < 0.0 => 0.0,
                OutputActivation::Prelu(prelu_weight) if *value < 0.0 => f64::from(prelu_weight[channel(index)]),
                _ => 1.0,
            };
            *value += self.residual.as_ref().map_or(0.0, |residual| f64::from(residual[index]));
        }
        output
    }

    /// What errors are compared with: they grow with what is summed, not with what is left of it.
    pub(super) fn scale(&self, expected: &[f64]) -> f64 {
        let terms = (self.conv.in_channels * self.conv.kernel[0] * self.conv.kernel[1]) as f64;
        expected.iter().fold(terms.sqrt(), |scale, value| scale.max(value.abs()))
    }

    fn is_possible(&self, algorithm: Algorithm) -> bool {
        let Some(filter) = algorithm.filter() else { return true };
        let first = [-(self.conv.padding as isize); 2];
        let out_size = self.conv.output_size().expect("shape is possible");
        let fits = filter.stays_within(self.input_shape(false), first, out_size);
        self.conv.kernel == filter.kernel() && self.conv.stride == 1 && fits
    }

    fn check(&self, seed: usize) {
        let expected = self.reference(seed);
        let scale = self.scale(&expected);
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            for (algorithm, tolerance) in ALGORITHMS {
                if !self.is_possible(algorithm) {
                    continue;
                }
                let prepared = self.prepared(kernels, algorithm, seed);
                let found = self.computed(&prepared, 0..self.conv.batch);
                for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let error = (f64::from(*found) - expected).abs() / scale;
                    let place = format!("{algorithm:?} on {:?}, {:?}, output {index}", kernels.isa(), self.conv);
                    assert!(error <= tolerance, "{place}: {found}, expected {expected}");
                }
            }
        }
    }
}

#[test]
fn convolutions_match_their_definition() {
    let shapes = [
        shape(2, [3, 64], [11, 9], [3, 3], [2, 1]),
        shape(1, [64, 64], [8, 12], [3, 3], [1, 1]),
        shape(3, [20, 70], [7, 6], [3, 3], [1, 1]),
        shape(2, [160, 40], [5, 5], [3, 3], [2, 1]),
        shape(4, [33, 50], [3, 2], [3, 2], [1, 0]),
        shape(1, [1, 1], [1, 1], [1, 1], [1, 0]),
        shape(1, [140, 16], [4, 7], [3, 3], [1, 0]),
        shape(2, [5, 17], [9, 8], [7, 7], [1, 3]),
        shape(0, [3, 4], [6, 6], [3, 3], [1, 1]),
        shape(2, [40, 70], [9, 6], [5, 5], [1, 2]),
        shape(2, [40, 70], [6, 17], [1, 7], [1, 3]),
        shape(2, [40, 70], [17, 6], [7, 1], [1, 3]),
        shape(3, [20, 33], [8, 8], [1, 3], [1, 1]),
        shape(3, [20, 33], [8, 8], [3, 1], [1, 1]),
    ];
    for filter in ALGORITHMS.iter().filter_map(|(algorithm, _)| algorithm.filter()) {
        let of_filter = |conv: &Conv2d| Case::new(*conv, 0).is_possible(Algorithm::Winograd(filter));
        assert!(shapes.iter().any(of_filter), "a shape has {filter:?}");
    }
    for (seed, conv) in shapes.into_iter().enumerate() {
        Case::new(conv, seed as u64).check(seed);
    }
}

#[test]
fn random_convolutions_match_their_definition() {
    let mut random = Random::new(77);
    for seed in 0..unless_miri(60, 3) {
        let kernel = match random.below(8) {
            0 => [1, 7],
            1 => [7, 1],
            2 => [5, 5],
            3..6 => [3, 3],
            _ => [1 + random.below(5), 1 + random.below(5)],
        };
        let padding = random.below(3);
        let size = [0, 1].map(|axis| (kernel[axis]).saturating_sub(2 * padding).max(1) + random.below(12));
        let channels = [1 + random.mostly_below(24, 200), 1 + random.mostly_below(24, 150)];
        let stride = if random.below(2) == 0 { 1 } else { 1 + random.below(3) };
        Case::new(shape(random.below(4), channels, size, kernel, [stride, padding]), seed).check(seed as usize);
    }
}

/// An image's values are the same bits alone, in a batch, and with any number of threads.
#[test]
fn an_image_does_not_depend_on_its_neighbours_or_on_threads() {
    for (conv, algorithm) in [
        (shape(7, [48, 130], [14, 12], [3, 3], [1, 1]), Algorithm::Winograd(Filter::F2)),
        (shape(7, [48, 130], [14, 12], [3, 3], [1, 1]), Algorithm::Winograd(Filter::F4)),
        (shape(7, [48, 130], [14, 12], [5, 5], [1, 2]), Algorithm::Winograd(Filter::Five)),
        (shape(7, [48, 130], [5, 17], [1, 7], [1, 3]), Algorithm::Winograd(Filter::Line7(Direction::Across))),
        (shape(7, [160, 130], [9, 8], [3, 3], [2, 1]), Algorithm::Direct),
    ] {
        let case = Case::new(conv, 4);
        let prepared = case.prepared(crate::simd::dispatch::kernels(), algorithm, 5);
        let pictures = case.conv.batch;
        assert_same_for_any_threads(|| case.computed(&prepared, 0..pictures));
        let together = case.computed(&prepared, 0..pictures);
        let alone: Vec<f32> = (0..pictures).flat_map(|index| case.computed(&prepared, index..index + 1)).collect();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert!(bits(&together) == bits(&alone), "{algorithm:?}");
    }
}

/// Feature maps are padded anew when they are used again, also for more images.
#[test]
fn feature_maps_are_used_again() {
    let case = Case::new(shape(5, [16, 32], [10, 7], [3, 3], [1, 1]), 3);
    let Conv2d { batch, in_channels, out_channels, in_height, in_width, .. } = case.conv;
    let input_shape = FeatureMapShape::features(in_channels, in_height, in_width, 1);
    let plane = in_height * in_width;
    let prepared = PreparedConvolution::new(
        &case.conv,
        input_shape,
        &case.weight,
        &case.bias,
        OutputActivation::Prelu(&case.prelu_weight),
        Precision::Standard,
    );
    let prepared = prepared.expect("shape");
    let mut input = FeatureMap::new(input_shape, 1).expect("shape");
    let mut output = FeatureMap::new(prepared.output(2), 1).expect("shape");
    let whole = case.computed(&prepared, 0..batch);
    for pictures in [batch.div_ceil(2), batch, 1] {
        input.set_batch(pictures).expect("memory");
        output.set_batch(pictures).expect("memory");
        input.fill(&case.input[..pictures * in_channels * plane]).expect("length");
        input.pad(1, case.conv.mode).expect("there is a halo");
        prepared.forward(&input, None, &mut output).expect("feature maps fit");
        let mut found = vec![f32::NAN; pictures * out_channels * plane];
        output.write(&mut found).expect("length");
        assert_eq!(found, whole[..found.len()]);
    }
}

#[test]
fn wrong_feature_maps_and_paddings_are_errors() {
    let conv = shape(1, [16, 16], [8, 8], [3, 3], [1, 1]);
    let (weight, bias) = (vec![0.0; 16 * 16 * 9], vec![0.0; 16]);
    let new = |conv: &Conv2d, halo| {
        let input = FeatureMapShape::features(16, 8, 8, halo);
        PreparedConvolution::new(conv, input, &weight, &bias, OutputActivation::None, Precision::Standard)
    };
    assert_eq!(new(&conv, 0).map(|_| ()), Err(ShapeError::Halo { padding: 1, halo: 0 }));
    let conv = Conv2d { mode: Padding::Reflect, ..conv };
    let prepared = new(&conv, 1).expect("shape");
    let mut input = FeatureMap::new(FeatureMapShape::features(16, 8, 8, 1), 1).expect("shape");
    let mut output = FeatureMap::new(FeatureMapShape::features(16, 8, 9, 1), 1).expect("shape");
    let found = prepared.forward(&input, None, &mut output);
    assert_eq!(found, Err(ShapeError::FeatureMap { expected: prepared.output(1), found: output.shape() }));
    let mut output = FeatureMap::new(prepared.output(1), 1).expect("shape");
    let unpadded = Err(ShapeError::NotPadded { padding: 1, mode: Padding::Reflect });
    assert_eq!(prepared.forward(&input, None, &mut output), unpadded);
    input.pad(1, Padding::Reflect).expect("there is a halo");
    assert_eq!(prepared.forward(&input, None, &mut output), Ok(()));
    input.fill(&[0.5; 16 * 64]).expect("length");
    assert_eq!(prepared.forward(&input, None, &mut output), unpadded);
    assert_eq!(input.pad(2, Padding::Zero), Err(ShapeError::Halo { padding: 2, halo: 1 }));
    let mut output = FeatureMap::new(prepared.output(1), 2).expect("shape");
    let found = prepared.forward(&input, None, &mut output);
    assert_eq!(found, Err(ShapeError::Length { argument: "output images", expected: 1, found: 2 }));
}

/// Winograd's algorithm is taken as the kernels' setting says, and F(4x4, 3x3) not where high precision is asked for.
#[test]
fn algorithms_are_chosen_as_they_are_wanted() {
    let conv = shape(1, [64, 64], [56, 48], [3, 3], [1, 1]);
    let input = FeatureMapShape::features(64, 56, 48, 1);
    let chosen = |winograd: WinogradPolicy, precision: Precision| {
        let kernels = crate::simd::dispatch::kernels().with_winograd(winograd);
        let (margin, out_size) = ([0; 2], [56, 48]);
        of_constant_weights(&kernels, &ConstantConvolution { convolution: &conv, input, margin, out_size, precision })
    };
    let (standard, high) = (Precision::Standard, Precision::High);
    assert_eq!(chosen(WinogradPolicy::IfFaster, standard), Algorithm::Winograd(Filter::F4));
    assert_eq!(chosen(WinogradPolicy::IfFaster, high), Algorithm::Winograd(Filter::F2));
    assert_eq!(chosen(WinogradPolicy::Never, standard), Algorithm::Direct);
    assert_eq!(chosen(WinogradPolicy::Always, standard), Algorithm::Winograd(Filter::F4));
    assert_eq!(chosen(WinogradPolicy::Always, high), Algorithm::Winograd(Filter::F2));
}

/// Transforming a tile costs for each channel, multiplying for each pair of channels: tiles pay where there are many.
#[test]
fn tiles_are_taken_where_many_channels_share_their_transform() {
    let kernels = crate::simd::dispatch::kernels();
    for (channels, expected) in [([16, 3], Algorithm::Direct), ([256, 256], Algorithm::Winograd(Filter::F4))] {
        let conv = shape(1, channels, [64, 64], [3, 3], [1, 1]);
        let input = FeatureMapShape::features(channels[0], 64, 64, 1);
        let (margin, out_size, precision) = ([0; 2], [64, 64], Precision::Standard);
        let constant = ConstantConvolution { convolution: &conv, input, margin, out_size, precision };
        assert_eq!(of_constant_weights(kernels, &constant), expected, "{channels:?} channels");
    }
}

/// Kernels of one row are cut into tiles only where all tiles lie within the feature map: those of another image would change
/// the last bits of this one.
#[test]
fn tiles_of_lines_stay_within_their_image() {
    let kernels = crate::simd::dispatch::kernels();
    for (width, expected) in [(17, Algorithm::Winograd(Filter::Line7(Direction::Across))), (13, Algorithm::Direct)] {
        let conv = Conv2d { mode: Padding::Zero, ..shape(1, [160, 160], [17, width], [1, 7], [1, 3]) };
        let input = FeatureMapShape::features(160, 17, width, 3);
        let (margin, out_size, precision) = ([3, 0], [17, width], Precision::Standard);
        let constant = ConstantConvolution { convolution: &conv, input, margin, out_size, precision };
        assert_eq!(of_constant_weights(kernels, &constant), expected, "{width} columns");
    }
}
