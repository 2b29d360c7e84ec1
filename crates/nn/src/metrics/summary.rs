//! Mean and deviation over folds.

use serde::Serialize;

/// Mean and deviation over folds; `None` where a figure cannot be had, which is never written as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The mean.
    pub mean: Option<f64>,
    /// The population's standard deviation (divided by the number of folds), as the original's tables have it; one fold has none.
    pub std: Option<f64>,
}

impl Summary {
    /// The summary of some values; of none, or if one is missing, nothing.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let values: Option<Vec<f64>> = values.into_iter().collect();
        let Some(values) = values.filter(|values| !values.is_empty()) else { return Self::default() };
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        Self { mean: Some(mean), std: (values.len() > 1).then(|| variance.sqrt()) }
    }
}

impl std::fmt::Display for Summary {
    /// `0.9458 ± 0.0102`, the mean alone, or a dash.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.mean, self.std) {
            (Some(mean), Some(std)) => write!(formatter, "{mean:.4} ± {std:.4}"),
            (Some(mean), None) => write!(formatter, "{mean:.4}"),
            (None, _) => formatter.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_the_populations_and_nothing_gives_nothing() {
        let summary = Summary::of([1.0, 2.0, 3.0, 6.0].map(Some));
        assert_eq!((summary.mean, summary.std), (Some(3.0), Some(3.5_f64.sqrt())));
        assert_eq!(Summary::of([Some(1.0), None]), Summary::default());
        assert_eq!(Summary::of([]).to_string(), "–");
        assert_eq!(Summary::of([Some(0.25)]).to_string(), "0.2500");
    }
}
