//! What follows the sums of a convolution, while they are still in registers.

use super::vector::Vector;

/// The activation of a convolution's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EpilogueActivation {
    /// Nothing.
    Linear,
    /// `max(0, x)`.
    Relu,
    /// Negative values are multiplied by the PReLU weight of their channel.
    Prelu,
}

/// A feature map that is added to the outputs, laid out as they are.
#[derive(Clone, Copy)]
pub(crate) struct Residual {
    pub(crate) first: *const f32,
    /// Difference of the two addresses in bytes, from the outputs to the residual. It must not be used to offset an
    /// output's pointer, which may not leave its allocation.
    pub(crate) distance: usize,
}

impl Residual {
    /// What is added to an output.
    #[inline(always)]
    fn of(&self, output: *const f32) -> *const f32 {
        self.first.with_addr(output.addr().wrapping_add(self.distance))
    }
}

/// What turns sums into outputs: bias, activation and residual, in this order.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue {
    /// Bias of the first channel.
    pub(crate) bias: *const f32,
    pub(crate) activation: EpilogueActivation,
    /// PReLU weight of the first channel; read for [`EpilogueActivation::Prelu`] only.
    pub(crate) prelu_weight: *const f32,
    /// What is added, if anything.
    pub(crate) residual: Option<Residual>,
}

impl Epilogue {
    /// The same for channels from `channel` on.
    pub(crate) fn from(&self, channel: usize) -> Self {
        Self { bias: self.bias.wrapping_add(channel), prelu_weight: self.prelu_weight.wrapping_add(channel), ..*self }
    }

    /// Turns a register of sums into outputs. They belong to `target`, `channel` channels from the first.
    ///
    /// # Safety
    /// The processor has `V`'s instruction set; bias, PReLU weight and residual are readable for a register there.
    #[inline(always)]
    pub(crate) unsafe fn apply<V: Vector>(&self, sums: V, channel: usize, target: *const f32) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let sums = sums.add(V::load(self.bias.add(channel)));
            let activated = match self.activation {
                EpilogueActivation::Linear => sums,
                EpilogueActivation::Relu => sums.replace_negative(V::zero()),
                EpilogueActivation::Prelu => {
                    sums.replace_negative(sums.multiply(V::load(self.prelu_weight.add(channel))))
                }
            };
            match self.residual {
                Some(residual) => activated.add(V::load(residual.of(target))),
                None => activated,
            }
        }
    }
}
