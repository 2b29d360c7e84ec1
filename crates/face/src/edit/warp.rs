//! Sampling a picture through a similarity transform.

use rayon::prelude::*;

use super::resize::resample;
use crate::error::Result;
use crate::picture::{Picture, check_size};
use crate::transform::Similarity;

/// What is seen outside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Border {
    /// Black, as the original has it.
    #[default]
    Zero,
    /// The nearest pixel of the edge goes on.
    Replicate,
    /// The picture is mirrored at its edges: no streaks, the most natural surroundings for a face cut by the edge.
    Mirror,
    /// The nearest pixel of the edge, fading into the mean of all edges within an eighth of the result's width: no second face where
    /// a frame reaches far beyond the picture.
    Fade,
}

/// Over this share of the result's width [`Border::Fade`] fades.
const FADE_SHARE: f64 = 0.125;

/// Shrinking beyond this factor is done by the antialiased filter first, the rest by bilinear sampling.
const LARGEST_BILINEAR_SHRINK: f64 = 1.5;

/// Moves `picture` by `transform` into a new picture of `width` x `height`, sampled bilinearly (pixel centres at whole numbers).
///
/// When the transform shrinks by more than 1.5, the picture is first resized with the antialiased filter so that no detail
/// turns into moiré.
///
/// # Errors
/// [`crate::Error::SizeOutOfRange`] for a size of zero or beyond the limits.
pub fn warp(picture: &Picture, transform: &Similarity, width: usize, height: usize, border: Border) -> Result<Picture> {
    check_size("warped picture", width, height)?;
    let shrink = 1.0 / transform.scale();
    if shrink <= LARGEST_BILINEAR_SHRINK {
        return sample(picture, &transform.inverse(), width, height, border);
    }
    let small_width = shrunk(picture.width(), shrink);
    let small_height = shrunk(picture.height(), shrink);
    let small = resample(picture, small_width, small_height);
    // The two sides round differently, so each axis keeps its own factor.
    let factors = [picture.width() as f64 / small_width as f64, picture.height() as f64 / small_height as f64];
    sample_scaled(&small, &transform.inverse(), factors, width, height, border)
}

/// Positions are rounded to 1/32 pixel, as OpenCV does.
const FRACTION_BITS: u32 = 5;
/// Before that, columns and rows add up in 1/1024 pixel.
const POSITION_BITS: u32 = 10;

/// As [`warp`] with a black border, with the result of OpenCV's `warpAffine` (bilinear): source positions rounded to 1/32 pixel, no
/// antialiasing however much the transform shrinks.
///
/// # Errors
/// [`crate::Error::SizeOutOfRange`] for a size of zero or beyond the limits.
pub fn warp_as_opencv(picture: &Picture, transform: &Similarity, width: usize, height: usize) -> Result<Picture> {
    check_size("warped picture", width, height)?;
    let [[xx, xy, tx], [yx, yy, ty]] = transform.inverse().matrix();
    let scale = f64::from(1 << POSITION_BITS);
    let fixed = |value: f64| (value * scale).round_ties_even() as i64; // saturates far outside
    let across: Vec<[i64; 2]> = (0..width).map(|x| [fixed(xx * x as f64), fixed(yx * x as f64)]).collect();
    let half = 1 << (POSITION_BITS - FRACTION_BITS - 1);
    let mut pixels = vec![0; 3 * width * height];
    for (y, row) in pixels.chunks_exact_mut(3 * width).enumerate() {
        let start = [fixed(xy * y as f64 + tx), fixed(yy * y as f64 + ty)].map(|value| value.saturating_add(half));
        for (rgb, delta) in row.chunks_exact_mut(3).zip(&across) {
            let at = [0, 1].map(|axis| start[axis].saturating_add(delta[axis]) >> (POSITION_BITS - FRACTION_BITS));
            rgb.copy_from_slice(&fixed_bilinear(picture, at));
        }
    }
    Picture::from_rgb(width, height, pixels)
}

/// The colour at a place in 1/32 pixel, black outside.
#[inline]
fn fixed_bilinear(picture: &Picture, at: [i64; 2]) -> [u8; 3] {
    const ONE: u64 = 1 << FRACTION_BITS;
    let (left, top) = (at[0] >> FRACTION_BITS, at[1] >> FRACTION_BITS);
    let [fx, fy] = at.map(|value| value as u64 & (ONE - 1));
    let weights = [(ONE - fx) * (ONE - fy), fx * (ONE - fy), (ONE - fx) * fy, fx * fy];
    let (width, height) = (picture.width() as i64, picture.height() as i64);
    let mut sum = packed([1 << (2 * FRACTION_BITS - 1); 3]);
    let neighbours = if (0..width - 1).contains(&left) && (0..height - 1).contains(&top) {
        let start = 3 * (top * width + left) as usize;
        pair_at(picture.pixels(), start).zip(pair_at(picture.pixels(), start + 3 * width as usize))
    } else {
        None
    };
    if let Some(([a, b], [c, d])) = neighbours {
        sum += a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3];
    } else {
        for (index, weight) in weights.into_iter().enumerate() {
            let (x, y) = (left + (index & 1) as i64, top + (index >> 1) as i64);
            if (0..width).contains(&x) && (0..height).contains(&y) {
                let rgb = picture.pixel(x as usize, y as usize).unwrap_or_default();
                sum += packed(rgb.map(u64::from)) * weight;
            }
        }
    }
    [0, LANE, 2 * LANE].map(|shift| (sum >> (shift + 2 * FRACTION_BITS)) as u8)
}

