//! Tone in strokes: hatching that follows the form, swelling or pressed harder where it is dark, in one colour or in the photo's.
//!
//! Layers of evenly spaced strokes in crossing directions, each layer for darker parts (Winkenbach and Salesin 1994, "Computer-generated
//! pen-and-ink illustration": prioritised strokes; Praun, Hoppe, Webb, Finkelstein 2001, "Real-time hatching": layers that stay when it
//! gets darker). Lines that swell with tone as in wood engraving: Ostromoukhov 1999, "Digital facial engraving".

use super::canvas::Canvas;
use super::colour::Colours;
use super::field::{Directions, Hand};
use super::head::Head;
use super::noise;
use super::plane::{Plane, smoothstep};
use super::streamlines::{Layer, Stroke, trace};
use super::style::DrawingStyle;

/// What strokes are put down for; planes of one size.
pub(super) struct Scene<'a> {
    /// The photo's brightness, smoothed along the flow.
    pub(super) luma: &'a Plane,
    /// The tone that is wanted, 0 (paper) to 1.
    pub(super) darkness: &'a Plane,
    /// Where the drawing stays, 0..=1.
    pub(super) kept: &'a Plane,
    pub(super) head: &'a Head,
    /// The photo's colours, for a drawing that keeps them.
    pub(super) colours: Option<&'a Colours>,
    /// Pixels per style unit.
    pub(super) unit: f32,
    pub(super) seed: u64,
}

/// Directions of the layers against the first, as shares of the crossing angle.
const TURNS: [f32; 3] = [0.0, 1.0, -0.62];

/// Puts all layers of strokes on the canvas.
pub(super) fn draw_strokes(canvas: &mut Canvas, scene: &Scene, style: &DrawingStyle) {
    let strokes = &style.strokes;
    let hand = Hand { angle: style.tone.angle_degrees.to_radians(), bow: strokes.bow, follow: 0.95 * strokes.follow };
    let directions = Directions::new(scene.luma, scene.head, hand, 9.0 * scene.unit);
    smudge(canvas, scene, style);
    let mut brush = Brush::new(canvas.width, canvas.height, strokes.tooth, scene);
    let layers = style.tone.levels.clamp(1, 3);
    for layer in 0..layers {
        let share = layer as f32 / layers as f32;
        let from = strokes.onset + (0.86 - strokes.onset) * share;
        let wanted = scene.darkness.map(|dark| smoothstep(from, from + 0.3 + 0.25 * (1.0 - share), dark));
        let turn = (TURNS[layer as usize] * strokes.crossing).to_radians();
        let seed = scene.seed.wrapping_add(0x1_0000 * u64::from(layer + 1));
        let depth = 1.0 + 0.35 * layer as f32;
        let colour = |x: f32, y: f32, number: i64| match scene.colours {
            Some(colours) => colours.pencil(x, y, depth, seed ^ 0x9E, number),
            None => style.tone_colour.map(f32::from),
        };
        lay(canvas, &mut brush, &wanted, &directions, style, scene.unit, (turn, seed), &colour);
    }
    if strokes.highlight > 0.0 {
        let light = scene.luma.blurred(3.0 * scene.unit);
        let bright = light.percentile(0.85, |x, y| scene.head.holds(x, y, light.width, light.height));
        let wanted = Plane::from_fn(light.width, light.height, |x, y| {
            let inside = if scene.head.holds(x, y, light.width, light.height) { 1.0 } else { 0.6 };
            strokes.highlight * inside * smoothstep(bright - 0.03, bright + 0.14, light.at(x, y)) * scene.kept.at(x, y)
        });
        let white = |_: f32, _: f32, _: i64| [252.0, 250.0, 244.0];
        lay(canvas, &mut brush, &wanted, &directions, style, scene.unit, (0.1, scene.seed ^ 0x4149), &white);
    }
}

/// Rubs part of the tone in evenly.
fn smudge(canvas: &mut Canvas, scene: &Scene, style: &DrawingStyle) {
    let share = style.strokes.smudge * style.tone.strength;
    if share <= 0.0 {
        return;
    }
    let soft = scene.darkness.blurred(2.0 * scene.unit);
    match scene.colours {
        Some(colours) => canvas.colours(&colours.pigments(), |index| {
            share * (0.25 + 0.75 * soft.values[index]) * scene.kept.values[index]
        }),
        None => canvas.tone(&soft.map(|dark| share * dark), style.tone_colour),
    }
}

