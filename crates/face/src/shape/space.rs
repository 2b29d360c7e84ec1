//! The shape space: the mean face and the directions in which faces differ.

use std::sync::OnceLock;

use super::pose::HeadPose;
use crate::landmarks::mesh::{COUNT, MeshPoints, Point3};

/// What was learned: see `scripts/learn_face_shape.py` for how, and `docs/models/face-shape.md` for from whom.
const LEARNED: &[u8] = include_bytes!("../../assets/face-shape.bin");

/// The mean face and the directions in which faces differ from it, most reliable first; everything mirror symmetric.
///
/// A face is `mean + Σ coefficient · direction` in the head's frame, where a coefficient's deviation among faces is 1 in every direction.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeSpace {
    mean: Vec<Point3>,
    /// `[directions][vertices]`
    directions: Vec<Vec<Point3>>,
    /// The inverse: `coefficient = Σ dual · (face - mean)`.
    duals: Vec<Vec<Point3>>,
    reliability: Vec<f64>,
    /// How much each vertex counts for the pose.
    weights: Vec<f64>,
}

/// How a face differs from the mean, in deviations along each direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficients(pub Vec<f64>);

impl ShapeSpace {
    /// The space that is part of the program.
    pub fn learned() -> &'static Self {
        static SPACE: OnceLock<ShapeSpace> = OnceLock::new();
        SPACE.get_or_init(|| Self::parse(LEARNED).expect("the built-in shape space is whole; a test reads it"))
    }

    /// Reads a file of the learning script: `PFS1`, the numbers of vertices and directions (u16), the reliabilities (f32), then the
    /// mean, the directions and the weights of the pose, each a scale (f32) and its numbers (i16), all little endian.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes.strip_prefix(b"PFS1")?);
        let (vertices, count) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
        if vertices != COUNT {
            return None;
        }
        let reliability = (0..count).map(|_| reader.f32()).collect::<Option<Vec<f64>>>()?;
        let mean = reader.points()?;
        let directions = (0..count).map(|_| reader.points()).collect::<Option<Vec<_>>>()?;
        let weights = reader.quantised(COUNT)?;
        let duals = duals(&directions)?;
        reader.0.is_empty().then_some(Self { mean, directions, duals, reliability, weights })
    }

    /// The mean face, in the head's frame: the outer corners of the eyes are one unit apart, y points down, depth away.
    pub fn mean(&self) -> &[Point3] {
        &self.mean
    }

    /// How far along a direction faces of deviation 1 are moved, for each vertex.
    pub fn direction(&self, index: usize) -> &[Point3] {
        &self.directions[index]
    }

    /// The share of each direction's spread that belongs to the person, 0 to 1: the rest is expression, pose and error.
    pub fn reliability(&self) -> &[f64] {
        &self.reliability
    }

    /// A head's pose. `None` for points that have none.
    pub fn pose(&self, points: &MeshPoints) -> Option<HeadPose> {
        HeadPose::fit(&self.mean, points.points(), &self.weights)
    }

    /// How a face differs from the mean once its pose is taken out.
    pub fn analyse(&self, points: &MeshPoints, pose: &HeadPose) -> Coefficients {
        let differences: Vec<Point3> = points
            .points()
            .iter()
            .zip(&self.mean)
            .map(|(place, mean)| {
                let point = pose.into_head(*place);
                std::array::from_fn(|axis| point[axis] - mean[axis])
            })
            .collect();
        Coefficients(self.duals.iter().map(|dual| product(dual, &differences)).collect())
    }

    /// What the person has of a difference: each coefficient times its reliability (the mean of what the person can be, given one
    /// picture, if persons and pictures of a person are normally distributed), none further from the mean than `FARTHEST`.
    pub fn of_person(&self, coefficients: &Coefficients) -> Coefficients {
        let share = |(value, share): (&f64, &f64)| value.clamp(-FARTHEST, FARTHEST) * share;
        Coefficients(coefficients.0.iter().zip(&self.reliability).map(share).collect())
    }

    /// The nearest coefficients that real faces have: none beyond `USUAL` deviations, and their mean of squares no more than 1.5.
    pub fn most_likely(&self, coefficients: &Coefficients) -> Coefficients {
        let limited: Vec<f64> = coefficients.0.iter().map(|value| value.clamp(-USUAL, USUAL)).collect();
        let mean_square = limited.iter().map(|value| value * value).sum::<f64>() / limited.len().max(1) as f64;
        let shrink = (LARGEST_MEAN_SQUARE / mean_square).sqrt().min(1.0);
        Coefficients(limited.into_iter().map(|value| value * shrink).collect())
    }

    /// How far each vertex is moved by coefficients, in the head's frame.
    pub fn displacements(&self, coefficients: &Coefficients) -> Vec<Point3> {
        let mut moved = vec![[0.0; 3]; COUNT];
        for (value, direction) in coefficients.0.iter().zip(&self.directions) {
            for (moved, by) in moved.iter_mut().zip(direction) {
                (0..3).for_each(|axis| moved[axis] += value * by[axis]);
            }
        }
        moved
    }
}

/// Deviations beyond which a difference does not grow further: what lies there is rather an error of the mesh.
const FARTHEST: f64 = 3.0;
/// Deviations that real faces have.
const USUAL: f64 = 2.5;
/// Real faces have 1 in the mean; one in a hundred has more than this.
const LARGEST_MEAN_SQUARE: f64 = 1.5;

fn product(a: &[Point3], b: &[Point3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a[0] * b[0] + a[1] * b[1] + a[2] * b[2]).sum()
}

/// Vectors whose products with the directions are 1 for the own and 0 for the others, within the directions' span:
/// `(D Dᵀ)⁻¹ D`, by elimination. `None` for directions that depend on each other.
fn duals(directions: &[Vec<Point3>]) -> Option<Vec<Vec<Point3>>> {
    let count = directions.len();
    let mut gram: Vec<Vec<f64>> =
        directions.iter().map(|a| directions.iter().map(|b| product(a, b)).collect()).collect();
    let mut duals = directions.to_vec();
    // The Gram matrix is positive definite: no rows need to be exchanged.
    for pivot in 0..count {
        let value = gram[pivot][pivot];
        if !(value.is_finite() && value > 1e-12) {
            return None;
        }
        gram[pivot].iter_mut().for_each(|entry| *entry /= value);
        duals[pivot].iter_mut().flatten().for_each(|entry| *entry /= value);
        let (row, dual) = (gram[pivot].clone(), duals[pivot].clone());
        for other in (0..count).filter(|other| *other != pivot) {
            let factor = gram[other][pivot];
            gram[other].iter_mut().zip(&row).for_each(|(entry, from)| *entry -= factor * from);
            let entries = duals[other].iter_mut().flatten().zip(dual.iter().flatten());
            entries.for_each(|(entry, from)| *entry -= factor * from);
        }
    }
    Some(duals)
}

/// What is left of a file.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn f32(&mut self) -> Option<f64> {
        self.take().map(f32::from_le_bytes).map(f64::from)
    }

    fn quantised(&mut self, count: usize) -> Option<Vec<f64>> {
        let scale = self.f32()?;
        (0..count).map(|_| Some(scale * f64::from(i16::from_le_bytes(self.take()?)))).collect()
    }

    fn points(&mut self) -> Option<Vec<Point3>> {
        let numbers = self.quantised(3 * COUNT)?;
        Some(numbers.as_chunks::<3>().0.to_vec())
    }
}
