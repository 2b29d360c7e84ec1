//! Everything with a tensor: the networks that translate faces, how they are trained, and the files
//! that hold them.
//!
//! A reader may start with [`networks::munit::Generator`], go on to the training module, and find the
//! shapes, papers and deviations beside each network.

pub mod builtin;
pub mod config;
pub mod device;
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
pub mod training;
pub mod translate;
pub mod weights;
pub mod workload;

pub use burn::tensor::Device;
pub use portraitist_kernels::CachingAllocator;
