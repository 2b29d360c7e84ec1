//! The fast operations against those made of the tensor library's own, and their gradients against differences of values.

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData, activation};
use burn_flex::FlexTensor;
use portraitist_nn::ops::{
    self, AdamStep, ConvGeometry, LatestVectors, NORM_EPSILON, NetworkOps, Padding, Pointwise, fallback,
};
use portraitist_nn::parameter::to_values;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::golden::device;

/// Shapes `[n, c, h, w]` of images: odd sizes, one pixel across, one channel.
const IMAGES: [[usize; 4]; 5] = [[2, 3, 5, 7], [1, 8, 12, 9], [3, 1, 4, 2], [2, 5, 1, 6], [1, 17, 33, 31]];

fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn data(seed: u64, shape: &[usize]) -> TensorData {
    TensorData::new(values(seed, shape.iter().product()), shape.to_vec())
}

fn flex(seed: u64, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(data(seed, shape))
}

fn assert_alike(what: &str, found: FlexTensor, expected: FlexTensor, tolerance: f32) {
    let [found, expected] = [found, expected].map(|tensor| tensor.into_data());
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let [found, expected] = [found, expected].map(|data| data.try_into_vec::<f32>().unwrap());
    assert_near(what, &found, &expected, tolerance);
}

/// Differences are taken against the largest expected value.
fn assert_near(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    let scale = expected.iter().fold(1e-6_f32, |scale, value| scale.max(value.abs()));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / scale;
        assert!(error <= tolerance, "{what}: element {index} is {found}, expected {expected} (largest {scale})");
    }
}

type Three = (FlexTensor, FlexTensor, FlexTensor);

fn assert_three_alike(what: &str, found: Three, expected: Three, tolerance: f32) {
    let pairs = [(found.0, expected.0), (found.1, expected.1), (found.2, expected.2)];
    for (index, (found, expected)) in pairs.into_iter().enumerate() {
        assert_alike(&format!("{what}, result {index}"), found, expected, tolerance);
    }
}

#[test]
fn fast_normalisations_give_what_fallback_ones_give() {
    for (seed, shape) in (0..).step_by(10).zip(IMAGES) {
        let [n, c, ..] = shape;
        for relu in [false, true] {
            let what = format!("{shape:?} relu {relu}");
            let images = || flex(seed, &shape);
            let gradient = || flex(seed + 1, &shape);
            let affine = |index| flex(seed + index, &[n, c]);
            let (scale, shift) = (|| affine(2), || affine(3));
            let found = Flex::instance_norm(images(), scale(), shift(), relu);
            assert_alike(&what, found, fallback::instance_norm::<Flex>(images(), scale(), shift(), relu), 1e-5);
            let found = Flex::instance_norm_add(images(), scale(), shift(), gradient(), relu);
            let expected = fallback::instance_norm_add::<Flex>(images(), scale(), shift(), gradient(), relu);
            assert_alike(&what, found, expected, 1e-5);
            let found = Flex::instance_norm_gradient(images(), scale(), shift(), gradient(), relu);
            let expected = fallback::instance_norm_gradient::<Flex>(images(), scale(), shift(), gradient(), relu);
            assert_three_alike(&what, found, expected, 1e-4);
            let (scale, shift) = (|| flex(seed + 2, &[c]), || flex(seed + 3, &[c]));
            let found = Flex::layer_norm_chw(images(), scale(), shift(), relu);
            assert_alike(&what, found, fallback::layer_norm_chw::<Flex>(images(), scale(), shift(), relu), 1e-5);
            let found = Flex::layer_norm_chw_gradient(images(), scale(), shift(), gradient(), relu);
            let expected = fallback::layer_norm_chw_gradient::<Flex>(images(), scale(), shift(), gradient(), relu);
            assert_three_alike(&what, found, expected, 1e-4);
        }
    }
}

const GEOMETRIES: [ConvGeometry; 6] = [
    ConvGeometry { kernel: 3, stride: 1, padding: 1, mode: Padding::Reflect },
    ConvGeometry { kernel: 7, stride: 1, padding: 3, mode: Padding::Reflect },
    ConvGeometry { kernel: 4, stride: 2, padding: 1, mode: Padding::Reflect },
    ConvGeometry { kernel: 4, stride: 2, padding: 1, mode: Padding::Zero },
    ConvGeometry { kernel: 5, stride: 1, padding: 2, mode: Padding::Replicate },
    ConvGeometry { kernel: 1, stride: 1, padding: 0, mode: Padding::Zero },
];

