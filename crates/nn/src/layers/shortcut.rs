//! Sums of feature maps of different sizes.

use burn::tensor::Tensor;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;

use crate::ops::{Pointwise, activate};

/// `max(0, x + shortcut)`. With `halved`, the shortcut is the mean of every 2x2 pixels of `shortcut`. Channels, rows and columns
/// that one of both lacks count as zeros.
///
/// # Shapes
/// - x: `[n, c, h, w]`
/// - shortcut: `[n, c', h', w']`
/// - output: the larger of both sizes, those of a halved shortcut being `h' / 2` and `w' / 2`
pub fn shortcut_sum(x: Tensor<4>, shortcut: Tensor<4>, halved: bool) -> Tensor<4> {
    let shortcut = if halved { avg_pool2d(shortcut, AvgPoolOptions::new([2, 2])) } else { shortcut };
    let (one, other) = (x.dims(), shortcut.dims());
    let size = std::array::from_fn(|axis| one[axis].max(other[axis]));
    activate(filled_up(x, size) + filled_up(shortcut, size), Pointwise::Relu)
}

/// With zeros behind the last channel, row and column.
fn filled_up(x: Tensor<4>, size: [usize; 4]) -> Tensor<4> {
    (1..4).fold(x, |x, axis| {
        let mut missing = x.dims();
        missing[axis] = size[axis] - missing[axis];
        if missing[axis] == 0 {
            return x;
        }
        let zeros = Tensor::zeros(missing, &x.device());
        Tensor::cat(vec![x, zeros], axis)
    })
}
