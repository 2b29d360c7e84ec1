//! What can be wrong with a dataset.

use std::io;

use crate::error::{Error, LandmarkProblem};

/// Something wrong with a picture or a list of a dataset; the rest can be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The picture (`Ada Quill/C00001`), or the file that names it.
    pub picture: String,
    /// What is wrong, in one word.
    pub kind: ProblemKind,
    /// The same in a sentence.
    pub detail: String,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A listed picture has no file.
    PictureMissing,
    /// The file is damaged or no picture.
    PictureUnreadable,
    /// The picture is read, and something about it is worth knowing: see [`PictureWarning`](crate::picture::PictureWarning).
    OddPicture,
    /// The landmark file is missing or unreadable.
    LandmarksMissing,
    /// The landmark file does not hold 17 points.
    LandmarksCount,
    /// A line of the landmark file is not two finite numbers.
    LandmarksSyntax,
    /// No transform moves the five points onto the template: they coincide, or nearly so.
    AlignmentFailed,
    /// The file system does not take the crop's name.
    CropUnwritable,
    /// A list or protocol cannot be read.
    ListUnreadable,
    /// A protocol names a picture that the dataset does not list.
    ProtocolPicture,
    /// A protocol names nobody and nothing, or there is none.
    ProtocolEmpty,
    /// A protocol names a pair or a picture more than once.
    ProtocolRepeats,
    /// A protocol names a person twice in one fold.
    ProtocolPersonTwice,
    /// A probe's person is not in the gallery.
    ProbeWithoutGallery,
    /// A protocol counts more pictures of a person than there are.
    ProtocolCount,
    /// The dataset has no landmarks at all.
    NoLandmarks,
    /// Some landmarks lie on one spot.
    PointsCoincide,
    /// Some points lie outside the picture.
    PointOutside,
    /// Another picture looks the same.
    Duplicate,
    /// Nearly one colour.
    NearConstant,
    /// The face lies where a template would put it.
    AlreadyAligned,
    /// The same picture is listed twice.
    ListedTwice,
}

impl ProblemKind {
    /// Whether something cannot be used; the others are worth a look.
    pub fn is_error(self) -> bool {
        use ProblemKind::{
            AlreadyAligned, Duplicate, ListedTwice, NearConstant, NoLandmarks, OddPicture, PointOutside,
            PointsCoincide, ProtocolRepeats,
        };
        !matches!(
            self,
            OddPicture
                | PointOutside
                | PointsCoincide
                | NoLandmarks
                | Duplicate
                | NearConstant
                | AlreadyAligned
                | ListedTwice
                | ProtocolRepeats
        )
    }

    /// What an error of a picture file means: missing or unreadable.
    pub fn of_picture(error: &Error) -> Self {
        match error {
            Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => Self::PictureMissing,
            _ => Self::PictureUnreadable,
        }
    }

    /// What an error of a landmark file means: missing, another number of points, or no numbers.
    pub fn of_landmarks(error: &Error) -> Self {
        match error {
            Error::Landmarks { reason: LandmarkProblem::Count { .. }, .. } => Self::LandmarksCount,
            Error::Landmarks { .. } => Self::LandmarksSyntax,
            _ => Self::LandmarksMissing,
        }
    }
}