#[test]
fn fast_convolutions_give_what_fallback_ones_give() {
    for (seed, geometry) in (0..).step_by(10).zip(GEOMETRIES) {
        let what = format!("{geometry:?}");
        let (shape, weights) = ([2, 5, 10, 9], [6, 5, geometry.kernel, geometry.kernel]);
        let (images, weight, bias) = (|| flex(seed, &shape), || flex(seed + 1, &weights), || flex(seed + 2, &[6]));
        let output = Flex::padded_conv2d(images(), weight(), bias(), geometry);
        let gradient = flex(seed + 3, &output.layout().shape().to_vec());
        let expected = fallback::padded_conv2d::<Flex>(images(), weight(), bias(), geometry);
        assert_alike(&what, output, expected, 1e-5);
        let found = Flex::padded_conv2d_input_gradient(weight(), gradient.clone(), [10, 9], geometry);
        let expected = fallback::padded_conv2d_input_gradient::<Flex>(weight(), gradient.clone(), [10, 9], geometry);
        assert_alike(&what, found, expected, 1e-5);
        let found = Flex::padded_conv2d_weight_gradient(images(), gradient.clone(), geometry);
        let expected = fallback::padded_conv2d_weight_gradient::<Flex>(images(), gradient.clone(), geometry);
        assert_alike(&what, found, expected, 1e-5);
        let sums = fallback::channel_sums::<Flex>(gradient.clone());
        assert_alike(&what, Flex::channel_sums(gradient.clone()), sums.clone(), 1e-5);
        let expected = (
            fallback::padded_conv2d_input_gradient::<Flex>(weight(), gradient.clone(), [10, 9], geometry),
            fallback::padded_conv2d_weight_gradient::<Flex>(images(), gradient.clone(), geometry),
            sums,
        );
        let found = Flex::padded_conv2d_gradients(images(), weight(), gradient, geometry);
        assert_three_alike(&what, found, expected, 1e-5);
    }
}

#[test]
fn fast_upsampling_gives_what_fallback_upsampling_gives() {
    for (seed, [n, c, h, w]) in (0..).step_by(10).zip([[2, 3, 5, 7], [1, 8, 12, 9], [3, 1, 2, 2], [1, 33, 16, 8]]) {
        let what = format!("{:?}", [n, c, h, w]);
        let images = || flex(seed, &[n, c, h, w]);
        let (weight, bias) = (|| flex(seed + 1, &[4, c, 5, 5]), || flex(seed + 2, &[4]));
        let gradient = || flex(seed + 3, &[n, 4, 2 * h, 2 * w]);
        let found = Flex::upsampled_conv2d(images(), weight(), bias());
        assert_alike(&what, found, fallback::upsampled_conv2d::<Flex>(images(), weight(), bias()), 1e-5);
        let found = Flex::upsampled_conv2d_input_gradient(weight(), gradient());
        assert_alike(&what, found, fallback::upsampled_conv2d_input_gradient::<Flex>(weight(), gradient()), 1e-5);
        let found = Flex::upsampled_conv2d_weight_gradient(images(), gradient());
        assert_alike(&what, found, fallback::upsampled_conv2d_weight_gradient::<Flex>(images(), gradient()), 1e-5);
        let expected = (
            fallback::upsampled_conv2d_input_gradient::<Flex>(weight(), gradient()),
            fallback::upsampled_conv2d_weight_gradient::<Flex>(images(), gradient()),
            fallback::channel_sums::<Flex>(gradient()),
        );
        assert_three_alike(&what, Flex::upsampled_conv2d_gradients(images(), weight(), gradient()), expected, 1e-5);
    }
}

