//! Where a head looks: a rigid 3-D model is turned until its projection meets the landmarks.
//!
//! The method of OpenCV's iterative `solvePnP`, which the original uses: a first guess by direct linear transformation (Hartley and
//! Zisserman, "Multiple View Geometry", section 7.1), then Levenberg-Marquardt on the squared distances in pixels, at most 20 steps.
//! Landmarks of drawings may have several minima, so the damping follows OpenCV's rules step by step.

mod head_angles;
pub(crate) mod linear;

pub use self::head_angles::{HeadAngles, head_angles};

use self::linear::{apply, determinant, multiply, nearest_rotation, solve, symmetric_eigen};
use crate::landmarks::Landmarks;
use crate::transform::Point;

/// Heads turned to the side by more than this are not seen from the front, in degrees.
pub const ORIGINAL_MAX_YAW_DEGREES: f64 = 30.0;

type Point3 = [f64; 3];

/// Points of a mean head, from the multilinear face model of Bolkart and Wuhrer 2015 ("3D faces in motion"), as the original has
/// them; the order is that of [`Landmarks::ten_pose_points`].
const TEN_POINT_HEAD: [Point3; 10] = [
    [-40.0842667, 4.5685606, 71.7215538],
    [-4.4239935, 6.4678698, 83.1831589],
    [22.1054259, 4.9072615, 82.2120888],
    [60.6649881, 5.1719070, 66.5766238],
    [9.6113257, -35.8565550, 108.0227578],
    [8.8716316, -100.8706606, 70.5823179],
    [7.8067696, -56.3137785, 90.8181463],
    [-17.9012600, -62.3345513, 72.0136693],
    [8.6057675, -73.9771469, 84.0426881],
    [37.6207788, -61.9098011, 70.2096017],
];

/// A common hand-made head; the order is that of [`Landmarks::six_pose_points`].
const SIX_POINT_HEAD: [Point3; 6] = [
    [0.0, 0.0, 0.0],
    [0.0, -330.0, -65.0],
    [-225.0, 170.0, -135.0],
    [225.0, 170.0, -135.0],
    [-150.0, -150.0, -125.0],
    [150.0, -150.0, -125.0],
];

/// Which head model is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HeadModel {
    /// Eyes, nose, mouth and chin of a scanned mean head: the original's filter uses it.
    #[default]
    TenPoints,
    /// Nose, chin and corners of eyes and mouth of a hand-made head; it has several minima more often.
    SixPoints,
}

impl HeadModel {
    /// How far the model looks up where a face looks straight ahead, in degrees: the median pitch of 12 synthetic people
    /// photographed from the front (7.8 and -3.2) and of the 95 faces of the golden data (9.2 and -6.4), between the two.
    pub fn tilt_degrees(self) -> f64 {
        match self {
            Self::TenPoints => 8.0,
            Self::SixPoints => -5.0,
        }
    }
}

/// Rotation of the head model, as Euler angles in radians.
///
/// The model's y axis points up and the picture's down, so a face seen from the front has a pitch near ±π.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// About the axis to the right: nodding, -π..=π.
    pub pitch: f64,
    /// About the vertical axis: turning to the side, -π/2..=π/2.
    pub yaw: f64,
    /// About the line of sight: tilting, -π..=π.
    pub roll: f64,
}

impl Pose {
    /// Pitch, yaw and roll in degrees.
    pub fn degrees(&self) -> [f64; 3] {
        [self.pitch, self.yaw, self.roll].map(f64::to_degrees)
    }

    /// The same pose, as it is shown: a face seen from the front has a pitch near 0, and one that looks up a positive one. Yaw and
    /// roll are as they were.
    ///
    /// Two things in the original's numbers, which [`estimate`] gives, keep them from 0. The model's y axis points up and its z axis
    /// at the camera, where the picture's point down and away: half a turn. And the models themselves are tilted, see
    /// [`HeadModel::tilt_degrees`].
    #[must_use]
    pub fn upright(&self, model: HeadModel) -> Self {
        let pitch = std::f64::consts::PI - self.pitch - model.tilt_degrees().to_radians();
        let turn = std::f64::consts::TAU;
        Self { pitch: (pitch + turn / 2.0).rem_euclid(turn) - turn / 2.0, ..*self }
    }

