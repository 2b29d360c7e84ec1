//! `portraitist landmarks evaluate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::dataset::Dataset;
use portraitist_face::detect::{LandmarkDetector, LandmarkedFace};
use portraitist_face::landmarks::read_table;
use portraitist_face::transform::Point;
use portraitist_face::{Domain, Picture};
use rayon::prelude::*;
use serde::Serialize;

use crate::arguments::LandmarksEvaluateArguments;
use crate::inputs::{Failure, status};
use crate::models::open_landmark_detector;
use crate::output::Console;
use crate::settings::open_options;

/// What `--json` prints. Errors are percent of the distance of the outer eye corners.
#[derive(Serialize)]
struct Evaluation {
    /// Pictures with points to compare with.
    pictures: usize,
    /// Those in which the face was found.
    found: usize,
    /// Those in which it was the first of the faces found.
    first: usize,
    /// Faces said to be drawings.
    drawings: usize,
    /// The mean over the points of a face, over the faces.
    error: Option<Distribution>,
    /// The same of some points only, where 68 or 17 are compared.
    parts: Vec<Part>,
    /// Of 68 points: the share that lies within the error that was said.
    within_said_error: Option<f64>,
    /// Pictures in which the face was not found.
    missed: Vec<String>,
    failed: Vec<Failure>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Distribution {
    mean: f64,
    median: f64,
    p95: f64,
}

#[derive(Serialize)]
struct Part {
    part: &'static str,
    mean: f64,
}

/// Parts of iBUG's 68 points, and of WebCaricature's 17.
const PARTS_68: [(&str, std::ops::Range<usize>); 5] =
    [("jaw", 0..17), ("brows", 17..27), ("nose", 27..36), ("eyes", 36..48), ("mouth", 48..68)];
const PARTS_17: [(&str, std::ops::Range<usize>); 4] =
    [("outline", 0..4), ("brows", 4..8), ("eyes", 8..12), ("nose and mouth", 12..17)];

/// A picture and the points that it should have.
struct Truth {
    picture: PathBuf,
    points: Vec<Point>,
}

/// What was found in a picture.
struct Compared {
    /// Distances of the points, and of the outer eye corners.
    distances: Vec<f64>,
    eyes: f64,
    /// The errors said, of 68 points.
    said: Option<[f64; 68]>,
    first: bool,
    kind: Option<Domain>,
}

/// Runs the command.
pub(crate) fn run(arguments: &LandmarksEvaluateArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let truths = truths(arguments, console)?;
    ensure!(!truths.is_empty(), "{}: no picture has points", arguments.dataset.dataset.display());
    let detector = open_landmark_detector()?;
    let bar = console.progress(truths.len() as u64, "{bar:24} {pos}/{len} {eta} left");
    let compared: Vec<anyhow::Result<Option<Compared>>> = truths
        .par_iter()
        .map(|truth| {
            let compared = compare(detector.as_ref(), truth);
            bar.inc(1);
            compared
        })
        .collect();
    bar.finish_and_clear();
    let (mut found, mut missed, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (truth, compared) in truths.iter().zip(compared) {
        match compared {
            Ok(Some(face)) => found.push(face),
            Ok(None) => missed.push(truth.picture.display().to_string()),
            Err(error) => failed.push(Failure::new(&truth.picture, &error)),
        }
    }
    let evaluation = Evaluation {
        pictures: truths.len(),
        found: found.len(),
        first: found.iter().filter(|face| face.first).count(),
        drawings: found.iter().filter(|face| face.kind == Some(Domain::Drawing)).count(),
        error: distribution(&found),
        parts: parts(&found),
        within_said_error: within(&found),
        missed,
        failed,
        warnings: Vec::new(),
    };
    let status = status(&evaluation.failed);
    console.result(&evaluation, &describe(&evaluation))?;
    Ok(status)
}

/// The pictures of a table (beside it, or in `--pictures`), or those of a dataset that have WebCaricature's points.
fn truths(arguments: &LandmarksEvaluateArguments, console: &Console) -> anyhow::Result<Vec<Truth>> {
    let path = &arguments.dataset.dataset;
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        let folder = arguments.pictures.as_deref().or(path.parent()).unwrap_or(Path::new("."));
        let rows = read_table(path)?;
        return Ok(rows.into_iter().map(|row| Truth { picture: folder.join(row.file), points: row.points }).collect());
    }
    let dataset = Dataset::open(path, &open_options(&arguments.dataset))?;
    dataset.remarks.iter().for_each(|remark| console.say(remark));
    let mut truths = Vec::new();
    for (_, entry) in dataset.entries() {
        if let Some(landmarks) = entry.read_landmarks()? {
            truths.push(Truth { picture: entry.picture.clone(), points: landmarks.0.to_vec() });
        }
    }
    Ok(truths)
}

/// The face of a picture that lies where the points are.
fn compare(detector: &dyn LandmarkDetector, truth: &Truth) -> anyhow::Result<Option<Compared>> {
    let faces = detector.landmarks(&Picture::open(&truth.picture)?)?;
    let count = truth.points.len() as f64;
    let middle = [0, 1].map(|axis| truth.points.iter().map(|point| point[axis]).sum::<f64>() / count);
    let at = faces.iter().position(|face| face.bounds.contains(middle));
    Ok(at.map(|index| {
        let face = &faces[index];
        let points = points_of(face, truth.points.len());
        let distance = |(a, b): (&Point, &Point)| (a[0] - b[0]).hypot(a[1] - b[1]);
        Compared {
            distances: points.iter().zip(&truth.points).map(distance).collect(),
            eyes: eye_distance(&truth.points),
            said: (truth.points.len() == 68).then_some(face.errors),
            first: index == 0,
            kind: face.kind,
        }
    }))
}

/// As many points of a face as are to be compared.
fn points_of(face: &LandmarkedFace, count: usize) -> Vec<Point> {
    match count {
        5 => face.points.five_points().to_vec(),
        17 => face.points.webcaricature().0.to_vec(),
        68 => face.points.ibug().to_vec(),
        _ => face.points.points().iter().map(|[x, y, _]| [*x, *y]).collect(),
    }
}

/// Distance of the outer eye corners; of five points 1.5 times that of the pupils, which is what it is in people.
fn eye_distance(points: &[Point]) -> f64 {
    let (left, right, factor) = match points.len() {
        5 => (0, 1, 1.5),
        17 => (8, 11, 1.0),
        68 => (36, 45, 1.0),
        _ => (33, 263, 1.0),
    };
    factor * (points[right][0] - points[left][0]).hypot(points[right][1] - points[left][1])
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    values.sum::<f64>() / count
}

fn distribution(found: &[Compared]) -> Option<Distribution> {
    let mut errors: Vec<f64> =
        found.iter().map(|face| 100.0 * mean(face.distances.iter().copied()) / face.eyes).collect();
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| errors.get(((errors.len() as f64 - 1.0) * share).round() as usize).copied();
    Some(Distribution { mean: mean(errors.iter().copied()), median: at(0.5)?, p95: at(0.95)? })
}

fn parts(found: &[Compared]) -> Vec<Part> {
    let part = |(part, range): (&'static str, std::ops::Range<usize>), count: usize| {
        let faces = found.iter().filter(|face| face.distances.len() == count);
        let errors = faces.map(|face| 100.0 * mean(face.distances[range.clone()].iter().copied()) / face.eyes);
        let errors: Vec<f64> = errors.collect();
        (!errors.is_empty()).then(|| Part { part, mean: mean(errors.iter().copied()) })
    };
    let of_68 = PARTS_68.into_iter().filter_map(|of| part(of, 68));
    of_68.chain(PARTS_17.into_iter().filter_map(|of| part(of, 17))).collect()
}

fn within(found: &[Compared]) -> Option<f64> {
    let pairs = found.iter().filter_map(|face| Some((face, face.said?)));
    let truths: Vec<bool> = pairs
        .flat_map(|(face, said)| {
            face.distances.iter().zip(said).map(|(distance, said)| *distance <= said).collect::<Vec<_>>()
        })
        .collect();
    let count = truths.iter().filter(|truth| **truth).count() as f64;
    (!truths.is_empty()).then(|| count / truths.len() as f64)
}

fn describe(evaluation: &Evaluation) -> String {
    let Evaluation { pictures, found, first, drawings, error, parts, within_said_error, .. } = evaluation;
    let mut text = format!("found {found} of {pictures} ({first} as the first face, {drawings} as drawings)");
    if let Some(Distribution { mean, median, p95 }) = error {
        text += &format!(
            "\nerror in percent of the eye distance: median {median:.2}, mean {mean:.2}, 95th percentile {p95:.2}"
        );
    }
    for Part { part, mean } in parts {
        text += &format!("\n  {part}: mean {mean:.2}");
    }
    if let Some(share) = within_said_error {
        text += &format!("\n{:.1} % of the points lie within the error that is said", 100.0 * share);
    }
    text
}
