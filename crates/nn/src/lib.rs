//! Everything with a tensor: the networks that translate faces, how they are trained, and the files
//! that hold them.
//!
//! A reader may start with [`networks::munit::Generator`] and go on to the training module. Shapes, papers and
//! deviations stand beside each network.
//!
//! The cargo feature `training` is on by default. Without it the crate translates and recognises, and knows no
//! gradients, losses or optimisers.

pub mod builtin;
pub mod config;
pub mod detection;
pub mod device;
pub mod evaluation;
pub mod graph;
pub mod inference;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod networks;
pub mod ops;
pub mod parameter;
pub mod pixels;
pub mod random;
pub mod recognition;
pub mod run_folder;
#[cfg(feature = "training")]
pub mod selftest;
#[cfg(feature = "training")]
pub mod training;
pub mod translate;
pub mod weights;
#[cfg(feature = "training")]
pub mod workload;

pub use burn::tensor::Device;
pub use portraitist_kernels::CachingAllocator;
#[cfg(feature = "mimalloc")]
pub use portraitist_kernels::{keep_no_free_pages, return_freed_memory};