/// One layer of strokes for a wanted tone of 0..=1.
#[expect(clippy::too_many_arguments, reason = "a layer is what it is put down with")]
fn lay(
    canvas: &mut Canvas,
    brush: &mut Brush,
    wanted: &Plane,
    directions: &Directions,
    style: &DrawingStyle,
    unit: f32,
    (turn, seed): (f32, u64),
    colour: &dyn Fn(f32, f32, i64) -> [f32; 3],
) {
    let strokes = &style.strokes;
    let finest = (style.tone.spacing * unit).max(1.2);
    let layer = Layer {
        directions,
        turn,
        width: canvas.width,
        height: canvas.height,
        finest,
        spacing: |x: f32, y: f32| {
            let want = wanted.sample(x, y);
            (want > 0.03).then(|| finest * (1.0 + strokes.sparse * (1.0 - want)))
        },
        length: strokes.length * unit,
        shortest: (0.8 * finest).min(0.4 * strokes.length * unit),
        unevenness: strokes.unevenness,
        seed,
    };
    for stroke in trace(&layer) {
        let middle = stroke.points[stroke.points.len() / 2];
        let pressure = 1.0 - 0.6 * strokes.unevenness * noise::random(seed ^ 0x91, stroke.number, 0);
        let opacity = style.tone.strength * pressure;
        let tip = |place: f32, x: f32, y: f32| {
            let want = wanted.sample(x, y);
            let end = smoothstep(0.0, strokes.taper * 0.5, place) * smoothstep(0.0, strokes.taper, 1.0 - place);
            let half = 0.5 * strokes.width * unit * (1.0 - strokes.swell + strokes.swell * want);
            let press = 1.0 - strokes.pressure + strokes.pressure * want;
            (half * (0.45 + 0.55 * end), opacity * press * (1.0 - strokes.pressure * (1.0 - end)))
        };
        brush.draw(canvas, &stroke, &tip, colour(middle.0, middle.1, stroke.number));
    }
}

/// Rasterises strokes: the darkest of a stroke's points counts at every pixel, so that a stroke doesn't cross itself.
struct Brush {
    darkness: Vec<f32>,
    touched: Vec<usize>,
    /// Height of the paper's tooth, 0..=1, and how much it counts.
    tooth: Option<(Plane, f32)>,
}

impl Brush {
    fn new(width: usize, height: usize, tooth: f32, scene: &Scene) -> Self {
        let (unit, seed) = (scene.unit, scene.seed ^ 0x7007);
        let tooth = (tooth > 0.0).then(|| {
            let plane = Plane::from_fn(width, height, |x, y| {
                let (u, v) = (x as f32 / unit, y as f32 / unit);
                ((noise::fractal(seed, u / 2.6, v / 2.6, 2) - 0.5) * 1.7 + 0.5).clamp(0.0, 1.0)
            });
            (plane, tooth)
        });
        Self { darkness: vec![0.0; width * height], touched: Vec::new(), tooth }
    }

    /// `tip` gives half the width and the opacity at a share of the stroke and a place.
    fn draw(
        &mut self,
        canvas: &mut Canvas,
        stroke: &Stroke,
        tip: &dyn Fn(f32, f32, f32) -> (f32, f32),
        colour: [f32; 3],
    ) {
        let last = stroke.points.len().max(2) as f32 - 1.0;
        for (place, &(x, y)) in stroke.points.iter().enumerate() {
            let (half, opacity) = tip(place as f32 / last, x, y);
            // Narrower than a pixel: paler instead.
            let (half, opacity) = (half.max(0.45), opacity * (half / 0.45).min(1.0));
            self.dab(canvas.width, canvas.height, (x, y), half, opacity);
        }
        for &index in &self.touched {
            let mut share = std::mem::take(&mut self.darkness[index]);
            if let Some((tooth, strength)) = &self.tooth {
                let height = tooth.values[index];
                let taken = smoothstep(height - 0.35, height + 0.35, 0.25 + 0.9 * share);
                share *= 1.0 - strength * (1.0 - taken);
            }
            canvas.stamp(index, colour, share);
        }
        self.touched.clear();
    }

    /// A round touch with a soft rim of a pixel.
    fn dab(&mut self, width: usize, height: usize, (x, y): (f32, f32), half: f32, opacity: f32) {
        let reach = half + 0.5;
        let range = |center: f32, side: usize| {
            let low = (center - reach).ceil().max(0.0) as usize;
            let high = (center + reach).floor().min(side as f32 - 1.0);
            (low, if high < 0.0 { 0 } else { high as usize + 1 })
        };
        let ((left, right), (top, bottom)) = (range(x, width), range(y, height));
        for row in top..bottom {
            for column in left..right {
                let (dx, dy) = (column as f32 - x, row as f32 - y);
                let inside = (reach - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
                let dark = inside * opacity;
                let index = row * width + column;
                if dark > self.darkness[index] {
                    if self.darkness[index] == 0.0 {
                        self.touched.push(index);
                    }
                    self.darkness[index] = dark;
                }
            }
        }
    }
}
