//! How colourful a picture is.

/// The measure M(3) of Hasler and Süsstrunk 2003, "Measuring colorfulness in natural images", equations 8 and 9, in sRGB levels: 0 for
/// greys, about 33 for what people call moderately, 59 for what they call quite colourful.
///
/// # Shapes
/// - pixels: `[height, width, 3]`, RGB
pub fn colourfulness(pixels: &[u8]) -> f64 {
    let pixels = pixels.as_chunks::<3>().0;
    let count = pixels.len().max(1) as f64;
    let opponents = |[red, green, blue]: &[u8; 3]| {
        let [red, green, blue] = [*red, *green, *blue].map(f64::from);
        [red - green, (red + green) / 2.0 - blue]
    };
    let (mut sums, mut squares) = ([0.0; 2], [0.0; 2]);
    for pixel in pixels {
        for (axis, value) in opponents(pixel).into_iter().enumerate() {
            sums[axis] += value;
            squares[axis] += value * value;
        }
    }
    let means = sums.map(|sum| sum / count);
    let variance = |axis: usize| (squares[axis] / count - means[axis] * means[axis]).max(0.0);
    (variance(0) + variance(1)).sqrt() + 0.3 * means[0].hypot(means[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_have_no_colour_and_red_has_what_the_formula_says() {
        assert_eq!(colourfulness(&[0, 0, 0, 90, 90, 90, 255, 255, 255]), 0.0);
        // One colour: no deviation; rg = 255, yb = 127.5.
        let red = 0.3 * 255.0_f64.hypot(127.5);
        assert!((colourfulness(&[255, 0, 0, 255, 0, 0]) - red).abs() < 1e-9);
        // Half red, half blue: rg is 255 and 0, yb is 127.5 and -255.
        let both = (127.5_f64.powi(2) + 191.25_f64.powi(2)).sqrt() + 0.3 * 127.5_f64.hypot(63.75);
        assert!((colourfulness(&[255, 0, 0, 0, 0, 255]) - both).abs() < 1e-9);
    }

    #[test]
    fn the_order_of_pixels_means_nothing_and_less_saturation_is_less_colour() {
        let pixels: Vec<u8> = (0..300_u32).map(|index| (index * 37 % 251) as u8).collect();
        let reversed: Vec<u8> = pixels.as_chunks::<3>().0.iter().rev().flatten().copied().collect();
        assert!((colourfulness(&pixels) - colourfulness(&reversed)).abs() < 1e-9);
        let paler: Vec<u8> = pixels
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|pixel| {
                let mean = pixel.iter().map(|level| f64::from(*level)).sum::<f64>() / 3.0;
                pixel.map(|level| f64::midpoint(f64::from(level), mean).round() as u8)
            })
            .collect();
        let ratio = colourfulness(&paler) / colourfulness(&pixels);
        assert!((ratio - 0.5).abs() < 0.02, "{ratio}");
    }
}
