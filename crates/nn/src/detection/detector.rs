//! The detector that the program uses.

use std::path::Path;
use std::sync::OnceLock;

use portraitist_face::Picture;
use portraitist_face::detect::{Face, FaceBox, FaceDetector};
use portraitist_face::landmarks::mesh::{Eye, IBUG, MeshPoints};
use portraitist_kernels::ShapeError;
use rayon::prelude::*;

use super::anchors::Candidate;
use super::error::DetectionError;
use super::expected_error::expected_errors;
use super::eyes::EyeLooker;
use super::memory::MemoryPool;
use super::pyramid::Pyramid;
use super::search::{Depth, Search};
use super::windows::{MeshLooker, WINDOW, Windows};
use crate::builtin;
use crate::networks::mediapipe::{BlazeFace, FaceMesh, Iris, Range};
use crate::weights::ModelFile;

/// Faces whose boxes overlap by more are one.
const SAME_FACE: f64 = 0.4;
/// Probability from which an anchor of the detectors counts; and where that shows no face: drawings look less like faces to them.
const LEAST_SCORE: f64 = 0.5;
const LEAST_SCORE_AGAIN: f64 = 0.25;
/// A candidate is a face if the mesh says so with this probability, or the detector alone is as sure as that.
const LEAST_FLAG: f64 = 0.5;
const SURE_SCORE: f64 = 0.75;

/// Below this score a face may be one that stands on its head: upright ones rarely have less, such as are seen the wrong way round
/// rarely more. A turned look at it must be surer by so much.
const SURELY_UPRIGHT: f64 = 0.9;
const SURER: f64 = 0.05;

/// Finds faces and the 468 points of each. One detector serves all threads.
#[derive(Debug)]
pub struct FaceMeshDetector {
    short: BlazeFace,
    full: BlazeFace,
    mesh: FaceMesh,
    iris: Iris,
    memory: MemoryPool,
}

/// A face and all that was found about it.
#[derive(Clone, Debug)]
pub struct FoundFace {
    /// Around the points.
    pub bounds: FaceBox,
    /// 0 to 1: the mean of what the detector and the mesh say.
    pub score: f64,
    /// The points, in pixels of the picture.
    pub points: MeshPoints,
    /// How far several looks at the face disagree about each point, in pixels.
    pub spread: Vec<f64>,
    /// By how many degrees the picture had to be turned before the face was found.
    pub turned_degrees: u32,
}

impl FoundFace {
    /// The expected error of each of iBUG's 68 points, in pixels.
    pub fn expected_errors(&self) -> [f64; 68] {
        expected_errors(IBUG.map(|vertex| self.spread[vertex]), self.points.eye_distance_px())
    }
}

impl FaceMeshDetector {
    /// Reads the built-in networks.
    ///
    /// # Errors
    /// [`DetectionError`] if a built-in model file is broken, which a test rules out.
    pub fn new() -> Result<Self, DetectionError> {
        let arrays = |name: &str, bytes: &[u8]| ModelFile::from_bytes(bytes, name).map(|file| file.arrays);
        let [short, full, mesh, iris] = builtin::FACE_NETWORKS;
        let blaze_face = |range: Range, (name, bytes): (&str, &[u8])| -> Result<BlazeFace, DetectionError> {
            Ok(BlazeFace::new(range, arrays(name, bytes)?, Path::new(name))?)
        };
        let (detectors, landmarks) = rayon::join(
            || rayon::join(|| blaze_face(Range::Short, short), || blaze_face(Range::Full, full)),
            || -> (Result<FaceMesh, DetectionError>, Result<Iris, DetectionError>) {
                rayon::join(
                    || Ok(FaceMesh::new(arrays(mesh.0, mesh.1)?, Path::new(mesh.0))?),
                    || Ok(Iris::new(arrays(iris.0, iris.1)?, Path::new(iris.0))?),
                )
            },
        );
        let memory = MemoryPool::default();
        Ok(Self { short: detectors.0?, full: detectors.1?, mesh: landmarks.0?, iris: landmarks.1?, memory })
    }

