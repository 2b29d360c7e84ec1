//! `portraitist dataset landmarks`.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::Decoded;
use portraitist_face::dataset::webcaricature::LANDMARKS;
use portraitist_face::dataset::{Dataset, Entry, Layout, Person};
use portraitist_face::detect::{LandmarkDetector, LandmarkedFace};
use portraitist_face::files::write_atomically;
use portraitist_face::pose::head_angles;
use serde::Serialize;

use super::open::open_with_pictures;
use crate::arguments::DatasetArguments;
use crate::faces::why_none;
use crate::inputs::{Failure, status};
use crate::interruption;
use crate::models::open_landmark_detector;
use crate::output::{Console, advised};

/// What `--json` prints.
#[derive(Serialize)]
struct Written {
    /// Pictures that got points.
    written: usize,
    /// Pictures that have points already.
    kept: usize,
    /// Pictures for a person to look at.
    doubtful: Vec<Doubt>,
    /// Where they are listed.
    manifest: Option<String>,
    failed: Vec<Failure>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Doubt {
    picture: String,
    /// The file of points; `null` where there is none.
    landmarks: Option<String>,
    reason: String,
}

/// A face with a lower score is doubtful.
const LEAST_SCORE: f64 = 0.7;
/// So is one whose points may be off by more than this share of the eye distance, in the mean.
const LARGEST_ERROR: f64 = 0.12;
/// So is one that is turned further to the side, in degrees.
const LARGEST_YAW: f64 = 35.0;

/// Runs the command.
pub(crate) fn run(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open_with_pictures(arguments, console)?;
    if dataset.layout == Layout::List {
        let found =
            format!("{}: points are written into a dataset's folder, found a list", arguments.dataset.display());
        return Err(advised(found, "name the folder of the pictures"));
    }
    let detector = open_landmark_detector()?;
    let mut written =
        Written { written: 0, kept: 0, doubtful: Vec::new(), manifest: None, failed: Vec::new(), warnings: Vec::new() };
    let bar = console.progress(dataset.entries().count() as u64, "{bar:24} {pos}/{len} {eta} left");
    let _looking_at_each = interruption::Loop::begin();
    for (person, entry) in dataset.entries() {
        if interruption::stops_here() {
            break;
        }
        if let Err(error) = mark(&dataset, person, entry, detector.as_ref(), &mut written) {
            bar.suspend(|| console.fail(&anyhow::anyhow!("{}: {error:#}", entry.picture.display())));
            written.failed.push(Failure::new(&entry.picture, &error));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    written.manifest = write_manifest(&dataset.root.join(LANDMARKS), &written.doubtful)?;
    let status = status(&written.failed);
    console.result(&written, &describe(&written))?;
    Ok(status)
}

/// The file of a picture's points.
fn target(dataset: &Dataset, person: &Person, entry: &Entry) -> anyhow::Result<PathBuf> {
    let below = match person.name == entry.name {
        true => PathBuf::from(format!("{}.txt", entry.name)),
        false => Path::new(&person.name).join(format!("{}.txt", entry.name)),
    };
    let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    ensure!(plain, "{:?} is no name of a file below {LANDMARKS}", below);
    Ok(dataset.root.join(LANDMARKS).join(below))
}

fn mark(
    dataset: &Dataset,
    person: &Person,
    entry: &Entry,
    detector: &dyn LandmarkDetector,
    written: &mut Written,
) -> anyhow::Result<()> {
    if entry.landmarks.as_deref().is_some_and(Path::exists) {
        written.kept += 1;
        return Ok(());
    }
    let target = target(dataset, person, entry)?;
    if target.exists() {
        written.kept += 1;
        return Ok(());
    }
    let Decoded { picture, .. } = Decoded::open(&entry.picture)?;
    let label = person.label(entry);
    let faces = detector.landmarks(&picture)?;
    let Some(face) = faces.first() else {
        written.doubtful.push(Doubt { picture: label, landmarks: None, reason: why_none(&picture) });
        return Ok(());
    };
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    write_atomically(&target, face.points.webcaricature().to_text().as_bytes(), false)?;
    written.written += 1;
    let reasons = doubts(face, faces.len());
    if !reasons.is_empty() {
        let landmarks = Some(target.display().to_string());
        written.doubtful.push(Doubt { picture: label, landmarks, reason: reasons.join("; ") });
    }
    Ok(())
}

/// Why a person should look at a face's points.
fn doubts(face: &LandmarkedFace, count: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    if count > 1 {
        reasons.push(format!("{count} faces, the points are those of the first by size and score"));
    }
    if face.score < LEAST_SCORE {
        reasons.push(format!("score {:.2}", face.score));
    }
    let error = face.errors.iter().sum::<f64>() / 68.0 / face.points.eye_distance_px();
    if error > LARGEST_ERROR {
        reasons.push(format!("points may be off by {:.0} % of the eye distance", 100.0 * error));
    }
    let yaw = head_angles(&face.points).yaw;
    if yaw.abs() > LARGEST_YAW {
        reasons.push(format!("turned to the side by {yaw:.0} degrees"));
    }
    if face.turned_degrees != 0 {
        reasons.push(format!("found after turning the picture by {} degrees", face.turned_degrees));
    }
    reasons
}

/// Lists what is doubtful in the first file of these that does not exist: `doubtful.csv`, `doubtful-2.csv`, …
fn write_manifest(folder: &Path, doubtful: &[Doubt]) -> anyhow::Result<Option<String>> {
    if doubtful.is_empty() {
        return Ok(None);
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = "picture,landmarks,reason\n".to_owned();
    for Doubt { picture, landmarks, reason } in doubtful {
        let landmarks = landmarks.as_deref().unwrap_or_default();
        text += &format!("{},{},{}\n", quoted(picture), quoted(landmarks), quoted(reason));
    }
    let name = |number: u32| if number == 1 { "doubtful.csv".to_owned() } else { format!("doubtful-{number}.csv") };
    let free = (1..).map(name).map(|name| folder.join(name)).find(|path| !path.exists());
    let path = free.context("every name for the list is taken")?;
    write_atomically(&path, text.as_bytes(), false)?;
    Ok(Some(path.display().to_string()))
}

fn describe(written: &Written) -> String {
    let Written { written, kept, doubtful, manifest, .. } = written;
    let mut text = format!("{written} pictures got points, {kept} have some already");
    if let Some(manifest) = manifest {
        text += &format!("; {} are doubtful, see {manifest}", doubtful.len());
    }
    text
}
