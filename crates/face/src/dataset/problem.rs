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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Another picture has the same pixels.
    Duplicate,
    /// Another picture looks the same.
    NearDuplicate,
    /// Nowhere sharp.
    Blurry,
    /// Nothing bright in it.
    Dark,
    /// Nothing dark in it.
    Bright,
    /// Few grey levels.
    LowInformation,
    /// A grey photo among coloured ones.
    GreyAmongColour,
    /// Much larger or smaller than the others.
    OddSize,
    /// Much longer than wide, or much wider than long.
    OddAspect,
    /// A landmark far from where faces have it.
    ImplausibleLandmarks,
    /// The face reaches the picture's edge.
    FaceCutOff,
    /// No face was found.
    NoFace,
    /// More alike to another person's photos than to those of its own.
    OtherPerson,
    /// Two names whose photos seem to show one person.
    SamePerson,
    /// Nearly one colour.
    NearConstant,
    /// The face lies where a template would put it.
    AlreadyAligned,
    /// The same picture is listed twice.
    ListedTwice,
}

impl ProblemKind {
    /// The word that stands for it in JSON and lists: `face_cut_off`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PictureMissing => "picture_missing",
            Self::PictureUnreadable => "picture_unreadable",
            Self::OddPicture => "odd_picture",
            Self::LandmarksMissing => "landmarks_missing",
            Self::LandmarksCount => "landmarks_count",
            Self::LandmarksSyntax => "landmarks_syntax",
            Self::AlignmentFailed => "alignment_failed",
            Self::CropUnwritable => "crop_unwritable",
            Self::ListUnreadable => "list_unreadable",
            Self::ProtocolPicture => "protocol_picture",
            Self::ProtocolEmpty => "protocol_empty",
            Self::ProtocolRepeats => "protocol_repeats",
            Self::ProtocolPersonTwice => "protocol_person_twice",
            Self::ProbeWithoutGallery => "probe_without_gallery",
            Self::ProtocolCount => "protocol_count",
            Self::NoLandmarks => "no_landmarks",
            Self::PointsCoincide => "points_coincide",
            Self::PointOutside => "point_outside",
            Self::Duplicate => "duplicate",
            Self::NearDuplicate => "near_duplicate",
            Self::Blurry => "blurry",
            Self::Dark => "dark",
            Self::Bright => "bright",
            Self::LowInformation => "low_information",
            Self::GreyAmongColour => "grey_among_colour",
            Self::OddSize => "odd_size",
            Self::OddAspect => "odd_aspect",
            Self::ImplausibleLandmarks => "implausible_landmarks",
            Self::FaceCutOff => "face_cut_off",
            Self::NoFace => "no_face",
            Self::OtherPerson => "other_person",
            Self::SamePerson => "same_person",
            Self::NearConstant => "near_constant",
            Self::AlreadyAligned => "already_aligned",
            Self::ListedTwice => "listed_twice",
        }
    }

    /// Whether something cannot be used; the others are worth a look.
    pub fn is_error(self) -> bool {
        matches!(
            self,
            Self::PictureMissing
                | Self::PictureUnreadable
                | Self::LandmarksMissing
                | Self::LandmarksCount
                | Self::LandmarksSyntax
                | Self::AlignmentFailed
                | Self::CropUnwritable
                | Self::ListUnreadable
                | Self::ProtocolPicture
                | Self::ProtocolEmpty
                | Self::ProtocolPersonTwice
                | Self::ProbeWithoutGallery
                | Self::ProtocolCount
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

impl serde::Serialize for ProblemKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
