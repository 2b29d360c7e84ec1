//! The network for drawn faces: its operations, its two forms, its training.

use std::path::Path;

use burn::backend::Flex;
use burn::tensor::TensorData;
use burn_flex::FlexTensor;
use portraitist_face::landmarks::mesh::ibug_of;
use portraitist_nn::builtin;
use portraitist_nn::inference::dense::DenseMemory;
use portraitist_nn::networks::mediapipe::{FaceMesh, MeshNetwork};
use portraitist_nn::ops::{NetworkOps, fallback};
use portraitist_nn::parameter::{from_values, to_values};
use portraitist_nn::training::landmarks::{Batch, LossConfig, OptimizerConfig, Trainer};
use portraitist_nn::weights::{ModelFile, NamedArrays, assign};

use crate::golden::device;

/// Numbers between -1 and 1 that look random, the same in every run.
fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn flex(seed: u64, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values(seed, shape.iter().product()), shape.to_vec()))
}

fn assert_alike(what: &str, found: FlexTensor, expected: FlexTensor) {
    let [found, expected] = [found, expected].map(|tensor| tensor.into_data());
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let [found, expected] = [found, expected].map(|data| data.try_into_vec::<f32>().unwrap());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-4, "{what}: {found}, expected {expected}");
    }
}

#[test]
fn fast_depthwise_convolutions_give_what_fallback_ones_give() {
    for (stride, [height, width]) in [(1, [5, 7]), (2, [6, 8]), (2, [7, 5]), (1, [1, 1])] {
        let what = format!("stride {stride}, {height}x{width}");
        let (images, weight) = (|| flex(1, &[2, 3, height, width]), || flex(2, &[3, 1, 3, 3]));
        let bias = || flex(3, &[3]);
        let gradient = || flex(4, &[2, 3, height.div_ceil(stride), width.div_ceil(stride)]);
        let found = Flex::depthwise_conv2d(images(), weight(), bias(), stride);
        assert_alike(&what, found, fallback::depthwise_conv2d::<Flex>(images(), weight(), bias(), stride));
        let found = Flex::depthwise_conv2d_input_gradient(weight(), gradient(), [height, width], stride);
        let expected = fallback::depthwise_conv2d_input_gradient::<Flex>(weight(), gradient(), [height, width], stride);
        assert_alike(&what, found, expected);
        let found = Flex::depthwise_conv2d_weight_gradient(images(), gradient(), stride);
        let expected = fallback::depthwise_conv2d_weight_gradient::<Flex>(images(), gradient(), stride);
        assert_alike(&what, found, expected);
    }
}

fn arrays_for_drawings() -> NamedArrays {
    let (name, bytes) = builtin::FACE_NETWORKS[2];
    MeshNetwork::arrays_from_photos(ModelFile::from_bytes(bytes, name).unwrap().arrays, 4.0)
}

/// `[192, 192, 3]`, smooth: colours that change like a photo's.
fn image() -> Vec<f32> {
    (0..192 * 192)
        .flat_map(|index| {
            let (x, y) = ((index % 192) as f32 / 192.0, (index / 192) as f32 / 192.0);
            [0.5 + 0.4 * (7.0 * x).sin(), 0.5 + 0.4 * (5.0 * y + x).cos(), x * y]
        })
        .collect()
}

/// `[1, 3, 193, 193]` with zeros behind.
fn planes(pixels: &[f32]) -> Vec<f32> {
    let mut planes = vec![0.0; 3 * 193 * 193];
    for (index, rgb) in pixels.chunks_exact(3).enumerate() {
        for (channel, value) in rgb.iter().enumerate() {
            planes[channel * 193 * 193 + index / 192 * 193 + index % 192] = *value;
        }
    }
    planes
}

#[test]
fn the_network_of_tensors_says_what_the_fast_one_says() {
    let fast = FaceMesh::for_drawings(arrays_for_drawings(), Path::new("drawings")).unwrap();
    let expected = fast.forward(&image(), &mut DenseMemory::default()).unwrap();
    let mut network = MeshNetwork::new(&device());
    assign(&mut network, arrays_for_drawings(), Path::new("drawings")).unwrap();
    let images = from_values(planes(&image()), &device()).reshape([1, 3, 193, 193]);
    let found = network.forward(images);
    let points = to_values(found.points);
    for (index, [x, y, _]) in expected.points.iter().enumerate() {
        let error = (points[2 * index] - x).hypot(points[2 * index + 1] - y);
        assert!(error < 0.02, "point {index}: {error} pixels off");
    }
    let drawn = expected.drawn.unwrap();
    for (found, expected) in to_values(found.log_errors).iter().zip(&drawn.errors) {
        assert!((found.exp() - expected).abs() < 1e-3 * expected.max(1.0), "{found} {expected}");
    }
    assert!((to_values(found.drawn)[0] - drawn.drawn).abs() < 1e-2);
    assert!((to_values(found.flag)[0] - expected.flag).abs() < 1e-2);
}

/// Two windows of one image, one with a face at points given, one without.
fn batch() -> Batch {
    let device = device();
    let tensor = |values: Vec<f32>| from_values(values, &device);
    let mesh: Vec<f32> = (0..2 * 468).map(|index| 60.0 + (index * 37 % 71) as f32).collect();
    let ibug = ibug_of(|vertex| [0, 1].map(|axis| f64::from(mesh[2 * vertex + axis])));
    let ibug: Vec<f32> = ibug.into_iter().flatten().map(|value| value as f32).collect();
    Batch {
        images: tensor([planes(&image()), planes(&image())].concat()).reshape([2, 3, 193, 193]),
        mesh: tensor([mesh, vec![0.0; 936]].concat()).reshape([2, 468, 2]),
        ibug: tensor([ibug, vec![0.0; 136]].concat()).reshape([2, 68, 2]),
        has_mesh: tensor(vec![1.0, 0.0]).reshape([2, 1]),
        has_face: tensor(vec![1.0, 0.0]),
        drawn: tensor(vec![1.0, 0.0]),
        has_kind: tensor(vec![1.0, 0.0]),
        eye_distances: vec![Some(50.0), None],
        files: vec!["a.png".into(), "b.png".into()],
    }
}

#[test]
fn steps_lower_the_error_and_are_the_same_each_time() {
    let train = || {
        let optimizer = OptimizerConfig { learning_rate: 1e-3, warm_up_steps: 0, ..OptimizerConfig::default() };
        let mut trainer = Trainer::new(optimizer, LossConfig::default(), &device());
        assign(&mut trainer.network, arrays_for_drawings(), Path::new("drawings")).unwrap();
        let errors: Vec<f32> = (0..6)
            .map(|_| {
                let values = trainer.train(&batch()).unwrap();
                values.iter().find(|(name, _)| name == "error_percent").unwrap().1
            })
            .collect();
        errors
    };
    let errors = train();
    assert!(errors[5] < 0.8 * errors[0], "{errors:?}");
    assert_eq!(errors, train());
}
