//! The optimiser's step, in one pass.

use crate::error::{ShapeError, check_length};
use rayon::prelude::*;

/// Elements that a task takes at least.
const CHUNK: usize = 1 << 15;

/// The constants of one step of Adam with L2 weight decay, in the order of PyTorch's operations. Kingma and Ba 2014,
/// <https://arxiv.org/abs/1412.6980>.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Weight decay: this multiple of the parameter is added to its gradient.
    pub weight_decay: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Weight of the gradient in the first moment: `1 - beta1`.
    pub one_minus_beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Weight of the squared gradient in the second moment: `1 - beta2`.
    pub one_minus_beta2: f32,
    /// Bias correction of the second moment, `sqrt(1 - beta2^step)`: its root is divided by this.
    pub bias_correction2_sqrt: f32,
    /// Added to that quotient.
    pub epsilon: f32,
    /// Learning rate divided by the bias correction of the first moment, `1 - beta1^step`.
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
            *first = *first * step.beta1 + gradient * step.one_minus_beta1;
            *second = *second * step.beta2 + gradient * gradient * step.one_minus_beta2;
            let denominator = second.sqrt() / step.bias_correction2_sqrt + step.epsilon;
            *parameter -= *first / denominator * step.step_size;
        },
    );
    Ok(())
}
