//! What differs from the mean face grows, or shrinks to what real faces have.

use super::bend::{Bend, Control};
use super::parts::{Amounts, Part, control_vertices};
use super::pose::HeadPose;
use super::space::{Coefficients, ShapeSpace};
use crate::landmarks::mesh::{Eye, IBUG, MeshPoints, Point3};
use crate::transform::Point;

/// The growth of strength 1, as a factor of the person's difference from the mean, ...
const GROWTH: f64 = 3.5;
/// ... but landmarks move by no more than this share of the eyes' distance: faces far from the mean need no more.
const LARGEST_MOVEMENT: f64 = 0.07;
/// When a bend folds, its way is shortened by this factor, and again.
const SHORTER: f64 = 0.88;
const MOST_SHORTENINGS: usize = 40;

/// A face of which the shape is known, ready to be bent.
#[derive(Clone, Debug)]
pub struct Exaggeration {
    pose: HeadPose,
    points: MeshPoints,
    /// How the person differs from the mean, in the head's frame, for each vertex.
    differences: Vec<Point3>,
}

/// A bend and how much of it was possible without folds.
#[derive(Clone, Debug)]
pub struct Bent {
    /// The bend.
    pub bend: Bend,
    /// The share of the amount asked for, 0 to 1; 1 unless the picture would have folded.
    pub share: f64,
    /// By how much iBUG's 68 points move, in distances of the outer corners of the eyes: their mean.
    pub movement: f64,
}

impl Exaggeration {
    /// Of a face's own difference from the mean. `None` for points that have no pose.
    pub fn of(points: &MeshPoints) -> Option<Self> {
        let space = ShapeSpace::learned();
        let pose = space.pose(points)?;
        let person = space.of_person(&space.analyse(points, &pose));
        Some(Self { pose, points: points.clone(), differences: space.displacements(&person) })
    }

    /// In the direction of another face, a caricature's say: what grows is how *it* differs from the mean. `None` as for
    /// [`of`](Self::of).
    pub fn like(points: &MeshPoints, example: &MeshPoints) -> Option<Self> {
        let space = ShapeSpace::learned();
        let pose = space.pose(points)?;
        let example = space.of_person(&space.analyse(example, &space.pose(example)?));
        Some(Self { pose, points: points.clone(), differences: space.displacements(&example) })
    }

    /// Back to the nearest shape that real faces have: for caricatures. `None` as for [`of`](Self::of).
    pub fn undone(points: &MeshPoints) -> Option<Bent> {
        let space = ShapeSpace::learned();
        let pose = space.pose(points)?;
        let found = space.analyse(points, &pose);
        let likely = space.most_likely(&found);
        let by = Coefficients(likely.0.iter().zip(&found.0).map(|(to, from)| to - from).collect());
        let back = Self { pose, points: points.clone(), differences: space.displacements(&by) };
        Some(back.bent(|_| 1.0))
    }

    /// The bend that lets each part grow by its amount. Strength 1 moves iBUG's points by up to 7 % of the eyes' distance in the mean.
    pub fn grown(&self, amounts: &Amounts) -> Bent {
        let growth = GROWTH.min(LARGEST_MOVEMENT / self.movement(|_| 1.0).max(1e-9));
        self.bent(|part| growth * amounts.of(part))
    }

    fn bent(&self, factor: impl Fn(Part) -> f64) -> Bent {
        let unit_px = self.points.eye_distance_px().max(1.0);
        let mut controls: Vec<(usize, Control)> = control_vertices()
            .into_iter()
            .map(|(vertex, part)| {
                let by = self.pose.displacement(self.differences[vertex].map(|value| value * factor(part)));
                let before = self.points.point(vertex);
                (vertex, Control { before, after: [before[0] + by[0], before[1] + by[1]], weight: 1.0 })
            })
            .collect();
        keep_teeth(&mut controls);
        let mut controls: Vec<Control> = self.with_irises(controls);
        controls.retain(|control| control.before.iter().chain(&control.after).all(|value| value.is_finite()));
        let whole = Bend::new(controls, unit_px);
        let mut share = 1.0;
        let mut bend = whole.clone();
        for _ in 0..MOST_SHORTENINGS {
            if bend.is_smooth() {
                break;
            }
            share *= SHORTER;
            bend = whole.times(share);
        }
        let movement = self.movement(&factor) * share;
        Bent { bend, share, movement }
    }

