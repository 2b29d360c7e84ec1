//! Which picture of the training is nearest.

use rayon::prelude::*;

use crate::metrics::generation::{FeatureError, FeatureRows};

/// A row and how far it is away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Which row it is.
    pub index: usize,
    /// The Euclidean distance.
    pub distance: f64,
}

/// For each row, the nearest of some others, the first of several. Of generated pictures among those of the training it shows what was
/// memorised: distances far below those of real pictures that were kept aside.
///
/// # Errors
/// [`FeatureError::Dimensions`] for rows of other lengths, [`FeatureError::TooFew`] where there are no others.
pub fn nearest_rows(rows: &FeatureRows, others: &FeatureRows) -> Result<Vec<Neighbour>, FeatureError> {
    if rows.dim() != others.dim() {
        return Err(FeatureError::Dimensions { real: others.dim(), fake: rows.dim() });
    }
    if others.is_empty() {
        return Err(FeatureError::TooFew { least: 1, found: 0 });
    }
    let squared = |one: &[f32], other: &[f32]| {
        one.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
    };
    let nearest = |row: usize| {
        let mut best = Neighbour { index: 0, distance: f64::INFINITY };
        for index in 0..others.len() {
            let distance = squared(rows.row(row), others.row(index));
            if distance < best.distance {
                best = Neighbour { index, distance };
            }
        }
        Neighbour { distance: best.distance.sqrt(), ..best }
    };
    Ok((0..rows.len()).into_par_iter().map(nearest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    fn rows(dim: usize, values: &[f32]) -> FeatureRows {
        let mut rows = FeatureRows::new(dim);
        rows.extend(values).expect("finite rows");
        rows
    }

    #[test]
    fn copies_are_found_at_no_distance_and_others_where_they_are() {
        let training = rows(2, &[0.0, 0.0, 3.0, 4.0, 3.0, 4.0]);
        let found = nearest_rows(&rows(2, &[3.0, 4.0, 0.0, -1.0]), &training).expect("neighbours");
        assert_eq!(found, [Neighbour { index: 1, distance: 0.0 }, Neighbour { index: 0, distance: 1.0 }]);
    }

    #[test]
    fn a_set_without_itself_is_never_nearer_than_with_itself() {
        let values = normals(&mut stream(1, "rows", 0), 40 * 6);
        let all = rows(6, &values);
        let half = all.select(&(0..20).collect::<Vec<_>>());
        let (among_all, among_half) =
            (nearest_rows(&all, &all).expect("all"), nearest_rows(&all, &half).expect("half"));
        for (index, (near, far)) in among_all.iter().zip(&among_half).enumerate() {
            assert_eq!((near.index, near.distance), (index, 0.0));
            assert_eq!(far.distance == 0.0, index < 20);
        }
    }

    #[test]
    fn rows_that_cannot_be_compared_are_refused() {
        assert!(nearest_rows(&rows(2, &[1.0, 2.0]), &FeatureRows::new(2)).is_err());
        assert!(nearest_rows(&rows(2, &[1.0, 2.0]), &rows(1, &[1.0])).is_err());
    }
}
