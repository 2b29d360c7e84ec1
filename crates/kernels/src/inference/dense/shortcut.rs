//! What goes past the layers of a block: pooled or copied, with more channels; and what comes down from a coarser map.

use super::shape::DenseShape;
use crate::error::{ShapeError, check_length};

/// Overwrites `output` with `input` for stride 1, with the largest of each 2x2 pixels for stride 2 (an odd row or column
/// at the end stands alone). Channels that only `output` has are zero.
///
/// # Errors
/// [`ShapeError`] if a map has another length, or `output` fewer channels than `input`; `output` is untouched then.
pub fn shortcut(
    shape: DenseShape,
    input: &[f32],
    stride: usize,
    out_channels: usize,
    output: &mut [f32],
) -> Result<(), ShapeError> {
    let out_shape = DenseShape::features(shape.size().map(|size| size.div_ceil(stride.max(1))), out_channels);
    check_length("input", shape.elements(), input.len())?;
    check_length("output", out_shape.elements(), output.len())?;
    if out_channels < shape.channels() {
        return Err(ShapeError::Length {
            argument: "output channels",
            expected: shape.channels(),
            found: out_channels,
        });
    }
    let [height, width] = shape.size();
    let (pitch, channels) = (shape.pitch(), shape.channels());
    let pixel = |y: usize, x: usize| &input[(y * width + x) * pitch..][..channels];
    for (index, target) in output.chunks_exact_mut(out_shape.pitch()).enumerate() {
        let (y, x) = (index / out_shape.size()[1] * stride, index % out_shape.size()[1] * stride);
        let (target, rest) = target.split_at_mut(channels);
        target.copy_from_slice(pixel(y, x));
        rest.fill(0.0);
        if stride == 2 {
            let (below, right) = ((y + 1).min(height - 1), (x + 1).min(width - 1));
            let [b, c, d] = [pixel(y, right), pixel(below, x), pixel(below, right)];
            for (index, value) in target.iter_mut().enumerate() {
                *value = value.max(b[index]).max(c[index].max(d[index]));
            }
        }
    }
    Ok(())
}

/// Adds a map that is enlarged by two, bilinearly between the centres of its pixels, to a finer one.
///
/// # Errors
/// [`ShapeError`] if a map has another length; `fine` is untouched then.
pub fn add_upsampled(shape: DenseShape, coarse: &[f32], fine: &mut [f32]) -> Result<(), ShapeError> {
    let [height, width] = shape.size();
    let pitch = shape.pitch();
    check_length("coarse map", shape.elements(), coarse.len())?;
    check_length("fine map", 4 * shape.elements(), fine.len())?;
    // The two pixels that an output lies between: the nearer one counts three quarters.
    let neighbours = |index: usize, size: usize| {
        let near = index / 2;
        let far = if index.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(size - 1) };
        [near, far]
    };
    for (index, target) in fine.chunks_exact_mut(pitch).enumerate() {
        let [near_y, far_y] = neighbours(index / (2 * width), height);
        let [near_x, far_x] = neighbours(index % (2 * width), width);
        let pixel = |y: usize, x: usize| &coarse[(y * width + x) * pitch..][..pitch];
        let [a, b] = [pixel(near_y, near_x), pixel(near_y, far_x)];
        let [c, d] = [pixel(far_y, near_x), pixel(far_y, far_x)];
        for (index, value) in target.iter_mut().enumerate() {
            *value += 0.5625 * a[index] + 0.1875 * (b[index] + c[index]) + 0.0625 * d[index];
        }
    }
    Ok(())
}
