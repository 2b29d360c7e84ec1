//! Random changes of the pictures that the discriminators see: DiffAugment, Zhao et al. 2020, <https://arxiv.org/abs/2006.10738>, and
//! how often they happen: Karras et al. 2020, <https://arxiv.org/abs/2006.06676>.
//!
//! Gradients flow through the changes to the generators. The generated images themselves stay as they are: the other losses, samples
//! and checkpoints know nothing of it.

use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::config::{AugmentationConfig, Domain};
use crate::networks::Pair;
use crate::parameter::from_values;
use crate::random::stream;

use super::tape::SegmentInput;

/// What is done to the pictures of one sample of a domain in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// Added to every value.
    brightness: f32,
    /// Multiplies the difference from the pixel's grey.
    saturation: f32,
    /// Multiplies the difference from the picture's mean.
    contrast: f32,
    /// Down and right, as shares of height and width.
    shift: [f64; 2],
    /// The middle of the rectangle of zeros and its sides, as shares of height and width.
    hole: Option<[[f64; 2]; 2]>,
}

const NO_CHANGE: Change = Change { brightness: 0.0, saturation: 1.0, contrast: 1.0, shift: [0.0; 2], hole: None };

/// What the discriminator of a domain sees changed in one step, sample by sample. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transformation {
    changes: Vec<Change>,
}

impl SegmentInput for Transformation {
    fn without_graph(&self) -> Self {
        self.clone()
    }
}

impl Transformation {
    /// The transformation of a step, counted from 0, of a run with `seed`: always the same one for the same `probability`.
    pub fn draw(
        config: &AugmentationConfig,
        probability: f64,
        (seed, step): (u64, u64),
        domain: Domain,
        samples: usize,
    ) -> Self {
        let mut random = stream(seed, &format!("augmentation {domain}"), step);
        let mut change = || {
            let mut change = NO_CHANGE;
            // Every number is drawn, used or not, so that the probability changes none of the others.
            let happens: [bool; 3] = [(); 3].map(|()| random.random::<f64>() < probability);
            let mut between = |low: f64, high: f64| low + (high - low) * random.random::<f64>();
            let half = 0.5 * config.colour;
            let [brightness, saturation, contrast] = [
                between(-half, half),
                between(1.0 - config.colour, 1.0 + config.colour),
                between(1.0 - half, 1.0 + half),
            ];
            let shift = [(); 2].map(|()| between(-config.translation, config.translation));
            let middle = [(); 2].map(|()| between(0.0, 1.0));
            if happens[0] {
                change = Change {
                    brightness: brightness as f32,
                    saturation: saturation as f32,
                    contrast: contrast as f32,
                    ..change
                };
            }
            if happens[1] {
                change.shift = shift;
            }
            if happens[2] && config.cutout > 0.0 {
                change.hole = Some([middle, [config.cutout; 2]]);
            }
            change
        };
        Self { changes: (0..samples).map(|_| change()).collect() }
    }

