//! `portraitist dataset draw`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::drawing::{DrawingStyle, Technique, draw_portrait};
use portraitist_face::files::write_atomically;
use portraitist_face::prepare::manifest::{MANIFEST, is_prepared, read_manifest};
use portraitist_face::prepare::partition::Partition;
use portraitist_face::prepare::recipe::SplitRecipe;
use portraitist_face::text::serialize_lossy;
use portraitist_face::{Domain, Picture};
use portraitist_nn::detection::FaceMeshDetector;
use rayon::prelude::*;
use serde::Serialize;

use crate::arguments::DrawArguments;
use crate::interruption;
use crate::output::{Console, advised};

/// Below the destination: where the drawings are.
const DRAWINGS: &str = "drawings";
/// Which techniques, tool and seed the drawings there were made with.
const RECORD: &str = "drawn.json";

/// What `--json` prints.
#[derive(Serialize)]
struct Drawn {
    #[serde(serialize_with = "serialize_lossy")]
    destination: PathBuf,
    photos: usize,
    drawings: usize,
    /// Drawings that this run made; the others were there.
    new: usize,
    lists: BTreeMap<String, usize>,
    seconds: f64,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    #[serde(serialize_with = "serialize_lossy")]
    input: PathBuf,
    error: String,
}

/// A photo and the drawings to be made of it.
struct Sitting {
    photo: PathBuf,
    person: String,
    side: &'static str,
    /// Technique, seed and file, relative to the destination.
    drawings: Vec<(Technique, u64, String)>,
}

/// Runs the command.
pub(crate) fn run(arguments: &DrawArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let sittings = sittings(arguments)?;
    claim(arguments)?;
    let looks_after_every_picture = interruption::Loop::begin();
    let count = sittings.iter().map(|sitting| sitting.drawings.len()).sum::<usize>();
    let bar = console.progress(count as u64, "{bar:24} {pos}/{len} drawings  {per_sec}  {eta} left");
    let draw = |sitting: &Sitting| {
        if interruption::stops_here() {
            return Ok(0);
        }
        let new = draw_all(sitting, arguments).map_err(|error| (sitting.photo.clone(), error));
        bar.inc(sitting.drawings.len() as u64);
        new
    };
    let made: Vec<Result<usize, (PathBuf, anyhow::Error)>> = sittings.par_iter().map(draw).collect();
    bar.finish_and_clear();
    drop(looks_after_every_picture);
    if interruption::is_asked() {
        return Err(advised("interrupted; the drawings that were made stay", "run the same command again to go on"));
    }
    let lists = write_lists(arguments, &sittings, &made)?;
    let new = made.iter().filter_map(|made| made.as_ref().ok()).sum();
    let mut failed = Vec::new();
    for (input, error) in made.into_iter().filter_map(Result::err) {
        console.fail(&error);
        failed.push(Failed { input, error: format!("{error:#}") });
    }
    let done = |name: &str| lists.iter().filter(|(list, _)| list.ends_with(name)).map(|(_, count)| count).sum();
    let drawn = Drawn {
        destination: arguments.destination.clone(),
        photos: done("photos.txt"),
        drawings: done("drawings.txt"),
        new,
        lists,
        seconds: start.elapsed().as_secs_f64(),
        failed,
    };
    let text = format!(
        "{}: {} drawings of {} photos, {} new",
        drawn.destination.display(),
        drawn.drawings,
        drawn.photos,
        drawn.new
    );
    let status = if drawn.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    console.result(&drawn, &text)?;
    Ok(status)
}

/// Every photo with its person's side and its drawings.
fn sittings(arguments: &DrawArguments) -> anyhow::Result<Vec<Sitting>> {
    let options = OpenOptions { base: None, domain: Domain::Photo, left_out: vec![arguments.destination.clone()] };
    let dataset = Dataset::open(&arguments.source, &options)?;
    let known = known_sides(&arguments.source)?;
    let recipe = SplitRecipe { test_share: arguments.test_share, seed: arguments.seed, ..SplitRecipe::default() };
    let partition = Partition::new(dataset.people.iter().map(|person| person.name.as_str()), &recipe)?;
    let mut taken = HashSet::new();
    let mut sittings = Vec::new();
    for (person, entry) in dataset.entries().filter(|(_, entry)| entry.domain == Domain::Photo) {
        let stem = entry.picture.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{}/{stem}", folder_of(&person.name));
        if !taken.insert(name.clone()) {
            let message = format!("{}: another photo of {} has this name, too", entry.picture.display(), person.name);
            return Err(advised(message, "run dataset prepare first: it gives every crop a name of its own"));
        }
        let side = known.as_ref().map_or_else(
            || partition.side(&person.name),
            |known| if known.get(&entry.picture).is_some_and(|side| side == "test") { "test" } else { "train" },
        );
        let drawing = |(technique, seed): (Technique, u64)| {
            (technique, seed, format!("{DRAWINGS}/{name}.{}.png", technique.name()))
        };
        let drawings = chosen(arguments, &name).into_iter().map(drawing).collect();
        sittings.push(Sitting { photo: absolute(&entry.picture)?, person: person.name.clone(), side, drawings });
    }
    anyhow::ensure!(!sittings.is_empty(), "{}: no photos", arguments.source.display());
    Ok(sittings)
}

