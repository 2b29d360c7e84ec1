//! From a dataset to training data: aligned crops, filtered, split by people, with a table that says what became of every picture.
//!
//! - [`recipe`]: what is asked for
//! - `crop`: one picture, from its files to a crop and a row
//! - [`manifest`]: the table, and the journal that lets an interrupted run go on; `stamp`: by what changed files are noticed
//! - `names`: every crop's own file; `record`: what in the folder is ours, nothing else is replaced
//! - [`partition`]: who is kept for testing
//! - [`mod@reference`], [`isolation_forest`]: a template estimated from the data
//! - [`mod@sensitivity`]: what other filters would keep
//! - `derived`: lists that make the result a dataset of its own

mod crop;
mod derived;
pub mod isolation_forest;
pub mod manifest;
mod names;
pub mod partition;
pub mod recipe;
mod record;
pub mod reference;
pub mod sensitivity;
mod stamp;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use serde::Serialize;

use self::crop::{CropPipeline, Cropped, source_of};
use self::manifest::{Earlier, Journal, MANIFEST, Row, flipped_crop, flipped_row, table};
use self::names::{CROPS, crop_files};
use self::partition::Partition;
use self::recipe::Recipe;
use self::record::{Files, RECIPE, RECIPE_HASH, Record, SENSITIVITY, strange_crops};
use self::sensitivity::{Sensitivity, sensitivity};
use crate::dataset::{Dataset, Entry, Person, Problem};
use crate::detect::FaceDetector;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::files::{remove_unfinished, write_atomically, write_unsynced};
use crate::landmarks::FivePoints;
use crate::lock::FolderLock;
use crate::picture::Header;
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
    /// Files among the crops that are none of this dataset's; they stay, and training does not use them.
    pub strangers: Vec<String>,
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

/// How `prepare` treats what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Crop and judge every picture anew.
    pub redo: bool,
    /// Replace another dataset's result, and files of a result that were altered since; files of others are never touched.
    pub force: bool,
}

/// The lock that says that a run works in a folder.
const LOCK: &str = ".prepare.lock";

/// Prepares a dataset in `folder`; `going_on` is called after each picture, from any thread, and returns whether to go on.
/// `detector` is asked for pictures without landmarks.
///
/// A second run does only what changed: pictures, landmarks, recipe. An interrupted run goes on where it was. Files that
/// `prepare` did not write are neither replaced nor removed.
///
/// # Errors
/// [`Error::OutOfRange`] for a recipe that cannot be followed; [`Error::Occupied`] for a folder that holds something else, before
/// anything is touched; [`Error::Locked`] while another process prepares it; [`Error::Stopped`]; [`Error::Write`] if the folder
/// cannot be written. A picture that cannot be used is no error of the run but a problem in its report.
pub fn prepare(
    dataset: &Dataset,
    recipe: &Recipe,
    detector: &Arc<dyn FaceDetector>,
    folder: &Path,
    options: Options,
    going_on: impl Fn() -> bool + Sync,
) -> Result<Report> {
    recipe.check()?;
    let mut recipe = recipe.clone();
    if recipe.estimate_drawings {
        recipe.drawing_points = Some(estimate_drawings(dataset, &recipe)?);
        recipe.estimate_drawings = false;
    }
    let partition = Partition::new(dataset.people.iter().map(|person| person.name.as_str()), &recipe.split)?;
    // Before the lock, which is a file of its own: a folder that is refused is not touched at all.
    Record::claim(folder, &dataset.root, &Earlier::read(folder), options.force)?;
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    let _lock = FolderLock::acquire(&folder.join(LOCK), "dataset prepare")?;
    let earlier = Earlier::read(folder);
    let mut record = Record::claim(folder, &dataset.root, &earlier, options.force)?;
    let looked = u128::from(record.looked);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
    record.leftovers.extend(earlier.crops.iter().cloned());
    record.write(folder)?;
    let run = Run { dataset, recipe: &recipe, folder, partition: &partition, earlier: &earlier, redo: options.redo };
    let journal = Journal::open(folder, &earlier)?;
    let pipeline = CropPipeline::new(dataset, &recipe, detector, folder, looked);
    let crops = crop_files(dataset, recipe.flip);
    let cropped = run.crop_all(&pipeline, &crops, &journal, going_on)?;
    run.finish(record, journal, &crops, cropped, now)
}

