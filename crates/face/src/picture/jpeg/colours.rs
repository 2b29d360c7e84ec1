//! What the components of a JPEG are, decided as libjpeg does (`default_decompress_parms` of its `jdapimin.c`).

use super::segments::{Frame, Segments};

/// The colours of the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Components {
    /// One component.
    Grey,
    /// Luma and two colour differences.
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Inks, inverted as Adobe stores them.
    Cmyk,
    /// Inks with the first three as luma and colour differences.
    Ycck,
    /// Two components, or five and more: no picture.
    Unknown(usize),
}

impl Components {
    /// The rule: JFIF's marker before Adobe's, Adobe's before the components' names.
    pub(super) fn of(segments: &Segments, frame: &Frame) -> Self {
        match frame.components.as_slice() {
            [_] => Self::Grey,
            [_, _, _] if segments.jfif => Self::YCbCr,
            [first, second, third] => match segments.adobe_transform {
                Some(0) => Self::Rgb,
                Some(_) => Self::YCbCr,
                None if [*first, *second, *third] == *b"RGB" => Self::Rgb,
                None => Self::YCbCr,
            },
            [_, _, _, _] => match segments.adobe_transform {
                None | Some(0) => Self::Cmyk,
                Some(_) => Self::Ycck,
            },
            other => Self::Unknown(other.len()),
        }
    }
}
