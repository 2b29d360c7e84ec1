//! Shadows of the main light, and how much of the surroundings each place sees.

use super::raster::{Camera, Frame};
use super::shot::Light;
use crate::drawing::noise;
use crate::drawing::plane::smoothstep;
use crate::synthetic::shape::mesh::Mesh;
use crate::synthetic::shape::vector::{Vector, mix_colour, vector};

/// Side of the shadow map in samples, and what it covers in decimetres.
const MAP_SIDE: usize = 288;
const MAP_SPAN: f32 = 4.2;
/// The light stands so far away that its rays are almost parallel.
const FAR: f32 = 60.0;
/// Where the map is centred.
const MIDDLE: Vector = vector(0.0, -0.25, 0.0);

/// Places around the middle for soft shadows: a sunflower of twelve.
const TAPS: usize = 12;

/// A light with its shadows.
pub(crate) struct Lamp {
    pub(crate) direction: Vector,
    right: Vector,
    up: Vector,
    camera: Camera,
    map: Frame,
    softness: f32,
}

impl Lamp {
    pub(crate) fn new(light: &Light, meshes: &[Mesh], keep: impl Fn(&Mesh, [f32; 3]) -> bool) -> Self {
        let direction = direction(light);
        let right = vector(0.0, 1.0, 0.0).cross(direction).unit();
        let up = direction.cross(right);
        let half = MAP_SIDE as f32 / 2.0;
        let camera = Camera { distance: FAR, focal: FAR * MAP_SIDE as f32 / MAP_SPAN, center: [half, half] };
        let mut lamp =
            Self { direction, right, up, camera, map: Frame::new(MAP_SIDE, MAP_SIDE), softness: light.softness };
        let mut map = Frame::new(MAP_SIDE, MAP_SIDE);
        map.draw(|point| lamp.camera.project(lamp.seen_from(point)), meshes, keep);
        lamp.map = map;
        lamp
    }

    fn seen_from(&self, point: Vector) -> Vector {
        let arm = point - MIDDLE;
        vector(arm.dot(self.right), arm.dot(self.up), arm.dot(self.direction))
    }

    /// How much of the light reaches a point, 0..=1; `jitter` in 0..1 turns the pattern of looks.
    pub(crate) fn reaches(&self, point: Vector, normal: Vector, jitter: f32) -> f32 {
        let (x, y, near) = self.camera.project(self.seen_from(point + normal * 0.022));
        // A depth of 0.02 in units of nearness.
        let bias = 0.02 * near * near;
        let reach = self.softness * MAP_SIDE as f32 / MAP_SPAN * 1.6;
        let mut free = 0.0;
        for tap in 0..TAPS {
            let turn = (tap as f32 + jitter * 0.99) * 2.399_963;
            let radius = reach * ((tap as f32 + 0.5) / TAPS as f32).sqrt();
            let (sin, cos) = turn.sin_cos();
            let (sx, sy) = (x + radius * cos, y + radius * sin);
            let outside = sx < 0.0 || sy < 0.0 || sx >= MAP_SIDE as f32 || sy >= MAP_SIDE as f32;
            if outside || self.map.seen[sy as usize * MAP_SIDE + sx as usize].near <= near + bias {
                free += 1.0;
            }
        }
        free / TAPS as f32
    }
}

/// Unit vector towards the main light.
pub(crate) fn direction(light: &Light) -> Vector {
    let (azimuth, elevation) = (light.azimuth_degrees.to_radians(), light.elevation_degrees.to_radians());
    vector(azimuth.sin() * elevation.cos(), elevation.sin(), azimuth.cos() * elevation.cos())
}

/// Light from the surroundings on a surface with that normal.
pub(crate) fn ambient(light: &Light, normal: Vector) -> [f32; 3] {
    mix_colour(light.ground, light.sky, smoothstep(-1.0, 1.0, normal.y + 0.25 * normal.z))
}

/// Ambient occlusion at every pixel (blocks of `samples` by `samples`), 1 where all around is open.
///
/// McGuire et al. 2011, "The alchemy screen-space ambient obscurance algorithm": looks at places around in the picture and
/// counts how much they rise above the surface.
pub(crate) fn openness(frame: &Frame, camera: &Camera, samples: usize, seed: u64) -> Vec<f32> {
    let (width, height) = (frame.width / samples, frame.height / samples);
    let place = |x: usize, y: usize| {
        let (sx, sy) = (x * samples + samples / 2, y * samples + samples / 2);
        let near = frame.seen[sy * frame.width + sx].near;
        (near > 0.0).then(|| {
            let depth = 1.0 / near;
            vector(
                (sx as f32 + 0.5 - camera.center[0]) / camera.focal * depth,
                (camera.center[1] - sy as f32 - 0.5) / camera.focal * depth,
                camera.distance - depth,
            )
        })
    };
    let points: Vec<Option<Vector>> = (0..width * height).map(|index| place(index % width, index / width)).collect();
    let at = |x: isize, y: isize| {
        let inside = x >= 0 && y >= 0 && (x as usize) < width && (y as usize) < height;
        if inside { points[y as usize * width + x as usize] } else { None }
    };
    const LOOKS: usize = 14;
    const REACH: f32 = 0.42;
    let mut raw = vec![1.0_f32; width * height];
    for y in 0..height as isize {
        for x in 0..width as isize {
            let Some(point) = at(x, y) else { continue };
            let (Some(left), Some(right)) = (at(x - 1, y).or(Some(point)), at(x + 1, y).or(Some(point))) else {
                continue;
            };
            let (Some(above), Some(below)) = (at(x, y - 1).or(Some(point)), at(x, y + 1).or(Some(point))) else {
                continue;
            };
            let normal = (right - left).cross(above - below).unit();
            let radius_px = REACH * camera.focal / (camera.distance - point.z) / samples as f32;
            let spin = noise::random(seed, x as i64, y as i64);
            let mut hidden = 0.0;
            for look in 0..LOOKS {
                let turn = (look as f32 + spin) * 2.399_963;
                let radius = radius_px * ((look as f32 + 0.5) / LOOKS as f32);
                let (sin, cos) = turn.sin_cos();
                let Some(other) = at(x + (radius * cos).round() as isize, y + (radius * sin).round() as isize) else {
                    continue;
                };
                let arm = other - point;
                let square = arm.dot(arm);
                if square < REACH * REACH {
                    hidden += (arm.dot(normal) - 0.012).max(0.0) / (square + 0.004) * 0.085;
                }
            }
            raw[y as usize * width + x as usize] = (1.0 - 9.5 * hidden / LOOKS as f32).clamp(0.15, 1.0);
        }
    }
    smoothed(&raw, &points, width, height)
}

/// Averages neighbours that lie at about the same depth.
fn smoothed(raw: &[f32], points: &[Option<Vector>], width: usize, height: usize) -> Vec<f32> {
    let mut out = raw.to_vec();
    for y in 2..height.saturating_sub(2) {
        for x in 2..width.saturating_sub(2) {
            let Some(here) = points[y * width + x] else { continue };
            let (mut sum, mut count) = (0.0, 0.0);
            for dy in 0..5 {
                for dx in 0..5 {
                    let index = (y + dy - 2) * width + x + dx - 2;
                    if points[index].is_some_and(|point| (point.z - here.z).abs() < 0.12) {
                        sum += raw[index];
                        count += 1.0;
                    }
                }
            }
            out[y * width + x] = sum / f32::max(count, 1.0);
        }
    }
    out
}