/// Three channels are computed in one number, this many bits apart: 255 times all weights needs 18.
const LANE: u32 = 21;

fn packed([red, green, blue]: [u64; 3]) -> u64 {
    red | green << LANE | blue << (2 * LANE)
}

/// Two neighbouring pixels, packed; `None` in the last bytes of the picture.
#[inline]
fn pair_at(pixels: &[u8], start: usize) -> Option<[u64; 2]> {
    let bytes = u64::from_le_bytes(*pixels.get(start..)?.first_chunk()?);
    let pack = |bytes: u64| bytes & 0xff | (bytes & 0xff00) << (LANE - 8) | (bytes & 0x00ff_0000) << (2 * LANE - 16);
    Some([pack(bytes), pack(bytes >> 24)])
}

fn shrunk(side: usize, shrink: f64) -> usize {
    ((side as f64 / shrink).round() as usize).clamp(1, side)
}

fn sample(picture: &Picture, inverse: &Similarity, width: usize, height: usize, border: Border) -> Result<Picture> {
    sample_scaled(picture, inverse, [1.0, 1.0], width, height, border)
}

/// `factors`: pixels of the original per pixel of `picture`, which may be a shrunk copy.
fn sample_scaled(
    picture: &Picture,
    inverse: &Similarity,
    factors: [f64; 2],
    width: usize,
    height: usize,
    border: Border,
) -> Result<Picture> {
    let mut pixels = vec![0; 3 * width * height];
    let fading = (border == Border::Fade).then(|| Fading {
        size: [picture.width() as f64, picture.height() as f64],
        tone: mean_of_edges(picture),
        // From pixels of the picture to a share of the way.
        rate: factors.map(|factor| factor / (inverse.scale() * FADE_SHARE * width as f64)),
    });
    pixels.par_chunks_mut(3 * width).enumerate().for_each(|(y, row)| {
        for (x, rgb) in row.chunks_exact_mut(3).enumerate() {
            let [u, v] = inverse.apply([x as f64, y as f64]);
            let at = [(u + 0.5) / factors[0] - 0.5, (v + 0.5) / factors[1] - 0.5];
            let seen = bilinear(picture, at, border);
            rgb.copy_from_slice(&fading.as_ref().map_or(seen, |fading| fading.apply(seen, at)));
        }
    });
    Picture::from_rgb(width, height, pixels)
}

/// How [`Border::Fade`] looks.
struct Fading {
    size: [f64; 2],
    tone: [f64; 3],
    rate: [f64; 2],
}

impl Fading {
    /// What is seen at a place, by its distance from the picture.
    fn apply(&self, seen: [u8; 3], at: [f64; 2]) -> [u8; 3] {
        let beyond = |axis: usize| (-at[axis]).max(at[axis] - (self.size[axis] - 1.0)).max(0.0) * self.rate[axis];
        let share = beyond(0).hypot(beyond(1)).min(1.0);
        if share == 0.0 {
            return seen;
        }
        // Slow at both ends.
        let share = share * share * (3.0 - 2.0 * share);
        [0, 1, 2].map(|channel| {
            let value = f64::from(seen[channel]);
            (value + (self.tone[channel] - value) * share).round() as u8
        })
    }
}

/// The mean colour of the outermost pixels.
fn mean_of_edges(picture: &Picture) -> [f64; 3] {
    let (width, height) = (picture.width(), picture.height());
    let rows = (0..width).flat_map(|x| [[x, 0], [x, height - 1]]);
    let columns = (0..height).flat_map(|y| [[0, y], [width - 1, y]]);
    let (mut sums, mut count) = ([0.0; 3], 0.0);
    for rgb in rows.chain(columns).filter_map(|[x, y]| picture.pixel(x, y)) {
        sums.iter_mut().zip(rgb).for_each(|(sum, value)| *sum += f64::from(value));
        count += 1.0;
    }
    sums.map(|sum| sum / count)
}

