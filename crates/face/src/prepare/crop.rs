//! One picture: from its files to a crop and a row of the manifest.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::manifest::{Row, Stamp, blank_row, flipped_crop, is_fresh};
use super::recipe::Recipe;
use crate::dataset::{Dataset, Entry, Person, Problem, ProblemKind};
use crate::detect::FaceDetector;
use crate::domain::Domain;
use crate::edit::flip;
use crate::error::{Error, Result};
use crate::files::write_unsynced;
use crate::filter::{LandmarkFilter, Rejection, distance_share};
use crate::landmarks::{FivePoints, Landmarks};
use crate::picture::{Header, Picture, read_file};
use crate::pipeline::FacePipeline;
use crate::pose::{self, HeadModel, Pose};
use crate::transform::Similarity;

/// Crops the pictures of a run, and holds what all of them share.
pub(super) struct CropPipeline<'a> {
    dataset: &'a Dataset,
    recipe: &'a Recipe,
    folder: &'a Path,
    filter: LandmarkFilter,
    photos: DomainPipeline,
    drawings: DomainPipeline,
}

/// How the faces of one domain are found and cut out.
struct DomainPipeline {
    faces: FacePipeline,
    /// Hash of what the pixels of a crop depend on.
    geometry: String,
}

/// What became of a picture: its row, what is wrong with it, and whether anything was done.
pub(super) struct Cropped {
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

impl<'a> CropPipeline<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        recipe: &'a Recipe,
        detector: &Arc<dyn FaceDetector>,
        folder: &'a Path,
    ) -> Self {
        let of = |domain| DomainPipeline {
            faces: FacePipeline::new(Arc::clone(detector), recipe.cropper(domain)),
            geometry: recipe.geometry_hash(domain),
        };
        let (photos, drawings) = (of(Domain::Photo), of(Domain::Drawing));
        Self { dataset, recipe, folder, filter: recipe.landmark_filter(), photos, drawings }
    }

    fn of(&self, domain: Domain) -> &DomainPipeline {
        match domain {
            Domain::Photo => &self.photos,
            Domain::Drawing => &self.drawings,
        }
    }

    /// Crops a picture, or takes the crop of an earlier run.
    ///
    /// # Errors
    /// Only where nothing can be written: then the other pictures fail as well.
    pub(super) fn run(&self, person: &Person, entry: &Entry, earlier: Option<&Row>) -> Result<Cropped> {
        let stamps = [Stamp::of(Some(&entry.picture)), Stamp::of(entry.landmarks.as_deref())];
        let geometry = &self.of(entry.domain).geometry;
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
            return Ok(Cropped { row, problem: None, changed });
        }
        if self.has_crops(&row) {
            let changed = fresh.is_none();
            return Ok(Cropped { row, problem: None, changed });
        }
        match self.cut(entry, &mut row, loaded) {
            Ok(()) => Ok(Cropped { row, problem: None, changed: true }),
            Err(error @ (Error::Write { .. } | Error::AlreadyExists { .. })) => Err(error),
            Err(error) => {
                Ok(self.failed(person, entry, stamps, geometry, ProblemKind::of_picture(&error), error.to_string()))
            }
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
    ) -> Cropped {
        let reason = serde_json::to_value(kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned()));
        let row = Row { reason: reason.unwrap_or_default(), ..self.blank(person, entry, stamps, geometry) };
        Cropped { row, problem: Some(Problem { picture: person.label(entry), kind, detail }), changed: true }
    }

    /// Finds the face and its place in the crop. What was read of the picture comes along.
    fn measure(&self, entry: &Entry, blank: &Row) -> std::result::Result<(Row, Option<Loaded>), Failure> {
        let mut row = blank.clone();
        let landmarks =
            entry.read_landmarks().map_err(|error| (ProblemKind::of_landmarks(&error), error.to_string()))?;
        let unreadable = |error: Error| (ProblemKind::of_picture(&error), error.to_string());
        let (face, loaded, size) = match landmarks {
            Some(landmarks) => {
                let bytes = read_file(&entry.picture).map_err(unreadable)?;
                let header = Header::parse(&entry.picture.display().to_string(), &bytes).map_err(unreadable)?;
                (Face::All(Box::new(landmarks)), Loaded::Bytes(bytes), [header.width, header.height])
            }
            None => {
                let picture = Picture::open(&entry.picture).map_err(unreadable)?;
                let size = [picture.width(), picture.height()];
                (Face::Five(self.detect(entry.domain, &picture)?), Loaded::Picture(picture), size)
            }
        };
        let cropper = self.of(entry.domain).faces.cropper();
        let five = match &face {
            Face::All(landmarks) => landmarks.five_points(),
            Face::Five(points) => *points,
        };
        let transform = cropper
            .fit(&five)
            .map_err(|error| (ProblemKind::AlignmentFailed, format!("the face cannot be aligned: {error}")))?;
        (row.width, row.height) = (Some(size[0]), Some(size[1]));
        row.set_transform(transform.matrix());
        let moved = five.map(|point| transform.apply(point));
        row.distance_share = distance_share(&moved, &cropper.template).map(|share| share.value());
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

    /// The five points of the largest face.
    fn detect(&self, domain: Domain, picture: &Picture) -> std::result::Result<FivePoints, Failure> {
        let unusable = |detail: String| (ProblemKind::LandmarksMissing, detail);
        let points = self.of(domain).faces.find(picture).map_err(|error| unusable(error.to_string()))?;
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
        let transform = stored_transform(row).ok_or(Error::Nothing { what: "transforms of a picture" })?;
        let crop = self.of(entry.domain).faces.cropper().cut(&picture, &transform)?;
        let bytes = crop.encode_png()?;
        write_unsynced(&self.folder.join(&row.crop), &bytes)?;
        row.crop_bytes = bytes.len() as u64;
        if self.recipe.flip {
            write_unsynced(&self.folder.join(flipped_crop(&row.crop)), &flip(&crop).encode_png()?)?;
        }
        Ok(())
    }
}

/// The transform of a row.
fn stored_transform(row: &Row) -> Option<Similarity> {
    Similarity::from_matrix([[row.a?, row.b?, row.tx?], [row.c?, row.d?, row.ty?]])
}

/// `crops/PERSON/PICTURE.png`; parts that would lead out of the folder are replaced.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_stay_below_their_folder() {
        assert_eq!(crop_path("Ada Quill", "C00001"), "crops/Ada Quill/C00001.png");
        assert_eq!(crop_path("../..", "../x/./y"), "crops/.._../_/x/_/y.png");
    }
}
