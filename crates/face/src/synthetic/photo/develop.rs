//! From light to a file's numbers: exposure, lens blur, tone curve, noise.

use super::lit_scene::LitScene;
use super::scene::{Portrait, Scene};
use super::shot::Shot;
use crate::drawing::noise;
use crate::drawing::plane::gaussian;
use crate::error::Result;
use crate::picture::Picture;
use crate::synthetic::identity::Identity;
use crate::synthetic::side::check_side;

/// Takes a photo of `side_px` by `side_px` pixels.
///
/// # Errors
/// [`crate::Error::SizeOutOfRange`] for a side outside [`crate::synthetic::SIDES`].
pub fn photograph(identity: &Identity, shot: &Shot, side_px: usize) -> Result<Portrait> {
    check_side(side_px)?;
    let seen = Identity { glasses: identity.glasses.clone().filter(|_| shot.glasses), ..identity.clone() };
    let scene = Scene::new(&seen, shot, side_px);
    let lit = LitScene::new(&scene, shot);
    let light = lit.expose();
    let picture = develop(&light, side_px, shot)?;
    Ok(Portrait { picture, points: scene.points() })
}

/// Develops linear light (`[side, side]`, RGB) into a picture.
pub(crate) fn develop(light: &[[f32; 3]], side: usize, shot: &Shot) -> Result<Picture> {
    let lens = &shot.camera;
    let sigma = lens.blur * side as f32 / 256.0;
    let blurred = blur(light, side, sigma);
    let gains = [lens.balance[0], 1.0, lens.balance[1]].map(|factor| factor * lens.exposure);
    let mut pixels = Vec::with_capacity(3 * side * side);
    for (index, colour) in blurred.iter().enumerate() {
        let (x, y) = (index % side, index / side);
        let (dx, dy) = (x as f32 / side as f32 - 0.5, y as f32 / side as f32 - 0.5);
        let corner = 1.0 - 0.28 * (dx * dx + dy * dy);
        let shared = grain(shot.seed ^ 0x101, x, y);
        for k in 0..3 {
            let value = curve(colour[k] * gains[k] * corner, lens.contrast);
            let own = grain(shot.seed ^ (0x102 + k as u64), x, y);
            // Photon noise shows most in the middle greys after the curve.
            let noise = lens.noise * (0.75 * shared + 0.55 * own) * (0.6 + 1.2 * (1.0 - value) * value * 2.0);
            pixels.push((value * 255.0 + noise + 0.5).clamp(0.0, 255.0) as u8);
        }
    }
    Picture::from_rgb(side, side, pixels)
}

/// Filmic shoulder, then sRGB coding; 0..=1.
fn curve(linear: f32, contrast: f32) -> f32 {
    let x = linear.max(0.0) * 0.92;
    // Narkowicz 2015, "ACES filmic tone mapping curve", softened.
    let mapped = (x * (2.2 * x + 0.06)) / (x * (2.0 * x + 0.72) + 0.16);
    let coded = if mapped <= 0.003_130_8 { 12.92 * mapped } else { 1.055 * mapped.powf(1.0 / 2.4) - 0.055 };
    (0.5 + (coded - 0.5) * contrast).clamp(0.0, 1.0)
}

/// About normal noise of deviation 1 at a pixel.
fn grain(seed: u64, x: usize, y: usize) -> f32 {
    let (x, y) = (x as i64, y as i64);
    let sum = noise::random(seed, x, y) + noise::random(seed ^ 0x5555, x, y) + noise::random(seed ^ 0xAAAA, x, y);
    (sum - 1.5) * 2.0
}

fn blur(light: &[[f32; 3]], side: usize, sigma: f32) -> Vec<[f32; 3]> {
    if sigma < 0.15 {
        return light.to_vec();
    }
    let kernel = gaussian(sigma);
    let reach = kernel.len() as isize / 2;
    let clamp = |value: isize| value.clamp(0, side as isize - 1) as usize;
    let pass = |source: &[[f32; 3]], step: &dyn Fn(usize, usize, isize) -> usize| -> Vec<[f32; 3]> {
        (0..side * side)
            .map(|index| {
                let (x, y) = (index % side, index / side);
                let mut sum = [0.0; 3];
                for (tap, weight) in kernel.iter().enumerate() {
                    let colour = source[step(x, y, tap as isize - reach)];
                    (0..3).for_each(|k| sum[k] += weight * colour[k]);
                }
                sum
            })
            .collect()
    };
    let rows = pass(light, &|x, y, offset| y * side + clamp(x as isize + offset));
    pass(&rows, &|x, y, offset| clamp(y as isize + offset) * side + x)
}
