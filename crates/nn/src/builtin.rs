//! Models that are part of the program. `docs/models` says how each was trained.

/// The model that is used where none is named.
pub const DEFAULT: &str = "sketch";

/// The names of all built-in models.
pub const NAMES: [&str; 1] = [DEFAULT];

/// Grey portrait photos to pencil, charcoal, wash and sanguine drawings, and back; 128x112.
const SKETCH: &[u8] = include_bytes!("../models/sketch.safetensors");

/// The model file of a name.
pub fn bytes(name: &str) -> Option<&'static [u8]> {
    (name == DEFAULT).then_some(SKETCH)
}

/// The built-in recogniser.
pub const RECOGNIZER: &str = "likeness";

/// Its model file. It was trained on synthetic and ORL faces, photos and drawings.
pub const RECOGNIZER_FILE: &[u8] = include_bytes!("../models/likeness.safetensors");

/// MediaPipe's face networks: their names and model files. `crates/nn/models/README.md` has their terms.
pub const FACE_NETWORKS: [(&str, &[u8]); 4] = [
    ("blaze_face_short", include_bytes!("../models/blaze_face_short.safetensors")),
    ("blaze_face_full", include_bytes!("../models/blaze_face_full.safetensors")),
    ("face_mesh", include_bytes!("../models/face_mesh.safetensors")),
    ("iris", include_bytes!("../models/iris.safetensors")),
];

/// The network that finds the points of drawn faces: its name and model file (`docs/models/drawing-landmarks.md`). Without one, faces are
/// taken for photographed ones.
pub const DRAWING_LANDMARKS: Option<(&str, &[u8])> = None;

/// Above this similarity two pictures may be called the same person: of 804,901 pairs of photos of different real people, 0.5 % are as
/// similar (`docs/models/likeness.md` has the command).
pub const SAME_PERSON_SIMILARITY: f32 = 0.72;
