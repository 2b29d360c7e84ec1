//! Attention against its definition in double precision, on every instruction set of this machine; gradients against
//! differences of its values.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::attention::forward::{Attention, attention_forward_with};
use crate::attention::gradient::attention_gradient_with;
use crate::simd::dispatch::{Kernels, kernels};
use crate::{Isa, Precision, ShapeError, attention_forward, attention_forward_to, attention_gradient};

/// Query, key and value.
type Operands<T> = [Vec<T>; 3];

struct Case {
    shape: Attention,
    operands: Operands<f32>,
    output_gradient: Vec<f32>,
}

/// Everything that is computed.
struct Results<T> {
    output: Vec<T>,
    log_sum_exp: Vec<T>,
    gradients: Operands<T>,
}

/// The output and the logarithm of the sum of exponentials, by the definition.
fn reference_forward(shape: &Attention, [query, key, value]: &Operands<f64>) -> (Vec<f64>, Vec<f64>) {
    let Attention { batch, positions, key_channels, value_channels } = *shape;
    let mut output = vec![0.0; batch * value_channels * positions];
    let mut logarithms = Vec::with_capacity(batch * positions);
    for (image, i) in (0..batch).flat_map(|image| (0..positions).map(move |i| (image, i))) {
        let at = |channels: usize, channel: usize, position: usize| (image * channels + channel) * positions + position;
        let score = |j: usize| -> f64 {
            (0..key_channels).map(|c| query[at(key_channels, c, i)] * key[at(key_channels, c, j)]).sum()
        };
        let scores: Vec<f64> = (0..positions).map(score).collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
        logarithms.push(largest + total.ln());
        for channel in 0..value_channels {
            let weighted = |(j, score): (usize, &f64)| (score - largest).exp() * value[at(value_channels, channel, j)];
            output[at(value_channels, channel, i)] = scores.iter().enumerate().map(weighted).sum::<f64>() / total;
        }
    }
    (output, logarithms)
}

/// The derivative of `sum(upstream * output)` by one element, by differences.
fn reference_derivative(case: &Case, operands: &Operands<f64>, which: usize, index: usize) -> f64 {
    const STEP: f64 = 1e-5;
    let loss = |step: f64| -> f64 {
        let mut operands = operands.clone();
        operands[which][index] += step;
        let (output, _) = reference_forward(&case.shape, &operands);
        output.iter().zip(&case.output_gradient).map(|(output, upstream)| output * f64::from(*upstream)).sum()
    };
    (loss(STEP) - loss(-STEP)) / (2.0 * STEP)
}

impl Case {
    /// Scores of about `spread` from each other.
    fn new(shape: Attention, spread: f32, seed: u64) -> Self {
        let mut random = Random::new(seed + 11);
        let [keys, values] =
            [shape.key_channels, shape.value_channels].map(|channels| shape.batch * channels * shape.positions);
        let factor = (spread / (shape.key_channels as f32).sqrt()).sqrt() * 3.0_f32.sqrt();
        let mut operands = [keys, keys, values].map(|len| random.values(len));
        operands[..2].iter_mut().flatten().for_each(|value| *value *= factor);
        Self { shape, operands, output_gradient: random.values(values) }
    }

    fn computed(&self, kernels: &Kernels) -> Results<f32> {
        let operands = [0, 1, 2].map(|index| self.operands[index].as_slice());
        let mut output = vec![f32::NAN; self.output_gradient.len()];
        let mut log_sum_exp = vec![f32::NAN; self.shape.batch * self.shape.positions];
        attention_forward_with(kernels, Precision::Standard, &self.shape, operands, &mut output, &mut log_sum_exp)
            .expect("shape");
        let mut gradients = operands.map(|operand| vec![f32::NAN; operand.len()]);
        let targets = gradients.each_mut().map(Vec::as_mut_slice);
        let done = attention_gradient_with(
            kernels,
            &self.shape,
            operands,
            &output,
            &log_sum_exp,
            &self.output_gradient,
            targets,
        );
        done.expect("shape");
        Results { output, log_sum_exp, gradients }
    }

    /// The gradients by the chain rule, which [`Case::check_derivatives`] compares with differences.
    fn reference(&self) -> Results<f64> {
        let Attention { batch, positions, key_channels, value_channels } = self.shape;
        let wide = self.operands.each_ref().map(|operand| operand.iter().map(|value| f64::from(*value)).collect());
        let (output, log_sum_exp) = reference_forward(&self.shape, &wide);
        let [query, key, value] = &wide;
        let mut gradients = wide.each_ref().map(|operand: &Vec<f64>| vec![0.0; operand.len()]);
        for (image, i) in (0..batch).flat_map(|image| (0..positions).map(move |i| (image, i))) {
            let keys = |channel: usize, position: usize| (image * key_channels + channel) * positions + position;
            let values = |channel: usize, position: usize| (image * value_channels + channel) * positions + position;
            let upstream = |channel: usize| f64::from(self.output_gradient[values(channel, i)]);
            let mean: f64 = (0..value_channels).map(|c| upstream(c) * output[values(c, i)]).sum();
            for j in 0..positions {
                let score: f64 = (0..key_channels).map(|c| query[keys(c, i)] * key[keys(c, j)]).sum();
                let probability = (score - log_sum_exp[image * positions + i]).exp();
                let by_probability: f64 = (0..value_channels).map(|c| upstream(c) * value[values(c, j)]).sum();
                let by_score = probability * (by_probability - mean);
                (0..value_channels).for_each(|c| gradients[2][values(c, j)] += probability * upstream(c));
                for c in 0..key_channels {
                    gradients[0][keys(c, i)] += by_score * key[keys(c, j)];
                    gradients[1][keys(c, j)] += by_score * query[keys(c, i)];
                }
            }
        }
        Results { output, log_sum_exp, gradients }
    }