#[test]
fn a_fast_step_of_adam_is_the_fallback_one() {
    let step = AdamStep {
        weight_decay: 1e-4,
        beta1: 0.5,
        one_minus_beta1: 0.5,
        beta2: 0.9,
        one_minus_beta2: 0.1,
        bias_correction2_sqrt: 0.3,
        epsilon: 1e-8,
        step_size: 1e-3,
    };
    let count = [100_003];
    let tensors = || (flex(1, &count), flex(2, &count), flex(3, &count));
    let second = || FlexTensor::from_data(TensorData::new(values(4, 100_003).iter().map(|x| x * x).collect(), count));
    let (parameter, gradient, first) = tensors();
    let found = Flex::adam_step(parameter, gradient, first, second(), step);
    let (parameter, gradient, first) = tensors();
    let expected = fallback::adam_step::<Flex>(parameter, gradient, first, second(), step);
    assert_three_alike("step", found, expected, 1e-7);
}

#[test]
fn a_fast_power_step_is_the_fallback_one() {
    for shape in [[32, 256], [1, 7], [70, 300]] {
        let operands = || (flex(5, &shape), flex(6, &shape[..1]));
        let (weight, u) = operands();
        let found = Flex::power_step(weight, u);
        let (weight, u) = operands();
        assert_three_alike("power step", found, fallback::power_step::<Flex>(weight, u), 1e-6);
    }
}

/// A tensor that records gradients.
fn tracked<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(data(seed, &shape), &device()).autodiff().require_grad()
}

fn constant<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(data(seed, &shape), &device())
}

/// The reference's normalisation in the tensor library's own operations, which differentiate themselves.
fn composed_norm(images: Tensor<4>, [scale, shift]: [Tensor<4>; 2], relu: bool, whole: bool) -> Tensor<4> {
    let [n, c, h, w] = images.dims();
    let rows: Tensor<2> = images.reshape(if whole { [n, c * h * w] } else { [n * c, h * w] });
    let count = rows.dims()[1] as f64;
    let centred = rows.clone() - rows.mean_dim(1);
    let squares = centred.clone().powi_scalar(2).sum_dim(1);
    let normalised = if whole {
        centred / ((squares / (count - 1.0)).sqrt() + NORM_EPSILON)
    } else {
        centred / (squares / count + NORM_EPSILON).sqrt()
    };
    let output = normalised.reshape([n, c, h, w]) * scale + shift;
    if relu { activation::relu(output) } else { output }
}

#[test]
fn normalisations_pass_gradients_to_images_scale_shift_and_residual() {
    for (shape, relu) in [([2, 3, 5, 7], false), ([2, 3, 5, 7], true), ([1, 8, 12, 9], true)] {
        let [n, c, ..] = shape;
        let affine = [tracked(2, [n, c]), tracked(3, [n, c])];
        let (images, residual, upstream) = (tracked(1, shape), tracked(4, shape), constant(5, shape).autodiff());
        let output = ops::instance_norm(images.clone(), affine.clone(), relu, Some(residual.clone()));
        let found = (output.clone() * upstream.clone()).sum().backward();
        let columns = affine.clone().map(|x| x.reshape([n, c, 1, 1]));
        let composed = composed_norm(images.clone(), columns, relu, false) + residual.clone();
        assert_near("output", &to_values(output), &to_values(composed.clone()), 1e-5);
        let expected = (composed * upstream).sum().backward();
        for tensor in [&images, &residual] {
            let [found, expected] = [&found, &expected].map(|gradients| to_values(tensor.grad(gradients).unwrap()));
            assert_near("gradient of images or residual", &found, &expected, 1e-4);
        }
        for tensor in &affine {
            let [found, expected] = [&found, &expected].map(|gradients| to_values(tensor.grad(gradients).unwrap()));
            assert_near("gradient of scale or shift", &found, &expected, 1e-4);
        }
    }
}

#[test]
fn layer_norm_passes_gradients_to_images_scale_and_shift() {
    for (shape, relu) in [([2, 3, 5, 7], false), ([2, 3, 5, 7], true), ([1, 8, 12, 9], true)] {
        let c = shape[1];
        let affine = [tracked(2, [c]), tracked(3, [c])];
        let (images, upstream) = (tracked(1, shape), constant(5, shape).autodiff());
        let output = ops::layer_norm_chw(images.clone(), affine.clone(), relu);
        let found = (output.clone() * upstream.clone()).sum().backward();
        let composed = composed_norm(images.clone(), affine.clone().map(|x| x.reshape([1, c, 1, 1])), relu, true);
        assert_near("output", &to_values(output), &to_values(composed.clone()), 1e-5);
        let expected = (composed * upstream).sum().backward();
        let [of_images, wanted] = [&found, &expected].map(|gradients| to_values(images.grad(gradients).unwrap()));
        assert_near("gradient of images", &of_images, &wanted, 1e-4);
        for tensor in &affine {
            let [found, expected] = [&found, &expected].map(|gradients| to_values(tensor.grad(gradients).unwrap()));
            assert_near("gradient of scale or shift", &found, &expected, 1e-4);
        }
    }
}

