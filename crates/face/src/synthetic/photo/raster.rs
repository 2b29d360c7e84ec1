//! A depth buffer: which triangle is seen at each sample.

use crate::synthetic::shape::mesh::{Mesh, Part};
use crate::synthetic::shape::vector::{Vector, vector};
use crate::transform::Point;

/// A pinhole camera on the z axis, looking towards -z.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Camera {
    /// Distance from the origin.
    pub(crate) distance: f32,
    /// Samples per unit at distance 1.
    pub(crate) focal: f32,
    /// Where the axis meets the picture, in samples.
    pub(crate) center: [f32; 2],
}

impl Camera {
    /// Place in samples and nearness (1 / distance along the axis).
    pub(crate) fn project(&self, point: Vector) -> (f32, f32, f32) {
        let near = 1.0 / (self.distance - point.z).max(0.1);
        let scale = self.focal * near;
        (self.center[0] + scale * point.x, self.center[1] - scale * point.y, near)
    }

    /// The same camera, moved and zoomed out as little as needed to hold all points in a square picture with a margin.
    #[must_use]
    pub(crate) fn holding(mut self, side: f32, points: &[Vector]) -> Self {
        const MARGIN: f32 = 0.035;
        let (low, high) = (MARGIN * side, (1.0 - MARGIN) * side);
        let range = |camera: &Self, axis: usize| {
            let place = |point: &Vector| if axis == 0 { camera.project(*point).0 } else { camera.project(*point).1 };
            points.iter().map(place).fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        for axis in [0, 1] {
            let (from, to) = range(&self, axis);
            self.focal *= ((high - low) / (to - from)).min(1.0);
        }
        for axis in [0, 1] {
            let (from, to) = range(&self, axis);
            self.center[axis] += (low - from).max(0.0) + (high - to).min(0.0);
        }
        self
    }

    pub(crate) fn position(&self) -> Vector {
        vector(0.0, 0.0, self.distance)
    }

    /// A place in pixels, pixel centres at whole numbers, for `samples` samples a pixel side.
    pub(crate) fn pixel(&self, point: Vector, samples: usize) -> Point {
        let (x, y, _) = self.project(point);
        [x, y].map(|value| f64::from(value) / samples as f64 - 0.5)
    }
}

/// What is seen at a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// 1 / distance along the camera's axis; 0 where there is nothing.
    pub(crate) near: f32,
    mesh: u16,
    triangle: u32,
    weights: [f32; 2],
}

const NOTHING: Seen = Seen { near: 0.0, mesh: u16::MAX, triangle: 0, weights: [0.0; 2] };

/// What is known about a visible sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment {
    pub(crate) part: Part,
    pub(crate) point: Vector,
    pub(crate) normal: Vector,
    pub(crate) attributes: [f32; 3],
}

/// Samples in rows.
pub(crate) struct Frame {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) seen: Vec<Seen>,
}