    /// Compares with the definition on every instruction set; errors are relative to the largest value.
    fn check(&self, tolerance: f64) {
        let reference = self.reference();
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let computed = self.computed(kernels);
            let [query, key, value] = &computed.gradients;
            let found = [&computed.output, &computed.log_sum_exp, query, key, value];
            let [query, key, value] = &reference.gradients;
            let expected = [&reference.output, &reference.log_sum_exp, query, key, value];
            let names = ["output", "log_sum_exp", "query gradient", "key gradient", "value gradient"];
            for ((name, found), expected) in names.iter().zip(found).zip(expected) {
                // The gradient of a softmax with one probability is 0: nothing to be relative to.
                let scale = expected.iter().fold(0.1_f64, |scale, value| scale.max(value.abs()));
                for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                    let error = (f64::from(*found) - expected).abs() / scale;
                    let place = format!("{name}[{index}] on {:?} of {:?}", kernels.isa(), self.shape);
                    assert!(error < tolerance, "{place}: {found}, expected {expected}");
                }
            }
        }
    }

    /// Compares some gradients with differences of values in double precision.
    fn check_derivatives(&self, tolerance: f64) {
        let wide = self.operands.each_ref().map(|operand| operand.iter().map(|value| f64::from(*value)).collect());
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let computed = self.computed(kernels);
            for (which, gradient) in computed.gradients.iter().enumerate() {
                let scale = gradient.iter().fold(0.1_f64, |scale, value| scale.max(f64::from(value.abs())));
                for index in (0..gradient.len()).step_by(gradient.len() / 12 + 1) {
                    let expected = reference_derivative(self, &wide, which, index);
                    let error = (f64::from(gradient[index]) - expected).abs() / scale;
                    let place = format!("operand {which}[{index}] on {:?} of {:?}", kernels.isa(), self.shape);
                    assert!(error < tolerance, "{place}: {}, expected {expected}", gradient[index]);
                }
            }
        }
    }
}

fn shape(batch: usize, positions: usize, key_channels: usize, value_channels: usize) -> Attention {
    Attention { batch, positions, key_channels, value_channels }
}

#[test]
fn random_shapes_match_the_definition() {
    let mut random = Random::new(4);
    let [usual, rare] = unless_miri([60, 300], [9, 20]);
    for seed in 0..unless_miri(if cfg!(debug_assertions) { 10 } else { 60 }, 3) {
        let shape = Attention {
            batch: 1 + random.below(3),
            positions: 1 + random.mostly_below(usual, rare),
            key_channels: 1 + random.mostly_below(9, 40),
            value_channels: 1 + random.mostly_below(20, 150),
        };
        Case::new(shape, 3.0, seed).check(5e-6);
    }
}

#[test]
fn networks_shapes_match_the_definition() {
    // One position, one channel; a discriminator's feature map; several blocks of keys in a segment; channels in several chunks.
    let shapes =
        [shape(1, 1, 1, 1), shape(3, 1, 5, 7), shape(2, 56, 32, 256), shape(1, 1700, 4, 9), shape(1, 130, 140, 260)];
    for (index, shape) in shapes.into_iter().take(unless_miri(5, 2)).enumerate() {
        Case::new(shape, 3.0, index as u64).check(5e-6);
    }
}

#[test]
fn gradients_match_differences() {
    let shapes = [shape(1, 1, 2, 3), shape(2, unless_miri(37, 6), 3, 5), shape(1, 150, 8, 17)];
    for (index, shape) in shapes.into_iter().take(unless_miri(3, 2)).enumerate() {
        Case::new(shape, 3.0, index as u64).check_derivatives(1e-5);
    }
}

