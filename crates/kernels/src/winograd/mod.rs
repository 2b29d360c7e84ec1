//! Winograd's minimal filtering for 3x3, 5x5, 1x3, 3x1, 1x7 and 7x1 kernels with stride 1: all of it.
//!
//! `filter.rs`, `columns.rs`, `lines.rs`, `tiles.rs`, `weight_transforms.rs` and `weights.rs` are the transforms; `gemm.rs` multiplies
//! between them. `forward.rs` computes correlations of images `[n, c, h, w]` and `weight_gradient.rs` their gradient, both
//! on `source.rs`; `channels_last.rs` computes convolutions between feature maps. `algorithm.rs` says when.

pub(crate) mod channels_last;
pub(crate) mod columns;
pub(crate) mod filter;
pub(crate) mod forward;
pub(crate) mod gemm;
pub(crate) mod lines;
pub(crate) mod source;
pub(crate) mod tiles;
pub(crate) mod weight_gradient;
pub(crate) mod weight_transforms;
pub(crate) mod weights;
