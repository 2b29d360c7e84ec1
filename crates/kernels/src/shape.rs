//! What a convolution looks like, and which shapes are possible.

use crate::prepared::FeatureMapShape;
use std::fmt;

/// How the input continues beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Zeros.
    Zero,
    /// Mirrored without repeating the edge: `c b | a b c | b a`.
    Reflect,
    /// The edge repeated: `a a | a b c | c c`.
    Replicate,
}

/// A two-dimensional convolution (cross-correlation, as neural networks use it), without groups or dilation.
///
/// # Shapes
/// All slices are contiguous, row by row:
/// - input and its gradient: `[batch, in_channels, in_height, in_width]`
/// - weight and its gradient: `[out_channels, in_channels, kernel[0], kernel[1]]`
/// - bias and its gradient: `[out_channels]`
/// - output and its gradient: `[batch, out_channels, output_size()[0], output_size()[1]]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d {
    /// Number of images; zero is allowed and does nothing.
    pub batch: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows of the input.
    pub in_height: usize,
    /// Columns of the input.
    pub in_width: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step between neighbouring windows, the same in both directions.
    pub stride: usize,
    /// Rows or columns added on each of the four sides.
    pub padding: usize,
    /// What the added rows and columns hold.
    pub mode: Padding,
}

/// Why a convolution or a normalisation cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// A size that must be at least one is zero.
    Zero {
        /// The field that is zero.
        field: &'static str,
    },
    /// The kernel is larger than the padded input.
    KernelTooLarge {
        /// Height and width of the kernel.
        kernel: [usize; 2],
        /// Height and width of the input with its padding.
        padded: [usize; 2],
    },
    /// Reflection needs more rows or columns than the input has.
    ReflectTooWide {
        /// Rows or columns asked for on each side.
        padding: usize,
        /// Height and width of the input.
        input: [usize; 2],
    },
    /// A slice has another length than its shape says.
    Length {
        /// Which argument.
        argument: &'static str,
        /// Elements by the shape.
        expected: usize,
        /// Elements in the slice.
        found: usize,
    },
    /// The halo of a feature map is narrower than the padding of a prepared layer.
    Halo {
        /// Rows or columns asked for on each side.
        padding: usize,
        /// Rows and columns around the images of the feature map.
        halo: usize,
    },
    /// The halo of a feature map does not hold the padding that a prepared layer reads.
    NotPadded {
        /// Rows or columns asked for on each side.
        padding: usize,
        /// What they must hold.
        mode: Padding,
    },
    /// A feature map has another shape than a prepared layer reads or writes.
    FeatureMap {
        /// The shape by the layer.
        expected: FeatureMapShape,
        /// The shape of the feature map.
        found: FeatureMapShape,
    },
    /// The number of elements does not fit into memory addresses.
    Overflow,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { field } => write!(formatter, "{field} must be at least 1, found 0"),
            Self::KernelTooLarge { kernel, padded } => write!(
                formatter,
                "kernel {}x{} is larger than the padded input {}x{}",
                kernel[0], kernel[1], padded[0], padded[1]
            ),
            Self::ReflectTooWide { padding, input } => {
                write!(formatter, "reflect padding {padding} must be smaller than the input {}x{}", input[0], input[1])
            }
            Self::Length { argument, expected, found } => {
                write!(formatter, "{argument} must have {expected} elements, found {found}")
            }
            Self::Halo { padding, halo } => {
                write!(formatter, "padding {padding} must be no wider than the halo of {halo}")
            }
            Self::NotPadded { padding, mode } => {
                write!(formatter, "the feature map must be padded first, by {padding}, mode {mode:?}")
            }
            Self::FeatureMap { expected, found } => {
                write!(formatter, "expected a feature map of {expected:?}, found {found:?}")
            }
            Self::Overflow => write!(formatter, "the shape has more elements than can be addressed"),
        }
    }
}

impl std::error::Error for ShapeError {}

impl Conv2d {
    /// Height and width of the output.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero, the kernel does not fit into the padded input, or reflection would reach
    /// beyond the opposite edge.
    pub fn output_size(&self) -> Result<[usize; 2], ShapeError> {
        let fields = [
            ("in_channels", self.in_channels),
            ("in_height", self.in_height),
            ("in_width", self.in_width),
            ("out_channels", self.out_channels),
            ("kernel[0]", self.kernel[0]),
            ("kernel[1]", self.kernel[1]),
            ("stride", self.stride),
        ];
        if let Some((field, _)) = fields.into_iter().find(|(_, size)| *size == 0) {
            return Err(ShapeError::Zero { field });
        }
        let input = [self.in_height, self.in_width];
        if self.mode == Padding::Reflect && input.iter().any(|size| self.padding >= *size) {
            return Err(ShapeError::ReflectTooWide { padding: self.padding, input });
        }
        let pad = |size: usize| self.padding.checked_mul(2)?.checked_add(size);
        let (Some(height), Some(width)) = (pad(input[0]), pad(input[1])) else {
            return Err(ShapeError::Overflow);
        };
        if self.kernel[0] > height || self.kernel[1] > width {
            return Err(ShapeError::KernelTooLarge { kernel: self.kernel, padded: [height, width] });
        }
        Ok([(height - self.kernel[0]) / self.stride + 1, (width - self.kernel[1]) / self.stride + 1])
    }

