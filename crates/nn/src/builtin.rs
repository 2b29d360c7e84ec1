//! Models that are part of the program. `docs/models` says how each was trained.

/// The model that is used where none is named.
pub const DEFAULT: &str = PORTRAIT;

/// The names of all built-in models.
pub const NAMES: [&str; 2] = [PORTRAIT, SKETCH];

/// Whole heads in colour.
pub const PORTRAIT: &str = "portrait";

/// Grey faces, cut close.
pub const SKETCH: &str = "sketch";

/// Colour portraits with hair and neck to drawings in eight techniques, and back; 128x160.
const PORTRAIT_FILE: &[u8] = include_bytes!("../models/portrait.safetensors");

/// Grey portrait photos to pencil, charcoal, wash and sanguine drawings, and back; 128x112.
const SKETCH_FILE: &[u8] = include_bytes!("../models/sketch.safetensors");

/// The model file of a name.
pub fn bytes(name: &str) -> Option<&'static [u8]> {
    match name {
        PORTRAIT => Some(PORTRAIT_FILE),
        SKETCH => Some(SKETCH_FILE),
        _ => None,
    }
}

/// The recogniser that is used where none is named.
pub const RECOGNIZER: &str = "likeness";

/// The recogniser that was called `likeness` before there was a better one.
pub const EARLIER_RECOGNIZER: &str = "likeness-synthetic";

/// SHA-256 of its file. Runs that do not say which `likeness` they were started with had this one.
pub const EARLIER_RECOGNIZER_SHA256: &str = "a7e814db232e2a870aed7a142366307d0ed574400e49ed75028e669dbd3ef55d";

/// The recognisers: names and model files. `docs/models` says how each came to be.
pub const RECOGNIZERS: [(&str, &[u8]); 2] = [
    (RECOGNIZER, include_bytes!("../models/likeness.safetensors")),
    (EARLIER_RECOGNIZER, include_bytes!("../models/likeness-synthetic.safetensors")),
];

/// Name and model file of the recogniser of a name.
pub fn recognizer(name: &str) -> Option<(&'static str, &'static [u8])> {
    RECOGNIZERS.into_iter().find(|(known, _)| *known == name)
}

/// MediaPipe's face networks: their names and model files. `crates/nn/models/README.md` has their terms.
pub const FACE_NETWORKS: [(&str, &[u8]); 4] = [
    ("blaze_face_short", include_bytes!("../models/blaze_face_short.safetensors")),
    ("blaze_face_full", include_bytes!("../models/blaze_face_full.safetensors")),
    ("face_mesh", include_bytes!("../models/face_mesh.safetensors")),
    ("iris", include_bytes!("../models/iris.safetensors")),
];

/// The network that finds the points of drawn faces: its name and model file (`docs/models/drawing-landmarks.md`).
pub const DRAWING_LANDMARKS: (&str, &[u8]) =
    ("drawing_landmarks", include_bytes!("../models/drawing_landmarks.safetensors"));

/// A model that is part of the program, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name, by which commands take it.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Who made it.
    pub made_by: &'static str,
    /// Its terms.
    pub licence: &'static str,
    /// What it was trained on, and the terms of that.
    pub data: &'static str,
    /// When it was trained, or published by those who made it.
    pub date: &'static str,
    /// The document that says more, a path in the repository.
    pub document: &'static str,
    /// Its model file.
    pub bytes: &'static [u8],
}

const MEDIAPIPE: &str = "Google, MediaPipe; converted";
const MEDIAPIPE_DATA: &str = "not published";
const MEDIAPIPE_DOCUMENT: &str = "docs/models/face-mesh.md";