    /// Whether the head is turned to the side by no more than `max_yaw_degrees`.
    pub fn is_frontal(&self, max_yaw_degrees: f64) -> bool {
        self.yaw.abs() / std::f64::consts::PI * 180.0 <= max_yaw_degrees
    }

    /// Angle between the model's line of sight and the camera's, in radians, as the original computes it.
    pub fn sloped_angle(&self) -> f64 {
        let aside = (self.pitch.sin().powi(2) + self.yaw.tan().powi(2)).sqrt();
        aside.atan2(self.pitch.cos())
    }
}

/// Estimates the pose of a head in a picture of `width` x `height` pixels. The camera is taken to look at the picture's middle with
/// a focal length of one picture width.
///
/// `None` if the landmarks determine no pose, for example because they coincide.
pub fn estimate(landmarks: &Landmarks, width: usize, height: usize, model: HeadModel) -> Option<Pose> {
    let camera = Camera { focal_px: width as f64, middle: [width as f64 / 2.0, height as f64 / 2.0] };
    let rotation = match model {
        HeadModel::TenPoints => fit(&TEN_POINT_HEAD, &landmarks.ten_pose_points(), &camera)?,
        HeadModel::SixPoints => fit(&SIX_POINT_HEAD, &landmarks.six_pose_points(), &camera)?,
    };
    let pose = euler_angles(rotation);
    [pose.pitch, pose.yaw, pose.roll].iter().all(|angle| angle.is_finite()).then_some(pose)
}

/// A camera without distortion.
struct Camera {
    focal_px: f64,
    middle: Point,
}

/// Rotation vector (axis times angle), then shift.
type Parameters = [f64; 6];

/// The rotation vector of the best fit.
fn fit(model: &[Point3], points: &[Point], camera: &Camera) -> Option<Point3> {
    let start = direct_linear_transform(model, points, camera)?;
    let [x, y, z, ..] = minimise(start, model, points, camera)?;
    Some([x, y, z])
}

/// Rotation and shift from the null vector of the linear projection equations.
fn direct_linear_transform(model: &[Point3], points: &[Point], camera: &Camera) -> Option<Parameters> {
    let mut normal = [[0.0; 12]; 12];
    for (place, point) in model.iter().zip(points) {
        let seen = [0, 1].map(|axis| (point[axis] - camera.middle[axis]) / camera.focal_px);
        for (axis, value) in seen.into_iter().enumerate() {
            let mut row = [0.0; 12];
            for (column, coordinate) in [place[0], place[1], place[2], 1.0].into_iter().enumerate() {
                row[4 * axis + column] = coordinate;
                row[8 + column] = -value * coordinate;
            }
            for (sums, &left) in normal.iter_mut().zip(&row) {
                sums.iter_mut().zip(&row).for_each(|(sum, &right)| *sum += left * right);
            }
        }
    }
    let (values, vectors) = symmetric_eigen(normal);
    let smallest = (0..12).min_by(|&a, &b| values[a].abs().total_cmp(&values[b].abs()))?;
    let mut projection = vectors.map(|row| row[smallest]);
    let part = |projection: &[f64; 12]| -> [[f64; 3]; 3] {
        std::array::from_fn(|row| std::array::from_fn(|column| projection[4 * row + column]))
    };
    if determinant(part(&projection)) < 0.0 {
        projection.iter_mut().for_each(|value| *value = -*value);
    }
    let scaled = part(&projection);
    let length = scaled.iter().flatten().map(|value| value * value).sum::<f64>().sqrt();
    let rotation = nearest_rotation(scaled)?;
    let shift = [3, 7, 11].map(|index| projection[index] * 3.0_f64.sqrt() / length);
    let [x, y, z] = rotation_vector(rotation);
    Some([x, y, z, shift[0], shift[1], shift[2]])
}

