//! One picture: from its files to a crop and a row of the manifest.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::manifest::{Row, blank_row, flipped_crop, is_fresh};
use super::recipe::{Recipe, hash};
use super::stamp::{Stamp, hash_file};
use crate::dataset::{Dataset, Entry, Person, Problem, ProblemKind};
use crate::detect::FaceDetector;
use crate::domain::Domain;
use crate::edit::flip;
use crate::error::{Error, Result};
use crate::filter::{LandmarkFilter, Rejection, distance_share};
use crate::landmarks::{FivePoints, Landmarks};
use crate::picture::{Decoded, Header, Picture, PictureWarning, read_file};
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
    /// When the earlier run looked at the files, nanoseconds since 1970.
    looked: u128,
}

/// How the faces of one domain are found and cut out.
struct DomainPipeline {
    faces: FacePipeline,
    /// Hash of what the pixels of a crop depend on.
    geometry: String,
}

/// Stands before names that are no text.
const NO_TEXT: &str = "bytes:";

/// The reason of pictures that the recipe drops.
const DROPPED_BY_HAND: &str = "dropped_by_hand";

/// What became of a picture: its row, what is wrong with it, and whether anything was done.
pub(super) struct Cropped {
    pub(super) row: Row,
    pub(super) problem: Option<Problem>,
    pub(super) changed: bool,
    /// Crops to write, below the prepared folder.
    pub(super) files: Files,
}

impl Cropped {
    fn new(row: Row, changed: bool) -> Self {
        Self { row, problem: None, changed, files: Vec::new() }
    }

    /// What became of a picture whose crop has a name that the file system refuses.
    pub(super) fn without_crop(self, picture: String, detail: String) -> Self {
        let kind = ProblemKind::CropUnwritable;
        let row = Row { crop: String::new(), crop_bytes: 0, kept: false, reason: name_of(kind), ..self.row };
        Self { problem: Some(Problem { picture, kind, detail }), ..Self::new(row, true) }
    }
}

/// The kind's name in tables.
fn name_of(kind: ProblemKind) -> String {
    serde_json::to_value(kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned())).unwrap_or_default()
}

/// Points of a face in pixels of the source.
enum Face {
    All(Box<Landmarks>),
    Five(FivePoints),
}

/// What of a picture file is in memory already.
enum Loaded {
    Bytes(Vec<u8>),
    Picture(Decoded),
}

/// Crops to write, below the prepared folder.
type Files = Vec<(String, Vec<u8>)>;

/// Why a picture gives no crop.
type Failure = (ProblemKind, String);

