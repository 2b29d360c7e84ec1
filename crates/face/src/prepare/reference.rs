//! Where the five points of a kind of picture lie on average: how the original found its second template, that of drawings.

use super::isolation_forest;
use crate::error::{Error, Result};
use crate::landmarks::{FivePoints, five};
use crate::template::Template;
use crate::transform::{Point, Similarity};

/// Share of the points that is taken for outliers.
const OUTLIER_SHARE: f64 = 0.1;
/// Faces needed for an estimate.
const LEAST_FACES: usize = 10;
/// Seed of the isolation forests.
const SEED: u32 = 1;

/// Estimates where nose and mouth belong when both eyes lie where `template` has them.
///
/// Every face is moved so that its eyes lie on the template's. For nose and mouth corners each, the tenth that an isolation forest
/// finds most unusual is left out, and the mean of the rest taken. Then both mouth corners are shifted together, so that they are
/// mirror images about the nose from left to right.
///
/// # Errors
/// [`Error::OutOfRange`] for fewer than ten faces whose eyes do not coincide.
pub fn estimate(faces: &[FivePoints], template: &Template) -> Result<FivePoints> {
    let [left_eye, right_eye, ..] = template.points;
    let aligned: Vec<FivePoints> = faces
        .iter()
        .filter_map(|face| Some((face, Similarity::estimate(&face[..2], &[left_eye, right_eye]).ok()?)))
        .map(|(face, transform)| face.map(|point| transform.apply(point)))
        .collect();
    if aligned.len() < LEAST_FACES {
        let found = format!("{} usable faces", aligned.len());
        return Err(Error::OutOfRange { what: "estimated template", expected: "ten or more faces", found });
    }
    let typical = |index: usize| {
        let points: Vec<Point> = aligned.iter().map(|face| face[index]).collect();
        mean_without_outliers(&points)
    };
    let [nose, left, right] = [five::NOSE, five::LEFT_MOUTH, five::RIGHT_MOUTH].map(typical);
    let shift = nose[0] - (left[0] + right[0]) / 2.0;
    Ok([left_eye, right_eye, nose, [left[0] + shift, left[1]], [right[0] + shift, right[1]]])
}

fn mean_without_outliers(points: &[Point]) -> Point {
    let scores = isolation_forest::scores(points, SEED);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let keep = points.len() - (points.len() as f64 * OUTLIER_SHARE).floor() as usize;
    let sum = order[..keep].iter().fold([0.0; 2], |sum, &index| [sum[0] + points[index][0], sum[1] + points[index][1]]);
    sum.map(|value| value / keep as f64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;
    use crate::mersenne::MersenneTwister;

    #[test]
    fn the_points_behind_noise_turns_and_outliers_are_found() {
        let mut random = MersenneTwister::new(11);
        let truth = Template::VIEWER_DRAWING.points;
        let faces: Vec<FivePoints> = (0..300)
            .map(|index| {
                let mut face = truth;
                for point in &mut face[2..] {
                    let wide = if index % 25 == 0 { 900.0 } else { 12.0 };
                    point[0] += wide * (random.uniform() - 0.5);
                    point[1] += wide * (random.uniform() - 0.5);
                }
                let turn = Similarity::estimate(
                    &[[0.0, 0.0], [1.0, 0.0]],
                    &[[random.uniform(), 2.0], [random.uniform() + 0.5, 2.5 + random.uniform()]],
                )
                .unwrap();
                face.map(|point| turn.apply(point))
            })
            .collect();
        let found = estimate(&faces, &Template::VIEWER_PHOTO).unwrap();
        let [.., nose, left, right] = found;
        assert!((nose[0] - left[0] - (right[0] - nose[0])).abs() < 1e-9, "the mouth is not symmetric");
        for (found, truth) in found.iter().zip(truth) {
            assert!((found[0] - truth[0]).hypot(found[1] - truth[1]) < 4.0, "{found:?} {truth:?}");
        }
        assert!(estimate(&faces[..5], &Template::VIEWER_PHOTO).is_err());
    }
}