/// The sides of the crops of a prepared folder.
fn known_sides(source: &Path) -> anyhow::Result<Option<HashMap<PathBuf, String>>> {
    if !is_prepared(source) {
        return Ok(None);
    }
    let rows = read_manifest(&source.join(MANIFEST))?;
    Ok(Some(rows.into_iter().map(|row| (source.join(row.crop), row.split)).collect()))
}

/// The techniques of a photo, each with its seed.
fn chosen(arguments: &DrawArguments, name: &str) -> Vec<(Technique, u64)> {
    let all = if arguments.techniques.is_empty() { &Technique::ALL[..] } else { &arguments.techniques };
    let mut hands: Vec<(u64, Technique)> =
        all.iter().map(|technique| (technique.seed_for(name, arguments.seed), *technique)).collect();
    if let Some(each) = arguments.each {
        hands.sort_by_key(|(seed, _)| *seed);
        hands.truncate(each as usize);
    }
    hands.into_iter().map(|(seed, technique)| (technique, seed)).collect()
}

/// A person's name as a folder's.
fn folder_of(person: &str) -> String {
    let plain = |letter: char| if letter.is_alphanumeric() || " -_.".contains(letter) { letter } else { '_' };
    person.chars().map(plain).collect()
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| path.display().to_string())
}

/// Refuses a folder with drawings of other settings, and says with which settings the drawings to come are made.
fn claim(arguments: &DrawArguments) -> anyhow::Result<()> {
    let DrawArguments { destination, tool, seed, .. } = arguments;
    let record =
        serde_json::json!({ "source": absolute(&arguments.source)?.to_string_lossy(), "tool": tool, "seed": seed });
    let file = destination.join(RECORD);
    if destination.join(DRAWINGS).exists() && !arguments.force {
        let found: Option<serde_json::Value> =
            fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if found.is_none_or(|found| found != record) {
            let message = format!("{}: holds drawings of another source, tool or seed", destination.display());
            return Err(advised(message, "name another folder, or replace them with --force"));
        }
    }
    fs::create_dir_all(destination.join(DRAWINGS)).with_context(|| destination.display().to_string())?;
    Ok(write_atomically(&file, record.to_string().as_bytes(), true)?)
}

/// Draws what is not there yet; returns how many.
fn draw_all(sitting: &Sitting, arguments: &DrawArguments) -> anyhow::Result<usize> {
    let missing = |file: &str| arguments.force || !arguments.destination.join(file).is_file();
    let missing: Vec<_> = sitting.drawings.iter().filter(|(.., file)| missing(file)).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    let photo = Picture::open(&sitting.photo)?;
    let landmarks = FaceMeshDetector::shared()?.find(&photo)?.first().map(|face| face.points.ibug());
    for (technique, seed, file) in &missing {
        let path = arguments.destination.join(file);
        fs::create_dir_all(path.parent().unwrap_or(&path)).with_context(|| path.display().to_string())?;
        let style = technique.style(*seed);
        let style = DrawingStyle { tool: (style.tool * arguments.tool).clamp(0.5, 4.0), ..style };
        draw_portrait(&photo, landmarks.as_ref(), &style, *seed)?.save(&path, true)?;
    }
    Ok(missing.len())
}

/// Writes the four lists: picture, then the person.
fn write_lists(
    arguments: &DrawArguments,
    sittings: &[Sitting],
    made: &[Result<usize, (PathBuf, anyhow::Error)>],
) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for side in ["train", "test"] {
        let (mut photos, mut drawings) = (Vec::new(), Vec::new());
        for (sitting, _) in sittings.iter().zip(made).filter(|(sitting, made)| sitting.side == side && made.is_ok()) {
            photos.push(format!("{}\t{}", sitting.photo.display(), sitting.person));
            drawings.extend(sitting.drawings.iter().map(|(.., file)| format!("{file}\t{}", sitting.person)));
        }
        for (kind, lines) in [("photos", photos), ("drawings", drawings)] {
            let name = format!("{side}-{kind}.txt");
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            write_atomically(arguments.destination.join(&name), text.as_bytes(), true)?;
            counts.insert(name, lines.len());
        }
    }
    Ok(counts)
}