impl<'a> CropPipeline<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        recipe: &'a Recipe,
        detector: &Arc<dyn FaceDetector>,
        folder: &'a Path,
        looked: u128,
    ) -> Self {
        let of = |domain| DomainPipeline {
            faces: FacePipeline::new(Arc::clone(detector), recipe.cropper(domain)),
            geometry: recipe.geometry_hash(domain),
        };
        let (photos, drawings) = (of(Domain::Photo), of(Domain::Drawing));
        Self { dataset, recipe, folder, filter: recipe.landmark_filter(), photos, drawings, looked }
    }

    fn of(&self, domain: Domain) -> &DomainPipeline {
        match domain {
            Domain::Photo => &self.photos,
            Domain::Drawing => &self.drawings,
        }
    }

    /// Crops a picture to the file `crop`, or takes the crop of an earlier run.
    pub(super) fn run(&self, person: &Person, entry: &Entry, crop: &str, earlier: Option<&Row>) -> Cropped {
        let [source, landmarks] = earlier.map_or([None, None], |row| row.stamps().map(Some));
        let stamps = [
            Stamp::of(Some(&entry.picture), source, self.looked),
            Stamp::of(entry.landmarks.as_deref(), landmarks, self.looked),
        ];
        let label = person.label(entry);
        let corrected = self.corrected(&label);
        let geometry = &self.geometry(entry.domain, corrected.as_ref());
        let fresh = earlier.filter(|row| is_fresh(row, &stamps, geometry) && row.domain == entry.domain);
        let blank = || {
            let mut row = self.blank(person, entry, geometry);
            row.set_stamps(&stamps);
            row
        };
        let measured = match fresh.filter(|row| row.a.is_some()) {
            Some(row) => Ok((row.clone(), None)),
            None => self.measure(entry, corrected, blank()),
        };
        let (mut row, loaded) = match measured {
            Ok(measured) => measured,
            Err((kind, detail)) => return failed(blank(), label, kind, detail),
        };
        row.set_stamps(&stamps);
        row.reason = self.decide(&row, &label);
        row.kept = row.reason.is_empty();
        if !row.kept {
            (row.crop, row.crop_bytes) = (String::new(), 0);
            (row.crop_sha256, row.mirror_sha256) = (String::new(), String::new());
            return Cropped::new(row, fresh.is_none_or(|earlier| earlier.kept));
        }
        crop.clone_into(&mut row.crop);
        if self.has_crops(&mut row) {
            return Cropped::new(row, fresh.is_none());
        }
        match self.cut(entry, &mut row, loaded) {
            Ok((files, warnings)) => {
                let problem = odd(label, &warnings);
                Cropped { files, problem, ..Cropped::new(row, true) }
            }
            Err(error) => failed(blank(), label, ProblemKind::of_picture(&error), error.to_string()),
        }
    }

    /// The landmarks that the recipe has for a picture.
    fn corrected(&self, label: &str) -> Option<Landmarks> {
        let points = self.recipe.pictures.landmarks.get(label)?;
        points.as_slice().try_into().ok().map(Landmarks)
    }

    /// What the pixels of a picture's crop depend on, as a hash.
    fn geometry(&self, domain: Domain, corrected: Option<&Landmarks>) -> String {
        let geometry = &self.of(domain).geometry;
        corrected.map_or_else(
            || geometry.clone(),
            |points| hash(format!("{geometry}\n{}", points.to_text()).as_bytes())[..16].to_owned(),
        )
    }

    /// Why a measured face is dropped; empty if it is kept. What a person decided comes before the filter.
    fn decide(&self, row: &Row, label: &str) -> String {
        let pictures = &self.recipe.pictures;
        if pictures.drop.contains(label) {
            return DROPPED_BY_HAND.to_owned();
        }
        let rejection = self.judge(row).err().filter(|_| !pictures.keep.contains(label));
        rejection.map_or_else(String::new, |rejection| rejection.name().to_owned())
    }

    fn blank(&self, person: &Person, entry: &Entry, geometry: &str) -> Row {
        Row {
            source: source_of(self.dataset, entry),
            identity: person.name.clone(),
            picture: entry.name.clone(),
            domain: entry.domain,
            geometry: geometry.to_owned(),
            ..blank_row()
        }
    }

    /// Finds the face and its place in the crop. What was read of the picture comes along.
    fn measure(
        &self,
        entry: &Entry,
        corrected: Option<Landmarks>,
        mut row: Row,
    ) -> std::result::Result<(Row, Option<Loaded>), Failure> {
        let of_dataset =
            || entry.read_landmarks().map_err(|error| (ProblemKind::of_landmarks(&error), error.to_string()));
        let landmarks = if corrected.is_some() { corrected } else { of_dataset()? };
        let unreadable = |error: Error| (ProblemKind::of_picture(&error), error.to_string());
        let (face, loaded, size) = match landmarks {
            Some(landmarks) => {
                let bytes = read_file(&entry.picture).map_err(unreadable)?;
                let header = Header::parse(&entry.picture.display().to_string(), &bytes).map_err(unreadable)?;
                (Face::All(Box::new(landmarks)), Loaded::Bytes(bytes), [header.width, header.height])
            }
            None => {
                let decoded = Decoded::open(&entry.picture).map_err(unreadable)?;
                let size = [decoded.picture.width(), decoded.picture.height()];
                (Face::Five(self.detect(entry.domain, &decoded.picture)?), Loaded::Picture(decoded), size)
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
                    [row.pitch, row.yaw, row.roll] = pose.upright(HeadModel::TenPoints).degrees().map(Some);
                }
            }
        }
        Ok((row, Some(loaded)))
    }

    /// The five points of the first face found.
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

    /// Whether the crop that the row promises, and its mirror image if there is to be one, are on disk as they were written.
    fn has_crops(&self, row: &mut Row) -> bool {
        let crop = self.folder.join(&row.crop);
        let is_long_enough = || fs::metadata(&crop).is_ok_and(|metadata| metadata.len() == row.crop_bytes);
        if row.crop_bytes == 0 || !is_long_enough() || !is_whole(&crop, &mut row.crop_sha256) {
            return false;
        }
        if !self.recipe.flip {
            row.mirror_sha256.clear();
            return true;
        }
        is_whole(&self.folder.join(flipped_crop(&row.crop)), &mut row.mirror_sha256)
    }

    /// Decodes, warps, encodes. With the files goes what is to be said of the picture.
    fn cut(&self, entry: &Entry, row: &mut Row, loaded: Option<Loaded>) -> Result<(Files, Vec<PictureWarning>)> {
        let Decoded { picture, warnings } = match loaded {
            Some(Loaded::Picture(decoded)) => decoded,
            Some(Loaded::Bytes(bytes)) => Decoded::decode(&entry.picture.display().to_string(), &bytes)?,
            None => Decoded::open(&entry.picture)?,
        };
        let transform = stored_transform(row).ok_or(Error::Nothing { what: "transforms of a picture" })?;
        let crop = self.of(entry.domain).faces.cropper().cut(&picture, &transform)?;
        let bytes = crop.encode_png()?;
        (row.crop_bytes, row.crop_sha256) = (bytes.len() as u64, hash(&bytes));
        row.mirror_sha256.clear();
        let mut files = vec![(row.crop.clone(), bytes)];
        if self.recipe.flip {
            let mirrored = flip(&crop).encode_png()?;
            row.mirror_sha256 = hash(&mirrored);
            files.push((flipped_crop(&row.crop), mirrored));
        }
        Ok((files, warnings))
    }
}

