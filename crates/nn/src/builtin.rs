//! Models that are part of the program. How each was trained is told under `docs/models`.

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

/// Tells synthetic and ORL faces apart, photos and drawings; its model file.
pub const RECOGNIZER_FILE: &[u8] = include_bytes!("../models/likeness.safetensors");

/// Above this similarity, a drawing and a photo are taken for the same person by the built-in recogniser: of 3,000 pairs
/// of different people (seed 7707, see `docs/models/likeness.md`), 0.07 % are as alike.
pub const SAME_PERSON_SIMILARITY: f32 = 0.43;
