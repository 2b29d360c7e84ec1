//! The detector that the program uses.

use std::path::Path;
use std::sync::OnceLock;

use portraitist_face::detect::{Face, FaceBox, FaceDetector, LandmarkDetector, LandmarkedFace};
use portraitist_face::landmarks::mesh::{Eye, MeshPoints, Point3, ibug_of};
use portraitist_face::template::Template;
use portraitist_face::transform::Point;
use portraitist_face::{Domain, Picture};
use portraitist_kernels::ShapeError;
use rayon::prelude::*;

use super::anchors::Candidate;
use super::drawings::{DrawingLooker, DrawnPoints};
use super::error::DetectionError;
use super::expected_error::{errors_of_drawing, errors_of_photo};
use super::eyes::EyeLooker;
use super::memory::MemoryPool;
use super::pyramid::Pyramid;
use super::search::{Depth, Search};
use super::windows::{MeshLooker, WINDOW, Windows, window_of};
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

/// Probability from which a face counts as drawn.
const DRAWN: f64 = 0.8;
/// A search through windows takes a face from this probability on.
const LEAST_DRAWN_FLAG: f64 = 0.8;
/// Turns of a picture, in degrees, in which detectors and windows look again.
const TURNS: [u32; 3] = [180, 90, 270];

/// Finds faces and the 468 points of each. One detector serves all threads.
#[derive(Debug)]
pub struct FaceMeshDetector {
    short: BlazeFace,
    full: BlazeFace,
    mesh: FaceMesh,
    drawing: FaceMesh,
    iris: Iris,
    memory: MemoryPool,
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
        let read = |(name, bytes): (&str, &[u8])| -> Result<FaceMesh, DetectionError> {
            Ok(FaceMesh::for_drawings(arrays(name, bytes)?, Path::new(name))?)
        };
        let drawing = read(builtin::DRAWING_LANDMARKS)?;
        let memory = MemoryPool::default();
        Ok(Self { short: detectors.0?, full: detectors.1?, mesh: landmarks.0?, iris: landmarks.1?, drawing, memory })
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
    /// Upright faces are looked for first. Only in a picture without any, less sure ones count; then the network for drawings looks
    /// through windows; then both do in the picture turned by quarters. A face that is not sure is looked at from the other sides, too.
    ///
    /// # Errors
    /// [`DetectionError::Shape`] if networks and images do not fit each other, which tests rule out.
    pub fn find(&self, picture: &Picture) -> Result<Vec<LandmarkedFace>, DetectionError> {
        let pyramid = Pyramid::new(picture);
        for least_score in [LEAST_SCORE, LEAST_SCORE_AGAIN] {
            let upright = self.find_at(&pyramid, 0, Depth::Full, least_score)?;
            if upright.iter().any(|face| face.score < SURELY_UPRIGHT) {
                return Ok(self.righted(&pyramid, upright)?);
            } else if !upright.is_empty() {
                return Ok(upright);
            }
        }
        if let Some(face) = self.find_drawn(&pyramid, 0)? {
            return Ok(vec![face]);
        }
        let turned = distinct(self.find_turned(&pyramid)?);
        if !turned.is_empty() {
            return Ok(turned);
        }
        for degrees in TURNS {
            if let Some(face) = self.find_drawn(&pyramid, degrees)? {
                return Ok(vec![face]);
            }
        }
        Ok(Vec::new())
    }

    /// The face of a crop, which lies where the frame has it or near. An upright face anywhere in the crop is looked for only where
    /// there is none: a crop that shows no face costs a fraction of a [`find`](Self::find).
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn find_in_frame(&self, picture: &Picture, frame: &Template) -> Result<Option<LandmarkedFace>, DetectionError> {
        let (pyramid, frame) = (Pyramid::new(picture), frame.resized(picture.width(), picture.height()));
        if let Some(face) = self.look(&pyramid, &Candidate::in_frame(&frame, LEAST_SCORE), 0)? {
            return Ok(Some(face));
        }
        Ok(self.find_at(&pyramid, 0, Depth::Coarse, LEAST_SCORE)?.into_iter().next())
    }

    /// The drawn face that a search through windows finds.
    fn find_drawn(&self, pyramid: &Pyramid<'_>, degrees: u32) -> Result<Option<LandmarkedFace>, ShapeError> {
        let found = self.drawings(pyramid).search(f64::from(degrees).to_radians(), LEAST_DRAWN_FLAG)?;
        Ok(found.map(|found| drawn_face(&found, found.flag, degrees)))
    }

