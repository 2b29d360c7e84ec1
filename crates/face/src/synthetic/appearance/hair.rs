//! Hair and beard as shells around the head: where they grow, how thick, and how their strands run.

use std::f32::consts::PI;

use crate::drawing::noise;
use crate::drawing::plane::smoothstep;
use crate::synthetic::identity::{Beard, Hair, HairStyle, Identity};
use crate::synthetic::shape::mesh::{Attributes, Mesh, Part, Stance};
use crate::synthetic::shape::surface::{Chart, Surface};
use crate::synthetic::shape::vector::{Vector, bell, curve, mix, vector};

/// Which way strands run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flow {
    /// From a place of the head, along great circles: a whorl at the crown, the front end of a parting.
    Spot(Vector),
    /// From the hairline to the back.
    Back,
}

/// The whorl at the back of the crown.
const WHORL: Vector = vector(0.08, 0.80, -0.59);

/// What a style is where it says nothing else.
const PLAIN: Cut = Cut {
    top: 0.12,
    sides: 0.06,
    front_lift: 0.0,
    fringe: 0.0,
    sweep: 0.0,
    drape: None,
    curl: 0.0,
    wave: 0.0,
    flow: Flow::Spot(WHORL),
    bare_top: 0.0,
    covers_ears: false,
};

/// As [`PLAIN`], over the ears.
const COVERING: Cut = Cut { covers_ears: true, ..PLAIN };

/// A hairstyle in numbers; lengths in decimetres.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    top: f32,
    sides: f32,
    front_lift: f32,
    /// How far hair hangs over the forehead.
    fringe: f32,
    /// Slope of the fringe to one side.
    sweep: f32,
    /// Where hanging hair ends and at which angle from the front it begins.
    drape: Option<(f32, f32)>,
    pub(crate) curl: f32,
    wave: f32,
    flow: Flow,
    bare_top: f32,
    pub(crate) covers_ears: bool,
}

impl Cut {
    pub(crate) fn new(hair: &Hair) -> Option<Self> {
        use HairStyle as S;
        let corner = Flow::Spot(vector(0.52 * hair.side, 0.66, 0.54));
        let hanging = |end_y: f32, gap: f32| Some((end_y * hair.length, gap));
        let cut = match hair.style {
            S::Bald => return None,
            S::Fringed => Self { top: 0.02, sides: 0.05, bare_top: 1.0, flow: Flow::Back, ..PLAIN },
            S::Buzz => Self { top: 0.022, sides: 0.012, ..PLAIN },
            S::ShortSide => {
                Self { top: 0.17, sides: 0.05, front_lift: 0.35, fringe: 0.03, sweep: 0.12, flow: corner, ..PLAIN }
            }
            S::ShortUp => Self { top: 0.15, sides: 0.03, front_lift: 0.65, flow: Flow::Back, ..PLAIN },
            S::ShortCurly => Self { top: 0.20, sides: 0.12, curl: 0.75, fringe: 0.05, ..PLAIN },
            S::Afro => Self { top: 0.34, sides: 0.27, curl: 1.0, ..COVERING },
            S::Bob => Self {
                top: 0.10,
                sides: 0.17,
                drape: hanging(-0.85, 1.02),
                flow: corner,
                sweep: 0.16,
                fringe: 0.03,
                ..COVERING
            },
            S::BobFringe => Self { top: 0.12, sides: 0.17, drape: hanging(-0.80, 1.05), fringe: 0.40, ..COVERING },
            S::LongMiddle => Self {
                top: 0.08,
                sides: 0.14,
                drape: hanging(-1.95, 1.04),
                flow: Flow::Spot(vector(0.0, 0.80, 0.60)),
                ..COVERING
            },
            S::LongSide => Self {
                top: 0.12,
                sides: 0.17,
                drape: hanging(-1.9, 1.00),
                flow: corner,
                sweep: 0.20,
                wave: 0.3,
                ..COVERING
            },
            S::LongWavy => Self {
                top: 0.13,
                sides: 0.24,
                drape: hanging(-1.8, 1.05),
                flow: corner,
                sweep: 0.10,
                wave: 1.0,
                curl: 0.12,
                ..COVERING
            },
            S::TiedBack => Self { top: 0.07, sides: 0.035, flow: Flow::Back, ..PLAIN },
            S::Receding => Self { top: 0.06, sides: 0.045, flow: Flow::Back, ..PLAIN },
        };
        Some(Self { top: cut.top * hair.volume, sides: cut.sides * hair.volume, ..cut })
    }
}

