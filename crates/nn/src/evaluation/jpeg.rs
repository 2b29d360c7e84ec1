//! What becomes of a picture that is saved as a JPEG as Pillow saves it, and read again: libjpeg's steps, without the bits in between,
//! which lose nothing. Colours are halved in both directions (4:2:0), and interpolated again by a triangle. The cosine transforms are
//! those of Loeffler, Ligtenberg and Moschytz 1989 in whole numbers, so that every pixel is libjpeg's.

/// Side of a block.
const SIDE: usize = 8;
/// Divisors of the frequencies at quality 50, row by row: of the brightness and of the colours (ITU-T T.81, annex K).
const BRIGHTNESS: [u16; SIDE * SIDE] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];
const COLOURS: [u16; SIDE * SIDE] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// One component of a picture, a byte a sample.
struct Plane {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

/// The pixels that come back, RGB; `quality` is 50 to 100.
///
/// # Shapes
/// - pixels and output: `[height, width, 3]`
pub(super) fn saved_and_read(pixels: &[u8], [width, height]: [usize; 2], quality: u16) -> Vec<u8> {
    let [brightness, blue, red] = components(pixels, [width, height]);
    let blue = enlarged(&rounded(&halved(&blue), &COLOURS, quality), [width, height]);
    let red = enlarged(&rounded(&halved(&red), &COLOURS, quality), [width, height]);
    let brightness = rounded(&brightness, &BRIGHTNESS, quality);
    let samples = brightness.samples.iter().zip(blue.samples.iter().zip(&red.samples));
    samples.flat_map(|(brightness, (blue, red))| to_rgb([*brightness, *blue, *red])).collect()
}

/// Y, Cb and Cr in fixed-point arithmetic of 16 bits.
fn components(pixels: &[u8], [width, height]: [usize; 2]) -> [Plane; 3] {
    const FACTORS: [([i32; 3], i32); 3] = [
        ([19595, 38470, 7471], 32768),
        ([-11058, -21710, 32768], (128 << 16) + 32767),
        ([32768, -27439, -5329], (128 << 16) + 32767),
    ];
    FACTORS.map(|(factors, offset)| {
        let sample = |rgb: &[u8]| {
            let sum: i32 = rgb.iter().zip(factors).map(|(level, factor)| i32::from(*level) * factor).sum();
            ((sum + offset) >> 16) as u8
        };
        Plane { width, height, samples: pixels.chunks_exact(3).map(sample).collect() }
    })
}

fn to_rgb([brightness, blue, red]: [u8; 3]) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (brightness, blue, red) = (i32::from(brightness), i32::from(blue) - 128, i32::from(red) - 128);
    [
        brightness + ((91881 * red + HALF) >> 16),
        brightness + ((-22554 * blue - 46802 * red + HALF) >> 16),
        brightness + ((116_130 * blue + HALF) >> 16),
    ]
    .map(|level| level.clamp(0, 255) as u8)
}

impl Plane {
    /// A sample; beyond the right and the lower edge the last one goes on.
    fn at(&self, x: usize, y: usize) -> u8 {
        self.samples[y.min(self.height - 1) * self.width + x.min(self.width - 1)]
    }
}

/// Means of two by two samples; what is left over is added to in turn by 1 and 2 before it is cut. Columns fill whole blocks: what
/// goes on beyond the edge is the picture's last column, of rows the last mean.
fn halved(plane: &Plane) -> Plane {
    let (width, height) = (plane.width.div_ceil(2).next_multiple_of(SIDE), plane.height.div_ceil(2));
    let mean = |index: usize| {
        let (x, y) = (index % width, index / width);
        let places = [(2 * x, 2 * y), (2 * x + 1, 2 * y), (2 * x, 2 * y + 1), (2 * x + 1, 2 * y + 1)];
        let sum: u32 = places.iter().map(|(x, y)| u32::from(plane.at(*x, *y))).sum();
        ((sum + 1 + (x % 2) as u32) >> 2) as u8
    };
    Plane { width, height, samples: (0..width * height).map(mean).collect() }
}

