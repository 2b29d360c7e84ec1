//! The shape of faces: how they differ from each other, and pictures in which that difference has grown or shrunk.
//!
//! A face's mesh is brought into the head's own frame by a similarity in three dimensions ([`HeadPose`]), so that a turned head
//! differs from the mean no more than one seen from the front. What differs from the mean face is written in the directions of a
//! [`ShapeSpace`] that was learned from real faces. Each direction has a reliability: the share of its spread that belongs to the
//! person and not to expression, gaze of the camera or the mesh's errors. [`Exaggeration`] lets the person's share grow, part by
//! part, brings it back into the picture by the head's pose, and bends the picture after it ([`Bend`]).

mod bend;
mod exaggeration;
mod parts;
mod pose;
mod space;

pub use bend::Bend;
pub use exaggeration::{Bent, Exaggeration};
pub use parts::{Amounts, Part};
pub use pose::HeadPose;
pub use space::{Coefficients, ShapeSpace};
