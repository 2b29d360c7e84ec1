//! Tone in strokes: hatching that follows the form, swelling or pressed harder where it is dark, in one colour or in the photo's.
//!
//! Layers of evenly spaced strokes in crossing directions, each layer for darker parts (Winkenbach and Salesin 1994, "Computer-generated
//! pen-and-ink illustration": prioritised strokes; Praun, Hoppe, Webb, Finkelstein 2001, "Real-time hatching": layers that stay when it
//! gets darker). Lines that swell with tone as in wood engraving: Ostromoukhov 1999, "Digital facial engraving".

mod brush;
mod field;
mod streamlines;

use crate::drawing::canvas::Canvas;
use crate::drawing::colour::Colours;
use crate::drawing::head::Head;
use crate::drawing::noise;
use crate::drawing::plane::{Plane, smoothstep};
use crate::drawing::style::DrawingStyle;
use brush::Brush;
use field::{Directions, Hand};
use streamlines::{Layer, trace};

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
    let brush = Brush::new(canvas.width, canvas.height, strokes.tooth, scene.unit, scene.seed ^ 0x7007);
    smudge(canvas, scene, style);
    let mut hatching = Hatching { canvas, brush, directions, style, unit: scene.unit };
    let layers = style.tone.levels.clamp(1, 3);
    for layer in 0..layers {
        let share = layer as f32 / layers as f32;
        let from = strokes.onset + (0.86 - strokes.onset) * share;
        let wanted = scene.darkness.map(|dark| smoothstep(from, from + 0.3 + 0.25 * (1.0 - share), dark));
        let turn = (TURNS[layer as usize] * strokes.crossing).to_radians();
        let seed = scene.seed.wrapping_add(0x1_0000 * u64::from(layer + 1));
        let depth = 1.0 + 0.35 * layer as f32;
        hatching.lay(&wanted, turn, seed, |x, y, number| match scene.colours {
            Some(colours) => colours.pencil(x, y, depth, seed ^ 0x9E, number),
            None => style.tone_colour.map(f32::from),
        });
    }
    if strokes.highlight > 0.0 {
        let wanted = lights(scene).map(|light| strokes.highlight * light);
        hatching.lay(&wanted, 0.1, scene.seed ^ 0x4149, |_, _, _| [252.0, 250.0, 244.0]);
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

/// Where the light falls, 0..=1: the brightest parts, of the head above all.
fn lights(scene: &Scene) -> Plane {
    let light = scene.luma.blurred(3.0 * scene.unit);
    let holds = |x: usize, y: usize| scene.head.holds(x, y, light.width, light.height);
    let bright = light.percentile(0.85, holds);
    Plane::from_fn(light.width, light.height, |x, y| {
        let inside = if holds(x, y) { 1.0 } else { 0.6 };
        inside * smoothstep(bright - 0.03, bright + 0.14, light.at(x, y)) * scene.kept.at(x, y)
    })
}

/// A hand at work.
struct Hatching<'a> {
    canvas: &'a mut Canvas,
    brush: Brush,
    directions: Directions,
    style: &'a DrawingStyle,
    unit: f32,
}

impl Hatching<'_> {
    /// One layer of strokes for a wanted tone of 0..=1, `turn` radians from the hand's direction; `colour` is given the stroke's middle and
    /// number.
    fn lay(&mut self, wanted: &Plane, turn: f32, seed: u64, colour: impl Fn(f32, f32, i64) -> [f32; 3]) {
        let (strokes, unit) = (&self.style.strokes, self.unit);
        let finest = (self.style.tone.spacing * unit).max(1.2);
        let layer = Layer {
            directions: &self.directions,
            turn,
            width: self.canvas.width,
            height: self.canvas.height,
            finest,
            spacing: |x: f32, y: f32| {
                let want = wanted.sample(x, y);
                (want > 0.03).then_some(finest * (1.0 + strokes.sparse * (1.0 - want)))
            },
            length: strokes.length * unit,
            shortest: (0.8 * finest).min(0.4 * strokes.length * unit),
            unevenness: strokes.unevenness,
            seed,
        };
        for stroke in trace(&layer) {
            let middle = stroke.points[stroke.points.len() / 2];
            let pressure = 1.0 - 0.6 * strokes.unevenness * noise::random(seed ^ 0x91, stroke.number, 0);
            let opacity = self.style.tone.strength * pressure;
            let tip = |place: f32, x: f32, y: f32| {
                let want = wanted.sample(x, y);
                let end = smoothstep(0.0, strokes.taper * 0.5, place) * smoothstep(0.0, strokes.taper, 1.0 - place);
                let half = 0.5 * strokes.width * unit * (1.0 - strokes.swell + strokes.swell * want);
                let press = 1.0 - strokes.pressure + strokes.pressure * want;
                (half * (0.45 + 0.55 * end), opacity * press * (1.0 - strokes.pressure * (1.0 - end)))
            };
            self.brush.draw(self.canvas, &stroke, &tip, colour(middle.0, middle.1, stroke.number));
        }
    }
}
