//! Convolutions of kernels that are not square, parts of feature maps, and pools, against their definitions.

use super::Random;
use crate::{
    Conv2d, FeatureMap, FeatureMapShape, OutputActivation, Padding, Pool, PoolKind, PreparedConvolution, ShapeError,
    global_mean,
};

const SIZE: [usize; 2] = [9, 11];
const BATCH: usize = 2;

fn filled(shape: FeatureMapShape, values: &[f32]) -> FeatureMap {
    let mut map = FeatureMap::new(shape, BATCH).expect("shape");
    map.fill(values).expect("length");
    map
}

fn read(map: &FeatureMap) -> Vec<f32> {
    let mut values = vec![f32::NAN; BATCH * map.shape().channels() * map.shape().plane()];
    map.write(&mut values).expect("length");
    values
}

#[test]
fn kernels_that_are_not_square_write_parts_of_a_feature_map() {
    // The second size is one of Winograd's algorithm.
    for size in [SIZE, [17, 17]] {
        check_lines(size);
    }
}

fn check_lines(size: [usize; 2]) {
    let (channels, outputs) = (16, 32);
    let mut random = Random::new(5);
    let input = random.values(BATCH * channels * size[0] * size[1]);
    let mut map = filled(FeatureMapShape::features(channels, size[0], size[1], 3), &input);
    map.pad(3, Padding::Zero).expect("there is a halo");
    let mut whole = FeatureMap::new(FeatureMapShape::features(2 * outputs, size[0], size[1], 1), BATCH).expect("shape");
    for (part, (kernel, padding)) in [([1, 7], [0, 3]), ([7, 1], [3, 0])].into_iter().enumerate() {
        let weight = random.values(outputs * channels * 7);
        let bias = random.values(outputs);
        let conv = Conv2d {
            batch: BATCH,
            in_channels: channels,
            in_height: size[0],
            in_width: size[1],
            out_channels: outputs,
            kernel,
            stride: 1,
            padding: 3,
            mode: Padding::Zero,
        };
        let margin = padding.map(|padding| 3 - padding);
        let none = OutputActivation::None;
        let prepared =
            PreparedConvolution::with_margin(&conv, margin, map.shape(), &weight, &bias, none).expect("fits");
        prepared.forward_channels(&map, &mut whole, part * outputs).expect("fits");
        let found = read(&whole);
        let plane = size[0] * size[1];
        for index in 0..BATCH * outputs * plane {
            let (image, channel, at) = (index / (outputs * plane), index / plane % outputs, index % plane);
            let mut sum = f64::from(bias[channel]);
            for source in 0..channels {
                for tap in 0..7 {
                    let [dy, dx] = if kernel[0] == 1 { [0, tap as isize - 3] } else { [tap as isize - 3, 0] };
                    let [y, x] = [(at / size[1]) as isize + dy, (at % size[1]) as isize + dx];
                    if (0..size[0] as isize).contains(&y) && (0..size[1] as isize).contains(&x) {
                        let value = input[((image * channels + source) * size[0] + y as usize) * size[1] + x as usize];
                        sum += f64::from(value) * f64::from(weight[(channel * channels + source) * 7 + tap]);
                    }
                }
            }
            let found = found[(image * 2 * outputs + part * outputs + channel) * plane + at];
            assert!((f64::from(found) - sum).abs() < 1e-4, "{kernel:?} {channel} {at}: {found}, expected {sum}");
        }
        let error = prepared.forward_channels(&map, &mut whole, 2 * outputs);
        assert!(matches!(error, Err(ShapeError::Length { argument: "channels", .. })), "{error:?}");
        assert!(prepared.forward_channels(&map, &mut whole, 8).is_err(), "no whole register");
    }
}

#[test]
fn pools_are_those_of_their_definitions() {
    let channels = 16;
    let input = Random::new(6).values(BATCH * channels * SIZE[0] * SIZE[1]);
    let map = filled(FeatureMapShape::features(channels, SIZE[0], SIZE[1], 2), &input);
    for kind in [PoolKind::Max, PoolKind::Mean, PoolKind::MeanOfPadded] {
        for (window, stride, padding) in [(3, 1, 1), (3, 2, 0), (2, 2, 0), (3, 2, 1)] {
            let pool = Pool { kind, window, stride, padding };
            let shape = pool.output(map.shape(), 1).expect("fits");
            let mut output = FeatureMap::new(shape, BATCH).expect("shape");
            pool.forward(&map, &mut output, 0).expect("fits");
            let [height, width] = shape.size();
            for (index, found) in read(&output).into_iter().enumerate() {
                let (plane, at) = (index / (height * width), index % (height * width));
                let inside = |at: usize, size: usize| {
                    (at * stride..at * stride + window)
                        .filter_map(move |place| place.checked_sub(padding).filter(|place| *place < size))
                };
                let mut values = Vec::new();
                for y in inside(at / width, SIZE[0]) {
                    values.extend(inside(at % width, SIZE[1]).map(|x| input[(plane * SIZE[0] + y) * SIZE[1] + x]));
                }
                let sum: f32 = values.iter().sum();
                let expected = match kind {
                    PoolKind::Max => values.iter().copied().fold(f32::MIN, f32::max),
                    PoolKind::Mean => sum / values.len() as f32,
                    PoolKind::MeanOfPadded => sum / (window * window) as f32,
                };
                assert!((found - expected).abs() < 1e-6, "{pool:?} {index}: {found}, expected {expected}");
            }
        }
    }
    let pool = Pool { kind: PoolKind::Max, window: 12, stride: 1, padding: 0 };
    assert!(pool.output(map.shape(), 0).is_err());
    let mut means = FeatureMap::new(FeatureMapShape::features(channels, 1, 1, 0), BATCH).expect("shape");
    global_mean(&map, &mut means).expect("fits");
    for (found, plane) in read(&means).iter().zip(input.chunks_exact(SIZE[0] * SIZE[1])) {
        let expected = plane.iter().sum::<f32>() / plane.len() as f32;
        assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
    }
}
