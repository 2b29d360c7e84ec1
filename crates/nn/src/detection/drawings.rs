//! Drawn faces: whether a face is one, where its points are, and where in a picture there may be one.
//!
//! The network is the mesh trained further on drawings and caricatures (`docs/models/drawing-landmarks.md`). It says how far off each
//! point may be, so its looks need no disagreement to tell.

use portraitist_face::landmarks::mesh::Point3;
use portraitist_kernels::ShapeError;
use rayon::prelude::*;

use super::region::Region;
use super::windows::{Change, Look, MeshLooker, STILL, mean, window_of};

/// Most windows that are followed: an exaggerated face may lie far from where the first look has it.
const MOST_FOLLOWED: usize = 5;
/// The looks that points are the mean of: the change of the window, and whether it is mirrored.
const LOOKS: [(Change, bool); 4] = [
    (([0.0, 0.0], 1.0, 0.0), false),
    (([0.0, 0.0], 1.0, 0.0), true),
    (([0.02, -0.02], 1.08, 0.03), false),
    (([0.02, 0.02], 0.94, -0.03), true),
];

/// Windows of a search: sides as shares of the picture's longer side, and steps as shares of their own. Small windows are many: they stand
/// further apart, and only in the upright picture.
const SIDES: [f64; 6] = [1.5, 1.05, 0.75, 0.53, 0.37, 0.26];
const SMALL: f64 = 0.5;
const STEP: f64 = 0.22;
const STEP_OF_SMALL: f64 = 0.3;
/// Windows that are followed after a search.
const FOLLOWED: usize = 12;
/// A window that does not come to rest holds no face, nor does one whose looks disagree by more than this share of the eye distance.
const LARGEST_DISAGREEMENT: f64 = 0.12;

/// The points of a drawn face.
#[derive(Clone, Debug)]
pub(super) struct DrawnPoints {
    /// In pixels of the picture. The depth is the mesh's before it was trained further and means little.
    pub(super) points: Vec<Point3>,
    /// The expected errors of iBUG's 68 points, in pixels.
    pub(super) errors: Vec<f64>,
    /// How far the looks disagree about each point of the mesh, in pixels.
    pub(super) spread: Vec<f64>,
    /// Probability that there is a face.
    pub(super) flag: f64,
}

/// Looks at drawn faces; the looker's network is that for drawings.
pub(super) struct DrawingLooker<'a>(pub(super) MeshLooker<'a>);

impl DrawingLooker<'_> {
    /// The probability that the face in a window is drawn.
    pub(super) fn drawn(&self, window: &Region) -> Result<f64, ShapeError> {
        let looks = [false, true].map(|mirrored| self.0.look_at(window, mirrored));
        let [plain, mirrored] = looks;
        let drawn = |look: Look| look.drawn.map_or(0.0, |(_, drawn)| drawn);
        Ok(f64::midpoint(drawn(plain?), drawn(mirrored?)))
    }

    /// The points of the face in a window, which is followed to where the points say that the face is.
    pub(super) fn points(&self, first: Region) -> Result<DrawnPoints, ShapeError> {
        let mut window = first;
        for _ in 0..MOST_FOLLOWED {
            let next = window_of(&self.0.look(&window)?.points);
            let moved = window.distance(&next);
            window = next;
            if moved < STILL / 2.0 {
                break;
            }
        }
        let look = |((shift, scale, turn), mirrored): &(Change, bool)| {
            self.0.look_at(&window.moved(*shift, *scale, *turn), *mirrored)
        };
        let looks: Vec<Look> = LOOKS.par_iter().map(look).collect::<Result<_, _>>()?;
        let (points, spread) = mean(&looks);
        let mean_of = |value: &dyn Fn(&Look) -> f64| looks.iter().map(value).sum::<f64>() / looks.len() as f64;
        let error = |index: usize| mean_of(&|look| look.drawn.as_ref().map_or(f64::NAN, |(errors, _)| errors[index]));
        Ok(DrawnPoints { points, spread, errors: (0..68).map(error).collect(), flag: mean_of(&|look| look.flag) })
    }

    /// The face that looks most like one of all windows of a picture that stand at an angle; for pictures in which no detector finds any.
    pub(super) fn search(&self, angle: f64, least_flag: f64) -> Result<Option<DrawnPoints>, ShapeError> {
        let picture = self.0.pyramid.picture();
        let size = [picture.width() as f64, picture.height() as f64];
        let sides = SIDES.iter().filter(|share| angle == 0.0 || **share > SMALL);
        let windows: Vec<Region> = sides.flat_map(|share| windows(size, *share, angle)).collect();
        let flags: Vec<f64> =
            windows.par_iter().map(|window| self.0.look(window).map(|look| look.flag)).collect::<Result<_, _>>()?;
        let mut order: Vec<usize> = (0..windows.len()).collect();
        order.sort_by(|a, b| flags[*b].total_cmp(&flags[*a]));
        let followed = order.into_iter().take(FOLLOWED).filter(|index| flags[*index] >= least_flag / 4.0);
        let mut best: Option<DrawnPoints> = None;
        for found in followed.map(|index| self.points(windows[index])) {
            let found = found?;
            let better = best.as_ref().is_none_or(|best| found.flag > best.flag);
            if found.flag >= least_flag && better && found.agrees() {
                best = Some(found);
            }
        }
        Ok(best)
    }
}

impl DrawnPoints {
    /// Whether the looks saw the same face.
    fn agrees(&self) -> bool {
        use portraitist_face::landmarks::mesh::{LEFT_OUTER_CORNER, RIGHT_OUTER_CORNER};
        let [left, right] = [LEFT_OUTER_CORNER, RIGHT_OUTER_CORNER].map(|vertex| self.points[vertex]);
        let eyes = (right[0] - left[0]).hypot(right[1] - left[1]);
        let mean = self.spread.iter().sum::<f64>() / self.spread.len().max(1) as f64;
        mean < LARGEST_DISAGREEMENT * eyes
    }
}

/// The windows of one side that cover a picture, from its middle outwards by whole steps.
fn windows([width, height]: [f64; 2], share: f64, angle: f64) -> Vec<Region> {
    let side = share * width.max(height);
    let step = side * if share > SMALL { STEP } else { STEP_OF_SMALL };
    let middle = [(width - 1.0) / 2.0, (height - 1.0) / 2.0];
    // The middle of a face lies in the picture, rarely near its edge.
    let count = |length: f64| ((0.42 * length / step) as i64).min(8);
    let (across, down) = (count(width), count(height));
    let place = |column: i64, row: i64| {
        let [x, y] = [column as f64 * step, row as f64 * step];
        Region { middle: [middle[0] + x, middle[1] + y], side, angle }
    };
    (-down..=down).flat_map(|row| (-across..=across).map(move |column| place(column, row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_stand_around_the_middle_of_the_picture() {
        let found = windows([300.0, 500.0], 0.26, 0.0);
        assert!(found.len() > 20, "{}", found.len());
        let mean = found.iter().map(|window| window.middle[1]).sum::<f64>() / found.len() as f64;
        assert!((mean - 249.5).abs() < 1e-9, "{mean}");
        assert!(found.iter().all(|window| (0.0..300.0).contains(&window.middle[0])));
        assert_eq!(windows([300.0, 500.0], 2.0, 0.0).len(), 1);
    }
}
