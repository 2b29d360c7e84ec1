//! Products of bf16 values against slow references, on every instruction set and unit of this processor.

use super::inference::{Case, shape};
use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::algorithm::Algorithm;
use crate::bf16::gemm::PairGemm;
use crate::bf16::registers::{round, widen};
use crate::bf16::unit::Bf16Unit;
use crate::bf16::values::Bf16Values;
use crate::bf16::weights::PairWeights;
use crate::channels_last::gemm_weights::GemmWeights;
use crate::simd::dispatch::Kernels;
use crate::winograd::filter::Filter;
use crate::{Conv2d, Isa, Padding};

/// Kernels of every instruction set, and of AVX-512 with every unit that this processor has.
#[expect(clippy::print_stderr, reason = "a test says what it skips")]
fn all_kernels() -> Vec<&'static Kernels> {
    let mut all: Vec<&'static Kernels> = Isa::ALL.into_iter().filter_map(Kernels::of).collect();
    for unit in [Bf16Unit::Avx512, Bf16Unit::Amx] {
        match Kernels::of(Isa::Avx512).filter(|_| unit.is_supported()) {
            Some(kernels) => all.push(Box::leak(Box::new(kernels.with_bf16(unit)))),
            None => eprintln!("skipped: this processor, or its system, has no {unit:?} for bf16"),
        }
    }
    all
}

/// The sum over pairs of inputs as the module defines it.
fn defined_sum(inputs: &[u16], weight: impl Fn(usize) -> u16) -> f32 {
    let product = |index: usize| widen(inputs[index]) * widen(weight(index));
    (0..inputs.len() / 2).fold(0.0, |sum, pair| (sum + product(2 * pair + 1)) + product(2 * pair))
}

/// A GEMM of random values: rows, output channels, inputs.
fn check_gemm(kernels: &Kernels, [rows, channels, depth]: [usize; 3], random: &mut Random) {
    let conv = Conv2d {
        batch: 1,
        in_channels: depth,
        in_height: 1,
        in_width: 1,
        out_channels: channels,
        kernel: [1, 1],
        stride: 1,
        padding: 0,
        mode: Padding::Zero,
    };
    let (inputs, weight) = (random.values(rows * depth), random.values(channels * depth));
    let weights = PairWeights::round(&GemmWeights::packed(kernels, &conv, depth, &weight));
    let inputs = Bf16Values::rounded(kernels, &inputs);
    let whole = channels.next_multiple_of(kernels.lanes);
    let mut found = vec![1.0; rows * whole];
    let accumulate = random.below(2) == 1;
    for block in &weights.blocks {
        let gemm = PairGemm {
            rows,
            columns: block.columns,
            source: inputs.as_ptr(),
            source_step: depth,
            segments: 1,
            segment_step: 0,
            pairs: weights.pairs,
            weights: weights.from(block, 0, 0),
            target: found[block.first..].as_mut_ptr(),
            target_step: whole,
            accumulate,
            epilogue: None,
        };
        // SAFETY: inputs, weights and sums have the sizes that are named.
        unsafe { kernels.pair_gemm(&gemm) };
    }
    for row in 0..rows {
        for channel in 0..channels {
            let mut inputs = inputs[row * depth..][..depth].to_vec();
            inputs.resize(depth.next_multiple_of(2), 0);
            let of = |index: usize| if index < depth { round(weight[channel * depth + index]) } else { 0 };
            let sum = defined_sum(&inputs, of) + if accumulate { 1.0 } else { 0.0 };
            let found = found[row * whole + channel];
            let place = format!("{:?} {:?}, {rows}x{channels}x{depth}", kernels.isa(), kernels.bf16());
            if kernels.bf16() == Bf16Unit::Amx {
                assert!((found - sum).abs() <= 1e-6 * (depth as f32).sqrt() * 4.0, "{place}: {found}, expected {sum}");
            } else {
                assert_eq!(found.to_bits(), sum.to_bits(), "{place}: {found}, expected {sum}");
            }
        }
    }
}

/// Bit by bit; on AMX, which sums in another order, within rounding.
#[test]
fn gemms_are_the_sums_that_are_defined() {
    let mut random = Random::new(14);
    for kernels in all_kernels() {
        for size in [[1, 1, 1], [5, 16, 2], [6, 64, 32], [17, 40, 33], [33, 48, 64], [49, 130, 96]] {
            check_gemm(kernels, size, &mut random);
        }
        for _ in 0..unless_miri(20, 1) {
            let size = [1 + random.below(70), 1 + random.below(150), 1 + random.below(200)];
            check_gemm(kernels, size, &mut random);
        }
    }
}

#[test]
fn conversion_is_the_same_on_every_instruction_set() {
    let mut random = Random::new(3);
    let mut values = random.values(1003);
    values.extend([0.0, -0.0, 1e-40, -1e-45, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, 1.0 + 1.0 / 256.0]);
    values.extend((0..unless_miri(100_000, 50)).map(|_| f32::from_bits(random.next() as u32)));
    values.retain(|value| !value.is_nan());
    let expected: Vec<u16> = values.iter().map(|value| round(*value)).collect();
    for kernels in all_kernels() {
        let found = Bf16Values::rounded(kernels, &values);
        assert_eq!(found[..values.len()], expected, "{:?} {:?}", kernels.isa(), kernels.bf16());
    }
}

