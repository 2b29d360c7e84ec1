//! What a dataset holds, in rows as the page shows them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::prepare::manifest::{MANIFEST, Row, read_manifest, transform_of};
use portraitist_face::prepare::recipe::Recipe;
use portraitist_face::transform::Point;
use portraitist_nn::weights::sha256;
use serde::Serialize;

/// A dataset that was read.
pub(super) struct Listing {
    pub(super) dataset: Dataset,
    pub(super) pictures: Vec<PictureRow>,
    /// The pictures as JSON, made once: of large datasets it has megabytes.
    pub(super) json: Bytes,
    /// From a picture's id to its place.
    ids: HashMap<String, usize>,
    /// The prepared folder, if it is one.
    prepared: Option<PathBuf>,
}

/// A picture as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PictureRow {
    /// The same as long as the picture has its name.
    pub(super) id: String,
    pub(super) person: String,
    pub(super) name: String,
    pub(super) domain: &'static str,
    /// `null` where nobody has decided.
    pub(super) kept: Option<bool>,
    /// Why it was dropped.
    pub(super) reason: String,
    pub(super) split: String,
    /// Degrees.
    pub(super) pitch: Option<f64>,
    pub(super) yaw: Option<f64>,
    pub(super) roll: Option<f64>,
    pub(super) has_crop: bool,
    #[serde(skip)]
    pub(super) label: String,
    #[serde(skip)]
    pub(super) original: PathBuf,
    #[serde(skip)]
    pub(super) crop: Option<PathBuf>,
    #[serde(skip)]
    pub(super) landmarks: Option<PathBuf>,
    /// Points in pixels of the original, of a prepared dataset.
    #[serde(skip)]
    pub(super) prepared_points: Vec<Point>,
    /// From original to crop.
    #[serde(skip)]
    pub(super) transform: Option<[[f64; 3]; 2]>,
}

/// Characters of an id.
const ID_LENGTH: usize = 16;

impl Listing {
    /// Reads the dataset in a folder or list.
    ///
    /// # Errors
    /// As [`Dataset::open`] and [`read_manifest`].
    pub(super) fn read(path: &Path) -> portraitist_face::Result<Self> {
        let manifest = path.join(MANIFEST);
        let prepared = manifest.is_file().then(|| path.to_owned());
        let rows = if prepared.is_some() { read_manifest(&manifest)? } else { Vec::new() };
        let dataset = Dataset::open(path, &OpenOptions::default())?;
        let source = source_of(path);
        let pictures: Vec<PictureRow> = if prepared.is_some() {
            rows.iter().filter(|row| !row.flipped).map(|row| from_manifest(path, source.as_deref(), row)).collect()
        } else {
            dataset
                .entries()
                .map(|(person, entry)| PictureRow {
                    id: String::new(),
                    person: person.name.clone(),
                    name: entry.name.clone(),
                    domain: entry.domain.name(),
                    kept: None,
                    reason: String::new(),
                    split: String::new(),
                    pitch: None,
                    yaw: None,
                    roll: None,
                    has_crop: false,
                    label: person.label(entry),
                    original: entry.picture.clone(),
                    crop: None,
                    landmarks: entry.landmarks.clone(),
                    prepared_points: Vec::new(),
                    transform: None,
                })
                .collect()
        };
        let pictures: Vec<PictureRow> = pictures
            .into_iter()
            .map(|row| {
                let named = format!("{}\n{}\n{}", row.person, row.name, row.domain);
                PictureRow { id: sha256(named.as_bytes())[..ID_LENGTH].to_owned(), ..row }
            })
            .collect();
        let ids = pictures.iter().enumerate().map(|(index, row)| (row.id.clone(), index)).collect();
        let json = serde_json::to_vec(&pictures).unwrap_or_else(|_| b"[]".to_vec()).into();
        Ok(Self { dataset, pictures, json, ids, prepared })
    }

