//! What upsampling leaves behind.

use std::f64::consts::TAU;

use super::plane::Plane;

/// Shortest side of a picture in which the neighbouring frequencies can be told apart.
const LEAST_SIDE: usize = 32;
/// Steps of one cycle per line in which neighbouring frequencies lie: beyond the main lobe of the window, near enough to be alike.
const NEIGHBOURS: [f64; 3] = [3.0, 4.0, 5.0];
/// Variance of the rounding of levels to whole numbers: no energy below it counts.
const ROUNDING: f64 = 1.0 / 12.0;

/// How far the energy at the frequencies that upsampling by 2 and by 4 leaves behind stands out of that at neighbouring frequencies, in
/// decibels: about 0 for photos, more where the output has a pattern of that period, below 0 where the frequency is missing. See Odena et
/// al. 2016, "Deconvolution and checkerboard artifacts".
///
/// Lines and columns of the luminance are weighted with a Hann window, less their mean; their energies are summed, and the logarithm of
/// the energy at a frequency is compared with the mean of those at neighbouring ones. Lines and columns count half each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkerboard {
    /// At 1/2 cycle per pixel: every other pixel differs.
    pub period_2_db: f64,
    /// At 1/4 cycle per pixel.
    pub period_4_db: f64,
}

impl Checkerboard {
    /// Of a picture's luminance in levels, 0 to 255. `None` for pictures with a side below 32 pixels.
    pub fn of(picture: &Plane) -> Option<Self> {
        if picture.width().min(picture.height()) < LEAST_SIDE {
            return None;
        }
        let columns = picture.transposed();
        let of = |frequency: f64| f64::midpoint(excess_db(picture, frequency), excess_db(&columns, frequency));
        Some(Self { period_2_db: of(0.5), period_4_db: of(0.25) })
    }
}

/// The energy of lines at a frequency over that of neighbouring ones. Above 1/2 frequencies are those below it once more.
fn excess_db(lines: &Plane, frequency: f64) -> f64 {
    let step = 1.0 / lines.width() as f64;
    let sides: &[f64] = if frequency < 0.5 { &[-1.0, 1.0] } else { &[-1.0] };
    let places = sides.iter().flat_map(|side| NEIGHBOURS.map(|steps| frequency + side * steps * step));
    let around: Vec<f64> = places.map(|place| level_db(lines, place)).collect();
    level_db(lines, frequency) - around.iter().sum::<f64>() / around.len() as f64
}

fn level_db(lines: &Plane, frequency: f64) -> f64 {
    let count = lines.width();
    let window: Vec<f64> = (0..count).map(|x| 0.5 - 0.5 * (TAU * (x as f64 + 0.5) / count as f64).cos()).collect();
    let waves: Vec<[f64; 2]> = window
        .iter()
        .enumerate()
        .map(|(x, weight)| {
            let (sine, cosine) = (TAU * frequency * x as f64).sin_cos();
            [weight * cosine, weight * sine]
        })
        .collect();
    let energy = |line: &[f64]| {
        let mean = line.iter().sum::<f64>() / count as f64;
        let product =
            |part: usize| line.iter().zip(&waves).map(|(value, wave)| (value - mean) * wave[part]).sum::<f64>();
        product(0).powi(2) + product(1).powi(2)
    };
    let floor = ROUNDING * lines.height() as f64 * window.iter().map(|weight| weight * weight).sum::<f64>();
    10.0 * (lines.rows().map(energy).sum::<f64>() + floor).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    const DEVIATION: f64 = 8.0;

    /// Noise with a pattern in it.
    fn noise(seed: u64, width: usize, height: usize, pattern: impl Fn(usize, usize) -> f64) -> Plane {
        let noise = normals(&mut stream(seed, "noise", 0), width * height);
        let value = |(index, noise): (usize, &f32)| {
            128.0 + DEVIATION * f64::from(*noise) + pattern(index % width, index / width)
        };
        Plane::new(width, height, noise.iter().enumerate().map(value).collect())
    }

    fn sign(odd: usize) -> f64 {
        if odd.is_multiple_of(2) { 1.0 } else { -1.0 }
    }

    #[test]
    fn noise_has_no_checkerboard() {
        let found: Vec<Checkerboard> =
            (0..20).filter_map(|seed| Checkerboard::of(&noise(seed, 128, 96, |_, _| 0.0))).collect();
        let mean = |of: fn(&Checkerboard) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
        assert!(found.len() == 20 && mean(|found| found.period_2_db).abs() < 0.4, "{found:?}");
        assert!(mean(|found| found.period_4_db).abs() < 0.4, "{found:?}");
    }

    #[test]
    fn a_pattern_of_known_strength_has_its_closed_form() {
        // A wave of amplitude a has energy (a Σw)² a line, noise σ² Σw²; of Hann's window Σw = n/2, Σw² = 3n/8.
        let expected = |amplitude: f64, length: f64| {
            10.0 * (1.0 + amplitude * amplitude * length * 2.0 / 3.0 / (DEVIATION * DEVIATION + ROUNDING)).log10()
        };
        for amplitude in [2.0, 6.0, 20.0] {
            let picture = noise(7, 192, 192, |x, y| amplitude * sign(x + y));
            let found = Checkerboard::of(&picture).expect("large enough");
            assert!((found.period_2_db - expected(amplitude, 192.0)).abs() < 1.0, "{found:?} {amplitude}");
            assert!(found.period_4_db.abs() < 1.0, "{found:?}");
            // Squares of two pixels: the first harmonic has amplitude √2 a, half of it at each of ± 1/4, so a/√2.
            let coarse = noise(8, 192, 192, |x, y| amplitude * sign(x / 2 + y / 2));
            let found = Checkerboard::of(&coarse).expect("large enough");
            assert!((found.period_4_db - expected(amplitude / 2.0_f64.sqrt(), 192.0)).abs() < 1.0, "{found:?}");
        }
    }

    #[test]
    fn turned_and_brighter_pictures_have_the_same_score_and_small_ones_none() {
        let picture = noise(3, 64, 48, |x, _| 5.0 * sign(x));
        let found = Checkerboard::of(&picture).expect("large enough");
        let turned = Checkerboard::of(&picture.transposed()).expect("large enough");
        let brighter = Checkerboard::of(&picture.zip(&picture, |value, _| value + 40.0)).expect("large enough");
        for other in [turned, brighter] {
            assert!((found.period_2_db - other.period_2_db).abs() < 1e-9, "{found:?} {other:?}");
        }
        assert!(Checkerboard::of(&Plane::new(31, 64, vec![1.0; 31 * 64])).is_none());
        let flat = Checkerboard::of(&Plane::new(32, 32, vec![9.0; 1024])).expect("large enough");
        assert!(flat.period_2_db.abs() < 1e-9 && flat.period_4_db.abs() < 1e-9, "{flat:?}");
    }
}