/// What a run is about.
struct Run<'a> {
    dataset: &'a Dataset,
    recipe: &'a Recipe,
    folder: &'a Path,
    partition: &'a Partition,
    earlier: &'a Earlier,
    redo: bool,
}

impl Run<'_> {
    /// Crops every picture on all threads. What is new goes into the journal before it is written: the journal names every crop
    /// that a killed run may have left.
    fn crop_all(
        &self,
        pipeline: &CropPipeline<'_>,
        crops: &[String],
        journal: &Journal,
        going_on: impl Fn() -> bool + Sync,
    ) -> Result<Vec<Cropped>> {
        let entries: Vec<(&Person, &Entry)> = self.dataset.entries().collect();
        let crop = |((person, entry), crop): (&(&Person, &Entry), &String)| {
            let key = (source_of(self.dataset, entry), person.name.clone(), entry.name.clone());
            let earlier = self.earlier.rows.get(&key).filter(|_| !self.redo);
            let mut cropped = pipeline.run(person, entry, crop, earlier);
            cropped.row.split = self.partition.side(&person.name).to_owned();
            if cropped.changed && cropped.problem.is_none() {
                journal.add(&cropped.row)?;
            }
            for (crop, bytes) in std::mem::take(&mut cropped.files) {
                match write_unsynced(&self.folder.join(crop), &bytes) {
                    // A name that this file system does not take is a matter of one picture.
                    Err(Error::Write { path, source }) if is_refused_name(&source) => {
                        let detail = format!("{}: cannot write: {source}", path.display());
                        cropped = cropped.without_crop(person.label(entry), detail);
                        break;
                    }
                    other => other?,
                }
            }
            if going_on() { Ok(cropped) } else { Err(Error::Stopped) }
        };
        entries.par_iter().zip(crops).map(crop).collect()
    }

    /// Writes everything besides the crops, so that it counts, and removes what no longer does.
    fn finish(
        &self,
        mut record: Record,
        journal: Journal,
        crops: &[String],
        cropped: Vec<Cropped>,
        now: u64,
    ) -> Result<Report> {
        let mut problems = self.dataset.problems.clone();
        let changed = cropped.iter().filter(|cropped| cropped.changed).count();
        let mut rows = Vec::with_capacity(cropped.len());
        for Cropped { row, problem, .. } in cropped {
            problems.extend(problem);
            rows.push(row);
        }
        let protocols = self.dataset.protocols.as_deref().map(Protocols::read).transpose()?;
        let sensitivity = sensitivity(&rows, self.recipe, protocols.as_ref());
        let folder = self.folder;
        let (files, recipe_sha256) = self.files(&rows, &sensitivity)?;
        let current: BTreeSet<String> = rows.iter().flat_map(Row::crops).collect();
        record.leftovers.extend(self.crops_of_dropped(crops, &rows));
        record.leftovers.retain(|crop| !current.contains(crop));
        record.expect(&files);
        record.write(folder)?;
        derived::swap_lists(folder, &files, || record.check_lists(folder))?;
        write_tables(folder, &files)?;
        let removed = remove_crops(folder, &record.leftovers)?;
        record.leftovers.clear();
        record.looked = now;
        for unwanted in record.settle(&files) {
            let _ = fs::remove_file(folder.join(unwanted)); // a list went with its folder
        }
        record.write(folder)?;
        journal.finish()?;
        let mut people = BTreeMap::from([("test", 0), ("train", 0)]);
        self.dataset
            .people
            .iter()
            .for_each(|person| *people.entry(self.partition.side(&person.name)).or_default() += 1);
        Ok(Report {
            kept: rows.iter().filter(|row| row.kept).count(),
            dropped: dropped(&rows),
            changed,
            removed,
            strangers: strange_crops(folder, &current),
            manifest: folder.join(MANIFEST),
            recipe: folder.join(RECIPE),
            recipe_sha256,
            people,
            sensitivity,
            problems,
        })
    }

    /// Every file of the result but the crops, and the recipe's hash.
    fn files(&self, rows: &[Row], sensitivity: &[Sensitivity]) -> Result<(Files, String)> {
        let mut files = derived::files(self.dataset, self.folder, rows);
        let recipe = self.recipe.to_toml()?;
        let hash = recipe::hash(recipe.as_bytes());
        let at = |file: &str| self.folder.join(file);
        files.insert(SENSITIVITY.to_owned(), table(sensitivity, &at(SENSITIVITY))?);
        files.insert(RECIPE.to_owned(), recipe.into_bytes());
        files.insert(RECIPE_HASH.to_owned(), format!("{hash}  {RECIPE}\n").into_bytes());
        files.insert(MANIFEST.to_owned(), table(&with_flips(rows, self.recipe), &at(MANIFEST))?);
        Ok((files, hash))
    }

    /// Crops of pictures that are dropped: older versions left them where a run was interrupted. They have the names and the size
    /// that this run would have given them.
    fn crops_of_dropped(&self, crops: &[String], rows: &[Row]) -> Vec<String> {
        let is_crop = |row: &Row, file: &String| {
            let template = self.recipe.template(row.domain);
            Header::read(self.folder.join(file))
                .is_ok_and(|header| (header.width, header.height) == (template.width, template.height))
        };
        let dropped = rows.iter().zip(crops).filter(|(row, _)| !row.kept);
        let files = dropped.flat_map(|(row, crop)| [crop.clone(), flipped_crop(crop)].map(|file| (row, file)));
        files.filter(|(row, file)| is_crop(row, file)).map(|(_, file)| file).collect()
    }
}

