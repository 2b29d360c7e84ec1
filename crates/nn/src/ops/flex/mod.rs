//! The operations on the CPU: the kernels of `portraitist-kernels` on `burn`'s own buffers.

mod normalization;
mod shapes;
mod tensor;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Shape;
use portraitist_kernels::{self as kernels, AdamStep, Pointwise};

use super::extension::NetworkOps;
use super::geometry::ConvGeometry;
use normalization::{instance_norm, norm_gradient};
use shapes::{attention, convolution, depthwise, normalization, prelu, upsampled};
use tensor::{concurrently, contiguous, filled, scalar, tensor};

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

    fn padded_conv2d_gradients(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [_, _, height, width] = images.shape().dims();
        let output_gradient = contiguous(output_gradient);
        concurrently(
            &output_gradient,
            || Self::padded_conv2d_input_gradient(weight, output_gradient.clone(), [height, width], geometry),
            || Self::padded_conv2d_weight_gradient(images, output_gradient.clone(), geometry),
            || Self::channel_sums(output_gradient.clone()),
        )
    }

    fn depthwise_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        let [images, weight, bias] = [images, weight, bias].map(contiguous);
        let shape = depthwise(images.shape().dims(), stride);
        let [height, width] = shape.output_size().unwrap_or_else(|error| panic!("depthwise convolution: {error}"));
        filled(&[shape.batch, shape.channels, height, width], |output| {
            shape
                .forward(images.storage(), weight.storage(), bias.storage(), output)
                .unwrap_or_else(|error| panic!("depthwise convolution: {error}"));
        })
    }

    fn depthwise_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        size: [usize; 2],
        stride: usize,
    ) -> FloatTensor<Self> {
        let [weight, output_gradient] = [weight, output_gradient].map(contiguous);
        let [batch, channels, ..] = output_gradient.shape().dims::<4>();
        let images = [batch, channels, size[0], size[1]];
        filled(&images, |gradient| {
            depthwise(images, stride)
                .input_gradient(weight.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of a depthwise convolution's input: {error}"));
        })
    }

    fn depthwise_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        let [images, output_gradient] = [images, output_gradient].map(contiguous);
        let shape = depthwise(images.shape().dims(), stride);
        filled(&[shape.channels, 1, 3, 3], |gradient| {
            shape
                .weight_gradient(images.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of a depthwise convolution's weight: {error}"));
        })
    }

    fn channel_sums(images: FloatTensor<Self>) -> FloatTensor<Self> {
        let images = images.to_contiguous();
        let shape: [usize; 4] = images.shape().dims();
        // Any convolution with this output has this gradient of its bias.
        let pointwise = ConvGeometry { kernel: 1, stride: 1, padding: 0, mode: kernels::Padding::Zero };
        filled(&shape[1..2], |sums| {
            kernels::bias_gradient(&convolution(shape, shape[1], pointwise), images.storage(), sums)
                .unwrap_or_else(|error| panic!("sums of channels: {error}"));
        })
    }

    fn upsampled_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [images, weight, bias] = [images, weight, bias].map(contiguous);
        let convolution = upsampled(images.shape().dims(), weight.shape()[0]);
        let kernels::UpsampledConv2d { batch, in_height, in_width, out_channels, .. } = convolution;
        filled(&[batch, out_channels, 2 * in_height, 2 * in_width], |output| {
            convolution
                .forward(images.storage(), weight.storage(), Some(bias.storage()), output)
                .unwrap_or_else(|error| panic!("upsampling and convolution: {error}"));
        })
    }

    fn upsampled_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [weight, output_gradient] = [weight, output_gradient].map(contiguous);
        let [batch, _, height, width] = output_gradient.shape().dims();
        let [channels_out, channels_in, ..] = weight.shape().dims::<4>();
        let images = [batch, channels_in, height / 2, width / 2];
        filled(&images, |gradient| {
            upsampled(images, channels_out)
                .input_gradient(weight.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of the images behind upsampling: {error}"));
        })
    }

    fn upsampled_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [images, output_gradient] = [images, output_gradient].map(contiguous);
        let convolution = upsampled(images.shape().dims(), output_gradient.shape()[1]);
        filled(&[convolution.out_channels, convolution.in_channels, 5, 5], |gradient| {
            convolution
                .weight_gradient(images.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of the weight behind upsampling: {error}"));
        })
    }

    fn upsampled_conv2d_gradients(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let output_gradient = contiguous(output_gradient);
        concurrently(
            &output_gradient,
            || Self::upsampled_conv2d_input_gradient(weight, output_gradient.clone()),
            || Self::upsampled_conv2d_weight_gradient(images, output_gradient.clone()),
            || Self::channel_sums(output_gradient.clone()),
        )
    }

    fn instance_norm(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        instance_norm(images, scale, shift, None, relu)
    }

    fn instance_norm_add(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        instance_norm(images, scale, shift, Some(residual), relu)
    }

    fn instance_norm_gradient(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [images, scale, shift, output_gradient];
        norm_gradient(tensors, relu, kernels::instance_statistics, kernels::instance_norm_gradient)
    }

    fn layer_norm_chw(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let [images, scale, shift] = [images, scale, shift].map(contiguous);
        filled(&images.shape(), |output| {
            let affine = Some((scale.storage(), shift.storage()));
            kernels::layer_norm(&normalization(&images, relu), images.storage(), affine, output)
                .unwrap_or_else(|error| panic!("layer normalisation: {error}"));
        })
    }

    fn layer_norm_chw_gradient(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [images, scale, shift, output_gradient];
        norm_gradient(tensors, relu, kernels::layer_statistics, kernels::layer_norm_gradient)
    }

    fn self_attention_with_sums(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [query, key, value] = [query, key, value].map(contiguous);
        let shape = attention(&query, &value);
        let mut log_sum_exp = vec![0.0; shape.batch * shape.positions];
        let output = filled(&value.shape(), |output| {
            let operands = [&query, &key, &value].map(|operand| operand.storage());
            kernels::attention_forward(&shape, operands, output, &mut log_sum_exp)
                .unwrap_or_else(|error| panic!("self-attention: {error}"));
        });
        (output, tensor(log_sum_exp, Shape::from([shape.batch, shape.positions])))
    }

    fn self_attention_gradient(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        output: FloatTensor<Self>,
        log_sum_exp: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let operands = [query, key, value].map(contiguous);
        let [output, log_sum_exp, output_gradient] = [output, log_sum_exp, output_gradient].map(contiguous);
        let shape = attention(&operands[0], &operands[2]);
        let mut gradients = operands.each_ref().map(|operand| vec![0.0; operand.shape().num_elements()]);
        let done = kernels::attention_gradient(
            &shape,
            operands.each_ref().map(|operand| operand.storage()),
            output.storage(),
            log_sum_exp.storage(),
            output_gradient.storage(),
            gradients.each_mut().map(Vec::as_mut_slice),
        );
        done.unwrap_or_else(|error| panic!("gradient of self-attention: {error}"));
        let [query, key, value] = gradients;
        let shapes = operands.each_ref().map(|operand| operand.shape());
        let [query_shape, key_shape, value_shape] = shapes;
        (tensor(query, query_shape), tensor(key, key_shape), tensor(value, value_shape))
    }

    fn scaled_sum(change: FloatTensor<Self>, factor: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [change, factor, x] = [change, factor, x].map(contiguous);
        filled(&change.shape(), |output| {
            kernels::scaled_sum(scalar(&factor), change.storage(), x.storage(), output)
                .unwrap_or_else(|error| panic!("scaled sum: {error}"));
        })
    }

    fn scaled_sum_gradient(
        change: FloatTensor<Self>,
        factor: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [change, factor, output_gradient] = [change, factor, output_gradient].map(contiguous);
        let mut factor_gradient = 0.0;
        let change_gradient = filled(&change.shape(), |gradient| {
            let (change, output_gradient) = (change.storage(), output_gradient.storage());
            factor_gradient = kernels::scaled_sum_gradient(scalar(&factor), change, output_gradient, gradient)
                .unwrap_or_else(|error| panic!("gradient of a scaled sum: {error}"));
        });
        (change_gradient, tensor(vec![factor_gradient], factor.shape()))
    }

    fn activate(x: FloatTensor<Self>, function: Pointwise) -> FloatTensor<Self> {
        let x = contiguous(x);
        filled(&x.shape(), |output| {
            kernels::activation(function, x.storage(), output).unwrap_or_else(|error| panic!("activation: {error}"));
        })
    }

    fn activate_gradient(
        output: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        function: Pointwise,
    ) -> FloatTensor<Self> {
        let [output, output_gradient] = [output, output_gradient].map(contiguous);
        filled(&output.shape(), |gradient| {
            kernels::activation_gradient(function, output.storage(), output_gradient.storage(), gradient)
                .unwrap_or_else(|error| panic!("gradient of an activation: {error}"));
        })
    }

    fn channel_prelu(images: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        let [images, weight] = [images, weight].map(contiguous);
        filled(&images.shape(), |output| {
            prelu(&images)
                .forward(images.storage(), weight.storage(), output)
                .unwrap_or_else(|error| panic!("PReLU: {error}"));
        })
    }

    fn channel_prelu_gradient(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [images, weight, output_gradient] = [images, weight, output_gradient].map(contiguous);
        let mut weight_gradient = vec![0.0; weight.shape().num_elements()];
        let of_images = filled(&images.shape(), |gradient| {
            let (images_values, output_gradient) = (images.storage(), output_gradient.storage());
            prelu(&images)
                .gradient(images_values, weight.storage(), output_gradient, gradient, &mut weight_gradient)
                .unwrap_or_else(|error| panic!("gradient of PReLU: {error}"));
        });
        (of_images, tensor(weight_gradient, weight.shape()))
    }

    fn mean_absolute_error(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
        let [left, right] = [left, right].map(contiguous);
        let mean = kernels::mean_absolute_error(left.storage(), right.storage())
            .unwrap_or_else(|error| panic!("mean absolute error: {error}"));
        tensor(vec![mean], Shape::from([1]))
    }

    fn mean_absolute_error_gradient(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [left, right] = [left, right].map(contiguous);
        let share = scalar(&contiguous(output_gradient));
        filled(&left.shape(), |gradient| {
            kernels::mean_absolute_error_gradient(left.storage(), right.storage(), share, gradient)
                .unwrap_or_else(|error| panic!("gradient of a mean absolute error: {error}"));
        })
    }

    fn power_step(
        weight: FloatTensor<Self>,
        u: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [weight, mut u] = [weight, u].map(contiguous);
        let mut v = vec![0.0; weight.shape().num_elements() / u.shape().num_elements().max(1)];
        let sigma = kernels::power_step(weight.storage(), u.storage_mut(), &mut v)
            .unwrap_or_else(|error| panic!("power iteration: {error}"));
        let columns = Shape::from([v.len()]);
        (u, tensor(v, columns), tensor(vec![sigma], Shape::from([1])))
    }

    fn adam_step(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = contiguous(gradient);
        let [mut parameter, mut first, mut second] = [parameter, first, second].map(contiguous);
        let moments = [first.storage_mut(), second.storage_mut()];
        kernels::adam_step(&step, gradient.storage(), parameter.storage_mut(), moments)
            .unwrap_or_else(|error| panic!("step of the optimiser: {error}"));
        (parameter, first, second)
    }
}
