//! Face networks that others trained, and what was trained further: which one a model file holds, and where it comes from.

use serde::{Deserialize, Serialize};

/// One of MediaPipe's face networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceNetwork {
    /// Finds near faces.
    BlazeFaceShort,
    /// Finds near and far faces.
    BlazeFaceFull,
    /// Finds the 468 points of a face.
    FaceMesh,
    /// Finds eyelids and iris of an eye.
    Iris,
    /// Finds the 468 points of a drawn face, and says how sure it is of 68: the face mesh, trained further by this program.
    DrawnMesh,
}

/// What a model file says about its face network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceNetworkConfig {
    /// Which one.
    pub network: FaceNetwork,
    /// The paper.
    pub paper: String,
    /// Its terms.
    pub licence: String,
    /// Who made it.
    pub copyright: String,
    /// What was converted.
    pub source: NetworkSource,
}

/// The file that a network was converted from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSource {
    /// The package that it came in.
    pub package: String,
    /// Its path there.
    pub file: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}
