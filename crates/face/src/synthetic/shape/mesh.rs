//! Meshes made of grids, posed in front of the camera.

use super::vector::{Turn, Vector, mix, vector};
use crate::drawing::plane::smoothstep;

/// What a mesh is made of; decides how its samples are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Head,
    Ear,
    Hair,
    Beard,
    Body,
    Glasses,
}

/// What is known at a vertex beside its place; its meaning depends on the part:
/// head `[chart x, chart y, angle]`, ear `[share of the radius, angle, side]`, hair and beard `[across, along, cover]`,
/// body `[x, y, angle]`, glasses `[0, 0, 0]`.
pub(crate) type Attributes = [f32; 3];

/// A triangle mesh in front of the camera.
#[derive(Clone, Debug)]
pub(crate) struct Mesh {
    pub(crate) part: Part,
    pub(crate) points: Vec<Vector>,
    pub(crate) normals: Vec<Vector>,
    pub(crate) attributes: Vec<Attributes>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

/// How the head and the body stand before the camera.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stance {
    head: Turn,
    body: Turn,
}

/// The head turns about this point.
const PIVOT: Vector = vector(0.0, -0.45, -0.12);

impl Stance {
    /// From angles in radians; the body follows a part of the head's turn.
    pub(crate) fn new(yaw: f32, pitch: f32, roll: f32) -> Self {
        Self { head: Turn::new(yaw, pitch, roll), body: Turn::new(0.45 * yaw, 0.0, 0.15 * roll) }
    }

    /// A point of the head or its neck: `bound` is 1 on the head, 0 on the body.
    pub(crate) fn place(&self, point: Vector, bound: f32) -> Vector {
        let arm = point - PIVOT;
        let head = self.head.apply(arm);
        if bound >= 1.0 {
            return head + PIVOT;
        }
        self.body.apply(arm).lerp(head, bound) + PIVOT
    }

    /// A direction of the head.
    pub(crate) fn turn_head(&self, direction: Vector) -> Vector {
        self.head.apply(direction)
    }

    /// How much the neck at a height follows the head.
    pub(crate) fn neck_bound(y: f32, chin_y: f32) -> f32 {
        mix(0.0, 1.0, smoothstep(-1.85, chin_y + 0.02, y))
    }
}

impl Mesh {
    /// A grid of `rows` by `columns` points; each vertex from `vertex(row, column)`. `closed` joins the last column to the first.
    pub(crate) fn grid(
        part: Part,
        rows: usize,
        columns: usize,
        closed: bool,
        mut vertex: impl FnMut(usize, usize) -> (Vector, Attributes),
    ) -> Self {
        let (mut points, mut attributes) = (Vec::with_capacity(rows * columns), Vec::with_capacity(rows * columns));
        for row in 0..rows {
            for column in 0..columns {
                let (point, attribute) = vertex(row, column);
                points.push(point);
                attributes.push(attribute);
            }
        }
        let mut triangles = Vec::with_capacity(2 * rows * columns);
        let spans = if closed { columns } else { columns - 1 };
        for row in 0..rows - 1 {
            for column in 0..spans {
                let next = (column + 1) % columns;
                let [a, b] = [row * columns + column, row * columns + next].map(|index| index as u32);
                let [c, d] = [a + columns as u32, b + columns as u32];
                triangles.push([a, c, b]);
                triangles.push([b, c, d]);
            }
        }
        let mut mesh = Self { part, points, normals: Vec::new(), attributes, triangles };
        mesh.find_normals();
        mesh
    }

    /// Normals from the triangles around each vertex, weighted by their areas.
    fn find_normals(&mut self) {
        let mut normals = vec![Vector::default(); self.points.len()];
        for triangle in &self.triangles {
            let [a, b, c] = triangle.map(|index| self.points[index as usize]);
            let normal = (b - a).cross(c - a);
            for &index in triangle {
                normals[index as usize] = normals[index as usize] + normal;
            }
        }
        self.normals = normals.into_iter().map(Vector::unit).collect();
    }

    /// Drops the triangles that `keep` refuses, judged by their vertices' attributes.
    pub(crate) fn retain(&mut self, keep: impl Fn([Attributes; 3]) -> bool) {
        let attributes = &self.attributes;
        self.triangles.retain(|triangle| keep(triangle.map(|index| attributes[index as usize])));
    }

    /// The seam of a closed grid has attributes that jump: triangles across it are dropped.
    pub(crate) fn cut_seam(&mut self, limit: f32) {
        self.retain(|[a, b, c]| (a[0] - b[0]).abs().max((b[0] - c[0]).abs()).max((a[0] - c[0]).abs()) < limit);
    }

    /// A tube of `radius` along a path.
    pub(crate) fn tube(part: Part, path: &[Vector], radius: f32, closed: bool) -> Self {
        const SIDES: usize = 7;
        let count = path.len();
        let at = |index: usize| path[index % count];
        let rows = if closed { count + 1 } else { count };
        Self::grid(part, rows, SIDES, true, |row, side| {
            let here = at(row);
            let before = if row == 0 && !closed { here } else { at((row + count - 1) % count) };
            let after = if row + 1 == rows && !closed { here } else { at(row + 1) };
            let along = (after - before).unit();
            let helper = if along.y.abs() < 0.9 { vector(0.0, 1.0, 0.0) } else { vector(1.0, 0.0, 0.0) };
            let first = along.cross(helper).unit();
            let second = along.cross(first);
            let (sin, cos) = (side as f32 / SIDES as f32 * std::f32::consts::TAU).sin_cos();
            (here + first * (cos * radius) + second * (sin * radius), [0.0; 3])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of an open tube are cut square to the path there; a closed one begins where it ends.
    #[test]
    fn tubes_stand_square_to_their_path() {
        let path = [vector(0.0, 0.0, 0.0), vector(1.0, 0.0, 0.0), vector(1.0, 1.0, 0.0)];
        let tube = Mesh::tube(Part::Glasses, &path, 0.1, false);
        let rings: Vec<&[Vector]> = tube.points.chunks_exact(7).collect();
        assert_eq!(rings.len(), 3);
        assert!(rings[0].iter().all(|point| point.x.abs() < 1e-6), "{:?}", rings[0]);
        assert!(rings[2].iter().all(|point| (point.y - 1.0).abs() < 1e-6), "{:?}", rings[2]);
        for (ring, here) in rings.iter().zip(path) {
            let radius = |point: &Vector| {
                let arm = *point - here;
                (arm.x * arm.x + arm.y * arm.y + arm.z * arm.z).sqrt()
            };
            assert!(ring.iter().all(|point| (radius(point) - 0.1).abs() < 1e-6), "{ring:?}");
        }
        let closed = Mesh::tube(Part::Glasses, &path, 0.1, true);
        let [first, last] = [&closed.points[..7], &closed.points[21..]];
        assert!(first.iter().zip(last).all(|(one, other)| (one.x - other.x).abs() + (one.y - other.y).abs() < 1e-6));
    }
}
