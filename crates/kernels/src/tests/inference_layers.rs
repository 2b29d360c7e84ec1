//! Layers between feature maps against the same layers between images, which are tested against their definitions.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::algorithm::{Algorithm, Precision};
use crate::simd::dispatch::{Kernels, WinogradPolicy};
use crate::winograd::filter::Filter;
use crate::{
    Activation, Conv2d, FeatureMap, FeatureMapNormalization, FeatureMapShape, Isa, Normalization, NormalizationScope,
    OutputActivation, Padding, Pointwise, PreparedConvolution, PreparedFewOutputs, PreparedUpsampling, ShapeError,
    UpsampledConv2d, activation, instance_norm, layer_norm,
};

fn feature_map(images: &[f32], shape: FeatureMapShape, batch: usize) -> FeatureMap {
    let mut map = FeatureMap::new(shape, batch).expect("shape");
    map.fill(images).expect("length");
    map
}

fn images(map: &FeatureMap) -> Vec<f32> {
    let mut images = vec![f32::NAN; map.batch() * map.shape().channels() * map.shape().plane()];
    map.write(&mut images).expect("length");
    images
}

fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * largest, "{what} at {index}: {found}, expected {expected}");
    }
}

#[test]
fn halos_are_padded_as_their_mode_says() {
    let shape = FeatureMapShape::features(1, 2, 3, 2);
    let mut map = feature_map(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], shape, 1);
    let row = |map: &FeatureMap, y: usize| -> Vec<f32> {
        let start = y * shape.row_stride();
        map.values()[start..start + shape.row_stride()].iter().step_by(shape.pitch).copied().collect()
    };
    map.pad(1, Padding::Reflect).expect("halo");
    assert_eq!(row(&map, 0), [0.0; 8]);
    assert_eq!(row(&map, 1), [0.0, 5.0, 4.0, 5.0, 6.0, 5.0, 0.0, 0.0]);
    assert_eq!(row(&map, 2), [0.0, 2.0, 1.0, 2.0, 3.0, 2.0, 0.0, 0.0]);
    assert_eq!(row(&map, 4), row(&map, 2));
    map.pad(2, Padding::Replicate).expect("halo");
    assert_eq!(row(&map, 0), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 0.0]);
    assert_eq!(row(&map, 5), [4.0, 4.0, 4.0, 5.0, 6.0, 6.0, 6.0, 0.0]);
    map.pad(2, Padding::Zero).expect("halo");
    assert_eq!(row(&map, 1), [0.0; 8]);
    assert_eq!(row(&map, 2), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
    assert_eq!(map.pad(2, Padding::Reflect), Err(ShapeError::ReflectTooWide { padding: 2, input: [2, 3] }));
}

/// A feature map that held more images, padded otherwise, is no different from a new one.
#[test]
fn halos_of_other_images_are_forgotten() {
    let shape = FeatureMapShape::features(5, 4, 6, 1);
    let mut random = Random::new(3);
    let pictures = random.values(3 * 5 * 24);
    let mut used = feature_map(&pictures, shape, 3);
    used.pad(1, Padding::Reflect).expect("halo");
    used.set_batch(1).expect("memory");
    used.fill(&pictures[..5 * 24]).expect("length");
    used.pad(1, Padding::Replicate).expect("halo");
    used.set_batch(3).expect("memory");
    assert!(!used.is_padded(1, Padding::Replicate));
    used.fill(&pictures).expect("length");
    used.pad(1, Padding::Replicate).expect("halo");
    let mut fresh = feature_map(&pictures, shape, 3);
    fresh.pad(1, Padding::Replicate).expect("halo");
    assert_eq!(used.values(), fresh.values());
}

#[test]
fn channels_are_written_and_images_added_to_feature_maps() {
    let mut random = Random::new(5);
    let (values, more) = (random.values(2 * 21 * 35), random.values(2 * 21 * 35));
    let filled = feature_map(&values, FeatureMapShape::features(21, 5, 7, 1), 2);
    let mut some = vec![f32::NAN; 2 * 3 * 35];
    filled.write_channels(16..19, &mut some).expect("length");
    let expected: Vec<f32> = values.chunks_exact(21 * 35).flat_map(|image| image[16 * 35..19 * 35].to_vec()).collect();
    assert_eq!(some, expected);
    assert!(filled.write_channels(19..22, &mut some).is_err());
    let mut both = FeatureMap::new(filled.shape(), 2).expect("shape");
    both.fill_with_sum(&more, &filled).expect("feature maps fit");
    let sums: Vec<f32> = values.iter().zip(&more).map(|(left, right)| left + right).collect();
    assert_eq!(images(&both), sums);
}

