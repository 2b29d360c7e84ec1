//! Measuring a translator while it is trained: how near its pictures are to real ones, and whether styles still matter.
//!
//! Always of the same pictures with the same styles, from the networks' floats in memory. `config.rs` says how it is asked for,
//! `generation.rs` makes the pictures, `measures.rs` measures them, `watch.rs` tells early what goes wrong.

mod config;
mod generation;
mod measures;
mod watch;

pub use config::{EvaluationConfig, EvaluationNetwork};
pub(super) use measures::Evaluation;
