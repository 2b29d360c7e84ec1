//! From a dataset to training data: aligned crops, filtered, split by people, with a table that says what became of every picture.
//!
//! - [`recipe`]: what is asked for
//! - `crop`: one picture, from its files to a crop and a row
//! - [`manifest`]: the table, and the journal that lets an interrupted run go on
//! - [`partition`]: who is kept for testing
//! - [`mod@reference`], [`isolation_forest`]: a template estimated from the data
//! - [`mod@sensitivity`]: what other filters would keep
//! - `derived`: lists that make the result a dataset of its own

mod crop;
mod derived;
pub mod isolation_forest;
pub mod manifest;
pub mod partition;
pub mod recipe;
pub mod reference;
pub mod sensitivity;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use self::crop::{CropPipeline, Cropped};
use self::manifest::{Journal, Row, flipped_crop, flipped_row, read_earlier, table, write_manifest};
use self::partition::Partition;
use self::recipe::Recipe;
use self::sensitivity::{Sensitivity, sensitivity};
use crate::dataset::{Dataset, Entry, Person, Problem};
use crate::detect::FaceDetector;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::files::{remove_unfinished, write_atomically};
use crate::landmarks::FivePoints;
use crate::protocol::coverage::Protocols;
use crate::text::serialize_lossy;

/// What a run did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Pictures in the prepared dataset, mirrored ones not counted.
    pub kept: usize,
    /// Pictures left out, by reason.
    pub dropped: BTreeMap<String, usize>,
    /// Pictures that were cropped or judged anew; the others were as an earlier run had left them.
    pub changed: usize,
    /// Crops of earlier runs that were removed.
    pub removed: usize,
    /// The table.
    #[serde(serialize_with = "serialize_lossy")]
    pub manifest: PathBuf,
    /// The recipe as it was used.
    #[serde(serialize_with = "serialize_lossy")]
    pub recipe: PathBuf,
    /// SHA-256 of that file.
    pub recipe_sha256: String,
    /// People on each side.
    pub people: BTreeMap<&'static str, usize>,
    /// What other values of `r` would keep.
    pub sensitivity: Vec<Sensitivity>,
    /// Pictures that could not be used, each named.
    pub problems: Vec<Problem>,
}

/// Prepares a dataset in `folder`; `done` is called after each picture, from any thread. `detector` is asked for pictures without
/// landmarks.
///
/// A second run does only what changed: pictures, landmarks, recipe. An interrupted run goes on where it was.
///
/// # Errors
/// [`Error::OutOfRange`] for a recipe that cannot be followed; [`Error::Write`] if the folder cannot be written. A picture that
/// cannot be used is no error of the run but a problem in its report.
pub fn prepare(
    dataset: &Dataset,
    recipe: &Recipe,
    detector: &Arc<dyn FaceDetector>,
    folder: &Path,
    done: impl Fn() + Sync,
) -> Result<Report> {
    recipe.check()?;
    let mut recipe = recipe.clone();
    if recipe.estimate_drawings {
        recipe.drawing_points = Some(estimate_drawings(dataset, &recipe)?);
        recipe.estimate_drawings = false;
    }
    let partition = Partition::new(dataset.people.iter().map(|person| person.name.as_str()), &recipe.split)?;
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    let earlier = read_earlier(folder);
    let journal = Journal::open(folder, &earlier)?;
    let pipeline = CropPipeline::new(dataset, &recipe, detector, folder);
    let cropped = crop_all(dataset, &pipeline, &partition, &earlier, &journal, done)?;
    let mut problems = dataset.problems.clone();
    let changed = cropped.iter().filter(|cropped| cropped.changed).count();
    let mut rows = Vec::with_capacity(cropped.len());
    for Cropped { row, problem, .. } in cropped {
        problems.extend(problem);
        rows.push(row);
    }
    let protocols = dataset.protocols.as_deref().map(Protocols::read).transpose()?;
    let sensitivity = sensitivity(&rows, &recipe, protocols.as_ref());
    let removed = remove_stale(folder, &earlier, &rows, recipe.flip)?;
    derived::write(dataset, folder, &rows)?;
    let path = folder.join("sensitivity.csv");
    write_atomically(&path, &table(&sensitivity, &path)?, true)?;
    let (recipe_path, recipe_sha256) = write_recipe(folder, &recipe)?;
    let manifest = write_manifest(folder, &with_flips(&rows, &recipe))?;
    journal.finish()?;
    let mut people = BTreeMap::from([("test", 0), ("train", 0)]);
    dataset.people.iter().for_each(|person| *people.entry(partition.side(&person.name)).or_default() += 1);
    Ok(Report {
        kept: rows.iter().filter(|row| row.kept).count(),
        dropped: dropped(&rows),
        changed,
        removed,
        manifest,
        recipe: recipe_path,
        recipe_sha256,
        people,
        sensitivity,
        problems,
    })
}

