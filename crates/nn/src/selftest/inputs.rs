//! What checks compute with: numbers that are the same everywhere, and a face.

use portraitist_face::Picture;
use rand::Rng;

use super::SelfTestError;
use crate::random::stream;

/// A synthetic face, 192x192 pixels: `dataset synth people --identities 1 --photos 1 --drawings 1 --size 192 --seed 17`.
const FACE: &[u8] = include_bytes!("face.png");

/// Numbers in `[-1, 1)`, those of a purpose.
pub(super) fn values(purpose: &str, len: usize) -> Vec<f32> {
    let mut random = stream(0, &format!("self-test {purpose}"), 0);
    (0..len).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// The face at a size, by its nearest pixels: resizing would round in its own way on each processor.
pub(super) fn face(width: usize, height: usize) -> Result<Picture, SelfTestError> {
    let picture = Picture::decode("the self-test's face", FACE)?;
    let source = |x: usize, y: usize| {
        let (x, y) = (x * picture.width() / width, y * picture.height() / height);
        let start = 3 * (y * picture.width() + x);
        picture.pixels()[start..start + 3].iter().copied()
    };
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Ok(Picture::from_rgb(width, height, places.flat_map(|(x, y)| source(x, y)).collect())?)
}
