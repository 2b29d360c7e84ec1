//! Tone: how light and shade are put on the paper.

use super::noise;
use super::plane::{Plane, smoothstep};
use super::style::{ToneKind, ToneStyle};

/// How dark the tone layer is, 0 (paper) to 1; `darkness` is the smoothed shade that is wanted, 0..=1.
///
/// `unit` is the number of pixels per style unit (1/448 of the height).
pub(crate) fn draw_tone(darkness: &Plane, style: &ToneStyle, unit: f32, seed: u64) -> Plane {
    let at = |x: usize, y: usize| (x as f32 / unit, y as f32 / unit, darkness.at(x, y));
    let (width, height) = (darkness.width, darkness.height);
    let tone = match style.kind {
        // The last two are no even layer: they have places of their own.
        ToneKind::None | ToneKind::Strokes | ToneKind::Flat => Plane::from_fn(width, height, |_, _| 0.0),
        ToneKind::Hatching => Plane::from_fn(width, height, |x, y| {
            let (u, v, dark) = at(x, y);
            hatching(u, v, dark, style, seed)
        }),
        ToneKind::Grain => Plane::from_fn(width, height, |x, y| {
            let (u, v, dark) = at(x, y);
            grain(u, v, dark, style, seed)
        }),
        ToneKind::Wash => wash(darkness, style, unit, seed),
        ToneKind::Stipple => Plane::from_fn(width, height, |x, y| {
            let (u, v, dark) = at(x, y);
            stipple(u, v, dark, style, seed)
        }),
    };
    tone.map(|value| (value * style.strength).clamp(0.0, 1.0))
}

/// Up to three layers of pencil strokes, each for darker parts and in another direction.
fn hatching(u: f32, v: f32, dark: f32, style: &ToneStyle, seed: u64) -> f32 {
    let layers = style.levels.clamp(1, 3);
    let mut paper = 1.0;
    for layer in 0..layers {
        let from = 0.12 + 0.72 * layer as f32 / layers as f32;
        let wanted = smoothstep(from, from + 0.45, dark);
        if wanted <= 0.0 {
            continue;
        }
        let turn = [0.0, 62.0, -38.0][layer as usize];
        let stroke =
            strokes(u, v, (style.angle_degrees + turn).to_radians(), style.spacing, wanted, seed + u64::from(layer));
        paper *= 1.0 - 0.85 * stroke;
    }
    1.0 - paper
}

/// Parallel strokes of finite length; `wanted` 0..=1 sets their width and pressure.
fn strokes(u: f32, v: f32, angle: f32, spacing: f32, wanted: f32, seed: u64) -> f32 {
    let (sin, cos) = angle.sin_cos();
    // A slow wobble, so that no ruler seems to be used.
    let wobble = (noise::smooth(seed ^ 0x21, u / 60.0, v / 60.0) - 0.5) * 5.0;
    let along = u * cos + v * sin;
    let across = (-u * sin + v * cos + wobble) / spacing;
    let mut darkest: f32 = 0.0;
    // A stroke may lean into its neighbour's lane.
    for lane in [across.floor() as i64 - 1, across.floor() as i64, across.floor() as i64 + 1] {
        let length = 46.0 + 50.0 * noise::random(seed ^ 0x22, lane, 0);
        let place = along / length + noise::random(seed ^ 0x23, lane, 0);
        let stroke = place.floor() as i64;
        let within = place - place.floor();
        let lean = noise::random(seed ^ 0x24, lane, stroke) - 0.5;
        let center =
            lane as f32 + 0.5 + 0.5 * lean + 0.35 * (within - 0.5) * (noise::random(seed ^ 0x25, lane, stroke) - 0.5);
        let taper = smoothstep(0.0, 0.12, within) * smoothstep(1.0, 0.8, within);
        let half_width = (0.16 + 0.26 * wanted) * (0.6 + 0.4 * taper);
        let distance = (across - center).abs();
        let pressure = (0.55 + 0.45 * noise::random(seed ^ 0x26, lane, stroke)) * taper * (0.35 + 0.65 * wanted);
        darkest = darkest.max(pressure * (1.0 - smoothstep(half_width * 0.5, half_width * 1.5, distance)));
    }
    darkest
}

/// Charcoal or soft pencil over rough paper: the paper's heights take the pigment first.
fn grain(u: f32, v: f32, dark: f32, style: &ToneStyle, seed: u64) -> f32 {
    let tooth = 0.65 * noise::fractal(seed ^ 0x31, u / style.spacing, v / style.spacing, 3)
        + 0.35 * noise::smooth(seed ^ 0x32, (u + v) / (2.5 * style.spacing), (u - v) / (0.7 * style.spacing));
    let tooth = ((tooth - 0.5) * 1.9 + 0.5).clamp(0.0, 1.0);
    let covered = smoothstep(tooth - 0.35, tooth + 0.35, dark * 1.15);
    // Part of the pigment is rubbed in evenly.
    (0.5 * covered + 0.5 * dark) * smoothstep(0.0, 0.15, dark)
}

/// Diluted ink: a few flat shades with soft borders, darker rims and uneven pigment.
fn wash(darkness: &Plane, style: &ToneStyle, unit: f32, seed: u64) -> Plane {
    let levels = style.levels.clamp(2, 6) as f32;
    let flat = Plane::from_fn(darkness.width, darkness.height, |x, y| {
        let (u, v) = (x as f32 / unit, y as f32 / unit);
        let uneven = (noise::fractal(seed ^ 0x41, u / 45.0, v / 45.0, 3) - 0.5) * 0.16;
        let scaled = (darkness.at(x, y) + uneven * smoothstep(0.02, 0.2, darkness.at(x, y))).clamp(0.0, 1.0) * levels;
        // Between two flat shades the border is soft: a steep smooth step around the half.
        (scaled.floor() + smoothstep(0.25, 0.75, scaled - scaled.floor())) / levels
    });
    let soft = flat.blurred(1.2 * unit);
    let wide = flat.blurred(5.0 * unit);
    Plane::from_fn(flat.width, flat.height, |x, y| {
        let (u, v) = (x as f32 / unit, y as f32 / unit);
        let rim = (soft.at(x, y) - wide.at(x, y)).clamp(0.0, 1.0) * 0.7;
        let pigment = 0.86 + 0.28 * noise::fractal(seed ^ 0x42, u / style.spacing, v / style.spacing, 3);
        (0.85 * soft.at(x, y) + rim) * pigment
    })
}

/// Ink dots on a jittered grid; darker parts get larger dots.
fn stipple(u: f32, v: f32, dark: f32, style: &ToneStyle, seed: u64) -> f32 {
    let (gx, gy) = (u / style.spacing, v / style.spacing);
    let (cell_x, cell_y) = (gx.floor() as i64, gy.floor() as i64);
    let mut ink: f32 = 0.0;
    for y in cell_y - 1..=cell_y + 1 {
        for x in cell_x - 1..=cell_x + 1 {
            let dot_x = x as f32 + 0.15 + 0.7 * noise::random(seed ^ 0x51, x, y);
            let dot_y = y as f32 + 0.15 + 0.7 * noise::random(seed ^ 0x52, x, y);
            // Light parts lose dots at random rather than showing a grid of tiny ones.
            if noise::random(seed ^ 0x53, x, y) > dark * 2.2 {
                continue;
            }
            let radius = 0.2 + 0.42 * dark;
            let distance = (gx - dot_x).hypot(gy - dot_y);
            ink = ink.max(1.0 - smoothstep(radius - 0.18, radius + 0.18, distance));
        }
    }
    ink
}
