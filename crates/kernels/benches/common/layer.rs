//! Convolutions of networks, in short.

use portraitist_kernels::{Conv2d, Padding};

/// Kernel, stride, padding, input channels, output channels, height, width, batch.
pub(crate) type Layer = (usize, usize, usize, usize, usize, usize, usize, usize);

/// The convolution of a layer.
pub(crate) fn conv(layer: Layer, mode: Padding) -> Conv2d {
    let (kernel, stride, padding, in_channels, out_channels, in_height, in_width, batch) = layer;
    Conv2d { batch, in_channels, in_height, in_width, out_channels, kernel: [kernel; 2], stride, padding, mode }
}

/// Kernel, stride, channels, images and size.
pub(crate) fn name(conv: &Conv2d) -> String {
    let Conv2d { kernel, stride, in_channels, out_channels, in_height, in_width, batch, .. } = conv;
    format!("{0}x{0}/{stride} {in_channels}to{out_channels} {batch}x{in_height}x{in_width}", kernel[0])
}
