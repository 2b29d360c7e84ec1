//! The built-in networks on a synthetic face.

use std::path::Path;

use portraitist_face::Domain;

use super::inputs::face;
use super::{Check, SelfTestError, Setting};
use crate::builtin;
use crate::detection::DetectionError;
use crate::inference::InferencePrecision;
use crate::inference::dense::DenseMemory;
use crate::networks::mediapipe::{BlazeFace, FaceMesh, Iris, Range};
use crate::random::style_code;
use crate::recognition::{EmbeddingOptions, Recognizer};
use crate::translate::Model;
use crate::weights::{ModelFile, NamedArrays};

type Values = Result<Vec<f32>, SelfTestError>;

/// What kernels round differently adds up over the layers of a network.
const F32: f64 = 1e-3;
/// Pictures in bf16 stay within 3 grey levels of `f32`'s 255.
const BF16: f64 = 6.0 / 255.0;

pub(super) const CHECKS: &[Check] = &[
    Check::network("sketch, photo to drawing", F32, |setting| {
        translated(setting, builtin::SKETCH, Domain::Drawing, InferencePrecision::F32)
    }),
    Check::network("sketch, drawing to photo", F32, |setting| {
        translated(setting, builtin::SKETCH, Domain::Photo, InferencePrecision::F32)
    }),
    Check::network("sketch, photo to drawing, bf16", BF16, |setting| {
        translated(setting, builtin::SKETCH, Domain::Drawing, InferencePrecision::Bf16)
    }),
    Check::network("portrait, photo to drawing", F32, |setting| {
        translated(setting, builtin::PORTRAIT, Domain::Drawing, InferencePrecision::F32)
    }),
    Check::network("likeness", F32, |setting| embedded(setting, 0)),
    Check::network("likeness-synthetic", F32, |setting| embedded(setting, 1)),
    Check::network("blaze_face_short", F32, |_| detected(Range::Short, 0)),
    Check::network("blaze_face_full", F32, |_| detected(Range::Full, 1)),
    Check::network("face_mesh", F32, |_| meshed()),
    Check::network("drawing_landmarks", F32, |_| meshed_of_drawing()),
    Check::network("iris", F32, |_| looked()),
];

fn translated(setting: &Setting, name: &str, to: Domain, precision: InferencePrecision) -> Values {
    let bytes = builtin::bytes(name).unwrap_or_default();
    let precision = if setting.as_reference { InferencePrecision::F32 } else { precision };
    let model = Model::from_bytes(bytes, name, &setting.device)?.with_precision(precision);
    let frame = model.template();
    let style = style_code(17, model.config().generator.style_dim);
    Ok(model.translate(&face(frame.width, frame.height)?, &style, to)?.planes)
}

fn embedded(setting: &Setting, number: usize) -> Values {
    let (name, bytes) = builtin::RECOGNIZERS[number];
    let recognizer = Recognizer::from_bytes(bytes, name, &setting.device)?;
    let frame = recognizer.template();
    Ok(recognizer.embed(&[face(frame.width, frame.height)?], EmbeddingOptions::default())?.concat())
}

fn arrays((name, bytes): (&str, &[u8])) -> Result<NamedArrays, SelfTestError> {
    Ok(ModelFile::from_bytes(bytes, name).map_err(DetectionError::from)?.arrays)
}

/// The face as the levels of `[side, side, 3]`, 0 to 1.
fn levels(side: usize) -> Values {
    Ok(face(side, side)?.pixels().iter().map(|level| f32::from(*level) / 255.0).collect())
}

fn detected(range: Range, number: usize) -> Values {
    let file = builtin::FACE_NETWORKS[number];
    let network = BlazeFace::new(range, arrays(file)?, Path::new(file.0)).map_err(DetectionError::from)?;
    let pixels: Vec<f32> = levels(range.side())?.iter().map(|level| 2.0 * level - 1.0).collect();
    let found = network.forward(&pixels, &mut DenseMemory::default())?;
    Ok(found.scores.into_iter().chain(found.boxes.into_iter().flatten()).collect())
}

fn meshed() -> Values {
    let file = builtin::FACE_NETWORKS[2];
    let network = FaceMesh::new(arrays(file)?, Path::new(file.0)).map_err(DetectionError::from)?;
    let found = network.forward(&levels(FaceMesh::SIDE)?, &mut DenseMemory::default())?;
    Ok(found.points.into_iter().flatten().chain([found.flag]).collect())
}

fn meshed_of_drawing() -> Values {
    let file = builtin::DRAWING_LANDMARKS;
    let network = FaceMesh::for_drawings(arrays(file)?, Path::new(file.0)).map_err(DetectionError::from)?;
    let found = network.forward(&levels(FaceMesh::SIDE)?, &mut DenseMemory::default())?;
    let drawn = found.drawn.map(|drawn| drawn.errors.into_iter().chain([drawn.drawn]).collect::<Vec<_>>());
    Ok(found.points.into_iter().flatten().chain([found.flag]).chain(drawn.unwrap_or_default()).collect())
}

/// The iris network takes the eye on the left side of the picture.
fn looked() -> Values {
    let file = builtin::FACE_NETWORKS[3];
    let network = Iris::new(arrays(file)?, Path::new(file.0)).map_err(DetectionError::from)?;
    let (side, all) = (Iris::SIDE, 3 * Iris::SIDE);
    let levels = levels(all)?;
    let rows = levels.chunks_exact(3 * all).skip(side / 2 + side / 4).take(side);
    let eye: Vec<f32> = rows.flat_map(|row| &row[3 * side / 2..3 * (side / 2 + side)]).copied().collect();
    let found = network.forward(&eye, &mut DenseMemory::default())?;
    Ok(found.outline.into_iter().chain(found.iris).flatten().collect())
}