    /// The irises move as their eyes do, by a similarity: they stay round.
    fn with_irises(&self, controls: Vec<(usize, Control)>) -> Vec<Control> {
        let mut all: Vec<Control> = controls.iter().map(|(_, control)| *control).collect();
        for (eye, iris) in [Eye::Left, Eye::Right].into_iter().zip(self.points.irises()) {
            let outline = eye.outline();
            let around: Vec<&Control> =
                controls.iter().filter(|(vertex, _)| outline.contains(vertex)).map(|(_, control)| control).collect();
            let fit = Likeness::fit(&around);
            all.extend(iris.iter().map(|place| Control {
                before: *place,
                after: fit.apply(*place),
                weight: IRIS_WEIGHT,
            }));
        }
        all
    }

    fn movement(&self, factor: impl Fn(Part) -> f64) -> f64 {
        let parts = control_vertices();
        let moved = IBUG.iter().map(|vertex| {
            let part = parts.iter().find(|(known, _)| known == vertex).map_or(0.0, |(_, part)| factor(*part));
            let [x, y] = self.pose.displacement(self.differences[*vertex].map(|value| value * part));
            x.hypot(y)
        });
        moved.sum::<f64>() / 68.0 / self.points.eye_distance_px().max(1.0)
    }
}

/// How much a point of an iris counts.
const IRIS_WEIGHT: f64 = 4.0;

/// Vertices of the inner lips: between them are the teeth.
const INNER_LIPS: [usize; 8] = [78, 82, 13, 312, 308, 317, 14, 87];

/// The inner lips move by a similarity, so that the teeth between them keep their shape.
fn keep_teeth(controls: &mut [(usize, Control)]) {
    let inner: Vec<Control> =
        controls.iter().filter(|(vertex, _)| INNER_LIPS.contains(vertex)).map(|(_, control)| *control).collect();
    let fit = Likeness::fit(&inner.iter().collect::<Vec<_>>());
    for (_, control) in controls.iter_mut().filter(|(vertex, _)| INNER_LIPS.contains(vertex)) {
        control.after = fit.apply(control.before);
    }
}

/// The similarity that moves control points best, in least squares: `to + (real, imaginary) · (place - from)`, as complex numbers.
struct Likeness {
    from: Point,
    to: Point,
    factor: [f64; 2],
}

impl Likeness {
    fn fit(controls: &[&Control]) -> Self {
        let count = controls.len().max(1) as f64;
        let mean = |of: fn(&Control) -> Point| {
            [0, 1].map(|axis| controls.iter().map(|control| of(control)[axis]).sum::<f64>() / count)
        };
        let (from, to) = (mean(|control| control.before), mean(|control| control.after));
        let (mut real, mut imaginary, mut spread) = (0.0, 0.0, 0.0);
        for control in controls {
            let [x, y] = [control.before[0] - from[0], control.before[1] - from[1]];
            let [u, v] = [control.after[0] - to[0], control.after[1] - to[1]];
            real += x * u + y * v;
            imaginary += x * v - y * u;
            spread += x * x + y * y;
        }
        let factor = if spread > 0.0 { [real / spread, imaginary / spread] } else { [1.0, 0.0] };
        Self { from, to, factor }
    }

