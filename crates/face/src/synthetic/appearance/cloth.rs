//! What is worn: collars, shirts, jackets.

use crate::drawing::noise::{self, Dice};
use crate::drawing::plane::smoothstep;
use crate::synthetic::shape::vector::{Vector, mix_colour, scale_colour, vector};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    RoundNeck,
    VNeck,
    Shirt,
    Suit,
}

/// Clothes of one picture.
#[derive(Clone, Debug)]
pub(crate) struct Clothes {
    kind: Kind,
    colour: [f32; 3],
    second: [f32; 3],
    tie: [f32; 3],
    stripes: f32,
    seed: u64,
}

impl Clothes {
    pub(crate) fn sample(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let kind = [Kind::RoundNeck, Kind::RoundNeck, Kind::VNeck, Kind::Shirt, Kind::Suit][dice.index(5)];
        const SUITS: [[f32; 3]; 4] =
            [[0.02, 0.022, 0.03], [0.012, 0.012, 0.013], [0.06, 0.06, 0.065], [0.035, 0.05, 0.10]];
        let hue = dice.between(0.0, 6.0);
        let dull = dice.between(0.2, 0.85);
        let value = dice.between(0.03, 0.55);
        let wheel = |offset: f32| (((hue + offset).rem_euclid(6.0) - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        let free = mix_colour([wheel(0.0), wheel(2.0), wheel(4.0)], [0.6; 3], dull).map(|channel| channel * value);
        let suit = SUITS[dice.index(SUITS.len())];
        let white = mix_colour([0.75; 3], free, if dice.between(0.0, 1.0) < 0.7 { 0.05 } else { 0.6 });
        let (colour, second) = match kind {
            Kind::Suit => (suit, white),
            Kind::Shirt => (white, free),
            _ => (free, free.map(|channel| channel * 0.7)),
        };
        let tie = [dice.between(0.02, 0.3), dice.between(0.02, 0.12), dice.between(0.02, 0.22)];
        let stripes = if dice.between(0.0, 1.0) < 0.2 { dice.between(0.2, 0.8) } else { 0.0 };
        Self { kind, colour, second, tie, stripes, seed }
    }

    /// Colour, whether it is bare skin, and the normal with folds, at a place of the body.
    pub(crate) fn at(&self, x: f32, y: f32, angle: f32, normal: Vector) -> ([f32; 3], bool, Vector) {
        let (ax, front) = (x.abs(), angle.cos() > 0.0);
        let folds = noise::fractal(self.seed, x * 2.2, y * 2.6 - ax, 3) - 0.5;
        let weave = noise::smooth(self.seed ^ 1, x * 45.0, y * 45.0) - 0.5;
        let bent = (normal + vector(0.7 * folds, 0.5 * folds, 0.0) + vector(0.1 * weave, 0.0, 0.0)).unit();
        let neck = match self.kind {
            Kind::RoundNeck => -1.62 - 0.16 * (1.0 - (ax / 0.62).powi(2)).max(0.0),
            Kind::VNeck => -1.58 - 0.48 * (1.0 - ax / 0.45).max(0.0),
            Kind::Shirt | Kind::Suit => -1.50 - 0.26 * (1.0 - ax / 0.25).max(0.0),
        };
        if front && y > neck {
            return (self.colour, true, normal);
        }
        let band = if self.stripes > 0.0 { self.stripes * smoothstep(-0.2, 0.2, (y * 34.0).sin()) } else { 0.0 };
        let plain = scale_colour(mix_colour(self.colour, self.second, 0.6 * band), 1.0 + 0.35 * folds + 0.12 * weave);
        let colour = match self.kind {
            Kind::RoundNeck | Kind::VNeck if front && y > neck - 0.06 => scale_colour(plain, 0.8),
            Kind::Shirt if front => self.shirt(plain, ax, y, neck),
            Kind::Suit if front => {
                let lapel = 0.12 + 0.42 * ((y + 2.5) / 1.0).clamp(0.0, 1.0);
                let edge = smoothstep(0.03, 0.0, (ax - lapel - 0.16).abs());
                if ax > lapel {
                    scale_colour(plain, 1.0 - 0.5 * edge)
                } else if ax < 0.075 + 0.03 * ((-1.75 - y).clamp(0.0, 1.0)) {
                    scale_colour(self.tie, 1.0 + 0.5 * smoothstep(-0.2, 0.2, (y * 28.0 + x * 28.0).sin()))
                } else {
                    self.shirt(scale_colour(self.second, 1.0 + 0.2 * folds), ax, y, neck)
                }
            }
            _ => plain,
        };
        (colour, false, bent)
    }

    /// A shirt with a collar: two flaps with a shadow below them, and a row of buttons.
    fn shirt(&self, plain: [f32; 3], ax: f32, y: f32, neck: f32) -> [f32; 3] {
        let flap = neck - 0.22 * smoothstep(0.0, 0.25, ax) - 0.02;
        let shadow = smoothstep(flap - 0.05, flap, y) * smoothstep(flap + 0.006, flap, y);
        let seam = smoothstep(0.012, 0.004, ax) * if y < flap { 1.0 } else { 0.0 };
        scale_colour(plain, 1.0 - 0.45 * shadow - 0.3 * seam)
    }
}