#[test]
fn feature_maps_are_normalised_as_images_are() {
    let mut random = Random::new(11);
    for (batch, channels, [height, width]) in [(1, 3, [2, 1]), (2, 20, [9, 8]), (1, 300, [5, 6]), (2, 16, [40, 140])] {
        // A large mean, which a single pass over squares would not survive.
        let values: Vec<f32> = random.values(batch * channels * height * width).iter().map(|x| x + 50.0).collect();
        let residual = random.values(values.len());
        let affine = (random.values(batch * channels), random.values(batch * channels));
        let per_channel = (&affine.0[..channels], &affine.1[..channels]);
        let shape = FeatureMapShape::features(channels, height, width, 1);
        for activation in [Activation::None, Activation::Relu] {
            let norm = Normalization { batch, channels, plane: height * width, epsilon: 1e-5, activation };
            let mut expected = vec![0.0; values.len()];
            let own = FeatureMapNormalization {
                scope: NormalizationScope::Instance,
                epsilon: 1e-5,
                affine: None,
                activation,
            };
            let styled = FeatureMapNormalization { affine: Some((&affine.0, &affine.1)), ..own };
            let whole = FeatureMapNormalization { scope: NormalizationScope::Layer, affine: Some(per_channel), ..own };
            let check = |norm: &FeatureMapNormalization<'_>, residual: Option<&[f32]>, expected: &[f32]| {
                let mut found = feature_map(&values, shape, batch);
                let residual = residual.map(|residual| feature_map(residual, shape, batch));
                norm.apply(&mut found, residual.as_ref()).expect("shapes fit");
                assert_close(&images(&found), expected, 2e-5, &format!("{:?} {shape:?}", norm.scope));
                assert!(found.is_padded(1, Padding::Zero));
            };
            instance_norm(&norm, &values, None, None, &mut expected).expect("shape");
            check(&own, None, &expected);
            let scale_and_shift = Some((&affine.0[..], &affine.1[..]));
            instance_norm(&norm, &values, scale_and_shift, Some(&residual), &mut expected).expect("shape");
            check(&styled, Some(&residual), &expected);
            layer_norm(&norm, &values, Some(per_channel), &mut expected).expect("shape");
            check(&whole, None, &expected);
        }
    }
    let mut map = FeatureMap::new(FeatureMapShape::features(4, 3, 3, 0), 2).expect("shape");
    let affine = Some((&[1.0; 4][..], &[0.0; 4][..]));
    let norm = FeatureMapNormalization {
        scope: NormalizationScope::Instance,
        epsilon: 1e-5,
        affine,
        activation: Activation::None,
    };
    assert_eq!(norm.apply(&mut map, None), Err(ShapeError::Length { argument: "scale", expected: 8, found: 4 }));
}

#[test]
fn upsampling_is_the_same_between_feature_maps() {
    let mut random = Random::new(23);
    for (batch, [in_channels, out_channels], [in_height, in_width]) in
        [(1, [16, 16], [2, 2]), (2, [20, 9], [5, 7]), (1, [70, 40], [8, 13]), (1, [3, 33], [9, 4])]
    {
        let conv = UpsampledConv2d { batch, in_channels, in_height, in_width, out_channels };
        let input = random.values(batch * in_channels * in_height * in_width);
        let (weight, bias) = (random.values(out_channels * in_channels * 25), random.values(out_channels));
        let mut expected = vec![0.0; batch * out_channels * 4 * in_height * in_width];
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let direct = kernels.with_winograd(WinogradPolicy::Never);
            conv.forward_with(&direct, &input, &weight, Some(&bias), &mut expected).expect("shape");
            let shape = FeatureMapShape::features(in_channels, in_height, in_width, 1);
            let prepared =
                PreparedUpsampling::with(kernels, Precision::Standard, shape, &weight, &bias).expect("shape");
            check_phases_apart(direct, shape, [&input, &weight, &bias, &expected], batch);
            let mut source = feature_map(&input, shape, batch);
            let mut found = FeatureMap::new(prepared.output(1), batch).expect("shape");
            let (padding, mode) = prepared.padding();
            assert_eq!(prepared.forward(&source, &mut found), Err(ShapeError::NotPadded { padding, mode }));
            source.pad(padding, mode).expect("halo");
            prepared.forward(&source, &mut found).expect("feature maps fit");
            assert_close(&images(&found), &expected, 2e-5, &format!("{conv:?} with {:?}", kernels.isa()));
            assert_same_for_any_threads(|| {
                let mut output = FeatureMap::new(prepared.output(1), batch).expect("shape");
                prepared.forward(&source, &mut output).expect("feature maps fit");
                images(&output)
            });
        }
    }
}

