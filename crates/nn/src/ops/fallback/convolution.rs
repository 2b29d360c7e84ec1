//! Convolutions.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::ops::{ConvOptions, IndexingUpdateOp};
use burn::tensor::{Shape, TensorData};

use portraitist_kernels::Padding;

use crate::ops::geometry::ConvGeometry;

/// See [`NetworkOps::padded_conv2d`](crate::ops::NetworkOps::padded_conv2d).
pub fn padded_conv2d<B: Backend>(
    images: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let options = ConvOptions::new([geometry.stride; 2], [0, 0], [1, 1], 1);
    B::conv2d(padded::<B>(images, geometry), weight, Some(bias), options)
}

/// See [`NetworkOps::padded_conv2d_input_gradient`](crate::ops::NetworkOps::padded_conv2d_input_gradient).
pub fn padded_conv2d_input_gradient<B: Backend>(
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    size: [usize; 2],
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let device = output_gradient.device();
    let dtype = output_gradient.dtype();
    let [batch, ..] = output_gradient.shape().dims::<4>();
    let [_, channels, ..] = weight.shape().dims::<4>();
    let grown = [batch, channels, size[0] + 2 * geometry.padding, size[1] + 2 * geometry.padding];
    let images = B::float_zeros(Shape::from(grown), &device, dtype.into());
    let options = ConvOptions::new([geometry.stride; 2], [0, 0], [1, 1], 1);
    let gradient = B::conv2d_x_backward(images, weight, output_gradient, options);
    folded::<B>(gradient, [batch, channels, size[0], size[1]], geometry)
}

/// See [`NetworkOps::padded_conv2d_weight_gradient`](crate::ops::NetworkOps::padded_conv2d_weight_gradient).
pub fn padded_conv2d_weight_gradient<B: Backend>(
    images: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let device = images.device();
    let [_, channels_in, ..] = images.shape().dims::<4>();
    let [_, channels_out, ..] = output_gradient.shape().dims::<4>();
    let shape = Shape::from([channels_out, channels_in, geometry.kernel, geometry.kernel]);
    let weight = B::float_zeros(shape, &device, images.dtype().into());
    let options = ConvOptions::new([geometry.stride; 2], [0, 0], [1, 1], 1);
    B::conv2d_weight_backward(padded::<B>(images, geometry), weight, output_gradient, options)
}

/// See [`NetworkOps::channel_sums`](crate::ops::NetworkOps::channel_sums).
pub fn channel_sums<B: Backend>(images: FloatTensor<B>) -> FloatTensor<B> {
    let channels = images.shape()[1];
    let summed = [0, 2, 3].into_iter().fold(images, B::float_sum_dim);
    B::float_reshape(summed, Shape::from([channels]))
}

/// The convolution behind upsampling by two.
const BEHIND_UPSAMPLING: ConvGeometry = ConvGeometry { kernel: 5, stride: 1, padding: 2, mode: Padding::Reflect };

/// See [`NetworkOps::upsampled_conv2d`](crate::ops::NetworkOps::upsampled_conv2d).
pub fn upsampled_conv2d<B: Backend>(
    images: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
) -> FloatTensor<B> {
    padded_conv2d::<B>(doubled::<B>(images), weight, bias, BEHIND_UPSAMPLING)
}

/// See [`NetworkOps::upsampled_conv2d_input_gradient`](crate::ops::NetworkOps::upsampled_conv2d_input_gradient).
pub fn upsampled_conv2d_input_gradient<B: Backend>(
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let [batch, _, height, width] = output_gradient.shape().dims::<4>();
    let channels = weight.shape()[1];
    let gradient = padded_conv2d_input_gradient::<B>(weight, output_gradient, [height, width], BEHIND_UPSAMPLING);
    let quads = Shape::from([batch * channels, height / 2, 2, width / 2, 2]);
    let summed = [2, 4].into_iter().fold(B::float_reshape(gradient, quads), B::float_sum_dim);
    B::float_reshape(summed, Shape::from([batch, channels, height / 2, width / 2]))
}

/// See [`NetworkOps::upsampled_conv2d_weight_gradient`](crate::ops::NetworkOps::upsampled_conv2d_weight_gradient).
pub fn upsampled_conv2d_weight_gradient<B: Backend>(
    images: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    padded_conv2d_weight_gradient::<B>(doubled::<B>(images), output_gradient, BEHIND_UPSAMPLING)
}

/// Every pixel becomes four.
fn doubled<B: Backend>(images: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, channels, height, width] = images.shape().dims::<4>();
    let single = B::float_reshape(images, Shape::from([batch * channels, height, 1, width, 1]));
    let quads = B::float_expand(single, Shape::from([batch * channels, height, 2, width, 2]));
    B::float_reshape(quads, Shape::from([batch, channels, 2 * height, 2 * width]))
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
    let border = (geometry.padding, geometry.padding);
    if geometry.mode == Padding::Zero {
        let pairs = [(0, 0), (0, 0), border, border];
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