/// What is to be said of a picture that was cropped all the same.
fn odd(picture: String, warnings: &[PictureWarning]) -> Option<Problem> {
    let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    (!said.is_empty()).then(|| Problem { picture, kind: ProblemKind::OddPicture, detail: said.join("; ") })
}

/// A picture's file below its dataset's folder, or its whole path. A name that is no UTF-8 is [`NO_TEXT`] and its bytes in
/// hexadecimal: two that differ only there stay two.
pub(super) fn source_of(dataset: &Dataset, entry: &Entry) -> String {
    let path = entry.picture.strip_prefix(&dataset.root).unwrap_or(&entry.picture);
    match path.to_str() {
        Some(text) if !text.starts_with(NO_TEXT) => text.to_owned(),
        _ => {
            let bytes = path.as_os_str().as_encoded_bytes().iter();
            bytes.fold(NO_TEXT.to_owned(), |text, byte| format!("{text}{byte:02x}"))
        }
    }
}

/// What became of a picture that cannot be used.
fn failed(blank: Row, picture: String, kind: ProblemKind, detail: String) -> Cropped {
    let row = Row { reason: name_of(kind), ..blank };
    Cropped { problem: Some(Problem { picture, kind, detail }), ..Cropped::new(row, true) }
}

/// Whether a crop's file has that hash. Manifests of older versions have none: then the file is taken as it is, and its hash from
/// now on.
fn is_whole(file: &Path, sha256: &mut String) -> bool {
    match hash_file(file) {
        Some(found) if sha256.is_empty() => {
            *sha256 = found;
            true
        }
        found => found.is_some_and(|found| found == *sha256),
    }
}

/// The transform of a row.
fn stored_transform(row: &Row) -> Option<Similarity> {
    Similarity::from_matrix([[row.a?, row.b?, row.tx?], [row.c?, row.d?, row.ty?]])
}
