//! Power iteration.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

/// Keeps a vector of zeros from being divided by zero.
const EPSILON: f32 = 1e-12;

/// See [`NetworkOps::power_step`](crate::ops::NetworkOps::power_step).
pub fn power_step<B: Backend>(
    weight: FloatTensor<B>,
    u: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let [rows, columns] = weight.shape().dims();
    let v = unit::<B>(B::float_matmul(B::float_reshape(u, Shape::from([1, rows])), weight.clone()));
    let mapped = B::float_matmul(weight, B::float_reshape(v.clone(), Shape::from([columns, 1])));
    let u = unit::<B>(mapped.clone());
    let sigma = B::float_sum(B::float_mul(u.clone(), mapped));
    (B::float_reshape(u, Shape::from([rows])), B::float_reshape(v, Shape::from([columns])), sigma)
}

fn unit<B: Backend>(vector: FloatTensor<B>) -> FloatTensor<B> {
    let squares = B::float_sum(B::float_mul(vector.clone(), vector.clone()));
    let norm = B::float_add_scalar(B::float_sqrt(squares), EPSILON.into());
    B::float_div(vector, B::float_reshape(norm, Shape::from([1, 1])))
}