/// Everything built in.
pub const MODELS: &[BuiltIn] = &[
    BuiltIn {
        name: PORTRAIT,
        purpose: "colour photos of whole heads to drawings in eight techniques, and back, 128x160",
        made_by: "this program",
        licence: "MIT or Apache-2.0",
        data: "portraits under CC BY 4.0 and CC0, official portraits (US government work, inferred), and drawings of them by this program; credits in the document",
        date: "2026-11-30",
        document: "docs/models/portrait.md",
        bytes: PORTRAIT_FILE,
    },
    BuiltIn {
        name: SKETCH,
        purpose: "grey portrait photos to drawings and back, 112x128",
        made_by: "this program",
        licence: "MIT or Apache-2.0",
        data: "ORL face photos (AT&T Laboratories Cambridge; credit Samaria and Harter 1994) and drawings of them by this program",
        date: "2026-11-23",
        document: "docs/models/sketch.md",
        bytes: SKETCH_FILE,
    },
    BuiltIn {
        name: RECOGNIZER,
        purpose: "tells people apart in photos and drawings",
        made_by: "Davis King (dlib); fine-tuned by this program",
        licence: "public domain (CC0 1.0); what was added: MIT or Apache-2.0",
        data: "dlib: about 3 million faces of 7,485 people (FaceScrub, VGG Face, the web; published for research, not part of the program); fine-tuned on official portraits of members of the US Congress (US government work, inferred) and drawings of them by this program",
        date: "2026-11-30",
        document: "docs/models/likeness.md",
        bytes: RECOGNIZERS[0].1,
    },
    BuiltIn {
        name: EARLIER_RECOGNIZER,
        purpose: "tells synthetic people apart; the `likeness` of earlier versions",
        made_by: "this program",
        licence: "MIT or Apache-2.0",
        data: "people who do not exist, made by this program, and 30 people of ORL (credit Samaria and Harter 1994)",
        date: "2026-11-24",
        document: "docs/models/likeness-synthetic.md",
        bytes: RECOGNIZERS[1].1,
    },
    BuiltIn {
        name: FACE_NETWORKS[0].0,
        purpose: "finds near faces",
        made_by: MEDIAPIPE,
        licence: "Apache-2.0",
        data: MEDIAPIPE_DATA,
        date: "2019 (papers)",
        document: MEDIAPIPE_DOCUMENT,
        bytes: FACE_NETWORKS[0].1,
    },
    BuiltIn {
        name: FACE_NETWORKS[1].0,
        purpose: "finds near and far faces",
        made_by: MEDIAPIPE,
        licence: "Apache-2.0",
        data: MEDIAPIPE_DATA,
        date: "2019 (papers)",
        document: MEDIAPIPE_DOCUMENT,
        bytes: FACE_NETWORKS[1].1,
    },
    BuiltIn {
        name: FACE_NETWORKS[2].0,
        purpose: "finds the 468 points of a face",
        made_by: MEDIAPIPE,
        licence: "Apache-2.0",
        data: MEDIAPIPE_DATA,
        date: "2019 (papers)",
        document: MEDIAPIPE_DOCUMENT,
        bytes: FACE_NETWORKS[2].1,
    },
    BuiltIn {
        name: FACE_NETWORKS[3].0,
        purpose: "finds the outline and the iris of an eye",
        made_by: MEDIAPIPE,
        licence: "Apache-2.0",
        data: MEDIAPIPE_DATA,
        date: "2019 (papers)",
        document: MEDIAPIPE_DOCUMENT,
        bytes: FACE_NETWORKS[3].1,
    },
    BuiltIn {
        name: DRAWING_LANDMARKS.0,
        purpose: "tells drawn faces from photographed ones and finds the points of drawn and exaggerated faces",
        made_by: "Google, MediaPipe (face_mesh); trained further by this program",
        licence: "Apache-2.0; what was added: MIT or Apache-2.0",
        data: "portraits under CC BY 4.0 and CC0, official portraits (US government work, inferred), engravings and paintings in the public domain (inferred), and drawings of the photos by this program; credits in the document",
        date: "2026-11-30",
        document: "docs/models/drawing-landmarks.md",
        bytes: DRAWING_LANDMARKS.1,
    },
];

/// Above this similarity two pictures may be called the same person: of 128,439 pairs of photos of different real people, 0.5 % are as
/// similar (`docs/models/likeness.md` has the command).
pub const SAME_PERSON_SIMILARITY: f32 = 0.47;