    /// Checks the shape and the lengths of whichever slices are given; returns the output size.
    pub(crate) fn check(
        &self,
        input: Option<usize>,
        weight: Option<usize>,
        bias: Option<usize>,
        output: Option<usize>,
    ) -> Result<[usize; 2], ShapeError> {
        let [height, width] = self.output_size()?;
        let expected = [
            ("input", input, [self.batch, self.in_channels, self.in_height, self.in_width]),
            ("weight", weight, [self.out_channels, self.in_channels, self.kernel[0], self.kernel[1]]),
            ("bias", bias, [self.out_channels, 1, 1, 1]),
            ("output", output, [self.batch, self.out_channels, height, width]),
        ];
        for (argument, found, shape) in expected {
            let expected = elements(shape)?;
            if let Some(found) = found {
                check_length(argument, expected, found)?;
            }
        }
        // Positions within a padded plane are kept in 32 bits.
        let padded = |size: usize, kernel: usize| {
            [2 * self.padding, 2 * kernel, self.stride, self.stride].into_iter().fold(size, usize::saturating_add)
        };
        let plane = padded(self.in_height, self.kernel[0]).saturating_mul(padded(self.in_width, self.kernel[1]));
        if plane > u32::MAX as usize {
            return Err(ShapeError::Overflow);
        }
        Ok([height, width])
    }
}

/// Checks the length of an argument.
pub(crate) fn check_length(argument: &'static str, expected: usize, found: usize) -> Result<(), ShapeError> {
    if expected == found { Ok(()) } else { Err(ShapeError::Length { argument, expected, found }) }
}

/// Elements of a shape, refusing sizes whose scratch buffers (a few times larger) could not be addressed.
pub(crate) fn elements(shape: [usize; 4]) -> Result<usize, ShapeError> {
    let product = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    product.filter(|product| *product < isize::MAX as usize / 1024).ok_or(ShapeError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONV: Conv2d = Conv2d {
        batch: 1,
        in_channels: 2,
        in_height: 5,
        in_width: 4,
        out_channels: 3,
        kernel: [3, 3],
        stride: 2,
        padding: 1,
        mode: Padding::Reflect,
    };

    #[test]
    fn output_size_rounds_down() {
        assert_eq!(CONV.output_size(), Ok([3, 2]));
    }

    #[test]
    fn impossible_shapes_are_errors() {
        let error = |conv: Conv2d| conv.output_size().expect_err("shape is impossible");
        assert_eq!(error(Conv2d { stride: 0, ..CONV }), ShapeError::Zero { field: "stride" });
        assert_eq!(error(Conv2d { padding: 4, ..CONV }), ShapeError::ReflectTooWide { padding: 4, input: [5, 4] });
        assert_eq!(
            error(Conv2d { kernel: [8, 1], ..CONV }),
            ShapeError::KernelTooLarge { kernel: [8, 1], padded: [7, 6] }
        );
        assert_eq!(error(Conv2d { padding: usize::MAX, mode: Padding::Zero, ..CONV }), ShapeError::Overflow);
        let wide = Conv2d { in_height: 1 << 17, in_width: 1 << 16, ..CONV };
        assert_eq!(wide.check(None, None, None, None), Err(ShapeError::Overflow));
        let sparse = Conv2d { stride: usize::MAX, ..CONV };
        assert_eq!(sparse.check(None, None, None, None), Err(ShapeError::Overflow));
        let huge = Conv2d { batch: usize::MAX / 2, ..CONV };
        assert_eq!(huge.check(Some(1), None, None, None), Err(ShapeError::Overflow));
    }

    #[test]
    fn wrong_lengths_name_the_argument() {
        let found = CONV.check(Some(40), Some(53), None, None);
        assert_eq!(found, Err(ShapeError::Length { argument: "weight", expected: 54, found: 53 }));
        let message = found.expect_err("length is wrong").to_string();
        assert_eq!(message, "weight must have 54 elements, found 53");
    }
}
