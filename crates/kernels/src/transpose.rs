//! Transposition in small squares, which stay in the first-level cache.

/// Side of the squares.
pub(crate) const SIDE: usize = 16;

/// Adds a matrix `[depth][stride]` to its transpose `[columns][depth]`, of `SIDE` columns or fewer; or replaces it.
pub(crate) fn add_transposed(source: &[f32], stride: usize, depth: usize, target: &mut [f32], replace: bool) {
    for first in (0..depth).step_by(SIDE) {
        let count = SIDE.min(depth - first);
        let mut square = [[0.0_f32; SIDE]; SIDE];
        for (row, values) in square.iter_mut().enumerate().take(count) {
            copy_up_to_side(&source[(first + row) * stride..], values);
        }
        for (column, target) in target.chunks_exact_mut(depth).enumerate() {
            for (value, row) in target[first..first + count].iter_mut().zip(&square) {
                *value = if replace { row[column] } else { *value + row[column] };
            }
        }
    }
}

/// Copies as much as there is; a copy of known size is a few instructions, any other a function call.
fn copy_up_to_side(source: &[f32], target: &mut [f32; SIDE]) {
    match source.first_chunk::<SIDE>() {
        Some(source) => *target = *source,
        None => target[..source.len()].copy_from_slice(source),
    }
}

/// Transposes `channels` rows of `len` elements, `stride` apart, to `[len][padded_channels]`, filled up with zeros.
pub(crate) fn transpose(
    source: &[f32],
    stride: usize,
    channels: usize,
    target: &mut [f32],
    padded_channels: usize,
    len: usize,
) {
    for first in (0..padded_channels).step_by(SIDE) {
        let count = SIDE.min(padded_channels - first);
        for start in (0..len).step_by(SIDE) {
            let end = (start + SIDE).min(len);
            let mut square = [[0.0_f32; SIDE]; SIDE];
            for (channel, row) in square.iter_mut().enumerate().take(count.min(channels.saturating_sub(first))) {
                copy_up_to_side(&source[(first + channel) * stride..][start..len], row);
            }
            for position in start..end {
                let target = &mut target[position * padded_channels + first..][..count];
                for (value, row) in target.iter_mut().zip(&square) {
                    *value = row[position - start];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transpose_fills_up_with_zeros() {
        let source: Vec<f32> = (0..60).map(|value| value as f32 + 1.0).collect();
        let mut target = vec![f32::NAN; 18 * 4];
        transpose(&source, 20, 3, &mut target, 4, 18);
        for position in 0..18 {
            let expected = [position as f32 + 1.0, position as f32 + 21.0, position as f32 + 41.0, 0.0];
            assert_eq!(target[position * 4..][..4], expected);
        }
    }
}
