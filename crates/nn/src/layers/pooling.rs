//! Pooling.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

/// The mean of 3x3 pixels around every second one; pixels beyond the edge do not count.
///
/// # Shapes
/// - x: `[n, c, h, w]`
/// - output: `[n, c, (h + 1) / 2, (w + 1) / 2]`
pub fn average_pool(x: Tensor<4>) -> Tensor<4> {
    let options = AvgPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]).with_count_include_pad(false);
    avg_pool2d(x, options)
}

/// The largest of every `window` x `window` pixels, two pixels apart; what no whole window covers is left out.
///
/// # Shapes
/// - x: `[n, c, h, w]`
/// - output: `[n, c, (h - window) / 2 + 1, (w - window) / 2 + 1]`
pub fn max_pool(x: Tensor<4>, window: usize) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([window, window]).with_stride([2, 2]))
}