    fn drawings<'a>(&'a self, pyramid: &'a Pyramid<'a>) -> DrawingLooker<'a> {
        DrawingLooker(MeshLooker { network: &self.drawing, memory: &self.memory, pyramid })
    }

    /// Faces of which some may stand on their heads, after a look from the other sides.
    fn righted(&self, pyramid: &Pyramid<'_>, faces: Vec<LandmarkedFace>) -> Result<Vec<LandmarkedFace>, ShapeError> {
        let turned = self.find_turned(pyramid)?;
        let right = |face: LandmarkedFace| {
            let same = turned.iter().filter(|other| overlap(&other.bounds, &face.bounds) > SAME_FACE);
            let best = same.max_by(|a, b| a.score.total_cmp(&b.score));
            best.filter(|best| best.score > face.score + SURER).cloned().unwrap_or(face)
        };
        Ok(distinct(faces.into_iter().map(right).collect()))
    }

    /// Faces in the picture turned by quarters; a detector sees those that are less than a quarter off.
    fn find_turned(&self, pyramid: &Pyramid<'_>) -> Result<Vec<LandmarkedFace>, ShapeError> {
        let mut turned = Vec::new();
        for degrees in TURNS {
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
    ) -> Result<Vec<LandmarkedFace>, ShapeError> {
        let angle = f64::from(degrees).to_radians();
        let search = Search { short: &self.short, full: &self.full, memory: &self.memory, pyramid, angle, least_score };
        let candidates = search.run(depth)?;
        let look = |candidate: &Candidate| self.look(pyramid, candidate, degrees);
        let faces: Vec<Option<LandmarkedFace>> = candidates.par_iter().map(look).collect::<Result<_, _>>()?;
        Ok(distinct(faces.into_iter().flatten().collect()))
    }

    /// A candidate's points; none if it is no face after all.
    fn look(
        &self,
        pyramid: &Pyramid<'_>,
        candidate: &Candidate,
        turned_degrees: u32,
    ) -> Result<Option<LandmarkedFace>, ShapeError> {
        let looker = MeshLooker { network: &self.mesh, memory: &self.memory, pyramid };
        let Windows { points, spread, flag } = looker.points(candidate.region(WINDOW))?;
        let (drawings, window) = (self.drawings(pyramid), window_of(&points));
        if drawings.drawn(&window)? > DRAWN {
            let found = drawings.points(window)?;
            let is_face = found.flag >= LEAST_FLAG || candidate.score >= SURE_SCORE;
            let score = f64::midpoint(candidate.score, found.flag);
            return Ok(is_face.then(|| drawn_face(&found, score, turned_degrees)));
        }
        if flag < LEAST_FLAG && candidate.score < SURE_SCORE {
            return Ok(None);
        }
        let points = self.with_eyes(pyramid, points)?;
        let errors =
            errors_of_photo(ibug_of(|vertex| [spread[vertex]]).map(|[spread]| spread), points.eye_distance_px());
        let score = f64::midpoint(candidate.score, flag);
        let bounds = bounds(&points);
        Ok(Some(LandmarkedFace { bounds, score, points, errors, kind: Some(Domain::Photo), turned_degrees }))
    }

    /// A photographed face's points with the eyelids and irises of the iris network.
    fn with_eyes(&self, pyramid: &Pyramid<'_>, mut points: Vec<Point3>) -> Result<MeshPoints, ShapeError> {
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
        Ok(MeshPoints::new(points, irises))
    }
}

fn bounds(points: &MeshPoints) -> FaceBox {
    let [x, y, width, height] = points.bounds();
    FaceBox { x, y, width, height }
}

/// A drawn face. Where its irises are drawn is not known: they lie in the middle of the lids.
fn drawn_face(found: &DrawnPoints, score: f64, turned_degrees: u32) -> LandmarkedFace {
    let iris = |eye: Eye| -> [Point; 5] {
        let outline = eye.outline().map(|vertex| found.points[vertex]);
        let middle = [0, 1].map(|axis| outline.iter().map(|point| point[axis]).sum::<f64>() / outline.len() as f64);
        let [left, right] = eye.corners().map(|vertex| found.points[vertex]);
        let [x, y] = [0, 1].map(|axis| (right[axis] - left[axis]) / 5.0);
        [[0.0, 0.0], [x, y], [y, -x], [-x, -y], [-y, x]].map(|[x, y]| [middle[0] + x, middle[1] + y])
    };
    let points = MeshPoints::new(found.points.clone(), [iris(Eye::Left), iris(Eye::Right)]);
    let errors = errors_of_drawing(&found.errors);
    LandmarkedFace { bounds: bounds(&points), score, points, errors, kind: Some(Domain::Drawing), turned_degrees }
}

/// Faces without those that a better one overlaps, the largest sure ones first.
fn distinct(mut faces: Vec<LandmarkedFace>) -> Vec<LandmarkedFace> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<LandmarkedFace> = Vec::new();
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

impl LandmarkDetector for FaceMeshDetector {
    /// Faces, the largest sure ones first.
    ///
    /// # Errors
    /// [`portraitist_face::Error::Detector`] if the networks fail.
    fn landmarks(&self, picture: &Picture) -> portraitist_face::Result<Vec<LandmarkedFace>> {
        self.find(picture).map_err(|error| portraitist_face::Error::Detector { detail: error.to_string() })
    }
}

impl FaceDetector for FaceMeshDetector {
    /// As [`landmarks`](LandmarkDetector::landmarks).
    fn detect(&self, picture: &Picture) -> portraitist_face::Result<Vec<Face>> {
        Ok(self.landmarks(picture)?.iter().map(LandmarkedFace::face).collect())
    }
}
