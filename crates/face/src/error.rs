//! The one error type of this crate: every message names the file or value, what was expected and what was found.

use std::io;
use std::path::PathBuf;

use crate::picture::format::FORMATS;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong with pictures, geometry and detection.
///
/// `name` is what the caller called the picture: its path, or a name given with the bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be opened or read.
    #[error("{name}: cannot read the picture: {source}; check the path and its permissions")]
    Read {
        /// Path of the picture.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The path is a folder, a socket or a device.
    #[error("{name}: expected a picture file, found {found}; name the picture files themselves")]
    NotAFile {
        /// Path given.
        name: String,
        /// What is there instead.
        found: &'static str,
    },
    /// The file holds no bytes.
    #[error("{name}: expected a picture, found an empty file; copy or download it again")]
    EmptyFile {
        /// Name of the picture.
        name: String,
    },
    /// The file is larger than this crate reads.
    #[error("{name}: the file has {found_bytes} bytes, more than the limit of {limit_bytes}; shrink the picture first")]
    FileTooLarge {
        /// Name of the picture.
        name: String,
        /// Size of the file.
        found_bytes: u64,
        /// Largest size that is read.
        limit_bytes: u64,
    },
    /// The content is no known picture format, whatever the file is called.
    #[error("{name}: expected a {FORMATS} picture, found {found}; convert it to one of these")]
    NotAPicture {
        /// Name of the picture.
        name: String,
        /// What the first bytes look like.
        found: String,
    },
    /// A known format in a variant that cannot be decoded.
    #[error("{name}: this kind of {format} cannot be read ({detail}); convert it to PNG or to a plain JPEG")]
    Unsupported {
        /// Name of the picture.
        name: String,
        /// Format found.
        format: &'static str,
        /// The decoder's words.
        detail: String,
    },
    /// The picture is cut off or its data is broken.
    #[error("{name}: expected a whole {format} picture, found damaged data ({detail}); copy or download it again")]
    Damaged {
        /// Name of the picture.
        name: String,
        /// Format found.
        format: &'static str,
        /// The decoder's words.
        detail: String,
    },
    /// The header announces more pixels than are decoded.
    #[error(
        "{name}: the picture is {width}x{height}, more than the limits of {limit_side} pixels a side and {limit_megapixels} megapixels; shrink it first"
    )]
    PictureTooLarge {
        /// Name of the picture.
        name: String,
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
        /// Longest side that is read.
        limit_side: u32,
        /// Largest area that is read, in millions of pixels.
        limit_megapixels: u64,
    },
    /// A width or height of zero, or one beyond the limits, was asked for.
    #[error(
        "{what}: expected sides from 1 to {limit} pixels and at most {limit_megapixels} megapixels, found {width}x{height}"
    )]
    SizeOutOfRange {
        /// Which size it was.
        what: &'static str,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Longest side.
        limit: usize,
        /// Largest area, in millions of pixels.
        limit_megapixels: u64,
    },
    /// A buffer does not hold as many values as its size says.
    #[error("{what}: expected {expected} values, found {found}")]
    WrongLength {
        /// Which buffer it was.
        what: &'static str,
        /// Values needed.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A rectangle reaches outside its picture.
    #[error("crop {width}x{height} at ({left}, {top}) does not fit into a picture of {picture_width}x{picture_height}")]
    CropOutside {
        /// Left edge in pixels.
        left: usize,
        /// Top edge in pixels.
        top: usize,
        /// Width of the crop.
        width: usize,
        /// Height of the crop.
        height: usize,
        /// Width of the picture.
        picture_width: usize,
        /// Height of the picture.
        picture_height: usize,
    },
    /// Pictures that must have one size do not.
    #[error(
        "{what}: expected every picture to be {expected_width}x{expected_height}, found {found_width}x{found_height} at index {index}"
    )]
    SizesDiffer {
        /// What was being put together.
        what: &'static str,
        /// Width of the first picture.
        expected_width: usize,
        /// Height of the first picture.
        expected_height: usize,
        /// Width of the odd one.
        found_width: usize,
        /// Height of the odd one.
        found_height: usize,
        /// Position of the odd one.
        index: usize,
    },
    /// Something that needs at least one entry got none.
    #[error("{what}: expected at least one, found none")]
    Nothing {
        /// What was missing.
        what: &'static str,
    },
    /// A setting lies outside its documented range.
    #[error("{what}: expected {expected}, found {found}")]
    OutOfRange {
        /// Name of the setting.
        what: &'static str,
        /// Allowed values.
        expected: &'static str,
        /// Value given.
        found: String,
    },
    /// The points do not determine a similarity transform.
    #[error("similarity transform: {reason}; give two or more different points that lie inside or near the picture")]
    DegeneratePoints {
        /// Why not.
        reason: String,
    },
    /// The destination's extension names no format that is written.
    #[error("{}: expected a name ending in .png, .jpg, .jpeg or .webp, found {found}", path.display())]
    UnknownExtension {
        /// Destination.
        path: PathBuf,
        /// Its extension.
        found: String,
    },
    /// The picture could not be encoded.
    #[error("cannot encode the picture as {format}: {detail}")]
    Encode {
        /// Format asked for.
        format: &'static str,
        /// The encoder's words.
        detail: String,
    },
    /// The destination exists and may not be replaced.
    #[error("{}: the file exists; remove it, choose another name or allow overwriting", path.display())]
    AlreadyExists {
        /// Destination.
        path: PathBuf,
    },
    /// The destination could not be written; an earlier file of that name is as it was.
    #[error("{}: cannot write: {source}; nothing was changed", path.display())]
    Write {
        /// Destination.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder that would be written is there already.
    #[error("{}: the folder exists and is not empty; choose another name or allow overwriting", path.display())]
    FolderExists {
        /// The folder.
        path: PathBuf,
    },
    /// A folder would be replaced that this program did not make.
    #[error(
        "{}: expected a synthetic dataset to replace, found something else; it was not touched: remove it or choose another name",
        path.display()
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// A folder holds what another process works on.
    #[error("{}: another process works here ({holder}); wait until it has ended", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// What it does, and its number.
        holder: String,
    },
    /// Files that this program did not write are where results would go.
    #[error("{}: {reason}; nothing was touched", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What was found, and what to do.
        reason: String,
    },
    /// Whoever asked for the work ended it.
    #[error("stopped before the end; what was done waits for the next run")]
    Stopped,
    /// A text file could not be read.
    #[error("{}: cannot read the file: {source}; check the path and its permissions", path.display())]
    ReadText {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A landmark file does not hold 17 points.
    #[error("{}: {reason}", path.display())]
    Landmarks {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: LandmarkProblem,
    },
    /// A dataset, or a part of it, is not where or what it should be.
    #[error("{}: {reason}", path.display())]
    Dataset {
        /// File or folder.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A line of an evaluation protocol cannot be understood.
    #[error("{}, line {line}: expected {expected}, found `{found}`", path.display())]
    Protocol {
        /// The protocol file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the line should be.
        expected: &'static str,
        /// The line's text.
        found: String,
    },
    /// The built-in detector failed.
    #[error("face detector: {detail}; this is a mistake in the program, please report it with the picture")]
    Detector {
        /// What happened.
        detail: String,
    },
}

/// What is wrong with a landmark file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LandmarkProblem {
    /// Another number of points than 17.
    #[error("expected 17 lines `x y`, found {found}")]
    Count {
        /// Lines found.
        found: usize,
    },
    /// A line that is not two numbers.
    #[error("line {line}: expected two numbers `x y` with a decimal point, found `{found}`{hint}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// The line's text, shortened.
        found: String,
        /// What may have happened.
        hint: &'static str,
    },
    /// A number that is no place: NaN or infinity.
    #[error("line {line}: expected finite numbers, found `{found}`")]
    NotFinite {
        /// Line, from 1.
        line: usize,
        /// The line's text, shortened.
        found: String,
    },
}

impl LandmarkProblem {
    pub(crate) fn at_line(self, number: usize) -> Self {
        match self {
            Self::Syntax { found, hint, .. } => Self::Syntax { line: number, found, hint },
            Self::NotFinite { found, .. } => Self::NotFinite { line: number, found },
            Self::Count { .. } => self,
        }
    }
}
