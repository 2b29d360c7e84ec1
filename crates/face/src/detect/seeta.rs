//! Finding frontal faces with the bundled SeetaFace cascade (crate `rustface`).
//!
//! The cascade looks through windows of 40 pixels and up. A bounded grey copy of the picture is searched: large photos are shrunk,
//! small crops enlarged, and the border is continued so that a face filling the picture has the surroundings that the cascade
//! expects.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustface::{Detector, ImageData};

use super::detector::{Face, FaceBox, FaceDetector};
use crate::edit::resample;
use crate::error::{Error, Result};
use crate::landmarks::FivePoints;
use crate::picture::Picture;

/// The model file of crate `rustface` 0.1.7; see `models/README.md` for its source and licence.
const MODEL: &[u8] = include_bytes!("../../models/seeta_fd_frontal_v1.0.bin");

/// A copy of the picture to search: its longest side in pixels and its border as a share of the shorter side.
struct Pass {
    longest_side_px: f64,
    border_share: f64,
}

/// First the large faces of portraits, with room around them; only when there is none, the small faces of wider views. A face
/// must be 40 pixels wide in the copy: an eighth, then a twentieth of the picture's longer side.
const PASSES: [Pass; 2] =
    [Pass { longest_side_px: 320.0, border_share: 0.3 }, Pass { longest_side_px: 800.0, border_share: 0.05 }];
/// Small pictures are enlarged until their shorter side has this many pixels.
const SHORTER_SIDE_PX: f64 = 160.0;
/// Smallest score that counts as a face; good faces reach 10 to 200.
const SCORE_THRESHOLD: f64 = 2.0;

/// The bundled SeetaFace cascade for frontal faces, ready to run; loading takes a few milliseconds and is best done once.
///
/// It has no landmarks of its own: the five points are estimated from each box.
#[derive(Clone)]
pub struct SeetaFace {
    model: rustface::Model,
}

impl SeetaFace {
    /// Loads the bundled model.
    ///
    /// # Errors
    /// [`Error::Detector`] if the bundled model is broken, which a test rules out.
    pub fn new() -> Result<Self> {
        let model = rustface::read_model(MODEL)
            .map_err(|error| Error::Detector { detail: format!("the bundled model does not load: {error}") })?;
        Ok(Self { model })
    }

    fn search(&self, picture: &Picture, pass: &Pass) -> Result<Vec<Face>> {
        let copy = SearchCopy::new(picture, pass);
        let mut detector = rustface::create_detector_with_model(self.model.clone());
        configure(detector.as_mut());
        let image = ImageData::new(&copy.grey, copy.width as u32, copy.height as u32);
        // The cascade is somebody else's code over arbitrary pictures: its panics become errors.
        let found = catch_unwind(AssertUnwindSafe(|| detector.detect(&image)))
            .map_err(|_| Error::Detector { detail: "the cascade stopped unexpectedly".to_owned() })?;
        let mut faces: Vec<Face> = found.iter().filter_map(|face| copy.to_picture(face, picture)).collect();
        faces.sort_by(|a, b| (b.score * b.bounds.width).total_cmp(&(a.score * a.bounds.width)));
        Ok(faces)
    }
}

impl FaceDetector for SeetaFace {
    /// Faces, the clearest first (by score times side, so that a small false alarm never wins over the sitter).
    ///
    /// Faces smaller than an eighth of the picture's longer side are looked for only when there is no larger one; those smaller
    /// than a twentieth are not found.
    ///
    /// # Errors
    /// [`Error::Detector`] if the cascade fails. A picture without a face gives an empty list.
    fn detect(&self, picture: &Picture) -> Result<Vec<Face>> {
        for pass in &PASSES {
            let faces = self.search(picture, pass)?;
            // A picture that the first pass has searched at full size shows nothing new in the second.
            let exhausted = (picture.width().max(picture.height()) as f64) <= pass.longest_side_px;
            if !faces.is_empty() || exhausted {
                return Ok(faces);
            }
        }
        Ok(Vec::new())
    }
}

impl std::fmt::Debug for SeetaFace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SeetaFace(frontal 1.0)")
    }
}

fn configure(detector: &mut dyn Detector) {
    detector.set_min_face_size(40);
    detector.set_score_thresh(SCORE_THRESHOLD);
    detector.set_pyramid_scale_factor(0.8);
    detector.set_slide_window_step(4, 4);
}

/// The grey, scaled, bordered copy that is searched.
struct SearchCopy {
    grey: Vec<u8>,
    width: usize,
    height: usize,
    border: usize,
    /// Pixels of the picture per pixel of the copy, in x and y.
    factors: [f64; 2],
}

impl SearchCopy {
    fn new(picture: &Picture, pass: &Pass) -> Self {
        let (width, height) = (picture.width() as f64, picture.height() as f64);
        let enlarge = (SHORTER_SIDE_PX / width.min(height)).max(1.0);
        let scale = enlarge.min(pass.longest_side_px / width.max(height));
        let inner_width = (width * scale).round().max(1.0) as usize;
        let inner_height = (height * scale).round().max(1.0) as usize;
        let small = resample(picture, inner_width, inner_height);
        let luma = small.luma();
        // At least a window's half, so that thin strips are searchable, too.
        let border = ((inner_width.min(inner_height) as f64 * pass.border_share) as usize).max(24);
        let (full_width, full_height) = (inner_width + 2 * border, inner_height + 2 * border);
        let mut grey = Vec::with_capacity(full_width * full_height);
        for y in 0..full_height {
            let row = y.saturating_sub(border).min(inner_height - 1) * inner_width;
            grey.extend((0..full_width).map(|x| luma[row + x.saturating_sub(border).min(inner_width - 1)]));
        }
        let factors = [width / inner_width as f64, height / inner_height as f64];
        Self { grey, width: full_width, height: full_height, border, factors }
    }

    /// A face in the picture; `None` when its middle lies in the border, where there is nothing to see.
    fn to_picture(&self, face: &rustface::FaceInfo, picture: &Picture) -> Option<Face> {
        let bounds = face.bbox();
        let border = self.border as f64;
        let x = (f64::from(bounds.x()) - border) * self.factors[0];
        let y = (f64::from(bounds.y()) - border) * self.factors[1];
        let width = f64::from(bounds.width()) * self.factors[0];
        let height = f64::from(bounds.height()) * self.factors[1];
        let inside = (0.0..picture.width() as f64).contains(&(x + width / 2.0))
            && (0.0..picture.height() as f64).contains(&(y + height / 2.0));
        let bounds = FaceBox { x, y, width, height };
        inside.then_some(Face { bounds, score: face.score(), points: five_points_from_box(&bounds) })
    }
}

/// Where the five points lie in a detector's box, as shares of its sides.
const POINTS_IN_BOX: FivePoints = [[0.31, 0.37], [0.69, 0.37], [0.50, 0.59], [0.34, 0.77], [0.66, 0.77]];

/// Estimates the five points of an upright frontal face from its box alone.
///
/// The shares were calibrated on boxes of this detector; a turned or tilted head is off by up to a tenth of the box.
fn five_points_from_box(bounds: &FaceBox) -> FivePoints {
    POINTS_IN_BOX.map(|[across, down]| [bounds.x + across * bounds.width, bounds.y + down * bounds.height])
}
