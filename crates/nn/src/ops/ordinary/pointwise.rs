//! Activations and absolute errors.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::Pointwise;

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
