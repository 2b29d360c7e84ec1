//! Colours: from what a file holds to 8-bit RGB, and to luma.

use image::{ColorType, DynamicImage, RgbImage};

/// What a file holds as 8-bit RGB: grey is copied to three channels, transparency dropped, deeper samples rounded.
pub(super) fn to_rgb8(picture: DynamicImage) -> RgbImage {
    picture.into_rgb8()
}

/// Whether there is one channel only, besides transparency.
pub(super) fn is_grey(colour: ColorType) -> bool {
    matches!(colour, ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16)
}

/// ITU-R 601 luma as Pillow rounds it: weights 0.299, 0.587, 0.114 in 16-bit fixed point, half rounded up.
pub(super) fn luma_601(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_follows_pillow() {
        // Values of Pillow's documentation formula L = (R*19595 + G*38470 + B*7471 + 0x8000) >> 16.
        assert_eq!(luma_601(255, 255, 255), 255);
        assert_eq!(luma_601(255, 0, 0), 76);
        assert_eq!(luma_601(0, 255, 0), 150);
        assert_eq!(luma_601(0, 0, 255), 29);
    }
}
