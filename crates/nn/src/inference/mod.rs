//! Inference with constant weights on the CPU: weights packed once, memory taken once.
//!
//! A [`Plan`] is made from the [`Graph`](crate::graph::Graph) of a network, for pictures of one size. It holds the weights
//! as the kernels of `portraitist-kernels` read them. It decides itself which algorithm computes a layer, how wide a halo
//! each feature map has, and which buffer holds it; a buffer is used again as soon as nothing reads it any more. A picture's result
//! depends neither on the pictures beside it nor on the number of threads.

mod decisions;
mod layers;
mod lowering;
mod plan;

pub use lowering::NoPlan;
pub use plan::Plan;
