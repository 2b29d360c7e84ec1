//! The shape of upsampling followed by a convolution.

use crate::error::{ShapeError, check_length, check_not_zero, elements};

/// Side of the kernel.
pub(super) const KERNEL: usize = 5;
/// Weights of a kernel.
pub(super) const AREA: usize = KERNEL * KERNEL;
/// Rows and columns that are reflected on each side.
pub(super) const PADDING: usize = 2;

/// Nearest-neighbour upsampling by two, then a 5x5 convolution with reflect padding 2 and stride 1.
///
/// # Shapes
/// - input and its gradient: `[batch, in_channels, in_height, in_width]`
/// - weight and its gradient: `[out_channels, in_channels, 5, 5]`
/// - bias: `[out_channels]`
/// - output and its gradient: `[batch, out_channels, 2 * in_height, 2 * in_width]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpsampledConv2d {
    /// Number of images; zero is allowed and does nothing.
    pub batch: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows of the input, before upsampling: at least 2.
    pub in_height: usize,
    /// Columns of the input, before upsampling: at least 2.
    pub in_width: usize,
    /// Channels of the output.
    pub out_channels: usize,
}

impl UpsampledConv2d {
    pub(crate) fn check(&self, arguments: [(&'static str, Option<usize>); 4]) -> Result<(), ShapeError> {
        let Self { batch, in_channels, in_height, in_width, out_channels } = *self;
        let sizes = [
            ("in_channels", in_channels),
            ("in_height", in_height),
            ("in_width", in_width),
            ("out_channels", out_channels),
        ];
        check_not_zero(&sizes)?;
        if in_height < 2 || in_width < 2 {
            return Err(ShapeError::ReflectTooWide {
                padding: PADDING,
                input: [in_height, in_width].map(|size| 2 * size),
            });
        }
        let shapes = [
            [batch, in_channels, in_height, in_width],
            [out_channels, in_channels, KERNEL, KERNEL],
            [out_channels, 1, 1, 1],
            [batch, out_channels, in_height.saturating_mul(2), in_width.saturating_mul(2)],
        ];
        for ((argument, found), shape) in arguments.into_iter().zip(shapes) {
            let expected = elements(shape)?;
            found.map_or(Ok(()), |found| check_length(argument, expected, found))?;
        }
        Ok(())
    }
}

/// Names of the arguments that [`UpsampledConv2d::check`] takes.
pub(crate) fn named([input, weight, bias, output]: [Option<usize>; 4]) -> [(&'static str, Option<usize>); 4] {
    [("input", input), ("weight", weight), ("bias", bias), ("output", output)]
}
