//! Pooling.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use portraitist_kernels::{Pool, PoolKind};

/// The mean of 3x3 pixels around every second one; pixels beyond the edge do not count. Half the size, rounded up.
pub const AVERAGE_POOL: Pool = Pool { kind: PoolKind::Mean, window: 3, stride: 2, padding: 1 };

/// The largest of every 2x2 pixels; an odd last row or column is left out. Half the size, rounded down.
pub const MAX_POOL: Pool = Pool { kind: PoolKind::Max, window: 2, stride: 2, padding: 0 };

/// A pool with tensors.
///
/// # Shapes
/// - x: `[n, c, h, w]`
/// - output: `[n, c, h', w']` as [`Pool::output_size`] has it
pub fn pool(x: Tensor<4>, Pool { kind, window, stride, padding }: Pool) -> Tensor<4> {
    let [window, stride, padding] = [[window; 2], [stride; 2], [padding; 2]];
    match kind {
        PoolKind::Max => max_pool2d(x, MaxPoolOptions::new(window).with_stride(stride).with_padding(padding)),
        PoolKind::Mean | PoolKind::MeanOfPadded => {
            let options = AvgPoolOptions::new(window).with_stride(stride).with_padding(padding);
            avg_pool2d(x, options.with_count_include_pad(kind == PoolKind::MeanOfPadded))
        }
    }
}
