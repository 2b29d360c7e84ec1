//! One picture: from its files to a crop and a row of the manifest.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::manifest::{Row, Stamp, blank_row, flipped_crop, is_fresh};
use super::recipe::{Fit, Recipe, Sampling};
use crate::check::{landmark_kind, picture_kind};
use crate::dataset::{Dataset, Entry, Person, Problem, ProblemKind};
use crate::detect::FaceDetector;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::filter::{LandmarkFilter, Rejection, distance_share};
use crate::geometry::{Point, Similarity};
use crate::landmarks::Landmarks;
use crate::picture::{Header, Picture, read_file};
use crate::pose::{self, HeadModel, Pose};
use crate::template::{FivePoints, Template};
use crate::warp::{Border, warp, warp_as_opencv};
use crate::{seed_2018, transform};

/// What all pictures of a run share.
pub(super) struct Workshop<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) recipe: &'a Recipe,
    pub(super) folder: &'a Path,
    filter: LandmarkFilter,
    geometry: [String; 2],
    detector: OnceLock<std::result::Result<FaceDetector, String>>,
}

/// A picture's row, what is wrong with it, and whether anything was done.
pub(super) struct Made {
    pub(super) row: Row,
    pub(super) problem: Option<Problem>,
    pub(super) changed: bool,
}

/// Points of a face in pixels of the source.
enum Face {
    All(Box<Landmarks>),
    Five(FivePoints),
}

/// What of a picture file is in memory already.
enum Loaded {
    Bytes(Vec<u8>),
    Picture(Picture),
}

/// Why a picture gives no crop.
type Failure = (ProblemKind, String);

impl<'a> Workshop<'a> {
    pub(super) fn new(dataset: &'a Dataset, recipe: &'a Recipe, folder: &'a Path) -> Self {
        let geometry = [Domain::Photo, Domain::Drawing].map(|domain| recipe.geometry_hash(domain));
        Self { dataset, recipe, folder, filter: recipe.landmark_filter(), geometry, detector: OnceLock::new() }
    }

    /// Makes a picture's crop, or takes what an earlier run made.
    ///
    /// # Errors
    /// Only where nothing can be written: then the other pictures fail as well.
    pub(super) fn make(&self, person: &Person, entry: &Entry, earlier: Option<&Row>) -> Result<Made> {
        let stamps = [Stamp::of(Some(&entry.picture)), Stamp::of(entry.landmarks.as_deref())];
        let geometry = &self.geometry[usize::from(entry.domain == Domain::Drawing)];
        let fresh = earlier.filter(|row| is_fresh(row, &stamps, geometry) && row.domain == entry.domain);
        let measured = match fresh.filter(|row| row.a.is_some()) {
            Some(row) => Ok((row.clone(), None)),
            None => self.measure(entry, &self.blank(person, entry, stamps, geometry)),
        };
        let (mut row, loaded) = match measured {
            Ok(measured) => measured,
            Err((kind, detail)) => return Ok(self.failed(person, entry, stamps, geometry, kind, detail)),
        };
        row.reason = self.judge(&row).err().map_or_else(String::new, |rejection| rejection.name().to_owned());
        row.kept = row.reason.is_empty();
        if !row.kept {
            let changed = fresh.is_none_or(|earlier| earlier.kept);
            (row.crop, row.crop_bytes) = (String::new(), 0);
            return Ok(Made { row, problem: None, changed });
        }
        if self.has_crops(&row) {
            let changed = fresh.is_none();
            return Ok(Made { row, problem: None, changed });
        }
        match self.cut(entry, &mut row, loaded) {
            Ok(()) => Ok(Made { row, problem: None, changed: true }),
            Err(error @ (Error::Write { .. } | Error::AlreadyExists { .. })) => Err(error),
            Err(error) => Ok(self.failed(person, entry, stamps, geometry, picture_kind(&error), error.to_string())),
        }
    }