    /// The pictures as the discriminator sees them.
    ///
    /// # Shapes
    /// - pictures, output: `[n, c, h, w]` in `[-1, 1]`, the output not clamped; `n` samples were drawn
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        if self.changes.iter().all(|change| *change == NO_CHANGE) {
            return pictures;
        }
        self.with_holes(self.shifted(self.coloured(pictures)))
    }

    /// A number of each sample, `[n, 1, 1, 1]`.
    fn column(&self, number: impl Fn(&Change) -> f32, device: &Device) -> Tensor<4> {
        from_values(self.changes.iter().map(number).collect(), device).reshape([self.changes.len(), 1, 1, 1])
    }

    fn coloured(&self, pictures: Tensor<4>) -> Tensor<4> {
        let plain = |change: &Change| Change { shift: [0.0; 2], hole: None, ..*change } == NO_CHANGE;
        if self.changes.iter().all(plain) {
            return pictures;
        }
        let device = pictures.device();
        let brighter = pictures + self.column(|change| change.brightness, &device);
        let grey = brighter.clone().mean_dim(1); // [n, 1, h, w]
        let saturated = (brighter - grey.clone()) * self.column(|change| change.saturation, &device) + grey;
        let mean = saturated.clone().mean_dim(1).mean_dim(2).mean_dim(3); // [n, 1, 1, 1]
        (saturated - mean.clone()) * self.column(|change| change.contrast, &device) + mean
    }

    fn shifted(&self, pictures: Tensor<4>) -> Tensor<4> {
        let [_, c, h, w] = pictures.dims();
        let of_sample = |(index, change): (usize, &Change)| {
            let picture = pictures.clone().narrow(0, index, 1);
            let [down, right] = pixels(change.shift, [h, w]);
            // What stays in the picture, and how many zeros come before and behind it.
            let along = |shift: isize, size: usize| {
                let zeros = shift.unsigned_abs().min(size);
                if shift > 0 { (0..size - zeros, zeros, 0) } else { (zeros..size, 0, zeros) }
            };
            let ((rows, above, below), (columns, left, behind)) = (along(down, h), along(right, w));
            if above + below + left + behind == 0 {
                return picture;
            }
            picture.slice([0..1, 0..c, rows, columns]).pad((left, behind, above, below), PadMode::Constant(0.0))
        };
        if self.changes.iter().all(|change| pixels(change.shift, [h, w]) == [0, 0]) {
            return pictures;
        }
        Tensor::cat(self.changes.iter().enumerate().map(of_sample).collect(), 0)
    }

    fn with_holes(&self, pictures: Tensor<4>) -> Tensor<4> {
        if self.changes.iter().all(|change| change.hole.is_none()) {
            return pictures;
        }
        let [n, _, h, w] = pictures.dims();
        let mut mask = vec![1.0; n * h * w];
        for (plane, change) in mask.chunks_exact_mut(h * w).zip(&self.changes) {
            let Some([middle, sides]) = change.hole else { continue };
            let ([y, x], [height, width]) = (pixels(middle, [h, w]), pixels(sides, [h, w]));
            let range = |middle: isize, side: isize, size: usize| {
                let first = middle - side / 2;
                first.clamp(0, size as isize) as usize..(first + side).clamp(0, size as isize) as usize
            };
            let columns = range(x, width, w);
            for row in range(y, height, h) {
                plane[row * w..][columns.clone()].fill(0.0);
            }
        }
        let mask = from_values(mask, &pictures.device()).reshape([n, 1, h, w]);
        pictures * mask
    }
}

fn pixels(shares: [f64; 2], [height, width]: [usize; 2]) -> [isize; 2] {
    [(shares[0] * height as f64).round() as isize, (shares[1] * width as f64).round() as isize]
}

/// How often each domain's pictures are changed at present. Counts, so that a checkpoint holds them exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AugmentationLevel {
    /// Of drawings, in pictures of [`AdaptiveConfig::pictures`](crate::config::AdaptiveConfig::pictures).
    drawing: u64,
    /// Of photos, likewise.
    photo: u64,
}

impl AugmentationLevel {
    /// The level before the first step.
    pub fn begin(config: &AugmentationConfig) -> Self {
        let adaptive = config.adaptive.unwrap_or_default();
        let count = (config.probability * adaptive.pictures as f64).round() as u64;
        Self { drawing: count, photo: count }
    }

    /// The chance of each change in `domain`, 0 to 1.
    pub fn probability(&self, config: &AugmentationConfig, domain: Domain) -> f64 {
        let Some(adaptive) = config.adaptive else { return config.probability };
        let count = match domain {
            Domain::Drawing => self.drawing,
            Domain::Photo => self.photo,
        };
        count as f64 / adaptive.pictures as f64
    }

