//! Checks against the original's numbers, and by properties.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it skips")]

mod activation_checkpointing;
mod bf16;
mod dlib_resnet;
mod evaluation;
mod face_networks;
mod fuzzing;
mod generation;
mod golden;
mod gradients;
mod identity;
mod inception;
mod landmarks;
mod losses;
mod metrics;
mod networks;
mod older_names;
mod pixels;
mod plans;
mod recognition;
mod recognizer_training;
mod training;
mod weights;