    fn blank(&self, person: &Person, entry: &Entry, [source, landmarks]: [Stamp; 2], geometry: &str) -> Row {
        let below = entry.picture.strip_prefix(&self.dataset.root).unwrap_or(&entry.picture);
        Row {
            source: below.display().to_string(),
            identity: person.name.clone(),
            picture: entry.name.clone(),
            domain: entry.domain,
            source_bytes: source.bytes,
            source_modified: source.modified,
            landmarks_bytes: landmarks.bytes,
            landmarks_modified: landmarks.modified,
            geometry: geometry.to_owned(),
            ..blank_row()
        }
    }

    fn failed(
        &self,
        person: &Person,
        entry: &Entry,
        stamps: [Stamp; 2],
        geometry: &str,
        kind: ProblemKind,
        detail: String,
    ) -> Made {
        let reason = serde_json::to_value(kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned()));
        let row = Row { reason: reason.unwrap_or_default(), ..self.blank(person, entry, stamps, geometry) };
        Made { row, problem: Some(Problem { picture: person.label(entry), kind, detail }), changed: true }
    }

    /// Finds the face and its place in the crop. What was read of the picture comes along.
    fn measure(&self, entry: &Entry, blank: &Row) -> std::result::Result<(Row, Option<Loaded>), Failure> {
        let mut row = blank.clone();
        let landmarks = entry.read_landmarks().map_err(|error| (landmark_kind(&error), error.to_string()))?;
        let unreadable = |error: Error| (picture_kind(&error), error.to_string());
        let (face, loaded, size) = match landmarks {
            Some(landmarks) => {
                let bytes = read_file(&entry.picture).map_err(unreadable)?;
                let header = Header::parse(&entry.picture.display().to_string(), &bytes).map_err(unreadable)?;
                (Face::All(Box::new(landmarks)), Loaded::Bytes(bytes), [header.width, header.height])
            }
            None => {
                let picture = Picture::open(&entry.picture).map_err(unreadable)?;
                let size = [picture.width(), picture.height()];
                (Face::Five(self.detect(&picture)?), Loaded::Picture(picture), size)
            }
        };
        let template = self.recipe.template(entry.domain);
        let five = match &face {
            Face::All(landmarks) => landmarks.five_points(),
            Face::Five(points) => *points,
        };
        let transform = fit(self.recipe.fit, &five, &template)
            .map_err(|error| (ProblemKind::LandmarksSyntax, format!("the face cannot be aligned: {error}")))?;
        (row.width, row.height) = (Some(size[0]), Some(size[1]));
        row.set_transform(transform.matrix());
        let moved = five.map(|point| transform.apply(point));
        row.distance_share = distance_share(&moved, &template).map(|share| share.value());
        match &face {
            Face::Five(_) => row.set_points(&moved),
            Face::All(landmarks) => {
                row.set_points(&landmarks.map(|point| transform.apply(point)).0);
                if let Some(pose) = pose::estimate(landmarks, size[0], size[1], HeadModel::TenPoints) {
                    [row.pitch, row.yaw, row.roll] = pose.degrees().map(Some);
                }
            }
        }
        row.crop = crop_path(&row.identity, &row.picture);
        Ok((row, Some(loaded)))
    }

    /// Five points estimated from the largest face's box.
    fn detect(&self, picture: &Picture) -> std::result::Result<FivePoints, Failure> {
        let detector = self.detector.get_or_init(|| FaceDetector::new().map_err(|error| error.to_string()));
        let unusable = |detail: String| (ProblemKind::LandmarksMissing, detail);
        let detector = detector.as_ref().map_err(|detail| unusable(detail.clone()))?;
        let points = detector.largest_face(picture).map_err(|error| unusable(error.to_string()))?;
        points.ok_or_else(|| unusable("no landmark file, and no face was found".to_owned()))
    }

    /// Whether the recipe keeps a measured face.
    fn judge(&self, row: &Row) -> std::result::Result<(), Rejection> {
        if !self.recipe.filter.enabled {
            return Ok(());
        }
        match (row.all_landmarks(), row.five_points()) {
            (Some(landmarks), _) => self.filter.check(&landmarks, row.domain)?,
            (None, Some(five)) => self.filter.check_five(&five, row.domain)?,
            (None, None) => {}
        }
        let turned = |yaw: f64| {
            !Pose { pitch: 0.0, yaw: yaw.to_radians(), roll: 0.0 }.is_frontal(self.recipe.filter.max_yaw_degrees)
        };
        if row.yaw.is_some_and(turned) { Err(Rejection::TurnedAway) } else { Ok(()) }
    }

    /// Whether the crop that the row promises, and its mirror image if there is to be one, are on disk whole.
    fn has_crops(&self, row: &Row) -> bool {
        let length = |crop: &str| fs::metadata(self.folder.join(crop)).map_or(0, |metadata| metadata.len());
        let flipped = || !self.recipe.flip || length(&flipped_crop(&row.crop)) > 0;
        row.crop_bytes > 0 && length(&row.crop) == row.crop_bytes && flipped()
    }

    /// Decodes, warps, encodes, writes.
    fn cut(&self, entry: &Entry, row: &mut Row, loaded: Option<Loaded>) -> Result<()> {
        row.crop = crop_path(&row.identity, &row.picture);
        let picture = match loaded {
            Some(Loaded::Picture(picture)) => picture,
            Some(Loaded::Bytes(bytes)) => Picture::decode(&entry.picture.display().to_string(), &bytes)?,
            None => Picture::open(&entry.picture)?,
        };
        let template = self.recipe.template(entry.domain);
        let transform = stored_transform(row).ok_or(Error::Nothing { what: "transforms of a picture" })?;
        let (width, height) = (template.width, template.height);
        let crop = match self.recipe.sampling {
            Sampling::Opencv => warp_as_opencv(&picture, &transform, width, height)?,
            Sampling::Antialiased => warp(&picture, &transform, width, height, Border::Zero)?,
        };
        let bytes = crop.encode_png()?;
        write_whole(&self.folder.join(&row.crop), &bytes)?;
        row.crop_bytes = bytes.len() as u64;
        if self.recipe.flip {
            write_whole(&self.folder.join(flipped_crop(&row.crop)), &transform::flip(&crop).encode_png()?)?;
        }
        Ok(())
    }
}

