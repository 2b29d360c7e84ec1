//! Maps between layers, and their memory.

use portraitist_kernels::{DenseShape, ShapeError, add_upsampled};

/// A map between layers and its values.
#[derive(Debug)]
pub struct DenseMap {
    pub(super) shape: DenseShape,
    pub(super) values: Vec<f32>,
}

impl DenseMap {
    /// The values of every pixel, without what fills up its registers.
    pub fn pixels(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.shape.pitch()).map(|pixel| &pixel[..self.shape.channels()])
    }

    /// Rows, columns and channels.
    pub fn shape(&self) -> DenseShape {
        self.shape
    }

    /// Adds a map that is enlarged by two.
    ///
    /// # Errors
    /// [`ShapeError`] if it is not half as large, or has other channels.
    pub fn add_upsampled(&mut self, coarse: &Self) -> Result<(), ShapeError> {
        add_upsampled(coarse.shape, &coarse.values, &mut self.values)
    }
}

/// Memory of maps that are no longer needed. Each thread that runs networks wants its own.
#[derive(Debug, Default)]
pub struct DenseMemory {
    spare: Vec<Vec<f32>>,
}

impl DenseMemory {
    /// A map that holds stale values until it is written.
    pub(super) fn take(&mut self, shape: DenseShape) -> DenseMap {
        let wanted = shape.elements();
        let fits = |values: &Vec<f32>| (values.capacity() < wanted, values.capacity().abs_diff(wanted));
        let best = (0..self.spare.len()).min_by_key(|index| fits(&self.spare[*index]));
        let mut values = best.map(|index| self.spare.swap_remove(index)).unwrap_or_default();
        values.resize(wanted, 0.0);
        DenseMap { shape, values }
    }

    /// Gives a map's memory to the next.
    pub fn give(&mut self, map: DenseMap) {
        self.spare.push(map.values);
    }

    /// An image with rows and columns of zeros around it: `before` above and left, the rest below and right.
    ///
    /// # Panics
    /// If `pixels` (`[side, side, 3]`) do not fit.
    pub(crate) fn image(&mut self, padded: DenseShape, before: usize, pixels: &[f32]) -> DenseMap {
        let side = (pixels.len() / 3).isqrt();
        let mut map = self.take(padded);
        map.values.fill(0.0);
        let stride = 3 * padded.size()[1];
        for (row, source) in pixels.chunks_exact(3 * side).enumerate() {
            map.values[(row + before) * stride + 3 * before..][..3 * side].copy_from_slice(source);
        }
        map
    }
}