    /// Follows a step with `samples` pictures a domain and these mean signs of the scores of real pictures.
    pub fn adapt(&mut self, config: &AugmentationConfig, signs: Pair<f32>, samples: u64) {
        let Some(adaptive) = config.adaptive else { return };
        let moved = |count: u64, sign: f32| {
            let moved = if f64::from(sign) > adaptive.target {
                count.saturating_add(samples)
            } else {
                count.saturating_sub(samples)
            };
            moved.min(adaptive.pictures)
        };
        self.drawing = moved(self.drawing, signs.drawing);
        self.photo = moved(self.photo, signs.photo);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::to_values;

    const ALL: AugmentationConfig =
        AugmentationConfig { colour: 1.0, translation: 0.25, cutout: 0.5, probability: 1.0, adaptive: None };

    fn pictures(n: usize) -> Tensor<4> {
        let values = (0..n * 3 * 8 * 6).map(|index| (index * 37 % 101) as f32 / 56.0 - 0.9).collect();
        from_values(values, &Device::flex()).reshape([n, 3, 8, 6])
    }

    fn drawn(config: &AugmentationConfig, step: u64) -> Transformation {
        Transformation::draw(config, config.probability, (4, step), Domain::Drawing, 2)
    }

    fn changed(config: &AugmentationConfig, step: u64) -> Vec<f32> {
        to_values(drawn(config, step).forward(pictures(2)))
    }

    #[test]
    fn a_step_has_one_transformation_and_each_step_its_own() {
        let once = drawn(&ALL, 3);
        assert_eq!(once, drawn(&ALL, 3));
        assert_ne!(once, drawn(&ALL, 4));
        assert_ne!(once, Transformation::draw(&ALL, 1.0, (5, 3), Domain::Drawing, 2));
        assert_ne!(once, Transformation::draw(&ALL, 1.0, (4, 3), Domain::Photo, 2));
        assert_ne!(once.changes[0], once.changes[1]);
    }

    #[test]
    fn nothing_is_changed_without_a_chance_or_without_amounts() {
        let before = to_values(pictures(2));
        for step in 0..8 {
            assert_eq!(changed(&AugmentationConfig { probability: 0.0, ..ALL }, step), before);
            assert_eq!(
                changed(&AugmentationConfig { colour: 0.0, translation: 0.0, cutout: 0.0, ..ALL }, step),
                before
            );
        }
        assert_eq!(to_values(Transformation::default().forward(pictures(2))), before);
    }

    #[test]
    fn shifts_move_pixels_and_bring_zeros() {
        let config = AugmentationConfig { colour: 0.0, cutout: 0.0, ..ALL };
        let before = to_values(pictures(2));
        let mut directions = std::collections::BTreeSet::new();
        for step in 0..20 {
            let transformation = drawn(&config, step);
            let after = to_values(transformation.forward(pictures(2)));
            for (index, value) in after.iter().enumerate() {
                let (x, y, plane) = ((index % 6) as isize, (index / 6 % 8) as isize, index / 48);
                let [down, right] = pixels(transformation.changes[plane / 3].shift, [8, 6]);
                directions.insert((down.signum(), right.signum()));
                let from = (y - down, x - right);
                let inside = (0..8).contains(&from.0) && (0..6).contains(&from.1);
                let expected = if inside { before[plane * 48 + (from.0 * 6 + from.1) as usize] } else { 0.0 };
                assert_eq!(*value, expected, "step {step}, index {index}");
            }
        }
        assert!(directions.len() > 4, "{directions:?}");
    }

    #[test]
    fn a_hole_is_a_rectangle_of_the_given_share_cut_at_the_border() {
        let config = AugmentationConfig { colour: 0.0, translation: 0.0, ..ALL };
        for step in 0..20 {
            let after = changed(&config, step);
            for plane in after.chunks_exact(48) {
                let zeros = plane.iter().filter(|value| **value == 0.0).count();
                assert!((2..=12).contains(&zeros), "step {step}: {zeros}");
            }
        }
    }

    #[test]
    fn colours_keep_contrasts_in_proportion() {
        let config = AugmentationConfig { translation: 0.0, cutout: 0.0, ..ALL };
        let transformation = drawn(&config, 1);
        let (before, after) = (to_values(pictures(2)), to_values(transformation.forward(pictures(2))));
        for (sample, change) in transformation.changes.iter().enumerate() {
            // The differences of a pixel's channels grow by saturation and contrast, its grey by the contrast alone.
            let at = |values: &[f32], channel: usize, pixel: usize| values[(sample * 3 + channel) * 48 + pixel];
            let factor = change.saturation * change.contrast;
            for pixel in 0..48 {
                let difference = |values: &[f32]| at(values, 0, pixel) - at(values, 2, pixel);
                assert!((difference(&after) - factor * difference(&before)).abs() < 1e-5);
                let grey = |values: &[f32], pixel: usize| (0..3).map(|c| at(values, c, pixel)).sum::<f32>() / 3.0;
                let contrast = |values: &[f32]| grey(values, pixel) - grey(values, 0);
                assert!((contrast(&after) - change.contrast * contrast(&before)).abs() < 1e-5);
            }
        }
    }

    /// Every change is linear in the picture, up to a constant: differences of values give the gradient exactly, up to rounding.
    #[test]
    fn gradients_are_those_of_differences_of_values() {
        let weight = pictures(2).flip([1, 3]) * 0.7;
        for step in 0..4 {
            let transformation = drawn(&ALL, step);
            let value = |pictures: Tensor<4>| (transformation.forward(pictures) * weight.clone()).sum();
            let leaf = pictures(2).autodiff().require_grad();
            let gradients = value(leaf.clone()).backward();
            let gradient = to_values(leaf.grad(&gradients).expect("a gradient"));
            assert!(gradient.iter().any(|value| value.abs() > 0.1));
            let base = to_values(pictures(2));
            for index in (0..base.len()).step_by(7) {
                let shifted = |by: f32| {
                    let mut values = base.clone();
                    values[index] += by;
                    to_values(value(from_values(values, &Device::flex()).reshape([2, 3, 8, 6])))[0]
                };
                let difference = shifted(0.5) - shifted(-0.5);
                assert!(
                    (difference - gradient[index]).abs() < 2e-4,
                    "step {step}, {index}: {difference}, {}",
                    gradient[index]
                );
            }
        }
    }

    #[test]
    fn the_chance_follows_the_signs_and_stays_a_chance() {
        let adaptive = crate::config::AdaptiveConfig { target: 0.6, pictures: 10 };
        let config = AugmentationConfig { probability: 0.4, adaptive: Some(adaptive), ..ALL };
        let mut level = AugmentationLevel::begin(&config);
        let chances = |level: &AugmentationLevel| {
            [Domain::Drawing, Domain::Photo].map(|domain| level.probability(&config, domain))
        };
        assert_eq!(chances(&level), [0.4, 0.4]);
        level.adapt(&config, Pair { drawing: 0.9, photo: -0.2 }, 2);
        assert_eq!(chances(&level), [0.6, 0.2]);
        for _ in 0..9 {
            level.adapt(&config, Pair { drawing: 0.7, photo: 0.5 }, 2);
        }
        assert_eq!(chances(&level), [1.0, 0.0]);
        let mut fixed = AugmentationLevel::begin(&ALL);
        fixed.adapt(&ALL, Pair { drawing: -1.0, photo: -1.0 }, 2);
        assert_eq!(fixed, AugmentationLevel::begin(&ALL));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let wrong = |config: AugmentationConfig| config.validate().expect_err("out of range");
        assert_eq!(ALL.validate(), Ok(()));
        assert!(
            wrong(AugmentationConfig { colour: f64::NAN, ..ALL }).contains("colour must be between 0 and 1, found NaN")
        );
        assert!(
            wrong(AugmentationConfig { translation: 0.6, ..ALL })
                .contains("translation must be between 0 and 0.5, found 0.6")
        );
        assert!(wrong(AugmentationConfig { cutout: -0.1, ..ALL }).contains("cutout"));
        assert!(wrong(AugmentationConfig { probability: 1.5, ..ALL }).contains("probability"));
        let adaptive = |target, pictures| Some(crate::config::AdaptiveConfig { target, pictures });
        assert!(wrong(AugmentationConfig { adaptive: adaptive(2.0, 5), ..ALL }).contains("adaptive.target"));
        assert!(wrong(AugmentationConfig { adaptive: adaptive(0.5, 0), ..ALL }).contains("adaptive.pictures"));
    }
}