/// Attention in the tensor library's own operations, which differentiate themselves.
fn composed_attention([query, key, value]: [Tensor<3>; 3]) -> Tensor<3> {
    let probabilities = activation::softmax(query.transpose().matmul(key), 2);
    value.matmul(probabilities.transpose())
}

/// `[n, key channels, value channels, positions]`
const ATTENTIONS: [[usize; 4]; 4] = [[2, 3, 5, 7], [1, 4, 32, 333], [3, 1, 1, 1], [1, 16, 40, 130]];

#[test]
fn fast_attention_gives_what_fallback_attention_gives() {
    for [n, keys, values, positions] in ATTENTIONS {
        let what = format!("{:?}", [n, keys, values, positions]);
        let operand = |seed| flex(seed, &[n, if seed < 3 { keys } else { values }, positions]);
        let found = Flex::self_attention_with_sums(operand(1), operand(2), operand(3));
        let expected = fallback::self_attention_with_sums::<Flex>(operand(1), operand(2), operand(3));
        assert_alike(&what, found.0.clone(), expected.0, 1e-5);
        assert_alike(&what, found.1.clone(), expected.1, 1e-5);
        let (output, sums) = found;
        let operands = [1, 2, 3].map(operand);
        let [query, key, value] = operands.clone();
        let found = Flex::self_attention_gradient(query, key, value, output.clone(), sums.clone(), operand(4));
        let expected = fallback::self_attention_gradient::<Flex>(operands, output, sums, operand(4));
        if positions == 1 {
            // A single position's probability is always 1: no gradient but the values'.
            assert_alike(&what, found.2, expected.2, 1e-5);
        } else {
            assert_three_alike(&what, found, expected, 1e-4);
        }
    }
}

#[test]
fn attention_passes_gradients_to_query_key_and_value() {
    for [n, keys, values, positions] in ATTENTIONS.into_iter().filter(|shape| shape[3] > 1) {
        let what = format!("{:?}", [n, keys, values, positions]);
        // Larger scores, so that some probabilities are nearly 0.
        let operands =
            [tracked(1, [n, keys, positions]), tracked(2, [n, keys, positions]), tracked(3, [n, values, positions])];
        let upstream = constant(4, [n, values, positions]).autodiff();
        let [found, expected] =
            [ops::self_attention as fn(_, _, _) -> _, |q, k, v| composed_attention([q, k, v])].map(|f| {
                let [query, key, value] = operands.clone();
                let output: Tensor<3> = f(query * 4.0, key * 2.0, value);
                let gradients = (output.clone() * upstream.clone()).sum().backward();
                (to_values(output), operands.clone().map(|operand| to_values(operand.grad(&gradients).unwrap())))
            });
        assert_near(&what, &found.0, &expected.0, 1e-5);
        for (found, expected) in found.1.iter().zip(&expected.1) {
            assert_near(&what, found, expected, 1e-4);
        }
    }
}

#[test]
fn scaled_sums_give_what_fallback_ones_give_with_their_gradients() {
    let shape = [2, 3, 40, 50];
    let operands = || (flex(1, &shape), flex(2, &[1]), flex(3, &shape));
    let ((change, factor, x), (of_change, of_factor, of_x)) = (operands(), operands());
    let expected = fallback::scaled_sum::<Flex>(of_change, of_factor, of_x);
    assert_alike("sum", Flex::scaled_sum(change, factor, x), expected, 1e-6);
    let (change, factor, x) = (tracked(1, shape), tracked(2, [1]), tracked(3, shape));
    let upstream = constant(4, shape).autodiff();
    let found = (ops::scaled_sum(change.clone(), factor.clone(), x.clone()) * upstream.clone()).sum().backward();
    let composed = change.clone() * factor.clone().reshape([1, 1, 1, 1]) + x.clone();
    let expected = (composed * upstream).sum().backward();
    for tensor in [&change, &x] {
        let [found, expected] = [&found, &expected].map(|gradients| to_values(tensor.grad(gradients).unwrap()));
        assert_near("gradient of change or x", &found, &expected, 1e-6);
    }
    let [found, wanted] = [&found, &expected].map(|gradients| to_values(factor.grad(gradients).unwrap()));
    assert_near("gradient of the factor", &found, &wanted, 1e-5);
    let upstream = || flex(4, &shape);
    let (change, factor, _) = operands();
    let found = Flex::scaled_sum_gradient(change.clone(), factor.clone(), upstream());
    let expected = fallback::scaled_sum_gradient::<Flex>(change, factor, upstream());
    assert_alike("change", found.0, expected.0, 1e-6);
    assert_alike("factor", found.1, expected.1, 1e-5);
}