#[test]
fn sharp_shares_and_far_scores_stay_accurate() {
    const POSITIONS: usize = unless_miri(333, 12);
    // Scores so far apart that all but a few probabilities vanish, and so low that their exponentials would.
    // A score's rounding error, which grows with it, is the relative error of its probability.
    for (spread, tolerance) in [(40.0_f32, 5e-5), (2000.0, 2e-3)] {
        let mut case = Case::new(shape(1, POSITIONS, 8, 12), spread, 5);
        case.check(tolerance);
        let far = (spread * 4.0).sqrt();
        case.operands[0][..POSITIONS].fill(far);
        case.operands[1][..POSITIONS].fill(-far);
        case.check(tolerance);
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let case = Case::new(shape(2, unless_miri(2100, 24), 8, 20), 3.0, 1);
    assert_same_for_any_threads(|| {
        let Results { output, log_sum_exp, gradients: [query, key, value] } = case.computed(kernels());
        [output, log_sum_exp, query, key, value].concat()
    });
}

#[test]
fn no_images_are_no_work_and_wrong_lengths_are_errors() {
    let empty: [&[f32]; 3] = [&[]; 3];
    assert_eq!(attention_forward(&shape(0, 3, 1, 1), empty, &mut [], &mut []), Ok(()));
    assert_eq!(attention_gradient(&shape(0, 3, 1, 1), empty, &[], &[], &[], [&mut [], &mut [], &mut []]), Ok(()));
    let found = attention_forward(&shape(1, 3, 0, 1), empty, &mut [], &mut []);
    assert_eq!(found, Err(ShapeError::Zero { field: "key_channels" }));
    let found = attention_forward(&shape(1, 2, 1, 1), [&[0.0; 2], &[0.0; 3], &[0.0; 2]], &mut [0.0; 2], &mut [0.0; 2]);
    assert_eq!(found, Err(ShapeError::Length { argument: "key", expected: 2, found: 3 }));
}

/// Values and probabilities are rounded to bf16, scores are not: the output's error is that of the values, the logarithm's
/// is none.
#[test]
fn attention_of_rounded_values_is_near_its_definition() {
    for (seed, positions) in [(1, 1), (2, 5), (3, 129), (4, unless_miri(300, 40))] {
        let shape = Attention { batch: 2, positions, key_channels: 5, value_channels: 20 };
        let case = Case::new(shape, 3.0, seed);
        let operands = [0, 1, 2].map(|index| case.operands[index].as_slice());
        let exact = case.operands.clone().map(|operand| operand.into_iter().map(f64::from).collect());
        let (expected, logarithms) = reference_forward(&shape, &exact);
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of).chain([kernels()]) {
            let compute = || {
                let mut output = vec![f32::NAN; expected.len()];
                let mut found = vec![f32::NAN; logarithms.len()];
                attention_forward_with(kernels, Precision::Bf16, &shape, operands, &mut output, &mut found)
                    .expect("shape");
                output.extend(found);
                output
            };
            assert_same_for_any_threads(compute);
            let found = compute();
            for (index, (found, expected)) in found.iter().zip(expected.iter().chain(&logarithms)).enumerate() {
                let tolerance = if index < 2 * 20 * positions { 4e-3 } else { 1e-5 };
                let error = (f64::from(*found) - expected).abs();
                assert!(error <= tolerance, "{:?}: {found}, expected {expected}", kernels.isa());
            }
        }
    }
}

#[test]
fn fewer_keys_give_what_the_definition_gives() {
    for (positions, keys, seed) in [(1, 1, 1), (37, 9, 2), (130, 64, 3), (9, 200, 4), (300, 301, 5)] {
        let shape = Attention { batch: 2, positions, key_channels: 5, value_channels: 11 };
        let mut random = Random::new(seed);
        let query = random.values(2 * 5 * positions);
        let key = random.values(2 * 5 * keys);
        let value = random.values(2 * 11 * keys);
        let mut output = vec![f32::NAN; 2 * 11 * positions];
        attention_forward_to(Precision::Standard, &shape, keys, [&query, &key, &value], &mut output).expect("shape");
        for (image, i) in (0..2).flat_map(|image| (0..positions).map(move |i| (image, i))) {
            let score = |j: usize| -> f64 {
                (0..5)
                    .map(|c| {
                        f64::from(query[(image * 5 + c) * positions + i]) * f64::from(key[(image * 5 + c) * keys + j])
                    })
                    .sum()
            };
            let weights: Vec<f64> = (0..keys).map(|j| score(j).exp()).collect();
            let total: f64 = weights.iter().sum();
            for channel in 0..11 {
                let row = (image * 11 + channel) * keys;
                let expected =
                    weights.iter().enumerate().map(|(j, weight)| weight * f64::from(value[row + j])).sum::<f64>()
                        / total;
                let found = f64::from(output[(image * 11 + channel) * positions + i]);
                assert!((found - expected).abs() < 2e-6, "{positions} {keys}: {found} for {expected}");
            }
        }
    }
    let shape = Attention { batch: 1, positions: 4, key_channels: 1, value_channels: 1 };
    let wrong = attention_forward_to(Precision::Standard, &shape, 3, [&[0.0; 4], &[0.0; 4], &[0.0; 3]], &mut [0.0; 4]);
    assert!(matches!(wrong, Err(ShapeError::Length { argument: "key", expected: 3, found: 4 })), "{wrong:?}");
}
