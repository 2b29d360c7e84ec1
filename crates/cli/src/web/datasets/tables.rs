//! What is counted over a whole dataset: protocol coverage, problems, what other filters would keep.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use portraitist_face::check::check;
use portraitist_face::dataset::{Entry, Problem};
use portraitist_face::protocol::coverage::{Available, Protocols};
use serde::Serialize;

use super::state::DatasetsState;
use crate::web::queue::blocking;
use crate::web::reply::Failure;

/// Largest table of other filters that is read, in bytes.
const MOST_TABLE_BYTES: u64 = 64 * 1024;

#[derive(Serialize)]
pub(super) struct CoverageReply {
    files: Vec<FileReply>,
}

#[derive(Serialize)]
struct FileReply {
    file: String,
    entries: i64,
    missing: i64,
}

/// How much of the protocols the dataset covers.
pub(super) async fn coverage(
    State(state): State<DatasetsState>,
    Path(name): Path<String>,
) -> Result<Json<CoverageReply>, Failure> {
    blocking(move || {
        let listing = state.catalogue.open(&name)?;
        let folder = listing.dataset.protocols.clone();
        let folder = folder.ok_or_else(|| Failure::not_there("the dataset has no protocols", "look at another one"))?;
        let folder = state.catalogue.inside(&folder)?;
        let unusable =
            |error: portraitist_face::Error| Failure::unprocessable("unusable", error.to_string(), "dataset check");
        let coverage = Protocols::read(&folder).map_err(unusable)?.count(&Available::of(&listing.dataset));
        let reply = |(file, count): (String, portraitist_face::protocol::coverage::Count)| FileReply {
            file,
            entries: count.entries,
            missing: count.missing,
        };
        let all = ("all".to_owned(), coverage.total());
        Ok(Json(CoverageReply { files: coverage.files.into_iter().chain([all]).map(reply).collect() }))
    })
    .await?
}

#[derive(Serialize)]
pub(super) struct ProblemsReply {
    problems: Vec<Problem>,
    /// Pictures that were not looked at: their files lie outside the folder of datasets, or they do not fit into `--memory`.
    left_out: usize,
}

/// What `dataset check` finds: looks at every picture.
pub(super) async fn problems(
    State(state): State<DatasetsState>,
    Path(name): Path<String>,
) -> Result<Json<ProblemsReply>, Failure> {
    // One dataset at a time: every picture is decoded.
    let turn = Arc::clone(&state.checking).acquire_owned().await.map_err(|_| Failure::internal("the check ended"))?;
    blocking(move || {
        let _turn = turn;
        let listing = state.catalogue.open(&name)?;
        state.memory.note_use();
        let mut dataset = listing.dataset.clone();
        // Missing files are among what is found; files elsewhere are not read.
        let is_elsewhere = |path: &PathBuf| state.catalogue.inside(path).is_err_and(|failure| !failure.is_missing());
        let fits = |entry: &Entry| state.decoding.fits(&entry.picture);
        let is_here =
            |entry: &Entry| !is_elsewhere(&entry.picture) && !entry.landmarks.iter().any(is_elsewhere) && fits(entry);
        dataset.people.iter_mut().for_each(|person| person.pictures.retain(is_here));
        let left_out = listing.dataset.entries().count() - dataset.entries().count();
        let root = dataset.root.display().to_string();
        let tidy = |problem: Problem| Problem { detail: problem.detail.replace(&root, ""), ..problem };
        let found = state.decoding.run(|| check(&dataset, || {}))?;
        let problems = found.into_iter().map(tidy).collect();
        Ok(Json(ProblemsReply { problems, left_out }))
    })
    .await?
}

#[derive(Serialize)]
pub(super) struct SensitivityReply {
    /// The share `r` by which the dataset was filtered.
    chosen: f64,
    rates: Vec<Rate>,
}

/// What a filter with one `r` keeps.
#[derive(Serialize)]
struct Rate {
    max_distance_share: f64,
    kept: u64,
    drawings: u64,
    photos: u64,
    /// Share of the protocols' entries that are not covered then.
    missing_share: Option<f64>,
}

impl Rate {
    /// From a row of the table whose `names` stand in its first line.
    fn read(names: &[&str], line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let cell =
            |name: &str| names.iter().position(|known| *known == name).and_then(|place| cells.get(place).copied());
        Some(Self {
            max_distance_share: cell("max_distance_share")?.parse().ok()?,
            kept: cell("kept")?.parse().ok()?,
            drawings: cell("drawings")?.parse().ok()?,
            photos: cell("photos")?.parse().ok()?,
            missing_share: cell("missing_share").and_then(|text| text.parse().ok()),
        })
    }
}

/// How much other values of the filter's `r` would have kept and covered.
pub(super) async fn sensitivity(
    State(state): State<DatasetsState>,
    Path(name): Path<String>,
) -> Result<Json<SensitivityReply>, Failure> {
    blocking(move || {
        let listing = state.catalogue.open(&name)?;
        let none =
            || Failure::not_there("nothing is known of other filters", "dataset prepare makes a dataset that says it");
        let file = state.catalogue.inside(&listing.sensitivity_file().ok_or_else(none)?)?;
        let unusable = |what: &str| {
            Failure::unprocessable("unusable", format!("sensitivity.csv {what}"), "run dataset prepare again")
        };
        if file.metadata().map_or(0, |file| file.len()) > MOST_TABLE_BYTES {
            return Err(unusable("is larger than the table of twenty rates"));
        }
        let text = std::fs::read_to_string(&file).map_err(|_| unusable("cannot be read"))?;
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
        let rates: Option<Vec<Rate>> = lines.map(|line| Rate::read(&names, line)).collect();
        let rates = rates.filter(|rates| !rates.is_empty()).ok_or_else(|| unusable("is no table of rates"))?;
        let recipe = listing.recipe();
        let recipe = recipe.map_err(|error| Failure::internal(format!("recipe.toml cannot be read: {error}")))?;
        Ok(Json(SensitivityReply { chosen: recipe.filter.max_distance_share, rates }))
    })
    .await?
}
