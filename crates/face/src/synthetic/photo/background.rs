//! What is behind the sitter, out of focus.

use crate::drawing::noise::{self, Dice};
use crate::drawing::plane::smoothstep;
use crate::synthetic::shape::vector::{mix_colour, scale_colour};

/// A blurred background; a smooth function of the place.
#[derive(Clone, Debug)]
pub(crate) struct Background {
    top: [f32; 3],
    bottom: [f32; 3],
    glow: [f32; 3],
    glow_at: [f32; 2],
    discs: Vec<Disc>,
    bars: Vec<Bar>,
    mottle: f32,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Disc {
    at: [f32; 2],
    radius: f32,
    colour: [f32; 3],
    softness: f32,
}

/// An upright or lying rectangle with soft edges: shelves, windows, door frames.
#[derive(Clone, Debug)]
struct Bar {
    low: [f32; 2],
    high: [f32; 2],
    colour: [f32; 3],
    softness: f32,
}

impl Background {
    pub(crate) fn sample(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let kind = dice.index(5);
        let colour = |dice: &mut Dice, low: f32, high: f32| {
            let grey = dice.between(low, high);
            let tint = dice.between(0.0, 0.5);
            [grey * (1.0 + tint * dice.between(-1.0, 1.0)), grey, grey * (1.0 + tint * dice.between(-1.0, 1.0))]
        };
        let top = colour(&mut dice, 0.05, 0.75);
        let bottom = mix_colour(top, colour(&mut dice, 0.03, 0.6), dice.between(0.1, 0.8));
        let mut background = Self {
            top,
            bottom,
            glow: scale_colour(top, dice.between(0.0, 0.9)),
            glow_at: [dice.between(0.2, 0.8), dice.between(0.2, 0.7)],
            discs: Vec::new(),
            bars: Vec::new(),
            mottle: if kind == 0 { 0.08 } else { dice.between(0.1, 0.5) },
            seed,
        };
        if kind == 1 || kind == 2 {
            // Leaves or lights.
            for _ in 0..8 + dice.index(16) {
                let leaf = [dice.between(0.02, 0.3), dice.between(0.1, 0.5), dice.between(0.01, 0.15)];
                let lamp = [dice.between(0.3, 1.2), dice.between(0.3, 0.9), dice.between(0.1, 0.7)];
                background.discs.push(Disc {
                    at: [dice.between(-0.1, 1.1), dice.between(-0.1, 1.0)],
                    radius: dice.between(0.02, 0.16),
                    colour: if kind == 1 { leaf } else { lamp },
                    softness: dice.between(0.03, 0.14),
                });
            }
        }
        if kind >= 3 {
            for _ in 0..3 + dice.index(8) {
                let (x, y) = (dice.between(-0.2, 1.0), dice.between(-0.2, 0.9));
                let upright = dice.between(0.0, 1.0) < 0.5;
                let (long, short) = (dice.between(0.25, 1.2), dice.between(0.02, 0.25));
                let (width, height) = if upright { (short, long) } else { (long, short) };
                background.bars.push(Bar {
                    low: [x, y],
                    high: [x + width, y + height],
                    colour: colour(&mut dice, 0.02, 1.0),
                    softness: dice.between(0.015, 0.06),
                });
            }
        }
        background
    }

    /// Linear RGB at shares of the width and height.
    pub(crate) fn at(&self, x: f32, y: f32) -> [f32; 3] {
        let mut colour = mix_colour(self.top, self.bottom, smoothstep(0.0, 1.0, y));
        let (dx, dy) = (x - self.glow_at[0], y - self.glow_at[1]);
        let glow = (-(dx * dx + dy * dy) / 0.12).exp();
        colour = std::array::from_fn(|k| colour[k] + self.glow[k] * glow);
        let mottle = noise::fractal(self.seed, x * 4.0, y * 4.0, 2) - 0.5;
        colour = scale_colour(colour, 1.0 + self.mottle * mottle * 2.0);
        for bar in &self.bars {
            let s = bar.softness;
            let inside = smoothstep(bar.low[0] - s, bar.low[0] + s, x)
                * smoothstep(bar.high[0] + s, bar.high[0] - s, x)
                * smoothstep(bar.low[1] - s, bar.low[1] + s, y)
                * smoothstep(bar.high[1] + s, bar.high[1] - s, y);
            colour = mix_colour(colour, bar.colour, 0.85 * inside);
        }
        for disc in &self.discs {
            let distance = (x - disc.at[0]).hypot(y - disc.at[1]);
            if distance < disc.radius + disc.softness {
                let inside = smoothstep(disc.radius + disc.softness, disc.radius - disc.softness, distance);
                colour = mix_colour(colour, disc.colour, 0.55 * inside);
            }
        }
        colour.map(|value| value.max(0.002))
    }
}
