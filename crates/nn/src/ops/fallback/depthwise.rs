//! Depthwise convolutions.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::ops::{ConvOptions, IndexingUpdateOp};
use burn::tensor::{Shape, TensorData};

/// The convolution with stride 1, of whose outputs those of a larger stride are some.
fn dense(channels: usize) -> ConvOptions<2> {
    ConvOptions::new([1, 1], [1, 1], [1, 1], channels)
}

/// The rows (or columns) of the outputs with stride 1 that those with `stride` are.
fn kept<B: Backend>(size: usize, stride: usize, like: &FloatTensor<B>) -> IntTensor<B> {
    let outputs = size.div_ceil(stride);
    let before = ((outputs - 1) * stride + 3).saturating_sub(size) / 2;
    let rows: Vec<i64> = (0..outputs).map(|row| (row * stride + 1 - before) as i64).collect();
    B::int_from_data(TensorData::new(rows, [outputs]), &like.device())
}

/// See [`NetworkOps::depthwise_conv2d`](crate::ops::NetworkOps::depthwise_conv2d).
pub fn depthwise_conv2d<B: Backend>(
    images: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    stride: usize,
) -> FloatTensor<B> {
    let [_, channels, height, width] = images.shape().dims::<4>();
    let outputs = B::conv2d(images, weight, Some(bias), dense(channels));
    if stride == 1 {
        return outputs;
    }
    [(2, height), (3, width)].into_iter().fold(outputs, |outputs, (dim, size)| {
        let rows = kept::<B>(size, stride, &outputs);
        B::float_select(outputs, dim, rows)
    })
}

/// The gradient with respect to the outputs with stride 1, from that with respect to those with `stride`.
fn spread<B: Backend>(gradient: FloatTensor<B>, [height, width]: [usize; 2], stride: usize) -> FloatTensor<B> {
    if stride == 1 {
        return gradient;
    }
    [(2, height), (3, width)].into_iter().fold(gradient, |gradient, (dim, size)| {
        let rows = kept::<B>(size, stride, &gradient);
        let mut target: [usize; 4] = gradient.shape().dims();
        target[dim] = size;
        let zeros = B::float_zeros(Shape::from(target), &gradient.device(), gradient.dtype().into());
        B::float_select_assign(zeros, dim, rows, gradient, IndexingUpdateOp::Add)
    })
}

/// See [`NetworkOps::depthwise_conv2d_input_gradient`](crate::ops::NetworkOps::depthwise_conv2d_input_gradient).
pub fn depthwise_conv2d_input_gradient<B: Backend>(
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    size: [usize; 2],
    stride: usize,
) -> FloatTensor<B> {
    let [batch, channels, ..] = output_gradient.shape().dims::<4>();
    let shape = Shape::from([batch, channels, size[0], size[1]]);
    let images = B::float_zeros(shape, &output_gradient.device(), output_gradient.dtype().into());
    B::conv2d_x_backward(images, weight, spread::<B>(output_gradient, size, stride), dense(channels))
}

/// See [`NetworkOps::depthwise_conv2d_weight_gradient`](crate::ops::NetworkOps::depthwise_conv2d_weight_gradient).
pub fn depthwise_conv2d_weight_gradient<B: Backend>(
    images: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    stride: usize,
) -> FloatTensor<B> {
    let [_, channels, height, width] = images.shape().dims::<4>();
    let weight = B::float_zeros(Shape::from([channels, 1, 3, 3]), &images.device(), images.dtype().into());
    let output_gradient = spread::<B>(output_gradient, [height, width], stride);
    B::conv2d_weight_backward(images, weight, output_gradient, dense(channels))
}
