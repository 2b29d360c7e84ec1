//! What is to be said of a picture that was read all the same.

use std::fmt;

/// Something that whoever gave the picture would want to know. The text does not name the file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PictureWarning {
    /// An animation or a file of several pages: only the first is used.
    SeveralFrames {
        /// How many there are.
        count: usize,
        /// What they are called: `frames` or `pages`.
        what: &'static str,
    },
    /// A JPEG without its end marker; all its blocks are there.
    EndMissing {
        /// The very last one, at the bottom right, lacks some of its data.
        last_block_cut: bool,
    },
    /// The colour profile could not be used: the colours are taken for sRGB.
    ProfileIgnored {
        /// Why not.
        reason: String,
    },
    /// Floating-point samples beyond 1 were read as 0 to 255.
    WideFloats {
        /// The highest sample.
        highest: f32,
    },
    /// Floating-point samples a little outside of 0 to 1 were clamped.
    ClampedFloats {
        /// The lowest sample.
        lowest: f32,
        /// The highest sample.
        highest: f32,
    },
}

impl fmt::Display for PictureWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralFrames { count, what } => write!(formatter, "the first of {count} {what} is used"),
            Self::EndMissing { last_block_cut: false } => {
                write!(formatter, "the JPEG's end marker is missing; all blocks are there, so it is used as it is")
            }
            Self::EndMissing { last_block_cut: true } => {
                write!(
                    formatter,
                    "the JPEG's end is missing; all blocks but the last are whole, so it is used as it is"
                )
            }
            Self::ProfileIgnored { reason } => {
                write!(formatter, "its colour profile is ignored: {reason}; the colours are taken for sRGB")
            }
            Self::WideFloats { highest } => {
                write!(formatter, "its floating-point samples reach {highest}; they are read as 0 to 255")
            }
            Self::ClampedFloats { lowest, highest } => {
                write!(formatter, "its floating-point samples, {lowest} to {highest}, are clamped to 0 to 1")
            }
        }
    }
}