/// Fits the transform of the five points to the template. Single precision, as the original has it: its matrices then come out
/// to the last digits.
pub(super) fn fit(fit: Fit, five: &FivePoints, template: &Template) -> Result<Similarity> {
    let single = |points: &FivePoints| points.map(|point: Point| point.map(|value| f64::from(value as f32)));
    let (from, to) = (single(five), single(&template.points));
    match fit {
        Fit::Reflective => Similarity::estimate_reflective(&from, &to),
        Fit::Plain => Similarity::estimate_in_source(&from, &to),
        Fit::Seed2018 => seed_2018::estimate_reflective(&from, &to),
    }
}

/// The transform of a row.
fn stored_transform(row: &Row) -> Option<Similarity> {
    Similarity::from_matrix([[row.a?, row.b?, row.tx?], [row.c?, row.d?, row.ty?]])
}

/// `crops/PERSON/PICTURE.png`; parts that would lead elsewhere are made harmless.
fn crop_path(person: &str, picture: &str) -> String {
    let harmless = |part: &str| match part {
        "" | "." | ".." => "_".to_owned(),
        _ => part
            .chars()
            .map(|letter| if letter.is_control() || matches!(letter, '\\' | ':') { '_' } else { letter })
            .collect(),
    };
    let person: String = harmless(&person.replace('/', "_"));
    let picture: Vec<String> = picture.split('/').map(harmless).collect();
    format!("crops/{person}/{}.png", picture.join("/"))
}

/// Ending of a crop that is being written.
pub(super) const ASIDE: &str = ".png.tmp";

/// Writes a file aside and renames it. Not synced: the manifest stores its length, by which the next run sees what a power cut
/// took away.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let aside: PathBuf = path.with_extension(&ASIDE[1..]);
    let create = || fs::File::create(&aside);
    let mut file = match create() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            create().map_err(failed)?
        }
        other => other.map_err(failed)?,
    };
    file.write_all(bytes).and_then(|()| fs::rename(&aside, path)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_stay_below_their_folder() {
        assert_eq!(crop_path("Ada Quill", "C00001"), "crops/Ada Quill/C00001.png");
        assert_eq!(crop_path("../..", "../x/./y"), "crops/.._../_/x/_/y.png");
    }
}
