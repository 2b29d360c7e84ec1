//! MediaPipe's face networks, for inference on the CPU. `crates/nn/models/README.md` says where their weights come from.

mod blaze_face;
mod differentiable;
mod error;
mod face_mesh;
mod iris;

pub use blaze_face::{BlazeFace, BlazeFaceOutput, Range};
pub use differentiable::{MeshNetwork, MeshPrediction};
pub use error::NetworkError;
pub use face_mesh::{DrawnFace, ERROR_OUTPUTS, FaceMesh, FaceMeshOutput, MESH_POINTS};
pub use iris::{Iris, IrisOutput, OUTLINE_POINTS, RIM_POINTS};
