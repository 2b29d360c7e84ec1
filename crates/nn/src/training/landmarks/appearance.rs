//! How a window looks: ink, paper, light, and what copying and scanning does to them.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// Shares of windows that are changed in some way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Appearance {
    /// Lose their colours.
    pub grey: f64,
    /// Get another brightness, contrast and gamma.
    pub light: f64,
    /// Lie on toned paper.
    pub paper: f64,
    /// Have thicker or thinner dark lines.
    pub lines: f64,
    /// Lose detail.
    pub blur: f64,
    /// Get noise.
    pub noise: f64,
    /// Become black and white.
    pub threshold: f64,
    /// Become a negative.
    pub negative: f64,
    /// Have a rectangle covered.
    pub cover: f64,
}

impl Default for Appearance {
    fn default() -> Self {
        Self {
            grey: 0.3,
            light: 0.6,
            paper: 0.25,
            lines: 0.15,
            blur: 0.3,
            noise: 0.3,
            threshold: 0.05,
            negative: 0.05,
            cover: 0.1,
        }
    }
}

/// A window's pixels: `[side, side, 3]`, 0 to 1.
pub(super) struct Look<'a> {
    pub(super) pixels: &'a mut Vec<f32>,
    pub(super) side: usize,
}

impl Appearance {
    pub(super) fn validate(&self) -> Result<(), String> {
        let values = [
            ("grey", self.grey),
            ("light", self.light),
            ("paper", self.paper),
            ("lines", self.lines),
            ("blur", self.blur),
            ("noise", self.noise),
            ("threshold", self.threshold),
            ("negative", self.negative),
            ("cover", self.cover),
        ];
        match values.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            None => Ok(()),
            Some((name, value)) => Err(format!("data.appearance.{name} must be between 0 and 1, found {value}")),
        }
    }

    /// Changes a window at random. Returns whether one can still tell a photo from a drawing.
    pub(super) fn apply(&self, look: &mut Look<'_>, random: &mut impl Rng) -> bool {
        let mut chance = |share: f64| random.random_bool(share);
        let [grey, light, paper] = [self.grey, self.light, self.paper].map(&mut chance);
        let [lines, blur, noise] = [self.lines, self.blur, self.noise].map(&mut chance);
        let [threshold, negative, cover] = [self.threshold, self.negative, self.cover].map(&mut chance);
        if grey {
            look.grey();
        }
        if lines {
            look.lines(random.random_bool(0.6));
        }
        if blur {
            (0..random.random_range(1..=4)).for_each(|_| look.blur());
        }
        if threshold {
            look.threshold(random.random_range(0.35..0.65), random.random_range(3.0..20.0));
        }
        if light {
            let (contrast, shift) = (random.random_range(0.5..1.3), random.random_range(-0.2..0.2));
            let gamma = f32::exp(random.random_range(-0.5..0.5));
            look.each(|value| ((value.powf(gamma) - 0.5) * contrast + 0.5 + shift).clamp(0.0, 1.0));
        }
        if negative {
            look.each(|value| 1.0 - value);
        }
        if paper {
            let tone: [f32; 3] = std::array::from_fn(|_| random.random_range(0.7..1.0));
            look.pixels.as_chunks_mut::<3>().0.iter_mut().for_each(|rgb| {
                rgb.iter_mut().zip(tone).for_each(|(value, tone)| *value *= tone);
            });
        }
        if cover {
            look.cover(random);
        }
        if noise {
            let deviation = random.random_range(0.01..0.12);
            for value in look.pixels.iter_mut() {
                let normal: f32 = StandardNormal.sample(random);
                *value = (*value + deviation * normal).clamp(0.0, 1.0);
            }
        }
        !(threshold || negative)
    }
}

