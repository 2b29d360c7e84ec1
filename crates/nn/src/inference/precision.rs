//! What a network's inference multiplies.

use std::fmt;

use portraitist_kernels::bf16_unit;

/// What convolutions, linear layers and attention multiply. Everything else is `f32` in either case: feature maps, sums,
/// normalisation, activations, attention's scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InferencePrecision {
    /// Numbers in single precision.
    #[default]
    F32,
    /// bf16 values: `f32` with 8 instead of 24 significant bits, but for the layers of a translator whose errors a
    /// picture would show.
    /// On the CPU only; elsewhere this changes nothing.
    Bf16,
}

impl InferencePrecision {
    /// bf16 where this processor has instructions for it, else `f32`.
    pub fn fastest() -> Self {
        if bf16_unit().is_hardware() { Self::Bf16 } else { Self::F32 }
    }

    /// `f32` or `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for InferencePrecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What multiplies bf16 values here: `amx`, `avx512`, or `emulated`, which is slower than `f32`.
pub fn bf16_instructions() -> &'static str {
    bf16_unit().name()
}

/// What a plan may trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PlanOptions {
    /// What is multiplied.
    pub precision: InferencePrecision,
    /// For pictures larger than in training: self-attention attends to at most so many positions, means over squares of the feature map as small
    /// as that allows. `None`, and fewer positions, for all of them.
    pub most_keys: Option<usize>,
}

impl From<InferencePrecision> for PlanOptions {
    fn from(precision: InferencePrecision) -> Self {
        Self { precision, most_keys: None }
    }
}