    fn apply(&self, place: Point) -> Point {
        let [x, y] = [place[0] - self.from[0], place[1] - self.from[1]];
        let [real, imaginary] = self.factor;
        [self.to[0] + real * x - imaginary * y, self.to[1] + imaginary * x + real * y]
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;
    use crate::mersenne::MersenneTwister;
    use crate::picture::Picture;
    use crate::pose::linear::apply;

    const SIDE: f64 = 200.0;

    /// A face of the space with coefficients by chance, turned by some degrees, 60 pixels between the eyes, in the middle of 200x200.
    fn face(seed: u32, spread: f64, yaw_degrees: f64) -> MeshPoints {
        let space = ShapeSpace::learned();
        let mut random = MersenneTwister::new(seed);
        let mut normal = || (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0;
        let coefficients = Coefficients(space.reliability().iter().map(|_| spread * normal()).collect());
        let (sine, cosine) = yaw_degrees.to_radians().sin_cos();
        let rotation = [[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]];
        let place = |(mean, by): (&Point3, Point3)| {
            let turned = apply(rotation, std::array::from_fn(|axis| mean[axis] + by[axis]));
            [60.0 * turned[0] + SIDE / 2.0 - 0.5, 60.0 * turned[1] + 0.4 * SIDE, 60.0 * turned[2]]
        };
        let points: Vec<Point3> = space.mean().iter().zip(space.displacements(&coefficients)).map(place).collect();
        let iris = |eye: Eye| {
            let [a, b] = eye.corners().map(|vertex| points[vertex]);
            let [x, y] = [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
            [[x, y], [x - 4.0, y], [x, y - 4.0], [x + 4.0, y], [x, y + 4.0]]
        };
        let irises = [iris(Eye::Left), iris(Eye::Right)];
        MeshPoints::new(points, irises)
    }

    /// The vertices on the other side of the face.
    fn other_sides() -> Vec<usize> {
        let mean = ShapeSpace::learned().mean();
        let far = |a: Point3, b: Point3| (a[0] + b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2);
        mean.iter()
            .map(|point| {
                (0..mean.len()).min_by(|&a, &b| far(*point, mean[a]).total_cmp(&far(*point, mean[b]))).unwrap()
            })
            .collect()
    }

    fn mirrored(points: &MeshPoints, other: &[usize]) -> MeshPoints {
        let flip = |[x, y]: Point| [SIDE - 1.0 - x, y];
        let mirror = |vertex: &usize| {
            let [x, y, z] = points.points()[*vertex];
            [SIDE - 1.0 - x, y, z]
        };
        let [left, right] = points.irises();
        let turned = |iris: &[Point; 5]| [iris[0], iris[3], iris[2], iris[1], iris[4]].map(flip);
        MeshPoints::new(other.iter().map(mirror).collect(), [turned(right), turned(left)])
    }

    fn picture() -> Picture {
        Picture::from_rgb(200, 200, (0..120_000_u32).map(|value| (value * 7 % 253) as u8).collect()).unwrap()
    }

    #[test]
    fn strength_0_changes_nothing_and_the_mean_face_has_nothing_to_grow() {
        let bent = Exaggeration::of(&face(1, 1.0, 20.0)).unwrap().grown(&Amounts::all(0.0).unwrap());
        assert_eq!(bent.bend.apply(&picture()).unwrap(), picture());
        assert!(bent.movement == 0.0 && (bent.bend.least_area() - 1.0).abs() < 1e-9);
        let mean = Exaggeration::of(&face(1, 0.0, 30.0)).unwrap().grown(&Amounts::all(2.0).unwrap());
        assert!(mean.movement < 1e-3, "{}", mean.movement);
    }

    #[test]
    fn no_face_folds_up_to_the_largest_strength() {
        for seed in 0..24 {
            let points = face(seed, 1.2, f64::from(seed % 7) * 15.0 - 45.0);
            let bent = Exaggeration::of(&points).unwrap().grown(&Amounts::all(2.0).unwrap());
            assert!(bent.bend.is_smooth() && bent.share > 0.2, "{seed}: {} {}", bent.bend.least_area(), bent.share);
            let usual = Exaggeration::of(&points).unwrap().grown(&Amounts::all(1.0).unwrap());
            assert!((0.0..=0.0701).contains(&usual.movement), "{seed}: {}", usual.movement);
        }
    }

    #[test]
    fn a_mirrored_face_is_bent_to_the_mirror_image() {
        let other = other_sides();
        let points = face(5, 1.0, 25.0);
        let amounts = Amounts::of_parts(&[(Part::Nose, 1.0), (Part::Jaw, 0.7)]).unwrap();
        let [here, there] = [points.clone(), mirrored(&points, &other)]
            .map(|points| Exaggeration::of(&points).unwrap().grown(&amounts).bend);
        for index in 0..100 {
            let place = [f64::from(index % 10) * 20.0, f64::from(index / 10) * 20.0];
            let ([x, y], [u, v]) = (here.before(place), there.before([SIDE - 1.0 - place[0], place[1]]));
            assert!((x - (SIDE - 1.0 - u)).abs() < 0.02 && (y - v).abs() < 0.02, "{place:?}: {x} {y}, {u} {v}");
        }
    }

    #[test]
    fn a_turned_head_differs_from_the_mean_as_it_does_from_the_front() {
        let space = ShapeSpace::learned();
        let of = |yaw: f64| {
            let points = face(3, 1.0, yaw);
            space.of_person(&space.analyse(&points, &space.pose(&points).unwrap()))
        };
        let (front, turned) = (of(0.0), of(30.0));
        assert!(front.0.iter().zip(&turned.0).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn irises_stay_round() {
        for seed in 0..8 {
            let points = face(seed, 1.0, 0.0);
            let bend = Exaggeration::of(&points).unwrap().grown(&Amounts::all(1.0).unwrap()).bend;
            let [x, y] = points.irises()[0][0];
            // The matrix of the bend in the iris: a circle's longest and shortest radius.
            let (right, left, below, above) = (
                bend.before([x + 1.0, y]),
                bend.before([x - 1.0, y]),
                bend.before([x, y + 1.0]),
                bend.before([x, y - 1.0]),
            );
            let [[a, c], [b, d]] =
                [[right[0] - left[0], right[1] - left[1]], [below[0] - above[0], below[1] - above[1]]];
            let (sum, product) = (a * a + b * b + c * c + d * d, (a * d - b * c).abs());
            let ratio = (sum + (sum * sum - 4.0 * product * product).max(0.0).sqrt()) / (2.0 * product);
            assert!(ratio < 1.25, "{seed}: {ratio}");
        }
    }

    #[test]
    fn parts_that_are_not_asked_for_stay() {
        let points = face(2, 1.0, 0.0);
        let nose = Exaggeration::of(&points).unwrap().grown(&Amounts::of_parts(&[(Part::Nose, 1.0)]).unwrap());
        let chin = points.point(152);
        let before = nose.bend.before(chin);
        assert!((before[0] - chin[0]).hypot(before[1] - chin[1]) < 0.6, "{before:?} {chin:?}");
        assert!(nose.movement > 0.0);
    }

    #[test]
    fn caricatures_go_back_to_real_faces_and_real_faces_stay() {
        let space = ShapeSpace::learned();
        let likely = |spread: f64| {
            let points = face(4, spread, 10.0);
            (
                Exaggeration::undone(&points).unwrap(),
                space.most_likely(&space.analyse(&points, &space.pose(&points).unwrap())),
            )
        };
        let (usual, _) = likely(0.6);
        assert!(usual.movement < 1e-3, "{}", usual.movement);
        let (caricature, shape) = likely(4.0);
        assert!(caricature.movement > 0.02, "{}", caricature.movement);
        assert!(shape.0.iter().all(|value| value.abs() <= 3.0));
    }
}
