//! Small depthwise-separable networks: one image on one thread, in maps whose memory is used again.

mod block;
mod builder;
mod map;

pub use block::{Block, Dense, trunk_map};
pub use builder::{DenseActivation, DenseBuilder, DenseLayer};
pub use map::{DenseMap, DenseMemory};
