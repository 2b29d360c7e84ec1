//! Self-attention, with its matrix of positions by positions.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

/// `[n, i, j]`: every query's inner product with every key.
fn scores<B: Backend>(query: FloatTensor<B>, key: FloatTensor<B>) -> FloatTensor<B> {
    B::float_matmul(B::float_swap_dims(query, 1, 2), key)
}

/// See [`NetworkOps::self_attention_with_sums`](crate::ops::NetworkOps::self_attention_with_sums).
pub fn self_attention_with_sums<B: Backend>(
    query: FloatTensor<B>,
    key: FloatTensor<B>,
    value: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let [batch, _, positions] = query.shape().dims();
    let scores = scores::<B>(query, key);
    let largest = B::float_max_dim(B::float_detach(scores.clone()), 2);
    let powers = B::float_exp(B::float_sub(scores, largest.clone()));
    let total = B::float_sum_dim(powers.clone(), 2);
    let log_sum_exp = B::float_add(largest, B::float_log(total.clone()));
    let probabilities = B::float_div(powers, total);
    let output = B::float_matmul(value, B::float_swap_dims(probabilities, 1, 2));
    (output, B::float_reshape(log_sum_exp, Shape::from([batch, positions])))
}

/// See [`NetworkOps::self_attention_gradient`](crate::ops::NetworkOps::self_attention_gradient).
pub fn self_attention_gradient<B: Backend>(
    [query, key, value]: [FloatTensor<B>; 3],
    output: FloatTensor<B>,
    log_sum_exp: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let [batch, _, positions] = query.shape().dims();
    let column = |values| B::float_reshape(values, Shape::from([batch, positions, 1]));
    let probabilities = B::float_exp(B::float_sub(scores::<B>(query.clone(), key.clone()), column(log_sum_exp)));
    let mean = column(B::float_sum_dim(B::float_mul(output, output_gradient.clone()), 1));
    let of_probabilities = B::float_matmul(B::float_swap_dims(output_gradient.clone(), 1, 2), value);
    let of_scores = B::float_mul(probabilities.clone(), B::float_sub(of_probabilities, mean));
    let query_gradient = B::float_matmul(key, B::float_swap_dims(of_scores.clone(), 1, 2));
    (query_gradient, B::float_matmul(query, of_scores), B::float_matmul(output_gradient, probabilities))
}

/// See [`NetworkOps::scaled_sum`](crate::ops::NetworkOps::scaled_sum).
pub fn scaled_sum<B: Backend>(change: FloatTensor<B>, factor: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let rank = change.shape().num_dims();
    let factor = B::float_reshape(factor, Shape::from(vec![1; rank]));
    B::float_add(B::float_mul(change, factor), x)
}

/// See [`NetworkOps::scaled_sum_gradient`](crate::ops::NetworkOps::scaled_sum_gradient).
pub fn scaled_sum_gradient<B: Backend>(
    change: FloatTensor<B>,
    factor: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let rank = change.shape().num_dims();
    let factor = B::float_reshape(factor, Shape::from(vec![1; rank]));
    let of_factor = B::float_sum(B::float_mul(change, output_gradient.clone()));
    (B::float_mul(output_gradient, factor), of_factor)
}
