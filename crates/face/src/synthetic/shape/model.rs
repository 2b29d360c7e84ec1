//! A person posed before the camera: all meshes together.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use super::expression::Expression;
use super::measures::Measures;
use super::mesh::{Mesh, Part, Stance};
use super::surface::{NECK_END_Y, Surface};
use super::vector::{Vector, bell, curve, mix, vector};
use crate::synthetic::appearance::hair::{Cut, beard_mesh, hair_mesh};
use crate::synthetic::identity::{Glasses, Identity};

/// A person in a pose with an expression.
pub(crate) struct Model {
    pub(crate) surface: Surface,
    pub(crate) stance: Stance,
    pub(crate) meshes: Vec<Mesh>,
    pub(crate) cut: Option<Cut>,
}

impl Model {
    pub(crate) fn new(identity: &Identity, expression: Expression, stance: Stance) -> Self {
        let surface = Surface::new(Measures::new(&identity.shape), expression, identity.age());
        let cut = Cut::new(&identity.hair);
        let mut meshes = vec![head_mesh(&surface, &stance), body_mesh(&surface, &stance)];
        for side in [-1.0, 1.0] {
            meshes.push(ear_mesh(&surface, &stance, side));
        }
        meshes.extend(hair_mesh(&surface, identity, &stance));
        meshes.extend(beard_mesh(&surface, &identity.beard, &stance, identity.texture_seed ^ 0xBEA2D));
        if let Some(glasses) = &identity.glasses {
            meshes.extend(glasses_meshes(&surface, glasses, &stance));
        }
        Self { surface, stance, meshes, cut }
    }

    /// A point over the chart's `(x, y)` as it is posed.
    pub(crate) fn over(&self, x: f32, y: f32) -> Vector {
        self.place(self.surface.over(x, y), y)
    }

    /// A point of the head at an angle and height as it is posed.
    pub(crate) fn around(&self, angle: f32, y: f32) -> Vector {
        self.place(self.surface.point(angle, y).0, y)
    }

    pub(crate) fn place(&self, point: Vector, y: f32) -> Vector {
        self.stance.place(point, Stance::neck_bound(y, self.surface.measures.chin_y))
    }

    /// The middle of an ear's outline on a side (-1 left in the picture, 1 right): the landmark "ear".
    pub(crate) fn ear(&self, side: f32) -> Vector {
        self.ear_ring(side, 0.10, 1.0)
    }

    /// A place on an ear: the angle around it (0 outwards, a quarter turn up) and the share of its radius.
    pub(crate) fn ear_ring(&self, side: f32, turn: f32, share: f32) -> Vector {
        self.stance.place(ear_point(&self.surface, side, turn, share), 1.0)
    }
}

fn head_mesh(surface: &Surface, stance: &Stance) -> Mesh {
    const COLUMNS: usize = 208;
    const ROWS_CROWN: usize = 30;
    const ROWS_FACE: usize = 140;
    const ROWS_NECK: usize = 16;
    let m = &surface.measures;
    let low = m.chin_y - 0.10;
    // Names of rows and columns are found once; the points are made in the grid's order.
    let angles: Vec<f32> = (0..COLUMNS)
        .map(|column| {
            let u = column as f32 / COLUMNS as f32 * 2.0 - 1.0;
            PI * (0.42 * u + 0.58 * u * u * u)
        })
        .collect();
    Mesh::grid(Part::Head, ROWS_CROWN + ROWS_FACE + ROWS_NECK, COLUMNS, true, |row, column| {
        let y = if row < ROWS_CROWN {
            0.30 + (m.vertex_y - 0.30) * (row as f32 / ROWS_CROWN as f32 * FRAC_PI_2).cos()
        } else if row < ROWS_CROWN + ROWS_FACE {
            mix(0.30, low, (row - ROWS_CROWN) as f32 / ROWS_FACE as f32)
        } else {
            mix(low, NECK_END_Y, (row - ROWS_CROWN - ROWS_FACE) as f32 / (ROWS_NECK - 1) as f32)
        };
        let (point, chart) = surface.point(angles[column], y);
        let bound = Stance::neck_bound(y, m.chin_y);
        (stance.place(point, bound), [chart.x, chart.y, chart.angle])
    })
}

/// The place on an ear at a share of its radius and an angle around it (0 outwards and back, a quarter up).
fn ear_point(surface: &Surface, side: f32, turn: f32, share: f32) -> Vector {
    let m = &surface.measures;
    let root_angle = 1.60;
    let (root, _) = surface.plain(root_angle, -0.02);
    let size = m.ear_size;
    let center_y = -0.02 - 0.14 * size;
    let (sin, cos) = turn.sin_cos();
    // A rounded upper part, a narrow lobe.
    let reach_y = if sin > 0.0 { 1.0 } else { 1.05 };
    let reach_x = mix(0.60, 0.34, ((0.4 - sin) / 1.4).clamp(0.0, 1.0).powf(1.3));
    let (out, up) = (share * cos * reach_x * size, share * sin * reach_y * size);
    let (stand_sin, stand_cos) = m.ear_angle.sin_cos();
    let rim = bell(share, 0.0, 0.92, 0.0, 0.10, 1.0) * 0.035 * if sin < -0.6 { 0.2 } else { 1.0 };
    let ridge = bell(share, 0.0, 0.62, 0.0, 0.10, 1.0) * 0.018;
    let bowl = -0.045 * bell(share, 0.0, 0.25, 0.0, 0.28, 1.0);
    let raise = rim + ridge + bowl;
    // Outwards from the head by the standing angle, leaning back a little.
    let shifted = out + 0.30 * size * stand_sin;
    vector(
        side * (root.x - 0.02 + shifted * stand_sin + raise * stand_cos),
        center_y + up - 0.10 * out,
        root.z - 0.02 - shifted * stand_cos * 0.9 + raise * stand_sin + 0.12 * up,
    )
}