/// Without Winograd's algorithm each phase is a convolution of its own.
fn check_phases_apart(
    direct: Kernels,
    shape: FeatureMapShape,
    [input, weight, bias, expected]: [&[f32]; 4],
    batch: usize,
) {
    let direct: &'static Kernels = Box::leak(Box::new(direct));
    let prepared = PreparedUpsampling::with(direct, Precision::Standard, shape, weight, bias).expect("shape");
    let mut source = feature_map(input, shape, batch);
    let (padding, mode) = prepared.padding();
    source.pad(padding, mode).expect("halo");
    let mut found = FeatureMap::new(prepared.output(1), batch).expect("shape");
    prepared.forward(&source, &mut found).expect("feature maps fit");
    assert_close(&images(&found), expected, 2e-6, &format!("{shape:?} directly with {:?}", direct.isa()));
}

#[test]
fn few_outputs_are_those_of_the_convolution() {
    let mut random = Random::new(31);
    for (batch, [in_channels, out_channels], size, side, mode) in [
        (1, [32, 3], [9, 11], 7, Padding::Reflect),
        (2, [20, 1], [6, 5], 3, Padding::Zero),
        (1, [65, 5], [4, 30], 5, Padding::Replicate),
    ] {
        let [in_height, in_width] = size;
        let (stride, padding, kernel) = (1, side / 2, [side; 2]);
        let conv = Conv2d { batch, in_channels, in_height, in_width, out_channels, kernel, stride, padding, mode };
        let input = random.values(batch * in_channels * in_height * in_width);
        let weight: Vec<f32> = random.values(out_channels * in_channels * side * side);
        let bias = random.values(out_channels);
        let mut sums = vec![0.0; batch * out_channels * in_height * in_width];
        crate::forward(&conv, &input, &weight, Some(&bias), &mut sums).expect("shape");
        let mut expected = sums.clone();
        activation(Pointwise::Tanh, &sums, &mut expected).expect("length");
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            for (function, expected) in [(None, &sums), (Some(Pointwise::Tanh), &expected)] {
                let shape = FeatureMapShape::features(in_channels, in_height, in_width, padding);
                let prepared =
                    PreparedFewOutputs::with(kernels, Precision::Standard, &conv, shape, &weight, &bias, function)
                        .expect("shape");
                let mut source = feature_map(&input, shape, batch);
                source.pad(padding, mode).expect("halo");
                let mut found = vec![f32::NAN; expected.len()];
                prepared.forward(&source, &mut found).expect("feature maps fit");
                assert_close(&found, expected, 1e-5, &format!("{conv:?} with {:?}", kernels.isa()));
            }
        }
    }
}

/// Large weights with many tiles are kept packed; the outputs are those of the direct algorithm all the same.
#[test]
fn large_weights_are_transformed_at_each_call() {
    // Miri would take hours.
    let (in_channels, out_channels) = unless_miri((160, 192), (16, 16));
    let [in_height, in_width] = unless_miri([44, 40], [4, 4]);
    let (kernel, stride, padding, mode) = ([3, 3], 1, 1, Padding::Reflect);
    let conv = Conv2d { batch: 1, in_channels, in_height, in_width, out_channels, kernel, stride, padding, mode };
    let mut random = Random::new(47);
    let input = random.values(in_channels * in_height * in_width);
    let (weight, bias) = (random.values(out_channels * in_channels * 9), random.values(out_channels));
    let mut expected = vec![0.0; out_channels * in_height * in_width];
    let direct = crate::simd::dispatch::kernels().with_winograd(WinogradPolicy::Never);
    crate::convolution::forward::forward_with(&direct, &conv, &input, &weight, Some(&bias), &mut expected)
        .expect("shape");
    let shape = FeatureMapShape::features(in_channels, in_height, in_width, 1);
    let (kernels, four) = (crate::simd::dispatch::kernels(), Algorithm::Winograd(Filter::F4));
    let none = OutputActivation::None;
    let prepared = PreparedConvolution::with(kernels, four, &conv, shape, &weight, &bias, none).expect("shape");
    assert_eq!(prepared.is_packed(), unless_miri(true, false));
    let mut source = feature_map(&input, shape, 1);
    source.pad(padding, mode).expect("halo");
    let mut found = FeatureMap::new(prepared.output(0), 1).expect("shape");
    prepared.forward(&source, None, &mut found).expect("feature maps fit");
    assert_close(&images(&found), &expected, 2e-5, "packed weights");
    assert_same_for_any_threads(|| {
        let mut output = FeatureMap::new(prepared.output(0), 1).expect("shape");
        prepared.forward(&source, None, &mut output).expect("feature maps fit");
        images(&output)
    });
}