/// The plane through a cosine transform whose frequencies are rounded to multiples of their divisors.
fn rounded(plane: &Plane, divisors: &[u16; SIDE * SIDE], quality: u16) -> Plane {
    let scale = 200 - 2 * quality;
    let divisors = divisors.map(|divisor| i32::from(((divisor * scale + 50) / 100).clamp(1, 255)));
    let mut samples = vec![0; plane.width * plane.height];
    for (top, left) in
        (0..plane.height).step_by(SIDE).flat_map(|top| (0..plane.width).step_by(SIDE).map(move |left| (top, left)))
    {
        let block: Block = std::array::from_fn(|row| {
            std::array::from_fn(|column| i32::from(plane.at(left + column, top + row)) - 128)
        });
        let rows = block.map(|row| frequencies(row, Pass::First));
        let mut columns = turned(&rows).map(|column| frequencies(column, Pass::Second));
        // Eight times the frequencies.
        for (index, value) in columns.iter_mut().flatten().enumerate() {
            let divisor = divisors[index % SIDE * SIDE + index / SIDE];
            *value = value.signum() * ((value.abs() + 4 * divisor) / (8 * divisor)) * divisor;
        }
        let rows = turned(&columns.map(|column| places(column, Pass::First)));
        for (row, values) in rows.into_iter().enumerate().take(plane.height - top) {
            let first = (top + row) * plane.width + left;
            let values = places(values, Pass::Second);
            for (sample, value) in samples[first..].iter_mut().zip(values).take(plane.width - left) {
                *sample = (value + 128).clamp(0, 255) as u8;
            }
        }
    }
    Plane { samples, ..*plane }
}

type Block = [[i32; SIDE]; SIDE];

fn turned(block: &Block) -> Block {
    std::array::from_fn(|row| std::array::from_fn(|column| block[column][row]))
}

/// Between the passes of a transform, values have two bits more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Second,
}

/// Bits of the factors below.
const FACTOR_BITS: i32 = 13;
/// Bits more between the passes.
const PASS_BITS: i32 = 2;
const F_0_298: i32 = 2446;
const F_0_390: i32 = 3196;
const F_0_541: i32 = 4433;
const F_0_765: i32 = 6270;
const F_0_899: i32 = 7373;
const F_1_175: i32 = 9633;
const F_1_501: i32 = 12299;
const F_1_847: i32 = 15137;
const F_1_961: i32 = 16069;
const F_2_053: i32 = 16819;
const F_2_562: i32 = 20995;
const F_3_072: i32 = 25172;

/// Less some bits, rounded.
fn less(value: i32, bits: i32) -> i32 {
    (value + (1 << (bits - 1))) >> bits
}

