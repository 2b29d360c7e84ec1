//! Softmax.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

/// See [`NetworkOps::softmax_rows`](crate::ops::NetworkOps::softmax_rows).
pub fn softmax_rows<B: Backend>(scores: FloatTensor<B>) -> FloatTensor<B> {
    let largest = B::float_max_dim(B::float_detach(scores.clone()), 2);
    let powers = B::float_exp(B::float_sub(scores, largest));
    let total = B::float_sum_dim(powers.clone(), 2);
    B::float_div(powers, total)
}

/// See [`NetworkOps::softmax_rows_gradient`](crate::ops::NetworkOps::softmax_rows_gradient).
pub fn softmax_rows_gradient<B: Backend>(output: FloatTensor<B>, output_gradient: FloatTensor<B>) -> FloatTensor<B> {
    let inner = B::float_sum_dim(B::float_mul(output.clone(), output_gradient.clone()), 2);
    B::float_mul(output, B::float_sub(output_gradient, inner))
}
