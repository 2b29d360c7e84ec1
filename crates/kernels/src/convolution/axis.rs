//! Padding, one axis at a time, and its adjoint.

use super::padding::Padding;
use super::shape::Conv2d;
use std::ops::Range;

/// What a padded coordinate holds.
const ZERO: u32 = u32::MAX;

/// One axis of a padded plane, read with a step.
///
/// A convolution with stride s becomes one with stride 1 by splitting the padded plane into s² *phases*: phase p of an
/// axis holds the padded coordinates p, p + s, p + 2s, ...
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// For each padded coordinate the source coordinate, or `ZERO`.
    sources: Vec<u32>,
    /// Padded coordinates that are the source itself, in order.
    interior: Range<usize>,
    source_len: usize,
    /// Source coordinate of `interior.start`.
    first_source: usize,
    /// Step between coordinates of a phase.
    pub(crate) stride: usize,
}

impl Axis {
    /// An axis of `len` source coordinates, padded by `mode` up to `padding` and by zeros beyond.
    ///
    /// `before` padded coordinates precede the first source coordinate (negative: that many are cut off), `padded_len`
    /// are wanted in total.
    pub(crate) fn new(
        len: usize,
        before: isize,
        padding: usize,
        padded_len: usize,
        mode: Padding,
        stride: usize,
    ) -> Self {
        let source = |coordinate: usize| {
            let position = coordinate as isize - before;
            let last = len as isize - 1;
            let inside = match mode {
                _ if (0..=last).contains(&position) => Some(position),
                _ if position < -(padding as isize) || position > last + padding as isize => None,
                Padding::Zero => None,
                Padding::Reflect if position < 0 => Some(-position),
                Padding::Reflect => Some(2 * last - position),
                Padding::Replicate => Some(position.clamp(0, last)),
            };
            inside.map_or(ZERO, |position| position as u32)
        };
        let start = before.clamp(0, padded_len as isize) as usize;
        let end = (before + len as isize).clamp(start as isize, padded_len as isize) as usize;
        Self {
            sources: (0..padded_len).map(source).collect(),
            interior: start..end,
            source_len: len,
            first_source: (-before).max(0) as usize,
            stride,
        }
    }

    /// Source coordinates.
    pub(crate) fn source_len(&self) -> usize {
        self.source_len
    }

    /// Padded coordinates that are the source itself, and the source coordinate of the first.
    pub(crate) fn interior(&self) -> (Range<usize>, usize) {
        (self.interior.clone(), self.first_source)
    }

    /// The source coordinate at a padded coordinate; none where there are zeros.
    pub(crate) fn source(&self, coordinate: usize) -> Option<usize> {
        self.sources.get(coordinate).filter(|source| **source != ZERO).map(|source| *source as usize)
    }

    /// Coordinates of `phase` below `count` that lie in the interior.
    fn interior_of_phase(&self, phase: usize, count: usize) -> Range<usize> {
        let below = |coordinate: usize| coordinate.saturating_sub(phase).div_ceil(self.stride).min(count);
        let start = below(self.interior.start);
        start..below(self.interior.end).max(start)
    }

    /// Writes one padded row of a phase.
    pub(crate) fn gather(&self, source: &[f32], phase: usize, target: &mut [f32]) {
        let inside = self.interior_of_phase(phase, target.len());
        let border = (0..inside.start).chain(inside.end..target.len());
        for column in border {
            let source_column = self.source(column * self.stride + phase);
            target[column] = source_column.map_or(0.0, |source_column| source[source_column]);
        }
        if inside.is_empty() {
            return;
        }
        let first = self.first_source + inside.start * self.stride + phase - self.interior.start;
        let target = &mut target[inside];
        match self.stride {
            1 => target.copy_from_slice(&source[first..first + target.len()]),
            // Pairs of known size let the compiler use shuffles.
            2 => {
                let (pairs, _) = source[first..].as_chunks::<2>();
                for (value, pair) in target.iter_mut().zip(pairs) {
                    *value = pair[0];
                }
                // The last element of the row may have no partner.
                if let Some(last) = target.get_mut(pairs.len()) {
                    *last = source[first + 2 * pairs.len()];
                }
            }
            stride => {
                for (value, source) in target.iter_mut().zip(source[first..].iter().step_by(stride)) {
                    *value = *source;
                }
            }
        }
    }

