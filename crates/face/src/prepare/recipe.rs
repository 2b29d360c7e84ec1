//! How a dataset is prepared: a TOML file in which everything has a default.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::align::{Fit, Sampling};
pub use crate::edit::Border;
pub use crate::template::TemplateName;

use crate::align::Cropper;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::filter::{LandmarkFilter, ORIGINAL_DISTANCE_SHARE};
use crate::landmarks::{COUNT, FivePoints};
use crate::template::Template;
use crate::text::read_text;
use crate::transform::Point;

/// A recipe; its default is the original's way to its training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// The frame that faces are aligned to.
    pub template: TemplateName,
    /// Another size of the crops in pixels, `[width, height]`; the template is scaled to it.
    pub size: Option<[usize; 2]>,
    /// How the transform is fitted.
    pub fit: Fit,
    /// How crops are sampled.
    pub sampling: Sampling,
    /// What is seen outside the picture, with antialiased sampling; OpenCV's is black there.
    #[serde(skip_serializing_if = "is_default")]
    pub border: Border,
    /// Write every crop mirrored, too.
    pub flip: bool,
    /// Estimate nose and mouth of drawings from the drawings, replacing `drawing_points`.
    pub estimate_drawings: bool,
    /// Other places for the five points of photos, in pixels of the template.
    pub photo_points: Option<FivePoints>,
    /// Other places for the five points of drawings, in pixels of the template.
    pub drawing_points: Option<FivePoints>,
    /// Which faces are kept.
    pub filter: FilterRecipe,
    /// Who is kept for testing.
    pub split: SplitRecipe,
    /// What people decided of single pictures.
    #[serde(skip_serializing_if = "is_default")]
    pub pictures: PicturesRecipe,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            template: TemplateName::Original,
            size: None,
            fit: Fit::Reflective,
            sampling: Sampling::Opencv,
            border: Border::Zero,
            flip: false,
            estimate_drawings: false,
            photo_points: None,
            drawing_points: None,
            filter: FilterRecipe::default(),
            split: SplitRecipe::default(),
            pictures: PicturesRecipe::default(),
        }
    }
}

/// What people decided of single pictures, by their labels: `Ada Quill/C00001`, or the picture's name where it stands for the person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PicturesRecipe {
    /// Kept, whatever the filter says; a face still has to be found and aligned.
    pub keep: BTreeSet<String>,
    /// Dropped, whatever the filter says.
    pub drop: BTreeSet<String>,
    /// 17 landmarks in pixels of the picture, in place of the dataset's.
    pub landmarks: BTreeMap<String, Vec<Point>>,
}

