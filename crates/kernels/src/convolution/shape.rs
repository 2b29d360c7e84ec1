//! What a convolution looks like, and which shapes are possible.

use super::padding::Padding;
use crate::error::{ShapeError, check_length, check_not_zero, elements};

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
        check_not_zero(&fields)?;
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
        // With the padding of both edges more positions than 32 bits can count, with that of one edge fewer.
        let padded = Conv2d { padding: 40_000, mode: Padding::Zero, ..CONV };
        assert_eq!(padded.check(None, None, None, None), Err(ShapeError::Overflow));
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
