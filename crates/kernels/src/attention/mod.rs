//! Self-attention and its gradients.

pub(crate) mod blocks;
pub(crate) mod forward;
pub(crate) mod gradient;
mod rounded;
pub(crate) mod softmax;
