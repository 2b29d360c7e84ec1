//! The optimiser's step.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use portraitist_kernels::AdamStep;

/// See [`NetworkOps::adam_step`](crate::ops::NetworkOps::adam_step).
pub fn adam_step<B: Backend>(
    parameter: FloatTensor<B>,
    gradient: FloatTensor<B>,
    first: FloatTensor<B>,
    second: FloatTensor<B>,
    step: AdamStep,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let scaled = |tensor: FloatTensor<B>, factor: f32| B::float_mul_scalar(tensor, factor.into());
    let gradient = B::float_add(gradient, scaled(parameter.clone(), step.weight_decay));
    let squared = B::float_mul(gradient.clone(), gradient.clone());
    let first = B::float_add(scaled(first, step.beta1), scaled(gradient, step.one_minus_beta1));
    let second = B::float_add(scaled(second, step.beta2), scaled(squared, step.one_minus_beta2));
    let root = B::float_div_scalar(B::float_sqrt(second.clone()), step.bias_correction2_sqrt.into());
    let denominator = B::float_add_scalar(root, step.epsilon.into());
    let change = scaled(B::float_div(first.clone(), denominator), step.step_size);
    (B::float_sub(parameter, change), first, second)
}