/// Steps at most.
const MAX_STEPS: usize = 20;
/// A step that changes the parameters by less than this share of their length is the last.
const SMALLEST_STEP: f64 = f32::EPSILON as f64;

/// Levenberg-Marquardt with multiplicative damping 10^k: k starts at -3, falls by one after a step that helps, rises until one does.
fn minimise(start: Parameters, model: &[Point3], points: &[Point], camera: &Camera) -> Option<Parameters> {
    let mut parameters = start;
    let mut damping = -3;
    let mut error = residual(&parameters, model, points, camera);
    for _ in 0..MAX_STEPS {
        let (normal, gradient) = normal_equations(&parameters, model, points, camera);
        let step = |damping: i32| {
            let mut damped = normal;
            (0..6).for_each(|index| damped[index][index] *= 1.0 + 10.0_f64.powi(damping));
            let change = solve(damped, gradient)?;
            Some(std::array::from_fn::<f64, 6, _>(|index| parameters[index] - change[index]))
        };
        let mut next = step(damping)?;
        let mut next_error = residual(&next, model, points, camera);
        while next_error > error {
            damping += 1;
            if damping > 16 {
                break;
            }
            next = step(damping)?;
            next_error = residual(&next, model, points, camera);
        }
        damping = (damping - 1).max(-16);
        let changed = (0..6).map(|index| (next[index] - parameters[index]).powi(2)).sum::<f64>().sqrt();
        let length = parameters.iter().map(|value| value * value).sum::<f64>().sqrt();
        (parameters, error) = (next, next_error);
        if changed < SMALLEST_STEP * (length + f64::EPSILON) {
            break;
        }
    }
    parameters.iter().all(|value| value.is_finite()).then_some(parameters)
}

/// A model point in the camera's coordinates.
fn place(rotation: [[f64; 3]; 3], parameters: &Parameters, point: Point3) -> Point3 {
    let turned = apply(rotation, point);
    std::array::from_fn(|axis| turned[axis] + parameters[3 + axis])
}

/// Distance of projected from seen, both coordinates, in pixels.
fn deviation(placed: Point3, seen: Point, camera: &Camera) -> [f64; 2] {
    let depth = if placed[2] == 0.0 { 1.0 } else { placed[2] };
    [0, 1].map(|axis| camera.focal_px * placed[axis] / depth + camera.middle[axis] - seen[axis])
}

/// Square root of the sum of squared deviations.
fn residual(parameters: &Parameters, model: &[Point3], points: &[Point], camera: &Camera) -> f64 {
    let rotation = rotation_matrix([parameters[0], parameters[1], parameters[2]]);
    let deviations = model
        .iter()
        .zip(points)
        .flat_map(|(&point, &seen)| deviation(place(rotation, parameters, point), seen, camera));
    deviations.map(|value| value * value).sum::<f64>().sqrt()
}

/// JᵀJ and Jᵀe of the deviations.
fn normal_equations(
    parameters: &Parameters,
    model: &[Point3],
    points: &[Point],
    camera: &Camera,
) -> ([[f64; 6]; 6], [f64; 6]) {
    let vector = [parameters[0], parameters[1], parameters[2]];
    let rotation = rotation_matrix(vector);
    let turns = rotation_derivatives(vector, rotation);
    let (mut normal, mut gradient) = ([[0.0; 6]; 6], [0.0; 6]);
    for (&point, &seen) in model.iter().zip(points) {
        let placed = place(rotation, parameters, point);
        let depth = if placed[2] == 0.0 { 1.0 } else { placed[2] };
        let moves: [Point3; 6] = std::array::from_fn(|index| match index {
            0..3 => apply(turns[index], point),
            _ => std::array::from_fn(|axis| f64::from(u8::from(axis == index - 3))),
        });
        for (axis, error) in deviation(placed, seen, camera).into_iter().enumerate() {
            let row = moves.map(|d| camera.focal_px * (d[axis] - placed[axis] / depth * d[2]) / depth);
            for (index, &left) in row.iter().enumerate() {
                gradient[index] += left * error;
                normal[index].iter_mut().zip(&row).for_each(|(sum, &right)| *sum += left * right);
            }
        }
    }
    (normal, gradient)
}

