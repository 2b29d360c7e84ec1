//! What becomes of the pictures of a dataset that is prepared.

use std::fs;
use std::sync::Arc;

use portraitist_face::dataset::{Dataset, OpenOptions, ProblemKind};
use portraitist_face::detect::{Face, FaceDetector};
use portraitist_face::prepare::prepare;
use portraitist_face::prepare::recipe::Recipe;
use portraitist_face::{Picture, Result};

/// Finds no face anywhere.
struct Blind;

impl FaceDetector for Blind {
    fn detect(&self, _: &Picture) -> Result<Vec<Face>> {
        Ok(Vec::new())
    }
}

#[test]
fn a_face_that_cannot_be_aligned_is_no_mistake_of_its_landmark_file() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("source");
    fs::create_dir(&source).unwrap();
    let photo = Picture::filled(64, 64, [90, 120, 150]).unwrap();
    for name in ["spot", "words", "bare"] {
        photo.save(source.join(format!("{name}.png")), false).unwrap();
    }
    fs::write(source.join("spot.txt"), "20.5 30.5\n".repeat(17)).unwrap();
    fs::write(source.join("words.txt"), "left eye\n".repeat(17)).unwrap();
    let dataset = Dataset::open(&source, &OpenOptions::default()).unwrap();
    let detector: Arc<dyn FaceDetector> = Arc::new(Blind);
    let report = prepare(&dataset, &Recipe::default(), &detector, &place.path().join("out"), || {}).unwrap();
    let kinds: Vec<(&str, ProblemKind)> =
        report.problems.iter().map(|problem| (problem.picture.as_str(), problem.kind)).collect();
    let expected = [
        ("bare", ProblemKind::LandmarksMissing),
        ("spot", ProblemKind::AlignmentFailed),
        ("words", ProblemKind::LandmarksSyntax),
    ];
    assert_eq!(kinds, expected);
    assert!(report.kept == 0 && report.dropped["alignment_failed"] == 1, "{:?}", report.dropped);
}
