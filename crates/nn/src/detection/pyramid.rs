//! A picture in halving sizes, and squares cut out of it.

use portraitist_face::Picture;
use rayon::prelude::*;

use super::region::Region;

/// Halving ends when the longer side is no more than this.
const SMALLEST_SIDE: usize = 160;

/// A picture and its halves, quarters and so on, which make cutting cheap at any size. It takes a third of the picture's
/// memory more.
#[derive(Debug)]
pub struct Pyramid<'a> {
    picture: &'a Picture,
    halved: Vec<Picture>,
}

/// How a square is cut out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Pixels of the result in a row, as many rows.
    pub side: usize,
    /// Where pixel `i` of the result is taken: at `(i + offset) / side` of the square.
    pub offset: f64,
    /// Values of black and white.
    pub range: [f32; 2],
    /// Whether left and right change places.
    pub mirrored: bool,
    /// Whether the picture's edge goes on outside; else there is black.
    pub continued: bool,
}

impl<'a> Pyramid<'a> {
    /// Halves a picture until it is small.
    pub fn new(picture: &'a Picture) -> Self {
        let mut halved: Vec<Picture> = Vec::new();
        loop {
            let last = halved.last().unwrap_or(picture);
            if last.width().max(last.height()) <= SMALLEST_SIDE || last.width().min(last.height()) < 2 {
                return Self { picture, halved };
            }
            let next = halve(last);
            halved.push(next);
        }
    }

    /// The picture in full size.
    pub fn picture(&self) -> &'a Picture {
        self.picture
    }

    /// Cuts out a turned square, bilinearly, from the smallest picture that is large enough.
    ///
    /// # Shapes
    /// - output: `[side, side, 3]`, RGB in `range`
    pub fn sample(&self, region: &Region, sampling: &Sampling) -> Vec<f32> {
        let step = region.side / sampling.side as f64;
        let level = if step < 2.0 { 0 } else { (step.log2() as usize).min(self.halved.len()) };
        let source = level.checked_sub(1).map_or(self.picture, |index| &self.halved[index]);
        let scale = f64::from(1_u32 << level.min(31));
        let (sin, cos) = region.angle.sin_cos();
        let (across, down) = ([step * cos / scale, step * sin / scale], [-step * sin / scale, step * cos / scale]);
        // The middle, in pixels of the source, whose centres lie between those of the pixels that they are the mean of.
        let middle = region.middle.map(|value| (value + 0.5) / scale - 0.5);
        let from_middle = |index: usize| index as f64 + sampling.offset - sampling.side as f64 / 2.0;
        let [black, white] = sampling.range;
        let factor = (white - black) / 255.0;
        let mut output = Vec::with_capacity(3 * sampling.side * sampling.side);
        for y in 0..sampling.side {
            let row = [0, 1].map(|axis| middle[axis] + down[axis] * from_middle(y));
            for x in 0..sampling.side {
                let offset = if sampling.mirrored { -from_middle(x) } else { from_middle(x) };
                let place = [0, 1].map(|axis| (row[axis] + across[axis] * offset) as f32);
                let colour = bilinear(source, place, sampling.continued);
                output.extend(colour.map(|value| black + factor * value));
            }
        }
        output
    }
}

/// The colour between pixels, 0 to 255.
#[inline]
fn bilinear(picture: &Picture, [x, y]: [f32; 2], continued: bool) -> [f32; 3] {
    let (last_x, last_y) = (picture.width() - 1, picture.height() - 1);
    if !continued && !(-0.5..=last_x as f32 + 0.5).contains(&x) | !(-0.5..=last_y as f32 + 0.5).contains(&y) {
        return [0.0; 3];
    }
    let (x, y) = (x.clamp(0.0, last_x as f32), y.clamp(0.0, last_y as f32));
    let (left, top) = (x as usize, y as usize);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let (right, bottom) = ((left + 1).min(last_x), (top + 1).min(last_y));
    let stride = 3 * (last_x + 1);
    let pixel = |x: usize, y: usize| {
        let start = y * stride + 3 * x;
        let bytes: &[u8] = &picture.pixels()[start..start + 3];
        [f32::from(bytes[0]), f32::from(bytes[1]), f32::from(bytes[2])]
    };
    let [a, b, c, d] = [pixel(left, top), pixel(right, top), pixel(left, bottom), pixel(right, bottom)];
    std::array::from_fn(|channel| {
        let (upper, lower) = (a[channel] + fx * (b[channel] - a[channel]), c[channel] + fx * (d[channel] - c[channel]));
        upper + fy * (lower - upper)
    })
}