/// The matrix whose product with a vector is the cross product.
fn cross_matrix([x, y, z]: Point3) -> [[f64; 3]; 3] {
    [[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]
}

fn cross(a: Point3, b: Point3) -> Point3 {
    apply(cross_matrix(a), b)
}

/// Rodrigues' formula: the rotation about a vector by its length.
fn rotation_matrix(vector: Point3) -> [[f64; 3]; 3] {
    let angle = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    if angle < f64::EPSILON {
        return linear::identity();
    }
    let axis = vector.map(|value| value / angle);
    let turned = cross_matrix(axis);
    let (sine, cosine) = angle.sin_cos();
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            let one = f64::from(u8::from(row == column));
            cosine * one + (1.0 - cosine) * axis[row] * axis[column] + sine * turned[row][column]
        })
    })
}

/// The rotation matrix's derivatives by the three components of its vector (Gallego and Yezzi 2015, "A compact formula for the
/// derivative of a 3-D rotation in exponential coordinates").
fn rotation_derivatives(vector: Point3, rotation: [[f64; 3]; 3]) -> [[[f64; 3]; 3]; 3] {
    let square: f64 = vector.iter().map(|value| value * value).sum();
    std::array::from_fn(|index| {
        let unit: Point3 = std::array::from_fn(|axis| f64::from(u8::from(axis == index)));
        if square < f64::EPSILON {
            return cross_matrix(unit);
        }
        let turned = apply(rotation, unit);
        let rest = std::array::from_fn(|axis| unit[axis] - turned[axis]);
        let aside = cross(vector, rest);
        let sum = std::array::from_fn(|axis| (vector[index] * vector[axis] + aside[axis]) / square);
        multiply(cross_matrix(sum), rotation)
    })
}

/// The vector about which, and by whose length, a matrix turns; the length is at most π.
fn rotation_vector(rotation: [[f64; 3]; 3]) -> Point3 {
    let [m0, m1, m2] = rotation;
    let aside = [m2[1] - m1[2], m0[2] - m2[0], m1[0] - m0[1]].map(|value| value / 2.0);
    let sine = aside.iter().map(|value| value * value).sum::<f64>().sqrt();
    let cosine = ((m0[0] + m1[1] + m2[2] - 1.0) / 2.0).clamp(-1.0, 1.0);
    if sine > 1e-5 {
        let angle = cosine.acos();
        return aside.map(|value| value * angle / sine);
    }
    if cosine > 0.0 {
        return [0.0; 3];
    }
    // Half a turn: the axis is the column of (R + 1) / 2 with the largest diagonal element.
    let square: Point3 = std::array::from_fn(|axis| ((rotation[axis][axis] + 1.0) / 2.0).max(0.0));
    let largest = (0..3).max_by(|&a, &b| square[a].total_cmp(&square[b])).unwrap_or(0);
    let length = square[largest].sqrt();
    std::array::from_fn(|axis| {
        let product = (rotation[axis][largest] + f64::from(u8::from(axis == largest))) / 2.0;
        std::f64::consts::PI * product / length
    })
}

