//! The operations on the CPU: the kernels of `portraitist-kernels` on `burn`'s own buffers.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use portraitist_kernels as kernels;

use super::extension::{ConvGeometry, NetworkOps};

/// A contiguous tensor filled by `fill`.
fn filled(shape: &[usize], fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut values = vec![0f32; shape.iter().product()];
    fill(&mut values);
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape.to_vec())), DType::F32)
}

/// What the kernels need to know: sizes of the images and of the output, and the geometry.
fn convolution(images: [usize; 4], channels_out: usize, geometry: ConvGeometry) -> kernels::Conv2d {
    let [batch, in_channels, in_height, in_width] = images;
    kernels::Conv2d {
        batch,
        in_channels,
        in_height,
        in_width,
        out_channels: channels_out,
        kernel: [geometry.kernel; 2],
        stride: geometry.stride,
        padding: geometry.padding,
        mode: geometry.mode,
    }
}

impl NetworkOps for Flex {
    fn padded_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let (images, weight, bias) = (images.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
        let convolution = convolution(images.shape().dims(), weight.shape()[0], geometry);
        let [height, width] = convolution.output_size().unwrap_or_else(|error| panic!("convolution: {error}"));
        filled(&[convolution.batch, convolution.out_channels, height, width], |output| {
            kernels::forward(&convolution, images.storage(), weight.storage(), Some(bias.storage()), output)
                .unwrap_or_else(|error| panic!("convolution: {error}"));
        })
    }

    fn padded_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        size: [usize; 2],
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let (weight, output_gradient) = (weight.to_contiguous(), output_gradient.to_contiguous());
        let images = [output_gradient.shape()[0], weight.shape()[1], size[0], size[1]];
        let convolution = convolution(images, weight.shape()[0], geometry);
        filled(&images, |gradient| {
            kernels::input_gradient(&convolution, weight.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of a convolution's input: {error}"));
        })
    }

    fn padded_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let (images, output_gradient) = (images.to_contiguous(), output_gradient.to_contiguous());
        let convolution = convolution(images.shape().dims(), output_gradient.shape()[1], geometry);
        let shape = [convolution.out_channels, convolution.in_channels, geometry.kernel, geometry.kernel];
        filled(&shape, |gradient| {
            kernels::weight_gradient(&convolution, images.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of a convolution's weight: {error}"));
        })
    }
}