fn cases() -> Vec<Case> {
    let mut random = Random::new(5);
    let mut shapes = vec![
        shape(2, [3, 64], [15, 9], [7, 7], [1, 3]),
        shape(2, [64, 64], [11, 12], [4, 4], [2, 1]),
        shape(1, [64, 64], [8, 12], [3, 3], [1, 1]),
        shape(3, [20, 70], [7, 6], [3, 3], [1, 1]),
        shape(3, [48, 33], [3, 2], [3, 2], [1, 0]),
        shape(1, [1, 1], [1, 1], [1, 1], [1, 0]),
        shape(0, [3, 4], [6, 6], [3, 3], [1, 1]),
    ];
    for _ in 0..unless_miri(20, 1) {
        let channels = [1 + random.mostly_below(24, 200), 1 + random.mostly_below(24, 150)];
        let size = [3 + random.below(12), 3 + random.below(12)];
        let kernel = if random.below(2) == 0 { [3, 3] } else { [1 + random.below(3), 1 + random.below(3)] };
        shapes.push(shape(random.below(4), channels, size, kernel, [1 + random.below(2), random.below(2)]));
    }
    shapes.into_iter().enumerate().map(|(seed, conv)| Case::new(conv, seed as u64)).collect()
}

/// The direct algorithm is the definition for rounded inputs and weights; all units but AMX give the same bits.
#[test]
fn direct_convolutions_match_the_definition_for_rounded_operands() {
    for (seed, case) in cases().into_iter().enumerate() {
        let rounded = |values: &[f32]| values.iter().map(|value| widen(round(*value))).collect::<Vec<_>>();
        let reference = Case { input: rounded(&case.input), weight: rounded(&case.weight), ..case };
        let expected = reference.reference(seed);
        let scale = reference.scale(&expected);
        let mut bits: Option<Vec<u32>> = None;
        for kernels in all_kernels() {
            let prepared = reference.prepared(kernels, Algorithm::DirectRounded, seed);
            let found = reference.computed(&prepared, 0..reference.conv.batch);
            for (found, expected) in found.iter().zip(&expected) {
                let error = (f64::from(*found) - expected).abs() / scale;
                assert!(error <= 2e-6, "{:?}, {:?}: {found}, expected {expected}", kernels.bf16(), reference.conv);
            }
            if kernels.bf16() != Bf16Unit::Amx {
                let found = found.into_iter().map(f32::to_bits).collect();
                assert!(*bits.get_or_insert_with(|| Vec::clone(&found)) == found, "{:?}", kernels.isa());
            }
        }
    }
}

/// Winograd's algorithm rounds in the transform domain. Its errors are those of random rounding errors, and F(2x2, 3x3)
/// has smaller ones.
#[test]
fn winograds_algorithm_has_small_errors_with_rounded_operands() {
    for (filter, tolerance) in [(Filter::F2, 6e-3), (Filter::F4Rounded, 2e-2)] {
        for (seed, case) in cases().into_iter().enumerate() {
            let Conv2d { kernel, stride, padding, .. } = case.conv;
            if kernel != [3, 3] || stride != 1 || padding > 1 {
                continue;
            }
            let expected = case.reference(seed);
            let scale = case.scale(&expected);
            for kernels in all_kernels() {
                let prepared = case.prepared(kernels, Algorithm::WinogradRounded(filter), seed);
                let found = case.computed(&prepared, 0..case.conv.batch);
                let errors = found.iter().zip(&expected).map(|(found, expected)| (f64::from(*found) - expected).abs());
                let largest = errors.fold(0.0, f64::max) / scale;
                assert!(largest <= tolerance, "{filter:?} {:?}, {:?}: {largest}", kernels.bf16(), case.conv);
            }
        }
    }
}

/// The points of `F4Rounded` in single precision: its transforms are exact but for rounding.
#[test]
fn the_other_points_of_f4_make_the_same_convolution() {
    for (seed, case) in cases().into_iter().enumerate() {
        let Conv2d { kernel, stride, padding, .. } = case.conv;
        if kernel != [3, 3] || stride != 1 || padding > 1 {
            continue;
        }
        let expected = case.reference(seed);
        let scale = case.scale(&expected);
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let prepared = case.prepared(kernels, Algorithm::Winograd(Filter::F4Rounded), seed);
            let found = case.computed(&prepared, 0..case.conv.batch);
            for (found, expected) in found.iter().zip(&expected) {
                let error = (f64::from(*found) - expected).abs() / scale;
                assert!(error <= 2e-5, "{:?}: {found}, expected {expected}", kernels.isa());
            }
        }
    }
}

#[test]
fn results_depend_neither_on_threads_nor_on_neighbours() {
    for algorithm in [
        Algorithm::DirectRounded,
        Algorithm::WinogradRounded(Filter::F2),
        Algorithm::WinogradRounded(Filter::F4Rounded),
    ] {
        let case = Case::new(shape(7, [48, 130], [14, 12], [3, 3], [1, 1]), 4);
        let prepared = case.prepared(crate::simd::dispatch::kernels(), algorithm, 5);
        let pictures = case.conv.batch;
        assert_same_for_any_threads(|| case.computed(&prepared, 0..pictures));
        let together = case.computed(&prepared, 0..pictures);
        let alone: Vec<f32> = (0..pictures).flat_map(|index| case.computed(&prepared, index..index + 1)).collect();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert!(bits(&together) == bits(&alone), "{algorithm:?}");
    }
}

/// Rounding is seen: what is computed is not single precision under another name.
#[test]
fn rounded_operands_differ_from_single_precision() {
    let case = Case::new(shape(1, [64, 64], [8, 12], [3, 3], [1, 1]), 2);
    let kernels = crate::simd::dispatch::kernels();
    let computed = |algorithm| case.computed(&case.prepared(kernels, algorithm, 1), 0..1);
    let (single, rounded) = (computed(Algorithm::Direct), computed(Algorithm::DirectRounded));
    let differences = single.iter().zip(&rounded).map(|(single, rounded)| (single - rounded).abs());
    assert!(differences.fold(0.0, f32::max) > 1e-3);
}
