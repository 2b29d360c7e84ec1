//! The picture that everything here works on.

use super::colour::luma_601;
use super::limits::check_size;
use crate::error::{Error, Result};

/// An upright picture, 8-bit RGB, row by row from the top left corner; never empty.
///
/// Own pixels rather than `image::RgbImage`, so that sizes are bounded once, at construction, and the picture library stays
/// behind this module.
///
/// # Shapes
/// - pixels: `[height, width, 3]`, RGB, 0..=255, sRGB-coded as in the file
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Picture {
    /// Wraps `pixels` (`[height, width, 3]`, RGB).
    ///
    /// # Errors
    /// [`Error::SizeOutOfRange`] for an empty or oversized picture, [`Error::WrongLength`] unless there are
    /// `3 * width * height` values.
    pub fn from_rgb(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self> {
        check_size("picture", width, height)?;
        let expected = 3 * width * height;
        if pixels.len() != expected {
            return Err(Error::WrongLength { what: "RGB pixels", expected, found: pixels.len() });
        }
        Ok(Self { width, height, pixels })
    }

    /// Copies grey `values` (`[height, width]`) to all three channels.
    ///
    /// # Errors
    /// As [`Picture::from_rgb`], for `width * height` values.
    pub fn from_grey(width: usize, height: usize, values: &[u8]) -> Result<Self> {
        check_size("picture", width, height)?;
        if values.len() != width * height {
            return Err(Error::WrongLength { what: "grey pixels", expected: width * height, found: values.len() });
        }
        let pixels = values.iter().flat_map(|&v| [v; 3]).collect();
        Ok(Self { width, height, pixels })
    }

    /// A picture of one colour.
    ///
    /// # Errors
    /// [`Error::SizeOutOfRange`] for an empty or oversized picture.
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Result<Self> {
        check_size("picture", width, height)?;
        Ok(Self { width, height, pixels: colour.repeat(width * height) })
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, `[height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All pixels for changing in place, `[height, width, 3]`.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Gives the pixels away, `[height, width, 3]`.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The RGB value at column `x`, row `y`; `None` outside the picture.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let start = 3 * (y * self.width + x);
        self.pixels.get(start..start + 3).and_then(|rgb| rgb.try_into().ok())
    }

    /// Luma of every pixel, `[height, width]`, by Pillow's `convert("L")` (ITU-R 601 in 16-bit fixed point).
    pub fn luma(&self) -> Vec<u8> {
        self.pixels.chunks_exact(3).map(|rgb| luma_601(rgb[0], rgb[1], rgb[2])).collect()
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Picture({}x{})", self.width, self.height)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_of_pixels_is_told_with_the_right_one() {
        let Err(Error::WrongLength { expected, found, .. }) = Picture::from_grey(3, 5, &[0; 14]) else {
            panic!("14 pixels are no 3x5")
        };
        assert_eq!((expected, found), (15, 14));
        let grey = Picture::from_grey(3, 5, &[7; 15]).unwrap();
        assert_eq!((grey.pixel(2, 4), format!("{grey:?}")), (Some([7; 3]), "Picture(3x5)".to_owned()));
    }

    #[test]
    fn sizes_are_bounded_before_memory_is_taken() {
        assert!(matches!(Picture::filled(0, 5, [0; 3]), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(Picture::filled(usize::MAX, usize::MAX, [0; 3]), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(Picture::filled(20_000, 20_000, [0; 3]), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(
            Picture::from_rgb(2, 2, vec![0; 11]),
            Err(Error::WrongLength { expected: 12, found: 11, .. })
        ));
    }

    #[test]
    fn grey_is_copied_to_three_channels() {
        let picture = Picture::from_grey(2, 1, &[7, 200]).unwrap();
        assert_eq!(picture.pixels(), [7, 7, 7, 200, 200, 200]);
        assert_eq!(picture.pixel(1, 0), Some([200; 3]));
        assert_eq!(picture.pixel(2, 0), None);
    }
}
