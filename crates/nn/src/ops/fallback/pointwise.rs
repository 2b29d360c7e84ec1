//! Activations and absolute errors.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use portraitist_kernels::Pointwise;

use super::convolution::channel_sums;

/// See [`NetworkOps::activate`](crate::ops::NetworkOps::activate).
pub fn activate<B: Backend>(x: FloatTensor<B>, function: Pointwise) -> FloatTensor<B> {
    match function {
        Pointwise::Relu => B::relu(x),
        Pointwise::LeakyRelu(slope) => B::leaky_relu(x, slope.into()),
        Pointwise::Tanh => B::float_tanh(x),
    }
}

/// See [`NetworkOps::activate_gradient`](crate::ops::NetworkOps::activate_gradient).
pub fn activate_gradient<B: Backend>(
    output: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    function: Pointwise,
) -> FloatTensor<B> {
    match function {
        Pointwise::Relu => B::relu_backward(output, output_gradient),
        // The output has the input's sign.
        Pointwise::LeakyRelu(slope) => {
            let below = B::float_mul_scalar(output_gradient.clone(), slope.into());
            B::float_add(B::relu_backward(output, B::float_sub(output_gradient, below.clone())), below)
        }
        Pointwise::Tanh => {
            let squared = B::float_mul(output.clone(), output);
            B::float_mul(output_gradient, B::float_add_scalar(B::float_neg(squared), 1.0.into()))
        }
    }
}

/// Images where they are below 0, 0 elsewhere; and the weight as `[1, c, 1, 1]`.
fn below_zero<B: Backend>(images: FloatTensor<B>, weight: FloatTensor<B>) -> [FloatTensor<B>; 2] {
    let channels = weight.shape()[0];
    let below = B::float_neg(B::relu(B::float_neg(images)));
    [below, B::float_reshape(weight, Shape::from([1, channels, 1, 1]))]
}

/// See [`NetworkOps::channel_prelu`](crate::ops::NetworkOps::channel_prelu).
pub fn prelu<B: Backend>(images: FloatTensor<B>, weight: FloatTensor<B>) -> FloatTensor<B> {
    let [below, weight] = below_zero::<B>(images.clone(), weight);
    B::float_add(B::relu(images), B::float_mul(below, weight))
}

/// See [`NetworkOps::channel_prelu_gradient`](crate::ops::NetworkOps::channel_prelu_gradient).
pub fn prelu_gradient<B: Backend>(
    images: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let [below, weight] = below_zero::<B>(images.clone(), weight);
    let weight_gradient = channel_sums::<B>(B::float_mul(below, output_gradient.clone()));
    // What passes above 0 passes whole, the rest times the weight.
    let above = B::relu_backward(B::relu(images), output_gradient.clone());
    let rest = B::float_sub(output_gradient, above.clone());
    (B::float_add(above, B::float_mul(rest, weight)), weight_gradient)
}

/// See [`NetworkOps::mean_absolute_error`](crate::ops::NetworkOps::mean_absolute_error).
pub fn mean_absolute_error<B: Backend>(left: FloatTensor<B>, right: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mean(B::float_abs(B::float_sub(left, right)))
}

/// See [`NetworkOps::mean_absolute_error_gradient`](crate::ops::NetworkOps::mean_absolute_error_gradient).
pub fn mean_absolute_error_gradient<B: Backend>(
    left: FloatTensor<B>,
    right: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let (rank, count) = (left.shape().num_dims(), left.shape().num_elements());
    let share = B::float_div_scalar(output_gradient, (count as f64).into());
    B::float_mul(B::float_sign(B::float_sub(left, right)), B::float_reshape(share, Shape::from(vec![1; rank])))
}
