//! Borders by name.

use serde::{Deserialize, Serialize};

use crate::ops::Padding;

/// How convolutions fill the border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaddingKind {
    /// Zeros.
    Zero,
    /// Mirrored, the edge not repeated.
    #[default]
    Reflect,
    /// The edge repeated.
    Replicate,
}

impl From<PaddingKind> for Padding {
    fn from(kind: PaddingKind) -> Self {
        match kind {
            PaddingKind::Zero => Self::Zero,
            PaddingKind::Reflect => Self::Reflect,
            PaddingKind::Replicate => Self::Replicate,
        }
    }
}