impl Frame {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, seen: vec![NOTHING; width * height] }
    }

    /// Draws meshes where `project` puts them; `keep(mesh, attributes)` may let the sample through.
    pub(crate) fn draw(
        &mut self,
        project: impl Fn(Vector) -> (f32, f32, f32),
        meshes: &[Mesh],
        keep: impl Fn(&Mesh, [f32; 3]) -> bool,
    ) {
        for (index, mesh) in meshes.iter().enumerate() {
            let holes = matches!(mesh.part, Part::Hair | Part::Beard);
            let screen: Vec<(f32, f32, f32)> = mesh.points.iter().map(|&point| project(point)).collect();
            for (number, triangle) in mesh.triangles.iter().enumerate() {
                let corners = triangle.map(|vertex| screen[vertex as usize]);
                let attributes = triangle.map(|vertex| mesh.attributes[vertex as usize]);
                self.fill(corners, |weights| {
                    if holes && !keep(mesh, blend(attributes, weights)) {
                        return None;
                    }
                    Some((index as u16, number as u32))
                });
            }
        }
    }

    /// Fills one triangle; both sides are seen.
    fn fill(&mut self, [a, b, c]: [(f32, f32, f32); 3], mut accept: impl FnMut([f32; 2]) -> Option<(u16, u32)>) {
        let area = (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
        if area.abs() < 1e-9 {
            return;
        }
        let low = |p: f32, q: f32, r: f32| p.min(q).min(r);
        let high = |p: f32, q: f32, r: f32| p.max(q).max(r);
        // Samples lie at whole numbers and a half.
        let first_x = (low(a.0, b.0, c.0) - 0.5).ceil().max(0.0) as usize;
        let last_x = (high(a.0, b.0, c.0) - 0.5).floor().min(self.width as f32 - 1.0);
        let first_y = (low(a.1, b.1, c.1) - 0.5).ceil().max(0.0) as usize;
        let last_y = (high(a.1, b.1, c.1) - 0.5).floor().min(self.height as f32 - 1.0);
        if last_x < 0.0 || last_y < 0.0 {
            return;
        }
        let scale = 1.0 / area;
        for y in first_y..=last_y as usize {
            let py = y as f32 + 0.5;
            for x in first_x..=last_x as usize {
                let px = x as f32 + 0.5;
                let wb = ((px - a.0) * (c.1 - a.1) - (py - a.1) * (c.0 - a.0)) * scale;
                let wc = ((b.0 - a.0) * (py - a.1) - (b.1 - a.1) * (px - a.0)) * scale;
                let wa = 1.0 - wb - wc;
                if wa < 0.0 || wb < 0.0 || wc < 0.0 {
                    continue;
                }
                let near = wa * a.2 + wb * b.2 + wc * c.2;
                let seen = &mut self.seen[y * self.width + x];
                if near <= seen.near {
                    continue;
                }
                if let Some((mesh, triangle)) = accept([wb, wc]) {
                    *seen = Seen { near, mesh, triangle, weights: [wb, wc] };
                }
            }
        }
    }

    /// What is seen at a sample, `None` where there is nothing.
    pub(crate) fn fragment(&self, meshes: &[Mesh], index: usize) -> Option<Fragment> {
        let seen = self.seen[index];
        let mesh = meshes.get(seen.mesh as usize)?;
        let triangle = mesh.triangles[seen.triangle as usize].map(|vertex| vertex as usize);
        let [wb, wc] = seen.weights;
        let wa = 1.0 - wb - wc;
        let sum = |values: &[Vector]| values[triangle[0]] * wa + values[triangle[1]] * wb + values[triangle[2]] * wc;
        Some(Fragment {
            part: mesh.part,
            point: sum(&mesh.points),
            normal: sum(&mesh.normals).unit(),
            attributes: blend(triangle.map(|vertex| mesh.attributes[vertex]), seen.weights),
        })
    }
}

fn blend(attributes: [[f32; 3]; 3], [wb, wc]: [f32; 2]) -> [f32; 3] {
    let wa = 1.0 - wb - wc;
    std::array::from_fn(|k| wa * attributes[0][k] + wb * attributes[1][k] + wc * attributes[2][k])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_triangle_wins_and_edges_are_shared_without_gaps() {
        let camera = Camera { distance: 10.0, focal: 100.0, center: [16.0, 16.0] };
        let sheet = |z: f32| {
            Mesh::grid(Part::Head, 5, 5, false, |row, column| {
                (vector(column as f32 * 0.5 - 1.0, 1.0 - row as f32 * 0.5, z), [column as f32, row as f32, z])
            })
        };
        let meshes = [sheet(0.0), sheet(1.0)];
        let mut frame = Frame::new(32, 32);
        frame.draw(|point| camera.project(point), &meshes, |_, _| true);
        for y in 8..24 {
            for x in 8..24 {
                let fragment = frame.fragment(&meshes, y * 32 + x);
                assert!(fragment.is_some_and(|f| f.attributes[2] > 0.99 && f.normal.z > 0.99), "{x} {y}");
            }
        }
        assert!(frame.fragment(&meshes, 0).is_none());
    }
}