/// Height of the natural hairline at an angle from the front.
pub(crate) fn hairline(surface: &Surface, hair: &Hair, angle: f32) -> f32 {
    let top = surface.measures.hairline_y;
    let recession = if hair.style == HairStyle::Receding { hair.recession.max(0.6) } else { hair.recession };
    let points = [
        (0.0, top + 0.03 * recession),
        (0.35, top + 0.005 + 0.05 * recession),
        (0.70, top - 0.05 + 0.16 * recession),
        (0.95, top - 0.22 + 0.12 * recession),
        (1.10, 0.30),
        (1.22, 0.0),
        (1.34, -0.20),
        (1.46, -0.18),
        (1.56, 0.14),
        (1.90, 0.10),
        (2.05, -0.30),
        (2.40, -0.70),
        (PI, -0.78),
    ];
    curve(&points, angle.abs())
}

/// How far above the edge of the hair a place on the head is; negative is bare skin.
pub(crate) fn above_edge(surface: &Surface, hair: &Hair, cut: &Cut, angle: f32, y: f32) -> f32 {
    let line = hairline(surface, hair, angle);
    let front = smoothstep(1.05, 0.75, angle.abs());
    let lean = angle.sin() * -hair.side;
    let hang = cut.fringe + cut.sweep * smoothstep(-0.5, 0.7, lean);
    let mut edge = line - hang * front;
    if let Some((end_y, gap)) = cut.drape {
        // The edge runs from the parting outwards and down beside the face.
        let top = surface.measures.hairline_y;
        let frame = curve(&[(0.0, gap), (0.30, 0.90 * gap), (top - 0.13, 0.62 * gap), (top - 0.02, 0.1)], y);
        let behind = smoothstep(frame - 0.10, frame + 0.05, angle.abs());
        edge = mix(edge, edge.min(end_y), behind);
    }
    let mut above = y - edge;
    if cut.bare_top > 0.0 {
        // Only a wreath is left: bare above a line that falls towards the back.
        let bare_from = curve(&[(0.0, -9.0), (0.95, 0.1), (1.2, 0.45), (2.0, 0.55), (PI, 0.45)], angle.abs());
        above = above.min(bare_from - y);
    }
    above
}

/// The shell of hair, or `None` for the bald.
pub(crate) fn hair_mesh(surface: &Surface, identity: &Identity, stance: &Stance) -> Option<Mesh> {
    let hair = &identity.hair;
    let cut = Cut::new(hair)?;
    const ROWS_TOP: usize = 46;
    const COLUMNS: usize = 176;
    let m = &surface.measures;
    let lowest = cut.drape.map_or(-0.85, |(end_y, _)| end_y - 0.08);
    let rows_below = ((0.3 - lowest) / 0.022) as usize;
    let seed = identity.texture_seed ^ 0x4A17;
    let mut mesh = Mesh::grid(Part::Hair, ROWS_TOP + rows_below, COLUMNS, false, |row, column| {
        let angle = (column as f32 / (COLUMNS - 1) as f32 * 2.0 - 1.0) * PI;
        let y = if row < ROWS_TOP {
            let turn = (row as f32 / ROWS_TOP as f32) * std::f32::consts::FRAC_PI_2;
            0.3 + (m.vertex_y - 0.3) * turn.cos()
        } else {
            mix(0.3, lowest, (row - ROWS_TOP) as f32 / (rows_below - 1) as f32)
        };
        let (point, attributes) = shell(surface, hair, &cut, angle, y, seed);
        let bound = Stance::neck_bound(y, m.chin_y).max(if cut.drape.is_some() { 0.35 } else { 0.0 });
        (stance.place(point, bound), attributes)
    });
    mesh.retain(|corners| corners.iter().any(|corner| corner[2] > -0.7));
    mesh.cut_seam(1.5);
    Some(mesh)
}