type Function = fn(Tensor<4>) -> Tensor<4>;

#[test]
fn activations_are_those_of_the_library_with_their_gradients() {
    let shape = [2, 3, 40, 50];
    let x = tracked(1, shape);
    let upstream = constant(2, shape).autodiff();
    let library: [(Pointwise, Function); 3] = [
        (Pointwise::Relu, activation::relu),
        (Pointwise::LeakyRelu(0.2), |x| activation::leaky_relu(x, 0.2)),
        (Pointwise::Tanh, Tensor::tanh),
    ];
    for (function, expected) in library {
        let what = format!("{function:?}");
        let [found, expected] = [ops::activate(x.clone() * 3.0, function), expected(x.clone() * 3.0)].map(|output| {
            let gradients = (output.clone() * upstream.clone()).sum().backward();
            (to_values(output), to_values(x.grad(&gradients).unwrap()))
        });
        assert_near(&what, &found.0, &expected.0, 1e-6);
        assert_near(&what, &found.1, &expected.1, 1e-6);
        let output = || Flex::activate(flex(1, &shape), function);
        assert_alike(&what, output(), fallback::activate::<Flex>(flex(1, &shape), function), 1e-6);
        let found = Flex::activate_gradient(output(), flex(2, &shape), function);
        let expected = fallback::activate_gradient::<Flex>(output(), flex(2, &shape), function);
        assert_alike(&what, found, expected, 1e-6);
    }
}

#[test]
fn prelu_gives_what_the_fallback_gives_with_its_gradients() {
    for (seed, shape) in (0..).step_by(10).zip(IMAGES) {
        let what = format!("{shape:?}");
        let channels = [shape[1]];
        let (images, weight, upstream) =
            (|| flex(seed, &shape), || flex(seed + 1, &channels), || flex(seed + 2, &shape));
        let expected = fallback::prelu::<Flex>(images(), weight());
        assert_alike(&what, Flex::channel_prelu(images(), weight()), expected, 1e-6);
        let found = Flex::channel_prelu_gradient(images(), weight(), upstream());
        let expected = fallback::prelu_gradient::<Flex>(images(), weight(), upstream());
        assert_alike(&what, found.0, expected.0, 1e-6);
        assert_alike(&what, found.1, expected.1, 1e-5);

        let (images, weight) = (tracked(seed, shape), tracked(seed + 1, channels));
        let upstream = constant(seed + 2, shape).autodiff();
        let found = (ops::prelu(images.clone(), weight.clone()) * upstream.clone()).sum().backward();
        let composed = activation::prelu(images.clone(), weight.clone());
        let expected = (composed * upstream).sum().backward();
        let [of_found, of_expected] = [&found, &expected].map(|all| to_values(images.grad(all).unwrap()));
        assert_near(&what, &of_found, &of_expected, 1e-6);
        let [of_found, of_expected] = [&found, &expected].map(|all| to_values(weight.grad(all).unwrap()));
        assert_near(&what, &of_found, &of_expected, 1e-5);
    }
    let images = tracked(1, [2, 3, 4, 5]);
    let gradients = ops::prelu(images.clone(), constant(2, [3]).autodiff()).sum().backward();
    assert!(images.grad(&gradients).is_some());
}

