//! How much is kept, and how much of the protocols covered, at each distance share `r`.

use serde::Serialize;

use super::manifest::Row;
use super::recipe::Recipe;
use crate::domain::Domain;
use crate::filter::{LandmarkFilter, check_positions, distance_share};
use crate::protocol::coverage::{Available, Protocols};

/// What a filter with one `r` keeps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The share `r`.
    pub max_distance_share: f64,
    /// Pictures kept.
    pub kept: usize,
    /// Drawings among them.
    pub drawings: usize,
    /// Photos among them.
    pub photos: usize,
    /// Entries of the protocols, if there are any.
    pub entries: Option<i64>,
    /// Entries that are not covered.
    pub missing: Option<i64>,
    /// Their share.
    pub missing_share: Option<f64>,
}

/// The rates of the original's table and on to 1.
fn rates() -> impl Iterator<Item = f64> {
    (1..=20).map(|step| f64::from(step) * 0.05)
}

/// The table over `r`; everything else as the recipe says.
pub(super) fn sensitivity(rows: &[Row], recipe: &Recipe, protocols: Option<&Protocols>) -> Vec<Sensitivity> {
    let filter = recipe.landmark_filter();
    let shares: Vec<Option<f64>> = rows.iter().map(|row| smallest_share(row, &filter, recipe)).collect();
    let at = |rate: f64| {
        let kept = || {
            rows.iter().zip(&shares).filter(|(_, share)| share.is_some_and(|share| share <= rate)).map(|(row, _)| row)
        };
        let covered = protocols.map(|protocols| {
            let mut available = Available::default();
            kept().for_each(|row| available.insert(&row.identity, &row.picture));
            protocols.count(&available).total()
        });
        let drawings = kept().filter(|row| row.domain == Domain::Drawing).count();
        let kept = kept().count();
        Sensitivity {
            max_distance_share: (rate * 100.0).round() / 100.0,
            kept,
            drawings,
            photos: kept - drawings,
            entries: covered.map(|count| count.entries),
            missing: covered.map(|count| count.missing),
            missing_share: covered.map(|count| count.ratio()),
        }
    };
    rates().map(at).collect()
}

/// The smallest `r` that keeps a picture; `None` if none does.
fn smallest_share(row: &Row, filter: &LandmarkFilter, recipe: &Recipe) -> Option<f64> {
    let five = row.five_points()?;
    if recipe.filter.positions && row.all_landmarks().is_some_and(|landmarks| check_positions(&landmarks).is_err()) {
        return None;
    }
    if row.yaw.is_some_and(|yaw| yaw.abs() > recipe.filter.max_yaw_degrees) {
        return None;
    }
    distance_share(&five, filter.template(row.domain)).map(|share| share.value())
}
