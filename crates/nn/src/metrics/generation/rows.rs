//! Features of pictures.

use super::error::FeatureError;

/// Features, a row for each picture.
///
/// # Shapes
/// - values: `[pictures, dim]`, finite
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureRows {
    dim: usize,
    values: Vec<f32>,
}

impl FeatureRows {
    /// No rows yet, of `dim` features each.
    ///
    /// # Panics
    /// If `dim` is 0.
    pub fn new(dim: usize) -> Self {
        assert!(dim > 0, "a row has features");
        Self { dim, values: Vec::new() }
    }

    /// Adds whole rows.
    ///
    /// # Errors
    /// [`FeatureError::NotFinite`] names the first NaN or infinity; nothing is added then.
    ///
    /// # Panics
    /// If these are no whole rows.
    pub fn extend(&mut self, rows: &[f32]) -> Result<(), FeatureError> {
        assert!(rows.len().is_multiple_of(self.dim), "rows are whole");
        if let Some(place) = rows.iter().position(|value| !value.is_finite()) {
            let found = f64::from(rows[place]);
            return Err(FeatureError::NotFinite {
                row: self.len() + place / self.dim,
                column: place % self.dim,
                found,
            });
        }
        self.values.extend_from_slice(rows);
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim.max(1)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Features of a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// All values, `[pictures, dim]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A row; `index` must be below [`len`](Self::len).
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dim..][..self.dim]
    }

    /// Some of the rows, in the order given.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self { dim: self.dim, values: indices.iter().flat_map(|index| self.row(*index)).copied().collect() }
    }
}
