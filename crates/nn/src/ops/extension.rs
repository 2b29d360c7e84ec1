//! The operations as `burn` sees them, with bodies that run on any backend.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn::tensor::TensorData;

pub use portraitist_kernels::{AdamStep, Padding};

use super::ordinary;

/// How a square kernel moves over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Side of the kernel in pixels.
    pub kernel: usize,
    /// Step of the kernel in pixels.
    pub stride: usize,
    /// Rows and columns added on every side.
    pub padding: usize,
    /// What the added pixels hold.
    pub mode: Padding,
}

/// The left and right singular vectors that a spectrally normalised weight reached last. Shared by
/// all uses of the weight since its gradients were last needed.
#[derive(Clone, Debug, Default)]
pub struct LatestVectors(Arc<Mutex<Option<(TensorData, TensorData)>>>);

impl LatestVectors {
    /// Remembers the vectors of the newest use.
    pub fn set(&self, left: TensorData, right: TensorData) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((left, right));
    }

    /// The vectors of the newest use.
    pub(super) fn get(&self) -> (TensorData, TensorData) {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.clone().expect("spectral_divide is only called after a power iteration")
    }
}

/// See the functions of the same names in [`crate::ops`]; what is said here is for those who implement it.
#[backend_extension(Flex, Cube: cfg(any(feature = "cuda", feature = "wgpu")), Autodiff)]
pub trait NetworkOps: Backend {
    /// A convolution with its padding.
    fn padded_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        ordinary::padded_conv2d::<Self>(images, weight, bias, geometry)
    }

    /// The gradient of [`NetworkOps::padded_conv2d`] with respect to its images, whose height and
    /// width are `size`.
    fn padded_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        size: [usize; 2],
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        ordinary::padded_conv2d_input_gradient::<Self>(weight, output_gradient, size, geometry)
    }

    /// The gradient of [`NetworkOps::padded_conv2d`] with respect to its weight.
    fn padded_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        ordinary::padded_conv2d_weight_gradient::<Self>(images, output_gradient, geometry)
    }

    /// Sums over pictures and pixels, `[n, c, h, w]` to `[c]`: the gradient of a convolution's bias.
    fn channel_sums(images: FloatTensor<Self>) -> FloatTensor<Self> {
        ordinary::channel_sums::<Self>(images)
    }

    /// Every pixel made four, then a 5x5 convolution with reflect padding.
    fn upsampled_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        ordinary::upsampled_conv2d::<Self>(images, weight, bias)
    }

    /// The gradient of [`NetworkOps::upsampled_conv2d`] with respect to its images.
    fn upsampled_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        ordinary::upsampled_conv2d_input_gradient::<Self>(weight, output_gradient)
    }

    /// The gradient of [`NetworkOps::upsampled_conv2d`] with respect to its weight.
    fn upsampled_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        ordinary::upsampled_conv2d_weight_gradient::<Self>(images, output_gradient)
    }

    /// Instance normalisation, scale and shift `[n, c]`, ReLU.
    fn instance_norm(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        ordinary::instance_norm::<Self>(images, scale, shift, relu)
    }

    /// [`NetworkOps::instance_norm`], plus a residual.
    fn instance_norm_add(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        ordinary::instance_norm_add::<Self>(images, scale, shift, residual, relu)
    }

    /// The gradients of [`NetworkOps::instance_norm`] with respect to images, scale and shift.
    fn instance_norm_gradient(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        ordinary::instance_norm_gradient::<Self>(images, scale, shift, output_gradient, relu)
    }

    /// Layer normalisation, scale and shift `[c]`, ReLU.
    fn picture_norm(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        ordinary::picture_norm::<Self>(images, scale, shift, relu)
    }

    /// The gradients of [`NetworkOps::picture_norm`] with respect to images, scale and shift.
    fn picture_norm_gradient(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        ordinary::picture_norm_gradient::<Self>(images, scale, shift, output_gradient, relu)
    }

    /// Softmax of each row of `[n, rows, columns]`.
    fn softmax_rows(scores: FloatTensor<Self>) -> FloatTensor<Self> {
        ordinary::softmax_rows::<Self>(scores)
    }

    /// The gradient of [`NetworkOps::softmax_rows`] with respect to the scores, from its output.
    fn softmax_rows_gradient(output: FloatTensor<Self>, output_gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        ordinary::softmax_rows_gradient::<Self>(output, output_gradient)
    }

    /// One step of Adam: the new parameter and the new moments. All flat.
    fn adam_step(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        ordinary::adam_step::<Self>(parameter, gradient, first, second, step)
    }

    /// A weight divided by its spectral norm.
    fn spectral_divide(weight: FloatTensor<Self>, sigma: f32, latest: LatestVectors) -> FloatTensor<Self> {
        let _ = latest; // read by the gradient only
        Self::float_div_scalar(weight, sigma.into())
    }
}