/// The odd part of both transforms: its inputs are the differences of places, or the odd frequencies, from the last to the first.
fn odd_part([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    let common = (a + c + b + d) * F_1_175;
    let (outer, inner) = (-(a + d) * F_0_899, -(b + c) * F_2_562);
    let (even, odd) = (common - (a + c) * F_1_961, common - (b + d) * F_0_390);
    [a * F_0_298 + outer + even, b * F_2_053 + inner + odd, c * F_3_072 + inner + even, d * F_1_501 + outer + odd]
}

fn frequencies(d: [i32; SIDE], pass: Pass) -> [i32; SIDE] {
    let sums: [i32; 4] = std::array::from_fn(|place| d[place] + d[7 - place]);
    let (outer, inner) = (sums[0] + sums[3], sums[1] + sums[2]);
    let (outer_difference, inner_difference) = (sums[0] - sums[3], sums[1] - sums[2]);
    let common = (inner_difference + outer_difference) * F_0_541;
    let [seven, five, three, one] = odd_part([d[3] - d[4], d[2] - d[5], d[1] - d[6], d[0] - d[7]]);
    let bits = if pass == Pass::First { FACTOR_BITS - PASS_BITS } else { FACTOR_BITS + PASS_BITS };
    let even = |value: i32| if pass == Pass::First { value << PASS_BITS } else { less(value, PASS_BITS) };
    [
        even(outer + inner),
        less(one, bits),
        less(common + outer_difference * F_0_765, bits),
        less(three, bits),
        even(outer - inner),
        less(five, bits),
        less(common - inner_difference * F_1_847, bits),
        less(seven, bits),
    ]
}

fn places(f: [i32; SIDE], pass: Pass) -> [i32; SIDE] {
    let common = (f[2] + f[6]) * F_0_541;
    let (two, six) = (common + f[2] * F_0_765, common - f[6] * F_1_847);
    let (sum, difference) = ((f[0] + f[4]) << FACTOR_BITS, (f[0] - f[4]) << FACTOR_BITS);
    let even = [sum + two, difference + six, difference - six, sum - two];
    let odd = odd_part([f[7], f[5], f[3], f[1]]);
    // The transform of the two passes is eight times too large.
    let bits = if pass == Pass::First { FACTOR_BITS - PASS_BITS } else { FACTOR_BITS + PASS_BITS + 3 };
    std::array::from_fn(|place| {
        let pair = place.min(7 - place);
        let value = if place < 4 { even[pair] + odd[3 - pair] } else { even[pair] - odd[3 - pair] };
        less(value, bits)
    })
}

/// Twice the size: of a sample and its neighbour on the side, 3 to 1, in both directions. Where the picture has two columns of colours
/// or fewer, they are repeated.
fn enlarged(plane: &Plane, [width, height]: [usize; 2]) -> Plane {
    let columns = width.div_ceil(2);
    if columns <= 2 {
        let samples = (0..width * height).map(|index| plane.at(index % width / 2, index / width / 2)).collect();
        return Plane { width, height, samples };
    }
    let mut samples = Vec::with_capacity(width * height);
    let mut sums = vec![0_u32; columns];
    for y in 0..height {
        // The row beside it that is nearer; at the edges the row itself.
        let (near, far) = (y / 2, if y % 2 == 0 { (y / 2).saturating_sub(1) } else { y / 2 + 1 });
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum = 3 * u32::from(plane.at(x, near)) + u32::from(plane.at(x, far));
        }
        samples.extend((0..width).map(|x| {
            let (near, is_left) = (x / 2, x % 2 == 0);
            let far = if is_left { near.saturating_sub(1) } else { (near + 1).min(columns - 1) };
            // Alternating roundings, so that no picture becomes brighter.
            ((3 * sums[near] + sums[far] + if is_left { 8 } else { 7 }) >> 4) as u8
        }));
    }
    Plane { width, height, samples }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::sha256;

    /// The SHA-256 of the pixels that Pillow 13.0.0 reads of what it saved: `Image.fromarray(pixels).save(file, "JPEG")`.
    #[test]
    fn pictures_come_back_as_from_pillow() {
        for ([width, height], expected) in [
            ([19, 21], "eed0ae33da597e27b0c44e0cd0ee2f1a0250ab2b68f3edd994c79dd55d6d22fe"),
            ([4, 9], "b8df7db61c9cd1a75b4a4c7d3b362d3c10bf82d2a7ef2a9de3fb89a06d160fe4"),
            ([48, 33], "d6453c44ea7b961640582b63a088098bb5df246bfeab6dda22fe55712ba06b1b"),
        ] {
            let pixels: Vec<u8> = (0..3 * width * height).map(|index| (index * index / 7 % 251) as u8).collect();
            let found = saved_and_read(&pixels, [width, height], 75);
            assert_eq!(sha256(&found), expected, "{width}x{height}");
        }
    }
}