/// PyTorch's derivatives where there are two: 0 for ReLU and absolute values, its own for leaky ReLU.
#[test]
fn derivatives_at_zero_are_pytorchs() {
    let zeros = || FlexTensor::from_data(TensorData::new(vec![0.0_f32; 4], [4]));
    let ones = || FlexTensor::from_data(TensorData::new(vec![1.0_f32; 4], [4]));
    let expect =
        |slope: f32, found: FlexTensor| assert_eq!(found.into_data().try_into_vec::<f32>().unwrap(), [slope; 4]);
    for (function, slope) in [(Pointwise::Relu, 0.0), (Pointwise::LeakyRelu(0.2), 0.2), (Pointwise::Tanh, 1.0)] {
        expect(slope, Flex::activate_gradient(zeros(), ones(), function));
        expect(slope, fallback::activate_gradient::<Flex>(zeros(), ones(), function));
    }
    let picture = |value: f32| FlexTensor::from_data(TensorData::new(vec![value; 4], [1, 1, 2, 2]));
    let half = || FlexTensor::from_data(TensorData::new(vec![0.5_f32], [1]));
    expect(0.5, Flex::channel_prelu_gradient(picture(0.0), half(), picture(1.0)).0);
    expect(0.5, fallback::prelu_gradient::<Flex>(picture(0.0), half(), picture(1.0)).0);
    let one = || FlexTensor::from_data(TensorData::new(vec![1.0_f32], [1]));
    expect(0.0, Flex::mean_absolute_error_gradient(ones(), ones(), one()));
    expect(0.0, fallback::mean_absolute_error_gradient::<Flex>(ones(), ones(), one()));
}

#[test]
fn absolute_errors_are_those_of_the_library_with_both_gradients() {
    for shape in [[1, 1, 1, 3], [2, 3, 70, 90]] {
        let (left, right) = (tracked(1, shape), tracked(2, shape));
        let found = ops::mean_absolute_error(left.clone(), right.clone()) * 3.0;
        let expected = (left.clone() - right.clone()).abs().mean() * 3.0;
        assert_near("mean", &to_values(found.clone()), &to_values(expected.clone()), 1e-6);
        let [found, expected] = [found.backward(), expected.backward()];
        for tensor in [&left, &right] {
            let [found, expected] = [&found, &expected].map(|gradients| to_values(tensor.grad(gradients).unwrap()));
            assert_near("gradient", &found, &expected, 1e-6);
        }
        let (left, right) = (|| flex(1, &shape), || flex(2, &shape));
        let expected = fallback::mean_absolute_error::<Flex>(left(), right());
        assert_alike("mean", Flex::mean_absolute_error(left(), right()), expected, 1e-6);
        let found = Flex::mean_absolute_error_gradient(left(), right(), flex(3, &[1]));
        let expected = fallback::mean_absolute_error_gradient::<Flex>(left(), right(), flex(3, &[1]));
        assert_alike("gradient", found, expected, 1e-6);
    }
}

#[test]
fn operands_that_ask_for_no_gradient_get_none() {
    let (images, scale) = (constant(1, [1, 2, 3, 3]).autodiff(), tracked(2, [1, 2]));
    let shift = constant(3, [1, 2]).autodiff();
    let gradients = ops::instance_norm(images.clone(), [scale.clone(), shift.clone()], true, None).sum().backward();
    assert!(scale.grad(&gradients).is_some());
    assert!(images.grad(&gradients).is_none() && shift.grad(&gradients).is_none());
}

/// The derivative of `sum(upstream * f(operand))` along a direction, where `f` is linear in the operand: half the difference
/// of its values at the two ends is exact but for rounding.
fn linear_derivative<const D: usize>(
    operand: &Tensor<D>,
    direction: &Tensor<D>,
    upstream: &Tensor<4>,
    f: impl Fn(Tensor<D>) -> Tensor<4>,
) -> f64 {
    let value = |at: Tensor<D>| -> f64 {
        let output = to_values(f(at));
        output
            .iter()
            .zip(to_values(upstream.clone()))
            .map(|(value, upstream)| f64::from(*value) * f64::from(upstream))
            .sum()
    };
    let (plain, direction) = (operand.clone().without_autodiff(), direction.clone());
    (value(plain.clone() + direction.clone()) - value(plain - direction)) / 2.0
}