    /// The detector of this process, read when it is first asked for.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn shared() -> Result<&'static Self, DetectionError> {
        static SHARED: OnceLock<FaceMeshDetector> = OnceLock::new();
        if let Some(detector) = SHARED.get() {
            return Ok(detector);
        }
        let detector = Self::new()?;
        Ok(SHARED.get_or_init(|| detector))
    }

    /// Every face of a picture, the largest sure ones first (by score times width).
    ///
    /// Upright faces are looked for first. Only in a picture without any, less sure ones count, then it is turned by
    /// quarters. A face that is not sure is looked at from the other sides, too.
    ///
    /// # Errors
    /// [`DetectionError::Shape`] if networks and images do not fit each other, which tests rule out.
    pub fn find(&self, picture: &Picture) -> Result<Vec<FoundFace>, DetectionError> {
        let pyramid = Pyramid::new(picture);
        for least_score in [LEAST_SCORE, LEAST_SCORE_AGAIN] {
            let upright = self.find_at(&pyramid, 0, Depth::Full, least_score)?;
            if upright.iter().any(|face| face.score < SURELY_UPRIGHT) {
                return Ok(self.righted(&pyramid, upright)?);
            } else if !upright.is_empty() {
                return Ok(upright);
            }
        }
        Ok(distinct(self.find_turned(&pyramid)?))
    }

    /// Faces of which some may stand on their heads, after a look from the other sides.
    fn righted(&self, pyramid: &Pyramid<'_>, faces: Vec<FoundFace>) -> Result<Vec<FoundFace>, ShapeError> {
        let turned = self.find_turned(pyramid)?;
        let right = |face: FoundFace| {
            let same = turned.iter().filter(|other| overlap(&other.bounds, &face.bounds) > SAME_FACE);
            let best = same.max_by(|a, b| a.score.total_cmp(&b.score));
            best.filter(|best| best.score > face.score + SURER).cloned().unwrap_or(face)
        };
        Ok(distinct(faces.into_iter().map(right).collect()))
    }

    /// Faces in the picture turned by quarters; a detector sees those that are less than a quarter off.
    fn find_turned(&self, pyramid: &Pyramid<'_>) -> Result<Vec<FoundFace>, ShapeError> {
        let mut turned = Vec::new();
        for degrees in [180, 90, 270] {
            turned.extend(self.find_at(pyramid, degrees, Depth::Coarse, LEAST_SCORE)?);
        }
        Ok(turned)
    }

    /// Faces that stand at an angle in the picture.
    fn find_at(
        &self,
        pyramid: &Pyramid<'_>,
        degrees: u32,
        depth: Depth,
        least_score: f64,
    ) -> Result<Vec<FoundFace>, ShapeError> {
        let angle = f64::from(degrees).to_radians();
        let search = Search { short: &self.short, full: &self.full, memory: &self.memory, pyramid, angle, least_score };
        let candidates = search.run(depth)?;
        let look = |candidate: &Candidate| self.look(pyramid, candidate, degrees);
        let faces: Vec<Option<FoundFace>> = candidates.par_iter().map(look).collect::<Result<_, _>>()?;
        Ok(distinct(faces.into_iter().flatten().collect()))
    }

    /// A candidate's points; none if it is no face after all.
    fn look(
        &self,
        pyramid: &Pyramid<'_>,
        candidate: &Candidate,
        turned_degrees: u32,
    ) -> Result<Option<FoundFace>, ShapeError> {
        let looker = MeshLooker { network: &self.mesh, memory: &self.memory, pyramid };
        let Windows { mut points, spread, flag } = looker.points(candidate.region(WINDOW))?;
        if flag < LEAST_FLAG && candidate.score < SURE_SCORE {
            return Ok(None);
        }
        let looker = EyeLooker { network: &self.iris, memory: &self.memory, pyramid };
        let (left, right) = rayon::join(|| looker.look(Eye::Left, &points), || looker.look(Eye::Right, &points));
        let mut irises = [[[0.0; 2]; 5]; 2];
        for ((eye, looked), iris) in [(Eye::Left, left), (Eye::Right, right)].into_iter().zip(&mut irises) {
            let (outline, found) = looked?;
            *iris = found;
            for (index, [x, y]) in eye.outline().into_iter().zip(outline) {
                (points[index][0], points[index][1]) = (x, y);
            }
        }
        let points = MeshPoints::new(points, irises);
        let score = f64::midpoint(candidate.score, flag);
        let [x, y, width, height] = points.bounds();
        Ok(Some(FoundFace { bounds: FaceBox { x, y, width, height }, score, points, spread, turned_degrees }))
    }
}

/// Faces without those that a better one overlaps, the largest sure ones first.
fn distinct(mut faces: Vec<FoundFace>) -> Vec<FoundFace> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<FoundFace> = Vec::new();
    for face in faces {
        if kept.iter().all(|other| overlap(&other.bounds, &face.bounds) <= SAME_FACE) {
            kept.push(face);
        }
    }
    kept.sort_by(|a, b| (b.score * b.bounds.width).total_cmp(&(a.score * a.bounds.width)));
    kept
}

/// Overlap of two boxes by the smaller one.
fn overlap(a: &FaceBox, b: &FaceBox) -> f64 {
    let along = |a: f64, a_size: f64, b: f64, b_size: f64| ((a + a_size).min(b + b_size) - a.max(b)).max(0.0);
    let shared = along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height);
    shared / (a.width * a.height).min(b.width * b.height)
}

impl FaceDetector for FaceMeshDetector {
    /// Faces, the largest sure ones first.
    ///
    /// # Errors
    /// [`portraitist_face::Error::Detector`] if the networks fail.
    fn detect(&self, picture: &Picture) -> portraitist_face::Result<Vec<Face>> {
        let wrong = |error: DetectionError| portraitist_face::Error::Detector { detail: error.to_string() };
        let face = |face: FoundFace| Face { bounds: face.bounds, score: face.score, points: face.points.five_points() };
        Ok(self.find(picture).map_err(wrong)?.into_iter().map(face).collect())
    }
}