/// Crops every picture on all threads; what is new goes into the journal at once.
fn crop_all(
    dataset: &Dataset,
    pipeline: &CropPipeline<'_>,
    partition: &Partition,
    earlier: &HashMap<(String, String), Row>,
    journal: &Journal,
    done: impl Fn() + Sync,
) -> Result<Vec<Cropped>> {
    let entries: Vec<(&Person, &Entry)> = dataset.entries().collect();
    let crop = |(person, entry): &(&Person, &Entry)| {
        let key = (person.name.clone(), entry.name.clone());
        let mut cropped = pipeline.run(person, entry, earlier.get(&key))?;
        cropped.row.split = partition.side(&person.name).to_owned();
        if cropped.changed && cropped.problem.is_none() {
            journal.add(&cropped.row)?;
        }
        done();
        Ok(cropped)
    };
    entries.par_iter().map(crop).collect()
}

/// Template points of drawings from the dataset's drawings; those whose landmarks cannot be read are left out.
fn estimate_drawings(dataset: &Dataset, recipe: &Recipe) -> Result<FivePoints> {
    let drawings: Vec<&Entry> =
        dataset.entries().map(|(_, entry)| entry).filter(|entry| entry.domain == Domain::Drawing).collect();
    let faces: Vec<_> = drawings
        .par_iter()
        .filter_map(|entry| entry.read_landmarks().ok().flatten())
        .map(|landmarks| landmarks.five_points())
        .collect();
    let [photo, _] = recipe.template.templates();
    reference::estimate(&faces, &photo)
}

fn dropped(rows: &[Row]) -> BTreeMap<String, usize> {
    let mut dropped = BTreeMap::new();
    rows.iter().filter(|row| !row.kept).for_each(|row| *dropped.entry(row.reason.clone()).or_default() += 1);
    dropped
}

/// Rows in order, each mirrored crop after its original.
fn with_flips(rows: &[Row], recipe: &Recipe) -> Vec<Row> {
    let mut all = Vec::with_capacity(rows.len() * if recipe.flip { 2 } else { 1 });
    for row in rows {
        all.push(row.clone());
        if recipe.flip && row.kept {
            all.push(flipped_row(row, recipe.template(row.domain).width));
        }
    }
    all
}

/// Removes crops of earlier runs that no row has any more.
fn remove_stale(folder: &Path, earlier: &HashMap<(String, String), Row>, rows: &[Row], flip: bool) -> Result<usize> {
    let mut current: HashSet<String> = HashSet::new();
    for row in rows.iter().filter(|row| row.kept) {
        current.insert(row.crop.clone());
        if flip {
            current.insert(flipped_crop(&row.crop));
        }
    }
    let mut removed = 0;
    for row in earlier.values().filter(|row| !row.crop.is_empty()) {
        for crop in [row.crop.clone(), flipped_crop(&row.crop)] {
            let path = folder.join(&crop);
            if !current.contains(&crop) && path.is_file() {
                fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
                removed += 1;
            }
        }
    }
    remove_unfinished(&folder.join("crops"));
    Ok(removed)
}

/// Writes the recipe as it was used, and its hash in the form of `sha256sum`.
fn write_recipe(folder: &Path, recipe: &Recipe) -> Result<(PathBuf, String)> {
    let text = recipe.to_toml()?;
    let path = folder.join("recipe.toml");
    let hash = recipe::hash(text.as_bytes());
    write_atomically(&path, text.as_bytes(), true)?;
    write_atomically(folder.join("recipe.sha256"), format!("{hash}  recipe.toml\n").as_bytes(), true)?;
    Ok((path, hash))
}