/// The mean of each 2x2 pixels; an odd row or column at the end is left out.
fn halve(picture: &Picture) -> Picture {
    let (width, height) = (picture.width() / 2, picture.height() / 2);
    let stride = 3 * picture.width();
    let mut pixels = vec![0; 3 * width * height];
    pixels.par_chunks_mut(3 * width).zip(picture.pixels().par_chunks(2 * stride)).with_min_len(16).for_each(
        |(target, rows)| {
            let (upper, lower) = rows.split_at(stride);
            let pairs = upper.as_chunks::<6>().0.iter().zip(lower.as_chunks::<6>().0);
            for (target, (upper, lower)) in target.as_chunks_mut::<3>().0.iter_mut().zip(pairs) {
                for (channel, value) in target.iter_mut().enumerate() {
                    let sum = |row: &[u8; 6]| u16::from(row[channel]) + u16::from(row[channel + 3]);
                    *value = ((sum(upper) + sum(lower) + 2) / 4) as u8;
                }
            }
        },
    );
    Picture::from_rgb(width, height, pixels).expect("half of a picture's size is a picture's size")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose red grows to the right and whose green grows downwards.
    fn ramp(width: usize, height: usize) -> Picture {
        let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x % 256) as u8, (y % 256) as u8, 7]));
        Picture::from_rgb(width, height, pixels.collect()).expect("the size fits")
    }

    const SAMPLING: Sampling = Sampling { side: 8, offset: 0.5, range: [0.0, 255.0], mirrored: false, continued: true };

    #[test]
    fn squares_show_what_lies_there_at_every_scale() {
        let picture = ramp(256, 200);
        let pyramid = Pyramid::new(&picture);
        assert_eq!(pyramid.halved.len(), 1);
        for (side, angle) in [(8.0, 0.0), (40.0, 0.3), (96.0, -0.2), (16.0, 3.0)] {
            let region = Region { middle: [120.0, 101.0], side, angle };
            let found = pyramid.sample(&region, &SAMPLING);
            for (index, pixel) in found.as_chunks::<3>().0.iter().enumerate() {
                let place = [index % 8, index / 8].map(|index| (index as f64 + 0.5) / 8.0 - 0.5);
                let expected = region.place(place);
                for axis in 0..2 {
                    // Halving rounds to whole values.
                    assert!((f64::from(pixel[axis]) - expected[axis]).abs() <= 0.6, "{side}, {angle}: {pixel:?}");
                }
            }
        }
    }

    #[test]
    fn outside_is_black_or_continued() {
        let picture = Picture::filled(10, 10, [200, 100, 50]).expect("the size fits");
        let pyramid = Pyramid::new(&picture);
        let region = Region { middle: [-100.0, 4.0], side: 8.0, angle: 0.0 };
        let black = pyramid.sample(&region, &Sampling { continued: false, range: [-1.0, 1.0], ..SAMPLING });
        assert!(black.iter().all(|value| *value == -1.0));
        let continued = pyramid.sample(&region, &SAMPLING);
        assert_eq!(continued[..3], [200.0, 100.0, 50.0]);
    }

    #[test]
    fn mirrored_squares_show_left_and_right_changed() {
        let picture = ramp(64, 64);
        let region = Region { middle: [31.0, 33.0], side: 16.0, angle: 0.2 };
        let plain = Pyramid::new(&picture).sample(&region, &SAMPLING);
        let mirrored = Pyramid::new(&picture).sample(&region, &Sampling { mirrored: true, ..SAMPLING });
        for (row, other) in plain.chunks_exact(24).zip(mirrored.chunks_exact(24)) {
            let reversed: Vec<f32> = other.as_chunks::<3>().0.iter().rev().flatten().copied().collect();
            assert!(row.iter().zip(&reversed).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }
}