    /// The adjoint of [`Axis::gather`]: adds one row of a phase to the source row.
    pub(crate) fn scatter_add(&self, row: &[f32], phase: usize, source: &mut [f32]) {
        let inside = self.interior_of_phase(phase, row.len());
        let border = (0..inside.start).chain(inside.end..row.len());
        for column in border {
            if let Some(source_column) = self.source(column * self.stride + phase) {
                source[source_column] += row[column];
            }
        }
        if inside.is_empty() {
            return;
        }
        let first = self.first_source + inside.start * self.stride + phase - self.interior.start;
        let row = &row[inside];
        if self.stride == 1 {
            for (sum, value) in source[first..].iter_mut().zip(row) {
                *sum += value;
            }
        } else {
            for (sum, value) in source[first..].iter_mut().step_by(self.stride).zip(row) {
                *sum += value;
            }
        }
    }
}

/// One axis of the padded input, long enough for every phase to have the same length.
pub(crate) fn padded_axis(conv: &Conv2d, in_size: usize, out_size: usize, kernel: usize) -> Axis {
    let padded = (out_size + kernel.div_ceil(conv.stride) - 1) * conv.stride;
    Axis::new(in_size, conv.padding as isize, conv.padding, padded, conv.mode, conv.stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(mode: Padding, stride: usize, phase: usize) -> Vec<f32> {
        let axis = Axis::new(4, 2, 2, 9, mode, stride);
        let mut row = vec![f32::NAN; (9 - phase).div_ceil(stride)];
        axis.gather(&[1.0, 2.0, 3.0, 4.0], phase, &mut row);
        row
    }

    #[test]
    fn rows_are_padded_as_their_mode_says() {
        assert_eq!(padded(Padding::Zero, 1, 0), [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0]);
        assert_eq!(padded(Padding::Reflect, 1, 0), [3.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 0.0]);
        assert_eq!(padded(Padding::Replicate, 1, 0), [1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 0.0]);
    }

    #[test]
    fn phases_take_every_other_coordinate() {
        assert_eq!(padded(Padding::Reflect, 2, 0), [3.0, 1.0, 3.0, 3.0, 0.0]);
        assert_eq!(padded(Padding::Reflect, 2, 1), [2.0, 2.0, 4.0, 2.0]);
        assert_eq!(padded(Padding::Reflect, 3, 2), [1.0, 4.0, 0.0]);
    }

    #[test]
    fn cropped_rows_start_inside_the_source() {
        let axis = Axis::new(4, -1, 0, 2, Padding::Zero, 1);
        let mut row = [0.0; 2];
        axis.gather(&[1.0, 2.0, 3.0, 4.0], 0, &mut row);
        assert_eq!(row, [2.0, 3.0]);
    }

    #[test]
    fn scatter_is_the_adjoint_of_gather() {
        for (mode, stride, before) in [(Padding::Reflect, 1, 3), (Padding::Replicate, 2, 2), (Padding::Zero, 3, -1)] {
            let axis = Axis::new(5, before, 3, 11, mode, stride);
            for phase in 0..stride {
                let count = (11 - phase).div_ceil(stride);
                let row: Vec<f32> = (0..count).map(|column| (column * column) as f32 + 1.0).collect();
                let mut scattered = [0.0; 5];
                axis.scatter_add(&row, phase, &mut scattered);
                for (column, scattered) in scattered.iter().enumerate() {
                    let mut unit = [0.0; 5];
                    unit[column] = 1.0;
                    let mut gathered = vec![0.0; count];
                    axis.gather(&unit, phase, &mut gathered);
                    let expected: f32 = gathered.iter().zip(&row).map(|(left, right)| left * right).sum();
                    assert_eq!(*scattered, expected, "{mode:?} {stride} {phase} {column}");
                }
            }
        }
    }
}
