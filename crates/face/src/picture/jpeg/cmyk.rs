//! Luma and colour differences, and inks, where the decoder's own conversion does not fit.

/// Luma and colour differences to colours, by JFIF's formulas; the first three of each pixel's samples.
pub(super) fn ycbcr_to_rgb(samples: &mut [u8], channels: usize) {
    for pixel in samples.chunks_exact_mut(channels) {
        let [luma, blue, red] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let (blue, red) = (blue - 128.0, red - 128.0);
        let colours = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
        for (value, colour) in pixel.iter_mut().zip(colours) {
            *value = colour.round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Stored samples to inks, 0 none to 255 full.
///
/// Adobe stores inks inverted. In YCCK the three are the complement of inverted inks behind JFIF's transform, hence the inks
/// themselves once that is undone.
pub(super) fn inks(samples: &mut [u8], ycck: bool) {
    if ycck {
        ycbcr_to_rgb(samples, 4);
    }
    for pixel in samples.chunks_exact_mut(4) {
        let inverted = if ycck { &mut pixel[3..] } else { pixel };
        inverted.iter_mut().for_each(|value| *value = 255 - *value);
    }
}
