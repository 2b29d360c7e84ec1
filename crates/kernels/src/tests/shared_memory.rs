//! Feature maps in memory that held something else, and parts of feature maps that are never kept whole.

use super::inference::{Case, shape};
use super::{Random, unless_miri};
use crate::algorithm::Algorithm;
use crate::simd::dispatch::Kernels;
use crate::winograd::filter::Filter;
use crate::{
    Conv2d, FeatureMap, FeatureMapShape, Isa, OutputActivation, Padding, Pool, PoolKind, Precision,
    PreparedConvolution, PreparedUpsampling, global_mean, shortcut_sum,
};

/// Memory full of what would spoil every sum that it got into.
fn spoilt(shape: FeatureMapShape, batch: usize) -> FeatureMap {
    let mut map = FeatureMap::with_room(batch, shape.elements()).expect("memory");
    map.lend(batch * shape.elements()).fill(f32::NAN);
    map.hold(shape, batch).expect("memory");
    map
}

/// Whether images that a layer writes, padded for the next one, are the same bits in spoilt memory as in new memory.
fn check(shape: FeatureMapShape, batch: usize, layer: impl Fn(&mut FeatureMap), name: &str) {
    let written = |mut map: FeatureMap| {
        layer(&mut map);
        map.pad(shape.halo, Padding::Reflect).expect("there is a halo");
        map.values()[..batch * shape.elements()].iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(written(spoilt(shape, batch)), written(FeatureMap::new(shape, batch).expect("memory")), "{name}");
}

fn filled(shape: FeatureMapShape, batch: usize, random: &mut Random) -> (FeatureMap, Vec<f32>) {
    let mut map = FeatureMap::new(shape, batch).expect("memory");
    let values = random.values(batch * shape.channels() * shape.plane());
    map.fill(&values).expect("length");
    (map, values)
}

/// Twenty channels fill registers of four, but not those of eight or sixteen.
#[test]
fn convolutions_leave_nothing_of_what_was_there() {
    for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
        for algorithm in [Algorithm::Direct, Algorithm::Winograd(Filter::F4)] {
            let case = Case::new(shape(2, [20, 20], [6, 9], [3, 3], [1, 1]), 2);
            let prepared = case.prepared(kernels, algorithm, 2);
            let mut input = FeatureMap::new(prepared.input_shape(), 2).expect("memory");
            input.fill(&case.input).expect("length");
            let (padding, mode) = prepared.padding();
            input.pad(padding, mode).expect("there is a halo");
            let layer = |output: &mut FeatureMap| prepared.forward(&input, None, output).expect("shapes fit");
            check(prepared.output(2), 2, layer, &format!("{algorithm:?} with {:?}", kernels.isa()));
        }
    }
}

#[test]
fn layers_leave_nothing_of_what_was_there() {
    let mut random = Random::new(7);
    let shape = FeatureMapShape::features(20, 6, 8, 2);
    let (input, values) = filled(shape, 2, &mut random);
    check(shape, 2, |map| map.fill(&values).expect("length"), "planes");
    check(shape, 2, |map| map.fill_with_sum(&values, &input).expect("length"), "a sum");
    check(shape, 2, |map| shortcut_sum(&input, &input, false, map).expect("shapes fit"), "a shortcut");
    let pool = Pool { kind: PoolKind::Max, window: 3, stride: 1, padding: 1 };
    check(shape, 2, |map| pool.forward(&input, map, 0).expect("shapes fit"), "pooling");
    let one = FeatureMapShape::features(20, 1, 1, 0);
    check(one, 2, |map| global_mean(&input, map).expect("shapes fit"), "means");
    let weight = random.values(20 * 20 * 25);
    let upsampling = PreparedUpsampling::new(shape, &weight, &random.values(20), Precision::Standard).expect("shape");
    let (mut input, _) = filled(shape, 2, &mut random);
    input.pad(1, Padding::Replicate).expect("there is a halo");
    check(upsampling.output(1), 2, |map| upsampling.forward(&input, map).expect("shapes fit"), "upsampling");
}

/// Of more images than before, those beyond are as little known as those of another shape.
#[test]
fn what_is_known_of_some_images_is_not_believed_of_more() {
    let shape = FeatureMapShape::features(20, 5, 4, 1);
    let values = Random::new(9).values(3 * 20 * 20);
    let mut map = spoilt(shape, 3);
    for batch in [1, 3, 2] {
        map.hold(shape, batch).expect("memory");
        map.fill(&values[..batch * 400]).expect("length");
        map.pad(1, Padding::Zero).expect("there is a halo");
        let mut fresh = FeatureMap::new(shape, batch).expect("memory");
        fresh.fill(&values[..batch * 400]).expect("length");
        assert_eq!(map.values()[..batch * shape.elements()], *fresh.values(), "{batch} images");
    }
    let address = map.values().as_ptr();
    map.hold(FeatureMapShape::features(3, 8, 9, 0), 1).expect("memory");
    assert_eq!(map.values().as_ptr(), address, "smaller images need no other memory");
    map.hold(shape, 4).expect("memory");
    assert!(map.is_padded(1, Padding::Zero), "new memory is zero");
    assert_eq!(map.lend(5 * shape.elements()).len(), 5 * shape.elements());
    assert!(!map.is_padded(0, Padding::Zero));
}

/// Rows are the same bits as those of the whole feature map.
#[test]
fn rows_of_outputs_are_those_of_the_whole() {
    let mut random = Random::new(11);
    let (rows, columns) = unless_miri((13, 70), (6, 7));
    for (kernel, padding, mode) in
        [([7, 1], 3, Padding::Reflect), ([3, 3], 0, Padding::Zero), ([2, 3], 2, Padding::Replicate)]
    {
        let conv = Conv2d {
            batch: 2,
            in_channels: 24,
            in_height: rows,
            in_width: columns,
            out_channels: 21,
            kernel,
            stride: 1,
            padding,
            mode,
        };
        let input_shape = FeatureMapShape::features(24, rows, columns, padding);
        let (mut input, _) = filled(input_shape, 2, &mut random);
        input.pad(padding, mode).expect("there is a halo");
        let (weight, bias) = (random.values(21 * 24 * kernel[0] * kernel[1]), random.values(21));
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            for algorithm in [Algorithm::Direct, Algorithm::DirectRounded] {
                let none = OutputActivation::None;
                let prepared = PreparedConvolution::with(kernels, algorithm, &conv, input_shape, &weight, &bias, none);
                let prepared = prepared.expect("shape");
                let mut whole = FeatureMap::new(prepared.output(0), 2).expect("memory");
                prepared.forward(&input, None, &mut whole).expect("shapes fit");
                let [height, width] = whole.shape().size();
                for (image, part) in [(0, 0..height), (1, 0..1), (0, height - 1..height), (1, 1..4)] {
                    let (of_part, found) = prepared.rows(&input, image, part.clone());
                    assert_eq!(of_part.size(), [part.len(), width]);
                    for (row, y) in found.chunks_exact(of_part.row_stride()).zip(part) {
                        for x in 0..width {
                            let expected = &whole.values()[whole.shape().offset(image, [y, x], 0)..][..21];
                            let found = &row[x * of_part.pitch..][..21];
                            assert_eq!(found, expected, "{conv:?}, {algorithm:?} with {:?}", kernels.isa());
                        }
                    }
                }
            }
        }
    }
}
