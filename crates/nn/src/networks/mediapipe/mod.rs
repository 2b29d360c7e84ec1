//! MediaPipe's face networks, for inference on the CPU. `crates/nn/models/README.md` says where their weights come from.

mod blaze_face;
mod error;
mod face_mesh;
mod iris;

pub use blaze_face::{BlazeFace, BlazeFaceOutput, Range};
pub use error::NetworkError;
pub use face_mesh::{FaceMesh, FaceMeshOutput, MESH_POINTS};
pub use iris::{Iris, IrisOutput, OUTLINE_POINTS, RIM_POINTS};
