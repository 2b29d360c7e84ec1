//! Inference with constant weights on the CPU: weights packed once, memory taken once.
//!
//! A [`Plan`] is made from the [`Graph`](crate::graph::Graph) of a network, for pictures of one size. It holds the weights
//! as the kernels of `portraitist-kernels` read them. How precise a layer is, how wide the halo of a feature map is and
//! which buffer holds it follow from the layers that read the results. A buffer is used again, for feature maps of any shape, as
//! soon as nothing reads it any more. A picture's result depends neither on the other pictures of the call nor on the number of threads.
//!
//! [`dense`] is for networks so small that a plan's threads would not pay off.

mod decisions;
pub mod dense;
mod layers;
mod lowering;
mod memory;
mod plan;
mod precision;

pub use lowering::NoPlan;
pub use plan::Plan;
pub use precision::{InferencePrecision, PlanOptions, bf16_instructions};