impl Look<'_> {
    fn each(&mut self, change: impl Fn(f32) -> f32) {
        self.pixels.iter_mut().for_each(|value| *value = change(*value));
    }

    fn grey(&mut self) {
        for rgb in self.pixels.as_chunks_mut::<3>().0 {
            let [red, green, blue] = *rgb;
            *rgb = [0.299 * red + 0.587 * green + 0.114 * blue; 3];
        }
    }

    /// The darkest, or the lightest, of 3x3 pixels.
    fn lines(&mut self, thicker: bool) {
        let choose = |a: f32, b: f32| if thicker { a.min(b) } else { a.max(b) };
        self.along_both(|before, here, after| choose(choose(before, here), after));
    }

    /// The mean of 3x3 pixels, the middle ones twice as much.
    fn blur(&mut self) {
        self.along_both(|before, here, after| 0.25 * before + 0.5 * here + 0.25 * after);
    }

    /// Replaces each value by a function of it and its neighbours, along rows, then along columns.
    fn along_both(&mut self, function: impl Fn(f32, f32, f32) -> f32) {
        let row = 3 * self.side;
        for (stride, position) in [(3, true), (row, false)] {
            let source = self.pixels.clone();
            for (index, value) in self.pixels.iter_mut().enumerate() {
                let place = if position { index % row / 3 } else { index / row };
                let before = if place > 0 { source[index - stride] } else { source[index] };
                let after = if place + 1 < self.side { source[index + stride] } else { source[index] };
                *value = function(before, source[index], after);
            }
        }
    }

    fn threshold(&mut self, level: f32, steepness: f32) {
        self.grey();
        self.each(|value| 1.0 / (1.0 + (-(value - level) * steepness).exp()));
    }

    /// Covers a rectangle of up to two fifths of each side with one colour.
    fn cover(&mut self, random: &mut impl Rng) {
        let [across, down] = [0, 1].map(|_| {
            let length = random.random_range(self.side / 10..=self.side * 2 / 5);
            let start = random.random_range(0..=self.side - length);
            start..start + length
        });
        let colour: [f32; 3] = random.random();
        for row in self.pixels.chunks_exact_mut(3 * self.side).take(down.end).skip(down.start) {
            row[3 * across.start..3 * across.end].as_chunks_mut::<3>().0.fill(colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    fn changed(appearance: &Appearance, index: u64) -> (Vec<f32>, bool) {
        let mut pixels: Vec<f32> = (0..3 * 20 * 20).map(|index| (index * 37 % 251) as f32 / 251.0).collect();
        let told = appearance.apply(&mut Look { pixels: &mut pixels, side: 20 }, &mut stream(1, "look", index));
        (pixels, told)
    }

    const NONE: Appearance = Appearance {
        grey: 0.0,
        light: 0.0,
        paper: 0.0,
        lines: 0.0,
        blur: 0.0,
        noise: 0.0,
        threshold: 0.0,
        negative: 0.0,
        cover: 0.0,
    };

    #[test]
    fn each_change_does_what_its_name_says() {
        let (plain, told) = changed(&NONE, 0);
        assert!(told);
        let (negative, told) = changed(&Appearance { negative: 1.0, ..NONE }, 0);
        assert!(!told && plain.iter().zip(&negative).all(|(a, b)| (a + b - 1.0).abs() < 1e-6));
        let (grey, _) = changed(&Appearance { grey: 1.0, ..NONE }, 0);
        assert!(grey.as_chunks::<3>().0.iter().all(|[red, green, blue]| red == green && green == blue));
        let spread = |pixels: &[f32]| pixels.iter().map(|value| (value - 0.5).powi(2)).sum::<f32>();
        let (blurred, _) = changed(&Appearance { blur: 1.0, ..NONE }, 0);
        assert!(spread(&blurred) < 0.7 * spread(&plain));
        let (covered, _) = changed(&Appearance { cover: 1.0, ..NONE }, 0);
        let same = covered.iter().zip(&plain).filter(|(a, b)| a == b).count();
        assert!(same < plain.len() && same > plain.len() / 2);
    }

    #[test]
    fn values_stay_in_their_range() {
        let all = Appearance {
            grey: 0.5,
            light: 1.0,
            paper: 0.5,
            lines: 0.5,
            noise: 1.0,
            threshold: 0.3,
            ..Appearance::default()
        };
        for index in 0..50 {
            assert!(changed(&all, index).0.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
