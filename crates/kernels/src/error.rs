//! Why something cannot be computed, and the checks that find out.

use crate::channels_last::shape::FeatureMapShape;
use crate::convolution::padding::Padding;
use std::fmt;

/// Why a layer cannot be computed.
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

/// Checks the length of an argument.
pub(crate) fn check_length(argument: &'static str, expected: usize, found: usize) -> Result<(), ShapeError> {
    if expected == found { Ok(()) } else { Err(ShapeError::Length { argument, expected, found }) }
}

/// Elements of a shape, refusing sizes whose scratch buffers (a few times larger) could not be addressed.
pub(crate) fn elements(shape: [usize; 4]) -> Result<usize, ShapeError> {
    let product = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    product.filter(|product| *product < isize::MAX as usize / 1024).ok_or(ShapeError::Overflow)
}

/// Refuses sizes that are zero; each has the name of its field.
pub(crate) fn check_not_zero(sizes: &[(&'static str, usize)]) -> Result<(), ShapeError> {
    match sizes.iter().find(|(_, size)| *size == 0) {
        Some((field, _)) => Err(ShapeError::Zero { field }),
        None => Ok(()),
    }
}