fn along<const D: usize>(gradient: Tensor<D>, direction: &Tensor<D>) -> f64 {
    let (gradient, direction) = (to_values(gradient), to_values(direction.clone()));
    gradient.iter().zip(direction).map(|(gradient, step)| f64::from(*gradient) * f64::from(step)).sum()
}

fn assert_derivatives(
    what: &str,
    (images, weight, bias): (Tensor<4>, Tensor<4>, Tensor<1>),
    convolve: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>,
) {
    let plain = (images.clone().without_autodiff(), weight.clone().without_autodiff(), bias.clone().without_autodiff());
    let output = convolve(images.clone(), weight.clone(), bias.clone());
    let upstream = constant(7, output.dims());
    let gradients = (output * upstream.clone().autodiff()).sum().backward();
    let directions = (constant(8, images.dims()), constant(9, weight.dims()), constant(10, bias.dims()));
    let of_images =
        linear_derivative(&images, &directions.0, &upstream, |x| convolve(x, plain.1.clone(), plain.2.clone()));
    let of_weight =
        linear_derivative(&weight, &directions.1, &upstream, |x| convolve(plain.0.clone(), x, plain.2.clone()));
    let of_bias = linear_derivative(&bias, &directions.2, &upstream, |x| convolve(plain.0.clone(), plain.1.clone(), x));
    let found = [
        along(images.grad(&gradients).unwrap(), &directions.0),
        along(weight.grad(&gradients).unwrap(), &directions.1),
        along(bias.grad(&gradients).unwrap(), &directions.2),
    ];
    for (name, (found, expected)) in
        ["images", "weight", "bias"].into_iter().zip(found.into_iter().zip([of_images, of_weight, of_bias]))
    {
        assert!((found - expected).abs() <= 1e-4 * expected.abs() + 1e-3, "{what}, {name}: {found}, not {expected}");
    }
}

#[test]
fn gradients_of_convolutions_are_the_derivatives_of_their_values() {
    for geometry in GEOMETRIES {
        let weight = tracked(2, [6, 5, geometry.kernel, geometry.kernel]);
        let operands = (tracked(1, [2, 5, 10, 9]), weight, tracked(3, [6]));
        assert_derivatives(&format!("{geometry:?}"), operands, |images, weight, bias| {
            ops::conv2d(images, weight, bias, geometry)
        });
    }
}

#[test]
fn gradients_of_upsampled_convolutions_are_the_derivatives_of_their_values() {
    let operands = (tracked(1, [2, 5, 6, 4]), tracked(2, [3, 5, 5, 5]), tracked(3, [3]));
    assert_derivatives("upsampled", operands, ops::upsampled_conv2d);
}

#[test]
fn gradient_of_spectral_division_is_the_derivative_with_fixed_vectors() {
    let (rows, columns) = (4, 6);
    let weight: Tensor<2> = tracked(1, [rows, columns]);
    let (left, right, upstream) = (values(2, rows), values(3, columns), values(4, rows * columns));
    let sigma_of = |weight: &[f64]| -> f64 {
        let term = |index: usize| weight[index] * f64::from(left[index / columns]) * f64::from(right[index % columns]);
        (0..rows * columns).map(term).sum()
    };
    let loss = |weight: &[f64]| -> f64 {
        let directional: f64 =
            weight.iter().zip(&upstream).map(|(weight, upstream)| weight * f64::from(*upstream)).sum();
        directional / sigma_of(weight)
    };
    let plain: Vec<f64> = to_values(weight.clone()).iter().map(|value| f64::from(*value)).collect();
    let latest = LatestVectors::default();
    latest.set(TensorData::new(left.clone(), [rows]), TensorData::new(right.clone(), [columns]));
    let divided = ops::spectral_divide(weight.clone(), sigma_of(&plain) as f32, latest);
    let upstreams: Tensor<2> =
        Tensor::from_data(TensorData::new(upstream.clone(), [rows, columns]), &device()).autodiff();
    let gradients = (divided * upstreams).sum().backward();
    let expected: Vec<f32> = (0..plain.len())
        .map(|index| {
            let moved = |by: f64| {
                let mut weight = plain.clone();
                weight[index] += by;
                loss(&weight)
            };
            ((moved(1e-6) - moved(-1e-6)) / 2e-6) as f32
        })
        .collect();
    assert_near("spectral division", &to_values(weight.grad(&gradients).unwrap()), &expected, 1e-4);
}