fn ear_mesh(surface: &Surface, stance: &Stance, side: f32) -> Mesh {
    const RINGS: usize = 14;
    const SPOKES: usize = 30;
    Mesh::grid(Part::Ear, RINGS, SPOKES, true, |ring, spoke| {
        let share = 0.02 + 1.06 * ring as f32 / (RINGS - 1) as f32;
        let turn = spoke as f32 / SPOKES as f32 * TAU;
        let mut point = ear_point(surface, side, turn, share.min(1.0));
        if share > 1.0 {
            // The rim bends back towards the head.
            point = point + vector(-side * 0.03, 0.0, -0.03);
        }
        (stance.place(point, 1.0), [share, turn, side])
    })
}

/// Heights and half widths of the shoulders.
const SHOULDERS: [(f32, f32); 8] = [
    (-3.4, 2.05),
    (-2.4, 2.02),
    (-2.1, 1.90),
    (-1.92, 1.62),
    (-1.78, 1.18),
    (-1.66, 0.80),
    (-1.52, 0.60),
    (-1.42, 0.52),
];

fn body_mesh(surface: &Surface, stance: &Stance) -> Mesh {
    const ROWS: usize = 60;
    const COLUMNS: usize = 72;
    let m = &surface.measures;
    let drop = (m.chin_y + 1.15) * 0.8 + 0.10;
    Mesh::grid(Part::Body, ROWS, COLUMNS, true, |row, column| {
        let y = mix(-1.42, -3.4, (row as f32 / (ROWS - 1) as f32).powf(1.5));
        let angle = (column as f32 / COLUMNS as f32 * 2.0 - 1.0) * PI;
        let (sin, cos) = angle.sin_cos();
        let half = curve(&SHOULDERS, y) * (m.neck_half / 0.44).powf(0.6);
        let depth = curve(&[(-3.4, 0.78), (-2.3, 0.72), (-1.8, 0.56), (-1.6, 0.50), (-1.42, 0.47)], y);
        let shaped = |value: f32| value.abs().powf(0.86) * value.signum();
        let tilt = -0.30 * smooth_below(y);
        let point = vector(half * shaped(sin), y + drop, -0.22 + tilt * 0.2 + depth * shaped(cos));
        (stance.place(point, 0.0), [point.x, y, angle])
    })
}

fn smooth_below(y: f32) -> f32 {
    ((-1.42 - y) / 0.6).clamp(0.0, 1.0)
}

fn glasses_meshes(surface: &Surface, glasses: &Glasses, stance: &Stance) -> Vec<Mesh> {
    let m = &surface.measures;
    let [half_width, half_height] = glasses.half_size;
    let bridge_front = surface.over(0.0, -0.02).z;
    let front_z = (surface.over(m.eye.x, -m.eye.lower).z + 0.13).max(bridge_front - 0.02);
    let radius = glasses.half_thickness;
    // Lenses sit a little wider than the eyes and never overlap above the nose.
    let center_x = (m.eye.x + 0.01).max(half_width + 0.06);
    let bend = |x: f32| front_z - 0.10 * (x.abs() / 0.6).powi(2);
    let place = |x: f32, y: f32, z: f32| stance.place(vector(x, y, z), 1.0);
    let mut meshes = Vec::new();
    for side in [-1.0_f32, 1.0] {
        let outline: Vec<Vector> = (0..40)
            .map(|step| {
                let (sin, cos) = (step as f32 / 40.0 * TAU).sin_cos();
                let power = 2.0 / glasses.squareness;
                let x = center_x + half_width * cos.abs().powf(power) * cos.signum();
                let y = -0.025 + half_height * sin.abs().powf(power) * sin.signum();
                place(side * x, y, bend(x))
            })
            .collect();
        meshes.push(Mesh::tube(Part::Glasses, &outline, radius, true));
        let hinge = center_x + half_width;
        let ear = surface.plain(1.6, 0.08).0;
        let temple: Vec<Vector> = (0..=10)
            .map(|step| {
                let share = step as f32 / 10.0;
                place(
                    side * mix(hinge, ear.x + 0.035, share.powf(0.6)),
                    mix(0.03, 0.10, share),
                    mix(bend(hinge), ear.z - 0.05, share),
                )
            })
            .collect();
        meshes.push(Mesh::tube(Part::Glasses, &temple, radius * 0.85, false));
    }
    let gap = center_x - half_width;
    let bridge: Vec<Vector> = (0..=8)
        .map(|step| {
            let x = mix(-gap, gap, step as f32 / 8.0);
            place(x, 0.015 + 0.03 * (1.0 - (x / gap).powi(2)), bend(x) + 0.03 * (1.0 - (x / gap).powi(2)))
        })
        .collect();
    meshes.push(Mesh::tube(Part::Glasses, &bridge, radius, false));
    meshes
}
