//! Pictures to features: what is measured of real and generated pictures. [`FeatureNetwork`] turns pictures into rows, as one of the
//! [`Mode`]s has them; [`crate::metrics::generation`] compares the rows.
//! [`PerceptualNetwork`] looks at the layers of a network, for distances between single pictures.

mod error;
mod floats;
mod jpeg;
mod mode;
mod network;
mod perceptual;
mod published;
mod resampling;
mod weights;

pub use error::EvaluationError;
pub use floats::FloatPictures;
pub use mode::{Mode, Preparation, Resampling, Scaling};
pub use network::{FeatureNetwork, NetworkKind};
pub use perceptual::{Backbone, PerceptualNetwork};
pub use published::PublishedWeights;
pub use resampling::{as_original_saves, network_planes};
pub use weights::{find_weights, read_inception, weights_kind};
