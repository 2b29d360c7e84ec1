//! The operations as `burn` sees them, with bodies that run on any backend.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata, backend_extension};
use burn::tensor::ops::{ConvOptions, IndexingUpdateOp};
use burn::tensor::{Shape, TensorData};

pub use portraitist_kernels::Padding;

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

/// See the functions of the same names in [`crate::ops`].
#[backend_extension(Flex, Cube: cfg(any(feature = "cuda", feature = "wgpu")), Autodiff)]
pub trait NetworkOps: Backend {
    /// A convolution with its padding.
    fn padded_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let options = ConvOptions::new([geometry.stride; 2], [0, 0], [1, 1], 1);
        Self::conv2d(padded::<Self>(images, geometry), weight, Some(bias), options)
    }

    /// The gradient of [`NetworkOps::padded_conv2d`] with respect to its images, whose height and
    /// width are `size`.
    fn padded_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        size: [usize; 2],
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let device = output_gradient.device();
        let dtype = output_gradient.dtype();
        let [batch, ..] = output_gradient.shape().dims::<4>();
        let [_, channels, ..] = weight.shape().dims::<4>();
        let grown = [batch, channels, size[0] + 2 * geometry.padding, size[1] + 2 * geometry.padding];
        let images = Self::float_zeros(Shape::from(grown), &device, dtype.into());
        let options = ConvOptions::new([geometry.stride; 2], [0, 0], [1, 1], 1);
        let gradient = Self::conv2d_x_backward(images, weight, output_gradient, options);
        folded::<Self>(gradient, [batch, channels, size[0], size[1]], geometry)
    }

    /// The gradient of [`NetworkOps::padded_conv2d`] with respect to its weight.
    fn padded_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let device = images.device();
        let [_, channels_in, ..] = images.shape().dims::<4>();
        let [_, channels_out, ..] = output_gradient.shape().dims::<4>();
        let shape = Shape::from([channels_out, channels_in, geometry.kernel, geometry.kernel]);
        let weight = Self::float_zeros(shape, &device, images.dtype().into());
        let options = ConvOptions::new([geometry.stride; 2], [0, 0], [1, 1], 1);
        Self::conv2d_weight_backward(padded::<Self>(images, geometry), weight, output_gradient, options)
    }

    /// A weight divided by its spectral norm.
    fn spectral_divide(weight: FloatTensor<Self>, sigma: f32, latest: LatestVectors) -> FloatTensor<Self> {
        let _ = latest; // read by the gradient only
        Self::float_div_scalar(weight, sigma.into())
    }
}

/// For each row (or column) of the padded picture, the row of the original that it repeats.
fn source_rows(size: usize, geometry: ConvGeometry) -> Vec<i64> {
    let last = size as i64 - 1;
    (0..(size + 2 * geometry.padding) as i64)
        .map(|row| row - geometry.padding as i64)
        .map(|row| match geometry.mode {
            Padding::Reflect if row < 0 => -row,
            Padding::Reflect if row > last => 2 * last - row,
            _ => row.clamp(0, last),
        })
        .collect()
}

fn index_tensor<B: Backend>(indices: Vec<i64>, like: &FloatTensor<B>) -> IntTensor<B> {
    let length = indices.len();
    B::int_from_data(TensorData::new(indices, [length]), &like.device())
}

fn padded<B: Backend>(images: FloatTensor<B>, geometry: ConvGeometry) -> FloatTensor<B> {
    let margin = (geometry.padding, geometry.padding);
    if geometry.mode == Padding::Zero {
        let pairs = [(0, 0), (0, 0), margin, margin];
        return B::float_pad(images, &pairs, burn::tensor::ops::PadMode::Constant(0.0));
    }
    [2, 3].into_iter().fold(images, |images, dim| {
        let rows = source_rows(images.shape()[dim], geometry);
        let indices = index_tensor::<B>(rows, &images);
        B::float_select(images, dim, indices)
    })
}

/// The adjoint of [`padded`]: every padded pixel's gradient is added to the pixel that it repeats.
fn folded<B: Backend>(gradient: FloatTensor<B>, shape: [usize; 4], geometry: ConvGeometry) -> FloatTensor<B> {
    let device = gradient.device();
    [2, 3].into_iter().fold(gradient, |gradient, dim| {
        let size = shape[dim];
        if geometry.mode == Padding::Zero {
            let start = geometry.padding as i64;
            let indices = (start..start + size as i64).collect();
            let indices = index_tensor::<B>(indices, &gradient);
            return B::float_select(gradient, dim, indices);
        }
        let indices = index_tensor::<B>(source_rows(size, geometry), &gradient);
        let mut target: [usize; 4] = gradient.shape().dims();
        target[dim] = size;
        let zeros = B::float_zeros(Shape::from(target), &device, gradient.dtype().into());
        B::float_select_assign(zeros, dim, indices, gradient, IndexingUpdateOp::Add)
    })
}
