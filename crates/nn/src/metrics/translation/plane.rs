//! Pictures as one plane of numbers.

/// One value a pixel.
///
/// # Shapes
/// - values: `[height, width]`
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    width: usize,
    height: usize,
    values: Vec<f64>,
}

/// Weights of red, green and blue in the luminance of ITU-R BT.601.
const LUMINANCE: [f64; 3] = [0.299, 0.587, 0.114];

impl Plane {
    /// Values of a size.
    ///
    /// # Panics
    /// Unless there are `width · height` values, at least one.
    pub fn new(width: usize, height: usize, values: Vec<f64>) -> Self {
        assert!(width > 0 && height > 0 && values.len() == width * height, "a value a pixel");
        Self { width, height, values }
    }

    /// The luminance of a picture, 0 to 255.
    ///
    /// # Shapes
    /// - pixels: `[height, width, 3]`, RGB
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn luminance(width: usize, height: usize, pixels: &[u8]) -> Self {
        let value =
            |pixel: &[u8; 3]| pixel.iter().zip(LUMINANCE).map(|(level, weight)| weight * f64::from(*level)).sum();
        Self::new(width, height, pixels.as_chunks::<3>().0.iter().map(value).collect())
    }

    /// Width.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The values, line by line.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The lines.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width)
    }

    /// Columns as lines.
    pub(super) fn transposed(&self) -> Self {
        let values = (0..self.width).flat_map(|x| self.values[x..].iter().step_by(self.width).copied()).collect();
        Self { width: self.height, height: self.width, values }
    }

    /// The mean of every 2x2 values; a last odd line or column is left out.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let at = |x: usize, y: usize| self.values[y * self.width + x];
        let mean = |index: usize| {
            let (x, y) = (2 * (index % width), 2 * (index / width));
            (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0
        };
        Self { width, height, values: (0..width * height).map(mean).collect() }
    }

    /// Each value made of those of two planes of one size.
    pub(super) fn zip(&self, other: &Self, value: impl Fn(f64, f64) -> f64) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(one, other)| value(*one, *other)).collect();
        Self { values, ..*self }
    }
}
