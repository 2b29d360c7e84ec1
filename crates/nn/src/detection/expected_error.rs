//! How far points are expected to lie from where a person would place them.
//!
//! Calibrated on the neutral pictures of the London set (114 people, points placed by hand) and on 120 photos of synthetic people
//! with exact points, where the mean error grows with the disagreement of the windows as `hypot(base, 2.5 disagreement)`. See
//! `docs/models/face-mesh.md`; drawings and turned heads are worse than told.

/// What disagreement of the windows counts.
const DISAGREEMENT: f64 = 2.5;
/// The eyes' outlines come from a network of their own, of which disagreement says less.
const DISAGREEMENT_OF_EYES: f64 = 1.0;

/// The part that does not depend on disagreement, of iBUG's 68 points, in distances of the outer eye corners. Along the jaw the
/// distance across the outline counts.
fn base(index: usize) -> f64 {
    match index {
        0 | 16 => 0.05,
        8 => 0.027,
        1..=15 => 0.02,
        17 | 26 => 0.035,
        21 | 22 => 0.042,
        18..=25 => 0.027,
        27..=35 => 0.013,
        36..=47 => 0.012,
        48..=59 => 0.012,
        _ => 0.008,
    }
}

/// What makes the mean error of such points the distance that nine in ten of them keep to.
const NINE_IN_TEN: f64 = 1.8;
/// The same for the errors that the network for drawings says: of the jaw, whose points may lie anywhere along it, and of all others. Of
/// held-out drawings exaggerated as in training; of plain ones nearly all points keep to it.
const NINE_IN_TEN_DRAWN: [f64; 2] = [2.5, 1.95];

/// The distance that nine in ten such points keep to, of a drawn face, from the mean errors that the network expects.
pub(super) fn errors_of_drawing(expected: &[f64]) -> [f64; 68] {
    let [jaw, other] = NINE_IN_TEN_DRAWN;
    std::array::from_fn(|index| if index < 17 { jaw } else { other } * expected[index])
}

/// The distance that nine in ten such points keep to, of a photographed face, for each of iBUG's 68 points, in pixels, from how far
/// windows disagree about it.
pub(super) fn errors_of_photo(disagreement_px: [f64; 68], eye_distance_px: f64) -> [f64; 68] {
    std::array::from_fn(|index| {
        let factor = if (36..48).contains(&index) { DISAGREEMENT_OF_EYES } else { DISAGREEMENT };
        NINE_IN_TEN * (base(index) * eye_distance_px).hypot(factor * disagreement_px[index])
    })
}