impl PicturesRecipe {
    fn check(&self) -> Result<()> {
        if let Some(label) = self.keep.intersection(&self.drop).next() {
            let expected = "each picture in one of keep and drop";
            return Err(Error::OutOfRange { what: "pictures", expected, found: format!("{label} in both") });
        }
        let is_sound =
            |points: &[Point]| points.len() == COUNT && points.iter().flatten().all(|value| value.is_finite());
        match self.landmarks.iter().find(|(_, points)| !is_sound(points)) {
            None => Ok(()),
            Some((label, points)) => {
                let found = format!("{} of {label}", points.len());
                Err(Error::OutOfRange { what: "pictures.landmarks", expected: "17 finite points", found })
            }
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which faces are kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterRecipe {
    /// The landmarks must lie in the order of a face seen from the front.
    pub positions: bool,
    /// Largest distance share `r` that is kept, 0 to 4 (see [`crate::filter::distance_share`]); 4 keeps every face
    /// inside the frame.
    pub max_distance_share: f64,
    /// Largest turn to the side in degrees, 0 to 90; 90 keeps every head.
    pub max_yaw_degrees: f64,
    /// Five points that leave the frame or lie too far from the template drop a face; without it every face that can be aligned
    /// is kept.
    pub enabled: bool,
}

impl Default for FilterRecipe {
    fn default() -> Self {
        Self { positions: true, max_distance_share: ORIGINAL_DISTANCE_SHARE, max_yaw_degrees: 90.0, enabled: true }
    }
}

/// Who is kept for testing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitRecipe {
    /// Share of the people, 0 to 1.
    pub test_share: f64,
    /// Chooses them.
    pub seed: u64,
    /// These people exactly, instead of a share.
    pub test_people: Vec<String>,
}

impl Default for SplitRecipe {
    fn default() -> Self {
        Self { test_share: 0.2, seed: 1, test_people: Vec::new() }
    }
}

impl Recipe {
    /// Reads a recipe file.
    ///
    /// # Errors
    /// [`Error::ReadText`], or [`Error::Dataset`] naming the file and the key that is unknown or out of its range.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        let wrong = |reason: String| Error::Dataset { path: path.to_owned(), reason };
        let recipe: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        recipe.check().map_err(|error| wrong(error.to_string()))?;
        Ok(recipe)
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for the first value outside its range.
    pub fn check(&self) -> Result<()> {
        let within = |what, expected, value: f64, high: f64| {
            let inside = (0.0..=high).contains(&value);
            if inside { Ok(()) } else { Err(Error::OutOfRange { what, expected, found: value.to_string() }) }
        };
        within("max_distance_share", "0 to 4", self.filter.max_distance_share, 4.0)?;
        within("max_yaw_degrees", "0 to 90", self.filter.max_yaw_degrees, 90.0)?;
        within("test_share", "0 to 1", self.split.test_share, 1.0)?;
        self.pictures.check()?;
        if let Some(size) = self.size
            && !size.iter().all(|side| (8..=8192).contains(side))
        {
            let found = format!("{}x{}", size[0], size[1]);
            return Err(Error::OutOfRange { what: "size", expected: "sides from 8 to 8192 pixels", found });
        }
        let points = [self.photo_points, self.drawing_points];
        if points.iter().flatten().flatten().flatten().any(|value| !value.is_finite()) {
            let found = "a value that is not finite".to_owned();
            return Err(Error::OutOfRange { what: "points", expected: "finite numbers", found });
        }
        Ok(())
    }

    /// The recipe as a file.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for numbers that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::OutOfRange {
            what: "recipe",
            expected: "values that TOML can hold",
            found: error.to_string(),
        })
    }

    /// The template of a domain: the named one, with the points and the size asked for.
    pub fn template(&self, domain: Domain) -> Template {
        let template = self.template.template(domain);
        let points = match domain {
            Domain::Photo => self.photo_points,
            Domain::Drawing => self.drawing_points,
        };
        let template = Template { points: points.unwrap_or(template.points), ..template };
        self.size.map_or(template, |[width, height]| template.resized(width, height))
    }

    /// What cuts the crops of a domain out.
    pub fn cropper(&self, domain: Domain) -> Cropper {
        Cropper { template: self.template(domain), fit: self.fit, sampling: self.sampling, border: self.border }
    }

    /// The landmark filter in pixels of the crops.
    pub fn landmark_filter(&self) -> LandmarkFilter {
        LandmarkFilter {
            photo: self.template(Domain::Photo),
            drawing: self.template(Domain::Drawing),
            positions: self.filter.positions,
            max_distance_share: self.filter.max_distance_share,
        }
    }

    /// What the pixels of a crop depend on, as a hash: with the same one, crops of an earlier run stay.
    pub fn geometry_hash(&self, domain: Domain) -> String {
        let template = self.template(domain);
        // "Seed2018" is the older name of this fit. It stays in the hashed text: another text would change every hash,
        // and crops of earlier runs would be made anew.
        let fit = match self.fit {
            Fit::Original2018 => "Seed2018".to_owned(),
            fit => format!("{fit:?}"),
        };
        // Black is what older recipes had, without a word for it.
        let border = if self.border == Border::Zero { String::new() } else { format!(" {:?}", self.border) };
        hash(format!("{template:?} {fit} {:?}{border}", self.sampling).as_bytes())[..16].to_owned()
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn recipes_come_back_from_their_files() {
        let recipe = Recipe {
            drawing_points: Some(Template::VIEWER_DRAWING.points),
            size: Some([100, 116]),
            split: SplitRecipe { test_people: vec!["Ada Quill".to_owned()], ..SplitRecipe::default() },
            ..Recipe::default()
        };
        assert_eq!(toml::from_str::<Recipe>(&recipe.to_toml().unwrap()).unwrap(), recipe);
        assert_eq!(toml::from_str::<Recipe>("").unwrap(), Recipe::default());
        assert!(toml::from_str::<Recipe>("tempalte = 'seed'").is_err());
    }

    #[test]
    fn names_of_older_recipes_are_read_and_keep_their_crops() {
        let older: Recipe = toml::from_str("template = 'seed'\nfit = 'seed-2018'").unwrap();
        let newer: Recipe = toml::from_str("template = 'original'\nfit = 'original-2018'").unwrap();
        assert_eq!(older, newer);
        assert_eq!(newer.template, TemplateName::Original);
        assert_eq!(newer.geometry_hash(Domain::Photo), "31195bef66c5a2ce");
        assert!(toml::from_str::<Recipe>("fit = 'in-crop'").is_err());
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        for text in [
            "[filter]\nmax_distance_share = -1",
            "[filter]\nmax_yaw_degrees = nan",
            "[split]\ntest_share = 2",
            "size = [0, 5]",
        ] {
            assert!(toml::from_str::<Recipe>(text).unwrap().check().is_err(), "{text}");
        }
    }
}
