//! Depthwise convolutions against their definition, their gradients as adjoints of it.

use super::{Random, assert_same_for_any_threads, unless_miri};
use crate::{Depthwise, ShapeError};

fn shapes() -> Vec<Depthwise> {
    let sizes = [[1, 1], [2, 3], [5, 7], [8, 8], [unless_miri(33, 9), unless_miri(40, 12)]];
    let strides = [1, 2, 3];
    sizes
        .into_iter()
        .flat_map(|[height, width]| strides.map(|stride| Depthwise { batch: 2, channels: 3, height, width, stride }))
        .collect()
}

/// Every output as a sum over the definition, in double precision; the terms as (output, input, tap).
fn terms(shape: &Depthwise) -> Vec<[usize; 3]> {
    let [out_height, out_width] = shape.output_size().expect("sizes are not zero");
    let before = |size: usize, outputs: usize| ((outputs - 1) * shape.stride + 3).saturating_sub(size) / 2;
    let (above, left) = (before(shape.height, out_height), before(shape.width, out_width));
    let mut terms = Vec::new();
    for plane in 0..shape.batch * shape.channels {
        for (y, x) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
            for tap in 0..9 {
                let row = (y * shape.stride + tap / 3).checked_sub(above).filter(|row| *row < shape.height);
                let column = (x * shape.stride + tap % 3).checked_sub(left).filter(|column| *column < shape.width);
                if let (Some(row), Some(column)) = (row, column) {
                    let output = (plane * out_height + y) * out_width + x;
                    let input = (plane * shape.height + row) * shape.width + column;
                    terms.push([output, input, plane % shape.channels * 9 + tap]);
                }
            }
        }
    }
    terms
}

/// Input, weight, bias, gradient of the output.
fn operands(shape: &Depthwise) -> [Vec<f32>; 4] {
    let mut random = Random::new((shape.height * 100 + shape.width * 10 + shape.stride) as u64);
    let [out_height, out_width] = shape.output_size().expect("sizes are not zero");
    let planes = shape.batch * shape.channels;
    [planes * shape.height * shape.width, 9 * shape.channels, shape.channels, planes * out_height * out_width]
        .map(|count| random.values(count))
}

fn assert_near(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-4, "{what}: {found}, expected {expected}");
    }
}

#[test]
fn forward_and_gradients_follow_the_definition() {
    for shape in shapes() {
        let [input, weight, bias, upstream] = operands(&shape);
        let plane = upstream.len() / (shape.batch * shape.channels);
        let mut expected: Vec<f64> =
            (0..upstream.len()).map(|index| f64::from(bias[index / plane % shape.channels])).collect();
        let (mut of_input, mut of_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
        for [output, source, tap] in terms(&shape) {
            expected[output] += f64::from(weight[tap]) * f64::from(input[source]);
            of_input[source] += f64::from(weight[tap]) * f64::from(upstream[output]);
            of_weight[tap] += f64::from(input[source]) * f64::from(upstream[output]);
        }
        let what = format!("{shape:?}");
        let mut output = vec![f32::NAN; upstream.len()];
        shape.forward(&input, &weight, &bias, &mut output).expect("lengths fit");
        assert_near(&output, &expected, &what);
        let mut gradient = vec![f32::NAN; input.len()];
        shape.input_gradient(&weight, &upstream, &mut gradient).expect("lengths fit");
        assert_near(&gradient, &of_input, &what);
        let mut gradient = vec![f32::NAN; weight.len()];
        shape.weight_gradient(&input, &upstream, &mut gradient).expect("lengths fit");
        assert_near(&gradient, &of_weight, &what);
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let shape = Depthwise { batch: 3, channels: 5, height: 20, width: unless_miri(50, 9), stride: 1 };
    let [input, weight, bias, upstream] = operands(&shape);
    assert_same_for_any_threads(|| {
        let (mut output, mut of_input) = (vec![0.0; upstream.len()], vec![0.0; input.len()]);
        let mut of_weight = vec![0.0; weight.len()];
        shape.forward(&input, &weight, &bias, &mut output).expect("lengths fit");
        shape.input_gradient(&weight, &upstream, &mut of_input).expect("lengths fit");
        shape.weight_gradient(&input, &upstream, &mut of_weight).expect("lengths fit");
        [output, of_input, of_weight].concat()
    });
}

#[test]
fn wrong_sizes_name_what_is_wrong() {
    let shape = Depthwise { batch: 1, channels: 2, height: 3, width: 3, stride: 2 };
    let found = shape.forward(&[0.0; 18], &[0.0; 18], &[0.0; 2], &mut [0.0; 7]);
    assert_eq!(found, Err(ShapeError::Length { argument: "output", expected: 8, found: 7 }));
    let found = shape.forward(&[0.0; 18], &[0.0; 18], &[0.0; 1], &mut [0.0; 8]);
    assert_eq!(found, Err(ShapeError::Length { argument: "bias", expected: 2, found: 1 }));
    assert_eq!(Depthwise { stride: 0, ..shape }.output_size(), Err(ShapeError::Zero { field: "stride" }));
}