/// The colour at a place between pixels (finite), rounded half up.
pub(crate) fn bilinear(picture: &Picture, at: [f64; 2], border: Border) -> [u8; 3] {
    let (width, height) = (picture.width() as i64, picture.height() as i64);
    let at = match border {
        Border::Mirror => [mirrored(at[0], width as f64), mirrored(at[1], height as f64)],
        Border::Zero | Border::Replicate | Border::Fade => at,
    };
    let (left, top) = (at[0].floor(), at[1].floor());
    let (fx, fy) = (at[0] - left, at[1] - top);
    // Far outside, and not-a-number, end at -2 or the size: all four neighbours are border.
    let (left, top) = (left.clamp(-2.0, width as f64) as i64, top.clamp(-2.0, height as f64) as i64);
    let mut sums = [0.5_f64; 3];
    for (dx, dy, weight) in
        [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
    {
        let (x, y) = match border {
            Border::Replicate | Border::Mirror | Border::Fade => {
                ((left + dx).clamp(0, width - 1), (top + dy).clamp(0, height - 1))
            }
            Border::Zero => (left + dx, top + dy),
        };
        if (0..width).contains(&x) && (0..height).contains(&y) {
            let start = 3 * (y * width + x) as usize;
            for (sum, &value) in sums.iter_mut().zip(&picture.pixels()[start..start + 3]) {
                *sum += weight * f64::from(value);
            }
        }
    }
    sums.map(|sum| sum as u8)
}

/// Folds a coordinate back into a side of `length` pixels, whose edges lie half a pixel outside the outermost centres.
fn mirrored(coordinate: f64, length: f64) -> f64 {
    let folded = (coordinate + 0.5).rem_euclid(2.0 * length);
    folded.min(2.0 * length - folded) - 0.5
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn identity_changes_nothing() {
        let picture = Picture::from_rgb(4, 3, (0..36).map(|v| v * 7).collect()).unwrap();
        assert_eq!(warp(&picture, &Similarity::IDENTITY, 4, 3, Border::Zero).unwrap(), picture);
    }

    #[test]
    fn borders_are_black_or_replicated() {
        let picture = Picture::filled(4, 4, [100; 3]).unwrap();
        let shift = Similarity::from_scale_and_shift(1.0, 2.0, 0.0).unwrap();
        let zero = warp(&picture, &shift, 4, 4, Border::Zero).unwrap();
        assert_eq!((zero.pixel(0, 0), zero.pixel(2, 0)), (Some([0; 3]), Some([100; 3])));
        let replicated = warp(&picture, &shift, 4, 4, Border::Replicate).unwrap();
        assert_eq!(replicated.pixel(0, 0), Some([100; 3]));
    }

    #[test]
    fn mirrored_borders_fold_the_picture_back() {
        let picture = Picture::from_grey(3, 1, &[10, 20, 30]).unwrap();
        let shift = Similarity::from_scale_and_shift(1.0, 4.0, 0.0).unwrap();
        let mirrored = warp(&picture, &shift, 9, 1, Border::Mirror).unwrap();
        assert_eq!(mirrored.luma(), [30, 30, 20, 10, 10, 20, 30, 30, 20]);
    }

    #[test]
    fn fading_borders_begin_at_the_edge_and_end_in_its_mean() {
        let row: Vec<u8> = [40; 8].into_iter().chain([200; 8]).collect();
        let picture = Picture::from_grey(16, 1, &row).unwrap();
        let shift = Similarity::from_scale_and_shift(1.0, 24.0, 0.0).unwrap();
        let faded = warp(&picture, &shift, 64, 1, Border::Fade).unwrap().luma();
        assert_eq!(faded[24..40], row[..], "the picture itself stays as it is");
        assert!(faded[..=16].iter().all(|value| *value == 120) && faded[48..].iter().all(|value| *value == 120));
        assert!(faded[16..=24].windows(2).all(|pair| pair[0] >= pair[1]), "{faded:?}");
        assert!(faded[39..=48].windows(2).all(|pair| pair[0] >= pair[1]), "{faded:?}");
        // The same whether the picture is shrunk first or not.
        let small = Similarity::from_scale_and_shift(0.25, 16.0, 16.0).unwrap();
        let shrunk = warp(&Picture::filled(64, 64, [90; 3]).unwrap(), &small, 48, 48, Border::Fade).unwrap();
        assert!(shrunk.luma().iter().all(|value| *value == 90));
    }

    #[test]
    fn fixed_positions_move_whole_pixels_exactly_and_outside_is_black() {
        let picture = Picture::from_rgb(4, 3, (0..36).map(|v| v * 7).collect()).unwrap();
        assert_eq!(warp_as_opencv(&picture, &Similarity::IDENTITY, 4, 3).unwrap(), picture);
        let shift = Similarity::from_scale_and_shift(1.0, 2.0, 1.0).unwrap();
        let moved = warp_as_opencv(&picture, &shift, 6, 4).unwrap();
        assert_eq!((moved.pixel(2, 1), moved.pixel(1, 1)), (picture.pixel(0, 0), Some([0; 3])));
        let far = Similarity::from_scale_and_shift(1.0, 1e12, -1e12).unwrap();
        assert!(warp_as_opencv(&picture, &far, 5, 5).unwrap().pixels().iter().all(|&value| value == 0));
    }

    #[test]
    fn strong_shrinking_averages_stripes_instead_of_aliasing() {
        let stripes: Vec<u8> = (0..256 * 256).map(|i| if i % 2 == 0 { 0 } else { 255 }).collect();
        let picture = Picture::from_grey(256, 256, &stripes).unwrap();
        let shrink = Similarity::from_scale_and_shift(0.1, 0.0, 0.0).unwrap();
        let small = warp(&picture, &shrink, 24, 24, Border::Zero).unwrap();
        let inner = small.pixel(12, 12).unwrap()[0];
        assert!((117..=138).contains(&inner), "{inner}");
    }
}