/// Euler angles of a rotation vector, through its quaternion.
fn euler_angles(vector: Point3) -> Pose {
    let angle = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    let (sine, w) = (angle / 2.0).sin_cos();
    let [x, y, z] = if angle > 0.0 { vector.map(|value| sine * value / angle) } else { [0.0; 3] };
    Pose {
        pitch: (2.0 * (w * x + y * z)).atan2(1.0 - 2.0 * (x * x + y * y)),
        yaw: (2.0 * (w * y - z * x)).clamp(-1.0, 1.0).asin(),
        roll: (2.0 * (w * z + x * y)).atan2(1.0 - 2.0 * (y * y + z * z)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    const CAMERA: Camera = Camera { focal_px: 400.0, middle: [200.0, 250.0] };

    fn project(parameters: &Parameters) -> Vec<Point> {
        let rotation = rotation_matrix([parameters[0], parameters[1], parameters[2]]);
        let project = |&point: &Point3| deviation(place(rotation, parameters, point), [0.0, 0.0], &CAMERA);
        TEN_POINT_HEAD.iter().map(project).collect()
    }

    #[test]
    fn a_projected_head_is_found_again() {
        for turn in [[3.1, 0.1, -0.2], [2.6, 0.4, 0.5], [2.9, -0.8, 0.3], [std::f64::consts::PI, 0.0, 0.0]] {
            let truth = [turn[0], turn[1], turn[2], 5.0, -20.0, 600.0];
            let found = fit(&TEN_POINT_HEAD, &project(&truth), &CAMERA).unwrap();
            let (expected, found) = (rotation_matrix(turn), rotation_matrix(found));
            let worst = expected.iter().flatten().zip(found.iter().flatten()).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f64::max) < 1e-6, "{turn:?}");
        }
    }

    #[test]
    fn heads_that_look_up_have_a_positive_pitch_and_the_original_has_half_a_turn() {
        use crate::synthetic::{Identity, Shot, photograph};
        let mut shown: Vec<[f64; 3]> = Vec::new();
        for person in 0..8 {
            for pitch in [-10.0, 0.0, 10.0] {
                let mut shot = Shot::sample(40 + person);
                (shot.yaw_degrees, shot.pitch_degrees, shot.roll_degrees) = (0.0, pitch, 0.0);
                let portrait = photograph(&Identity::sample(5, person), &shot, 96).unwrap();
                let pose = estimate(&Landmarks(portrait.points.webcaricature), 96, 96, HeadModel::TenPoints).unwrap();
                assert!(pose.pitch.abs().to_degrees() > 140.0, "{pose:?}");
                let upright = pose.upright(HeadModel::TenPoints);
                assert_eq!((upright.yaw, upright.roll), (pose.yaw, pose.roll));
                shown.push([f64::from(pitch), upright.pitch.to_degrees(), upright.sloped_angle().to_degrees()]);
            }
        }
        let mean = |of: f64| {
            let some: Vec<f64> =
                shown.iter().filter(|[pitch, ..]| (pitch - of).abs() < 1.0).map(|shown| shown[1]).collect();
            some.iter().sum::<f64>() / some.len() as f64
        };
        let means = [-10.0, 0.0, 10.0].map(mean);
        assert!(means[0] < -4.0 && means[1].abs() < 4.0 && means[2] > 4.0, "{means:?}");
        let frontal = shown.iter().filter(|[pitch, ..]| pitch.abs() < 1.0);
        assert!(frontal.clone().all(|[_, pitch, sloped]| pitch.abs() < 12.0 && *sloped < 12.0), "{shown:?}");
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let vector = [0.7, -1.1, 0.4];
        let derivatives = rotation_derivatives(vector, rotation_matrix(vector));
        for (index, derivative) in derivatives.iter().enumerate() {
            let shifted = |by: f64| {
                let mut moved = vector;
                moved[index] += by;
                rotation_matrix(moved)
            };
            let (up, down) = (shifted(1e-6), shifted(-1e-6));
            for row in 0..3 {
                for column in 0..3 {
                    let difference = (up[row][column] - down[row][column]) / 2e-6;
                    assert!((difference - derivative[row][column]).abs() < 1e-8);
                }
            }
        }
    }

    #[test]
    fn rotation_vectors_come_back() {
        for vector in [[0.3, -0.2, 0.9], [3.0, 0.5, 0.1], [0.0, 0.0, 0.0], [0.0, std::f64::consts::PI, 0.0]] {
            let found = rotation_vector(rotation_matrix(vector));
            let same = |sign: f64| (0..3).all(|axis| (sign * found[axis] - vector[axis]).abs() < 1e-6);
            assert!(same(1.0) || same(-1.0), "{vector:?} became {found:?}");
        }
    }

    #[test]
    fn coinciding_landmarks_have_no_pose() {
        assert_eq!(estimate(&Landmarks([[50.0, 50.0]; 17]), 100, 100, HeadModel::TenPoints), None);
    }
}
