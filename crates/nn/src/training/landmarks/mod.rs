//! Training the network that finds the points of drawn faces.
//!
//! `faces.rs` reads faces with points, `warp.rs` exaggerates them, `appearance.rs` changes how they look, `batches.rs` makes batches of
//! windows, `trainer.rs` takes the steps.

mod appearance;
mod batches;
mod evaluation;
mod faces;
mod points;
mod run;
mod settings;
mod task;
mod trainer;
mod warp;

pub use appearance::Appearance;
pub use batches::{HostBatch, Window, exaggerated};
pub use faces::{Faces, MarkedFace};
pub use run::RunFile;
pub use settings::{DataConfig, DatasetConfig, LossConfig, OptimizerConfig, Placement, RecordConfig};
pub use task::CheckReport;
pub use trainer::{Batch, Trainer};
pub use warp::Exaggeration;