    /// What was noticed when it was opened, without paths of this computer.
    pub(super) fn remarks(&self) -> Vec<String> {
        let folder = self.dataset.root.parent().unwrap_or(&self.dataset.root).display().to_string();
        self.dataset.remarks.iter().map(|remark| remark.replace(&format!("{folder}/"), "")).collect()
    }

    /// A picture by its id.
    pub(super) fn picture(&self, id: &str) -> Option<&PictureRow> {
        self.ids.get(id).map(|index| &self.pictures[*index])
    }

    /// The recipe that it was prepared by; the usual one for any other dataset.
    ///
    /// # Errors
    /// As [`Recipe::read`].
    pub(super) fn recipe(&self) -> portraitist_face::Result<Recipe> {
        let file = self.prepared.as_ref().map(|folder| folder.join("recipe.toml")).filter(|file| file.is_file());
        file.map_or_else(|| Ok(Recipe::default()), |file| Recipe::read(&file))
    }

    /// What other filters would have kept, as `dataset prepare` wrote it; `None` for datasets that it did not make.
    pub(super) fn sensitivity_file(&self) -> Option<PathBuf> {
        self.prepared.as_ref().map(|folder| folder.join("sensitivity.csv")).filter(|file| file.is_file())
    }

    /// Whether `dataset prepare` made it.
    pub(super) fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }
}

/// The dataset that a prepared one was made of, as its record says.
fn source_of(prepared: &Path) -> Option<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Source {
        source: PathBuf,
    }
    let text = std::fs::read_to_string(prepared.join(".prepared.json")).ok()?;
    Some(serde_json::from_str::<Source>(&text).ok()?.source)
}

fn from_manifest(folder: &Path, source: Option<&Path>, row: &Row) -> PictureRow {
    let transform = transform_of(row);
    let points = row.all_landmarks().map_or_else(
        || row.five_points().map_or_else(Vec::new, |points| points.to_vec()),
        |landmarks| landmarks.0.to_vec(),
    );
    let label =
        if row.identity == row.picture { row.picture.clone() } else { format!("{}/{}", row.identity, row.picture) };
    PictureRow {
        id: String::new(),
        person: row.identity.clone(),
        name: row.picture.clone(),
        domain: row.domain.name(),
        kept: Some(row.kept),
        reason: row.reason.clone(),
        split: row.split.clone(),
        pitch: row.pitch,
        yaw: row.yaw,
        roll: row.roll,
        has_crop: !row.crop.is_empty(),
        label,
        original: source.map_or_else(|| PathBuf::from(&row.source), |source| source.join(&row.source)),
        crop: (!row.crop.is_empty()).then(|| folder.join(&row.crop)),
        landmarks: None,
        prepared_points: transform
            .map(|transform| points.iter().filter_map(|point| undone(transform, *point)).collect())
            .unwrap_or_default(),
        transform,
    }
}

/// Where a point of the crop lies in the original.
fn undone([[a, b, tx], [c, d, ty]]: [[f64; 3]; 2], [x, y]: Point) -> Option<Point> {
    let determinant = a * d - b * c;
    let [x, y] = [x - tx, y - ty];
    (determinant.abs() > f64::EPSILON).then(|| [(d * x - b * y) / determinant, (a * y - c * x) / determinant])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_go_back_to_the_original() {
        let transform = [[0.5, -0.2, 3.0], [0.2, 0.5, -7.0]];
        let moved = |[x, y]: Point| [0.5 * x - 0.2 * y + 3.0, 0.2 * x + 0.5 * y - 7.0];
        let back = undone(transform, moved([12.0, 34.0])).expect("it can be undone");
        assert!((back[0] - 12.0).abs() < 1e-9 && (back[1] - 34.0).abs() < 1e-9, "{back:?}");
        assert_eq!(undone([[0.0; 3]; 2], [1.0, 2.0]), None);
    }
}