fn shell(surface: &Surface, hair: &Hair, cut: &Cut, angle: f32, y: f32, seed: u64) -> (Vector, Attributes) {
    let above = above_edge(surface, hair, cut, angle, y);
    let hangs =
        cut.drape.map_or(0.0, |(_, gap)| smoothstep(gap - 0.16, gap + 0.05, angle.abs()) * smoothstep(0.32, 0.12, y));
    let (plain, _) = surface.plain(angle, y);
    let (wide, _) = surface.plain(angle, y.max(0.14));
    let base = vector(mix(plain.x, wide.x, hangs), y, mix(plain.z, wide.z, hangs));
    let outward = vector(base.x, 1.2 * (y - 0.35).max(0.0), base.z + 0.05).unit();
    let (across, along) = strand(cut, base, angle, y);
    let top = smoothstep(0.30, 0.85, y);
    let front = angle.cos().max(0.0);
    let mut thickness = mix(cut.sides, cut.top * (1.0 + cut.front_lift * front), top);
    let hugging = smoothstep(-0.02, 0.32, above).powf(0.85);
    let loose = hangs.max(if cut.fringe > 0.1 { front } else { 0.0 });
    thickness *= mix(mix(0.06, 1.0, hugging), 1.0, loose * 0.85);
    if let Some((_, gap)) = cut.drape {
        // Hanging hair begins thin beside the face.
        thickness *= mix(1.0, mix(0.42, 1.0, smoothstep(gap - 0.25, gap + 0.40, angle.abs())), smoothstep(0.8, 0.3, y));
    }
    let clump = noise::fractal(seed, across * 6.0, along * 2.0, 2) - 0.5;
    let lock = noise::smooth(seed ^ 3, across * 26.0, along * 3.0) - 0.5;
    thickness *= 1.0 + 0.75 * clump + 0.45 * lock;
    if cut.curl > 0.0 {
        let curls = noise::fractal(seed ^ 1, angle * 6.5, y * 7.5, 3) - 0.42;
        thickness *= 1.0 + 1.5 * cut.curl * curls;
    }
    let mut point = base + outward * (thickness + 0.008);
    if hangs > 0.0 {
        let fall = (0.14 - y).max(0.0);
        let wave = cut.wave * 0.05 * (fall * 8.0 + 3.0 * clump).sin() * smoothstep(0.0, 0.4, fall);
        let lean =
            1.0 + hangs * (wave - 0.06 * smoothstep(0.2, 1.0, fall) + 0.05 * bell(fall, 0.0, 0.5, 0.0, 0.4, 1.0));
        point.x *= lean;
        point.z = (point.z + 0.05) * lean - 0.05 - 0.10 * hangs * smoothstep(0.3, 1.2, fall) * front;
    }
    (point, [across, along, above / 0.10])
}

/// Coordinates of a strand: constant across it, growing along it.
fn strand(cut: &Cut, base: Vector, angle: f32, y: f32) -> (f32, f32) {
    if cut.drape.is_some() {
        // Down beside the face, away from the parting above it.
        let parting = smoothstep(0.25, 1.0, y) * 0.9;
        let away = match cut.flow {
            Flow::Spot(spot) if spot.x.abs() < 0.1 && spot.z > 0.0 => -angle.signum(),
            Flow::Spot(spot) if spot.z > 0.0 => -spot.x.signum(),
            _ => 0.0,
        };
        return (1.6 * (angle + away * parting), 1.2 - y);
    }
    let d = (base - vector(0.0, 0.22, -0.08)).unit();
    let (across, along) = match cut.flow {
        Flow::Spot(pole) => {
            let side = pole.cross(vector(1.0, 0.0, 0.0)).unit();
            let other = pole.cross(side);
            (1.2 * d.dot(side).atan2(d.dot(other)), d.dot(pole).clamp(-1.0, 1.0).acos())
        }
        Flow::Back => (1.2 * d.x.atan2(d.y.max(-0.2) + 0.25), d.z.clamp(-1.0, 1.0).acos()),
    };
    (across, along)
}

/// Whether the shell is there: strands end raggedly.
pub(crate) fn grows([across, along, cover]: Attributes, curl: f32, seed: u64) -> bool {
    if !(-0.8..=2.0).contains(&cover) {
        return cover > 0.0;
    }
    let fine = noise::smooth(seed, across * 42.0, along * 2.5);
    let broad = noise::smooth(seed ^ 5, across * 13.0, along * 2.0);
    let curls = if curl > 0.3 { noise::smooth(seed ^ 6, across * 9.0, along * 9.0) - 0.5 } else { 0.0 };
    cover > 1.05 - 1.25 * fine - 1.0 * broad + curl * curls
}