/// What systems answer to names that they do not take.
fn is_refused_name(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput)
}

/// Writes the files besides crops and lists, the manifest last: it makes the others count.
fn write_tables(folder: &Path, files: &Files) -> Result<()> {
    let lists = format!("{}/", crate::dataset::webcaricature::FILENAMES);
    let tables = files.iter().filter(|(file, _)| !file.starts_with(&lists));
    let (manifest, others): (Vec<_>, Vec<_>) = tables.partition(|(file, _)| *file == MANIFEST);
    others.into_iter().chain(manifest).try_for_each(|(file, bytes)| write_atomically(folder.join(file), bytes, true))
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
    reference::estimate(&faces, &recipe.template.template(Domain::Photo))
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

/// Removes crops that the dataset has not got any more, folders that become empty, and unfinished files.
fn remove_crops(folder: &Path, crops: &BTreeSet<String>) -> Result<usize> {
    let mut removed = 0;
    for crop in crops.iter().filter(|crop| is_below(crop)) {
        let path = folder.join(crop);
        match fs::remove_file(&path) {
            Ok(()) => removed += 1,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(source) => return Err(Error::Write { path, source }),
        }
        // Only an empty folder goes.
        path.ancestors().skip(1).take_while(|above| *above != folder.join(CROPS)).take(8).for_each(|above| {
            let _ = fs::remove_dir(above);
        });
    }
    remove_unfinished(&folder.join(CROPS));
    Ok(removed)
}

/// Whether a path, as manifests have it, is one below the crops' folder: anybody may write a manifest.
fn is_below(crop: &str) -> bool {
    let mut parts = Path::new(crop).components();
    parts.next() == Some(Component::Normal(CROPS.as_ref())) && parts.all(|part| matches!(part, Component::Normal(_)))
}
