//! What is fuzzed: see `bodies.rs`, which the workspace's own tests run, too.

pub mod bodies;
