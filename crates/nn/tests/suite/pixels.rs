//! The planes that networks read, against the original's numbers. The crops are the golden ones of the face crate.

use std::path::PathBuf;

use portraitist_face::Picture;
use portraitist_nn::config::Architecture;
use portraitist_nn::pixels::{to_planes, to_recognition_planes};
use safetensors::SafeTensors;

use crate::golden::json;

#[test]
fn planes_of_crops_are_those_of_the_original() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../face/tests/golden/transforms");
    let bytes = std::fs::read(folder.join("expected.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let cases = json(&folder.join("cases.json"));
    let mut compared = 0;
    for case in cases.as_array().unwrap() {
        let key = case["tensor"].as_str().unwrap();
        let Ok(expected) = tensors.tensor(&format!("{key}.normalised")) else { continue };
        let crop = tensors.tensor(key).unwrap(); // [h, w, 3], BGR for the recogniser
        let (mut pixels, is_recognition) = (crop.data().to_vec(), case.get("pipeline").is_some());
        if is_recognition {
            pixels.chunks_exact_mut(3).for_each(<[u8]>::reverse);
        }
        let picture = Picture::from_rgb(crop.shape()[1], crop.shape()[0], pixels).unwrap();
        let planes = if is_recognition {
            to_recognition_planes(&picture, Architecture::SphereFace)
        } else {
            to_planes(&picture, 3)
        };
        let expected = expected.data().as_chunks::<4>().0.iter().copied().map(f32::from_le_bytes);
        assert_eq!(planes.len(), expected.len());
        let worst = planes.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-6, "{key}: off by {worst}");
        compared += 1;
    }
    assert_eq!(compared, 4);
}
