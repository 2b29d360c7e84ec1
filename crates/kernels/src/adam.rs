//! The optimiser's step, in one pass.

use crate::shape::{ShapeError, check_length};
use rayon::prelude::*;

/// Elements that a task takes at least.
const CHUNK: usize = 1 << 15;

/// The constants of one step of Adam with L2 weight decay, as PyTorch takes it. Kingma and Ba 2014,
/// <https://arxiv.org/abs/1412.6980>.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// This much of the parameter is added to its gradient.
    pub weight_decay: f32,
    /// Share of the first moment that is kept: beta1.
    pub first_kept: f32,
    /// Share of the gradient in the first moment: 1 - beta1.
    pub first_new: f32,
    /// Share of the second moment that is kept: beta2.
    pub second_kept: f32,
    /// Share of the squared gradient in the second moment: 1 - beta2.
    pub second_new: f32,
    /// What the second moment's root is divided by: sqrt(1 - beta2^step).
    pub second_correction: f32,
    /// Added to that quotient.
    pub epsilon: f32,
    /// Learning rate divided by (1 - beta1^step).
    pub step_size: f32,
}

/// Changes `parameter` and both `moments` in place.
///
/// # Shapes
/// All of one length.
///
/// # Errors
/// [`ShapeError`] if a slice has another length than `gradient`; nothing is changed then.
pub fn adam_step(
    step: &AdamStep,
    gradient: &[f32],
    parameter: &mut [f32],
    moments: [&mut [f32]; 2],
) -> Result<(), ShapeError> {
    let [first, second] = moments;
    check_length("parameter", gradient.len(), parameter.len())?;
    check_length("first moment", gradient.len(), first.len())?;
    check_length("second moment", gradient.len(), second.len())?;
    let gradients = gradient.par_iter().with_min_len(CHUNK);
    parameter.par_iter_mut().zip(first).zip(second).zip(gradients).for_each(
        |(((parameter, first), second), gradient)| {
            let gradient = gradient + *parameter * step.weight_decay;
            *first = *first * step.first_kept + gradient * step.first_new;
            *second = *second * step.second_kept + gradient * gradient * step.second_new;
            let denominator = second.sqrt() / step.second_correction + step.epsilon;
            *parameter -= *first / denominator * step.step_size;
        },
    );
    Ok(())
}
