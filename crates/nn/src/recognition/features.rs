//! Embeddings of many pictures, and how alike they are.

use portraitist_face::Picture;

use super::EvaluationError;

/// Something that embeds crops: a [`super::Recognizer`], or any other way to a row of numbers.
pub trait EmbedCrops {
    /// A row for each crop, all of one length.
    ///
    /// # Errors
    /// Whatever stands in the way.
    fn embed(&self, crops: &[Picture]) -> Result<Vec<Vec<f32>>, EvaluationError>;
}

impl<F: Fn(&[Picture]) -> Result<Vec<Vec<f32>>, EvaluationError>> EmbedCrops for F {
    fn embed(&self, crops: &[Picture]) -> Result<Vec<Vec<f32>>, EvaluationError> {
        self(crops)
    }
}

/// What is added to the product of the lengths when two embeddings are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Similarity {
    /// Nothing: the cosine.
    #[default]
    Cosine,
    /// 1e-5, as the original adds it.
    Original2018,
}

/// Embeddings, a row each.
#[derive(Clone, Debug, Default)]
pub struct Features {
    length: usize,
    values: Vec<f32>,
    norms: Vec<f32>,
}

impl Features {
    /// Adds a row; `picture` names it in errors.
    ///
    /// # Errors
    /// [`EvaluationError::Feature`] for a row with NaN, an infinity, nothing but zeros, or of another length than the others.
    pub fn push(&mut self, row: &[f32], picture: &str) -> Result<(), EvaluationError> {
        let wrong = |found: String| EvaluationError::Feature { picture: picture.to_owned(), found };
        if self.norms.is_empty() {
            self.length = row.len();
        }
        if row.len() != self.length || row.is_empty() {
            return Err(wrong(format!("{} numbers where others have {}", row.len(), self.length)));
        }
        if let Some(value) = row.iter().find(|value| !value.is_finite()) {
            return Err(wrong(value.to_string()));
        }
        let norm = dot(row, row).sqrt();
        if norm == 0.0 || !norm.is_finite() {
            return Err(wrong(format!("a length of {norm}")));
        }
        self.values.extend_from_slice(row);
        self.norms.push(norm);
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// A row; `index` must be below [`len`](Self::len).
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.length..][..self.length]
    }

    /// How alike two rows are, -1 to 1; both places must be below [`len`](Self::len).
    pub fn similarity(&self, one: usize, other: usize, similarity: Similarity) -> f32 {
        let lengths = self.norms[one] * self.norms[other];
        let lengths =
            if similarity == Similarity::Original2018 { lengths + 1e-5 } else { lengths.max(f32::MIN_POSITIVE) };
        dot(self.row(one), self.row(other)) / lengths
    }
}

/// The sum of products, in sixteen strands so that it can be computed in parallel and always comes out the same.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    const STRANDS: usize = 16;
    let (ones, one_rest) = one.as_chunks::<STRANDS>();
    let (others, other_rest) = other.as_chunks::<STRANDS>();
    let mut sums = [0.0; STRANDS];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += one * other;
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
    sums.iter().sum::<f32>() + rest
}