/// How densely the beard grows at a place of the chart, 0..=1.
pub(crate) fn beard_cover(surface: &Surface, beard: &Beard, chart: &Chart) -> f32 {
    if beard.density <= 0.0 {
        return 0.0;
    }
    let (m, ax, y) = (&surface.measures, chart.x.abs(), chart.y);
    let mouth = &m.mouth;
    let angle = chart.angle.abs();
    // Cheek line: from the sideburn to the mouth's corner.
    let line = curve(
        &[
            (0.0, mouth.y + 0.05),
            (0.42, mouth.y + 0.0),
            (0.75, mouth.y + 0.14),
            (1.10, -0.30),
            (1.30, -0.05),
            (1.45, 0.0),
        ],
        angle,
    );
    let below = smoothstep(line + 0.03, line - 0.05, y);
    let above_throat = smoothstep(m.chin_y - 0.20, m.chin_y - 0.04, y + 0.10 * smoothstep(0.6, 1.3, angle));
    let in_front = smoothstep(1.52, 1.40, angle);
    let jaw = beard.jaw * below * smoothstep(0.36, 0.50, angle);
    let chin_half = mouth.half_width + 0.03;
    let chin_edge = mouth.y - mouth.lower - 0.035;
    let chin = beard.chin
        * smoothstep(chin_half + 0.03, chin_half - 0.03, ax)
        * smoothstep(chin_edge + 0.02, chin_edge - 0.05, y)
            .max(smoothstep(mouth.half_width - 0.01, mouth.half_width + 0.02, ax) * below)
        * smoothstep(0.62, 0.45, angle);
    let lip = crate::synthetic::shape::features::upper_lip(mouth, chart.x);
    let moustache_top = m.nose.base_y - 0.035 - 0.09 * (ax / (mouth.half_width + 0.05)).powi(2);
    let moustache = beard.moustache
        * smoothstep(lip - 0.004, lip + 0.018, y)
        * smoothstep(moustache_top + 0.02, moustache_top - 0.03, y)
        * smoothstep(mouth.half_width + 0.08, mouth.half_width + 0.01, ax);
    let at_corner = beard.moustache * beard.chin * bell(ax, y, mouth.half_width + 0.035, mouth.y - 0.02, 0.045, 0.09);
    let joined =
        beard.jaw * below * smoothstep(0.25, 0.40, angle) * smoothstep(mouth.half_width, mouth.half_width + 0.05, ax);
    beard.density * jaw.max(chin).max(moustache).max(at_corner).max(joined) * above_throat * in_front
}

/// The shell of a beard that is long enough to have one.
pub(crate) fn beard_mesh(surface: &Surface, beard: &Beard, stance: &Stance, seed: u64) -> Option<Mesh> {
    if beard.length < 0.01 || beard.density < 0.5 {
        return None;
    }
    const ROWS: usize = 90;
    const COLUMNS: usize = 150;
    let m = &surface.measures;
    let (top, bottom) = (0.05, m.chin_y - 0.25);
    let mut mesh = Mesh::grid(Part::Beard, ROWS, COLUMNS, false, |row, column| {
        let angle = (column as f32 / (COLUMNS - 1) as f32 * 2.0 - 1.0) * 1.5;
        let y = mix(top, bottom, row as f32 / (ROWS - 1) as f32);
        let (point, chart) = surface.point(angle, y);
        let cover = beard_cover(surface, beard, &chart);
        let near_chin = smoothstep(m.mouth.y, m.chin_y, y) * angle.cos().max(0.0);
        let clump = noise::fractal(seed, angle * 9.0, y * 5.0, 2);
        let length = beard.length * smoothstep(0.2, 0.85, cover) * (0.45 + 0.75 * near_chin) * (0.6 + 0.8 * clump);
        let outward = vector(angle.sin(), -0.65 * near_chin - 0.15, angle.cos()).unit();
        let bound = Stance::neck_bound(point.y, m.chin_y).max(0.8);
        (stance.place(point + outward * (length + 0.004), bound), [angle * 1.3, y * 1.4, 2.2 * cover - 0.9])
    });
    mesh.retain(|corners| corners.iter().any(|corner| corner[2] > -0.8));
    Some(mesh)
}

impl Cut {
    /// The way of strands at a sample, before it is laid onto the surface; `axes` are the turned head's.
    pub(crate) fn direction(&self, axes: &[Vector; 3], fragment: &crate::synthetic::photo::raster::Fragment) -> Vector {
        let [right, up, front] = *axes;
        if self.drape.is_some() {
            return -up;
        }
        match self.flow {
            Flow::Spot(spot) => {
                let pole = right * spot.x + up * spot.y + front * spot.z;
                fragment.normal - pole
            }
            Flow::Back => front,
        }
    }
}
