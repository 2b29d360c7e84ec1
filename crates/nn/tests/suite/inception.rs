//! The FID Inception network with formula weights against the reference's features.

use std::path::Path;

use portraitist_face::Picture;
use portraitist_nn::evaluation::Mode;
use portraitist_nn::evaluation::network_planes;
use portraitist_nn::inference::{InferencePrecision, Plan};
use portraitist_nn::networks::{Inception, InceptionKind};
use portraitist_nn::parameter::{from_values, to_values};
use portraitist_nn::weights::{Array, NamedArrays};

use crate::golden::{Tensors, device, folder, formula_value, json};

/// The arrays of the reference's network; its file lists their names and shapes.
fn formula_arrays(folder: &Path) -> NamedArrays {
    let expected = json(&folder.join("expected.json"));
    let described = expected["formula_check"].as_object().unwrap();
    let array = |(name, description): (&String, &serde_json::Value)| {
        let shape: Vec<usize> =
            description["shape"].as_array().unwrap().iter().map(|side| side.as_u64().unwrap() as usize).collect();
        let fan_in = shape[1..].iter().product::<usize>() as f64;
        let (low, high) = match name.as_str() {
            name if name.ends_with("bn.weight") || name.ends_with("running_var") => (0.8, 1.2),
            name if name.ends_with("bn.bias") || name.ends_with("running_mean") || name == "fc.bias" => (-0.1, 0.1),
            _ => (-(6.0 / fan_in).sqrt(), (6.0 / fan_in).sqrt()),
        };
        let full = format!("golden-A/inception/{name}");
        let values = (0..shape.iter().product()).map(|index| formula_value(&full, index, low, high)).collect();
        (name.clone(), Array { shape, values, dtype: "F32" })
    };
    described.iter().map(array).collect()
}

fn read_planes(folder: &Path, index: usize, mode: Mode) -> Vec<f32> {
    let picture = Picture::open(folder.join(format!("image_{index}.png"))).unwrap();
    let preparation = mode.preparation().unwrap();
    network_planes(&picture, preparation.resampling, preparation.scaling)
}

#[test]
fn features_are_pytorch_fids() {
    let Some(folder) = folder("inception") else { return };
    let expected = Tensors::open(&folder.join("features.safetensors"));
    let arrays = formula_arrays(&folder);
    let network = Inception::new(InceptionKind::Fid, arrays, Path::new("formula"), &device()).unwrap();
    let plan = Plan::new(&network.graph(), [3, Inception::SIDE, Inception::SIDE], InferencePrecision::F32).unwrap();
    let both: Vec<f32> = (0..2).flat_map(|index| read_planes(&folder, index, Mode::PytorchFid)).collect();
    for index in 0..2 {
        let planes = read_planes(&folder, index, Mode::PytorchFid);
        let rows = expected.values(&format!("resized_rows_0_149_298_{index}"));
        for (place, expected) in rows.iter().enumerate() {
            let (channel, row, column) = (place / (3 * 299), [0, 149, 298][place / 299 % 3], place % 299);
            let found = planes[(channel * 299 + row) * 299 + column];
            assert!((found - expected).abs() < 1e-5, "{channel} {row} {column}: {found}, expected {expected}");
        }
        let found = plan.run(&planes, &[]).unwrap();
        let expected = expected.values(&format!("pool3_{index}"));
        let worst = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
        eprintln!("picture {index}: largest deviation {worst:e}");
        assert!(worst < 1e-4, "picture {index}: features differ by {worst}");
        let together = plan.run(&both, &[]).unwrap();
        assert_eq!(&together[index * found.len()..][..found.len()], found, "a picture's features are its own");
    }
}

/// The plan against tensors, for both kinds: their pools differ.
#[test]
fn plans_of_both_networks_are_their_graphs() {
    let Some(folder) = folder("inception") else { return };
    let planes = read_planes(&folder, 0, Mode::Clean);
    let mut features = Vec::new();
    for (kind, classes) in [(InceptionKind::Fid, 1008), (InceptionKind::Torchvision, 1000)] {
        let mut arrays = formula_arrays(&folder);
        arrays.insert("fc.bias".to_owned(), Array { shape: vec![classes], values: vec![0.0; classes], dtype: "F32" });
        let network = Inception::new(kind, arrays, Path::new("formula"), &device()).unwrap();
        let plan = Plan::new(&network.graph(), [3, 299, 299], InferencePrecision::F32).unwrap();
        let found = plan.run(&planes, &[]).unwrap();
        let input = from_values(planes.clone(), &device()).reshape([1, 3, 299, 299]);
        let expected = to_values(network.graph().forward(input, None).into_feature_map());
        let worst = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{kind:?}: {worst}");
        features.push(found);
    }
    assert!(features[0].iter().zip(&features[1]).any(|(one, other)| (one - other).abs() > 1e-2), "the pools differ");
}

#[test]
fn weights_of_another_network_are_named() {
    let Some(folder) = folder("inception") else { return };
    let mut arrays = formula_arrays(&folder);
    arrays.remove("Mixed_6e.branch_pool.bn.running_var");
    let error = Inception::new(InceptionKind::Fid, arrays, Path::new("w.pth"), &device()).unwrap_err().to_string();
    assert!(error.contains("w.pth") && error.contains("Mixed_6e.branch_pool.bn.running_var"), "{error}");
    let mut arrays = formula_arrays(&folder);
    arrays.insert("fc.bias".to_owned(), Array { shape: vec![1000], values: vec![0.0; 1000], dtype: "F32" });
    let error = Inception::new(InceptionKind::Fid, arrays, Path::new("w.pth"), &device()).unwrap_err().to_string();
    assert!(error.contains("expected [1008], found [1000]"), "{error}");
}
