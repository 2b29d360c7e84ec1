//! SphereFace against the original's numbers.

use std::path::Path;

use burn::tensor::Tensor;
use portraitist_nn::config::RecognizerConfig;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::layers::Initialization;
use portraitist_nn::losses::{Margin, MarginHead, SphereMargin, TargetAngle};
use portraitist_nn::networks::SphereFace;
use portraitist_nn::parameter::{Parameterized, from_values, to_values};
use portraitist_nn::recognition::{Classifier, FrozenEmbedder};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::golden::{Tensors, assert_close, assert_relative, device, fill_by_formula, folder, json};

/// The reference's weights of sphere20a.
pub(crate) fn fill_sphere20(network: &mut impl Parameterized) {
    fill_by_formula(network, "golden-A/sphere20a/", |name, fan_in| match name {
        _ if name.starts_with("relu") => (0.1, 0.4),
        "fc6.weight" => (-1.0, 1.0),
        _ if name.ends_with(".bias") => (-0.05, 0.05),
        _ => (-(3.0 / fan_in).sqrt(), (3.0 / fan_in).sqrt()),
    });
}

/// SphereFace-20 with the reference's weights.
pub(crate) fn formula_classifier(classes: usize) -> Classifier {
    let config = RecognizerConfig { classes, ..RecognizerConfig::default() };
    let mut classifier = Classifier::new(&config, Margin::default(), Initialization::Default, 0, &device());
    fill_sphere20(&mut classifier);
    classifier
}

/// The reference's four crops as the network takes them.
pub(crate) fn crops(folder: &Path) -> Tensor<4> {
    let bytes = std::fs::read(folder.join("images_bgr_u8.npy")).unwrap();
    let pixels = &bytes[bytes.len() - 4 * 112 * 96 * 3..];
    let values = pixels.iter().map(|level| (f32::from(*level) - 127.5) / 128.0).collect();
    from_values(values, &device()).reshape([4, 112, 96, 3]).permute([0, 3, 1, 2])
}

/// Square root of the sum of squares.
pub(crate) fn norm(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn features_and_angles_match_the_reference() {
    let Some(folder) = folder("recognition") else { return };
    let stored = Tensors::open(&folder.join("recognition.safetensors"));
    let classifier = formula_classifier(40);
    let crops = crops(&folder);
    let features = classifier.network.forward(crops.clone());
    assert_close("features", features.clone(), stored.values("features"), 2e-5);
    let flipped = classifier.network.forward(crops.clone().flip([3]));
    assert_close("features of mirrored crops", flipped, stored.values("features_flipped"), 2e-5);
    let embedder = FrozenEmbedder::new(classifier.network.clone(), &device());
    let prepared = from_values(embedder.embed(&to_values(crops), InferencePrecision::F32), &device());
    assert_close("features by the plan", prepared, stored.values("features"), 2e-5);
    let (cosines, lengths) = classifier.head.cosines(features);
    assert_close("cosines", cosines.clone() * lengths.clone(), stored.values("cos_theta"), 1e-4);
    let phi = SphereMargin::default().phi(cosines) * lengths;
    assert_close("phi", phi, stored.values("phi_theta"), 1e-4);
}

#[test]
fn names_are_those_of_published_checkpoints() {
    let Some(folder) = folder("recognition") else { return };
    let expected = json(&folder.join("recognition.json"));
    let mut names = Vec::new();
    formula_classifier(40).visit_mut("", &mut |name, parameter| {
        names.push(serde_json::json!({"name": name, "shape": parameter.shape(), "dtype": "float32"}));
    });
    assert_eq!(serde_json::Value::from(names), expected["state_dict_keys"]);
}

#[test]
fn the_loss_of_the_network_and_its_gradients_match_the_reference() {
    let Some(folder) = folder("recognition") else { return };
    let expected = json(&folder.join("recognition.json"));
    let crops = crops(&folder);
    for case in expected["network_loss"].as_array().unwrap() {
        let call = case["it"].as_u64().unwrap();
        let classifier = formula_classifier(40).tracked();
        let found = classifier.head.loss(classifier.network.forward(crops.clone()), &[3, 17, 17, 39], call);
        let value = f64::from(to_values(found.loss.clone())[0]);
        assert_relative("loss", value, case["loss"].as_f64().unwrap(), 1e-4);
        assert_relative("lambda", found.lambda.unwrap(), case["lambda"].as_f64().unwrap(), 1e-12);
        let mut gradients = found.loss.backward();
        let parameters = classifier.parameters();
        for (name, wanted) in case["grad_l2"].as_object().unwrap() {
            let gradient = to_values(parameters[name].take_gradient(&mut gradients).unwrap());
            assert_relative(name, norm(&gradient), wanted.as_f64().unwrap(), 1e-3);
        }
    }
}

/// The free-standing head of the reference: 12 features of 6, 9 people.
fn small_head(margin: Margin, stored: &Tensors) -> MarginHead {
    let mut head = MarginHead::new(margin, 6, 9, 0, &device());
    head.visit_mut("", &mut |name, parameter| {
        if name == "weight" {
            parameter.set(from_values(stored.values("angle.weight").to_vec(), &device()));
        }
    });
    head
}

#[test]
fn every_form_of_the_angle_matches_the_reference() {
    let Some(folder) = folder("recognition") else { return };
    let stored = Tensors::open(&folder.join("recognition.safetensors"));
    let head = small_head(Margin::default(), &stored);
    let (cosines, lengths) = head.cosines(stored.tensor("angle.input"));
    assert_close("cosines", cosines.clone() * lengths.clone(), stored.values("angle.cos_theta"), 1e-4);
    let exact = |multiple| SphereMargin { multiple, ..SphereMargin::default() };
    let series = SphereMargin { angle: TargetAngle::Series, ..SphereMargin::default() };
    let cases = [
        ("angle.m1.phi_theta", exact(1)),
        ("angle.m2.phi_theta", exact(2)),
        ("angle.m3.phi_theta", exact(3)),
        ("angle.phi_theta", exact(4)),
        ("angle.m5.phi_theta", exact(5)),
        ("angle.phiflag_false.phi_theta", series),
    ];
    for (name, margin) in cases {
        let found = to_values(margin.phi(cosines.clone()) * lengths.clone());
        let worst = found.iter().zip(stored.values(name)).map(|(a, b)| (a - b).abs()).enumerate();
        let (index, worst) = worst.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert!(worst < 1e-4, "{name}: {worst} in row {}", index / 9);
    }
}

#[test]
fn the_angular_loss_follows_its_annealing() {
    let Some(folder) = folder("recognition") else { return };
    let stored = Tensors::open(&folder.join("recognition.safetensors"));
    let expected = json(&folder.join("recognition.json"));
    let labels: Vec<usize> = Vec::from(ANGLE_LABELS);
    for case in expected["angle_loss_table"].as_array().unwrap() {
        let (call, gamma) = (case["it"].as_u64().unwrap(), case["gamma"].as_f64().unwrap());
        let margin = Margin::SphereFace(SphereMargin { gamma, ..SphereMargin::default() });
        let head = small_head(margin, &stored).tracked();
        let input = stored.tensor::<2>("angle.input").autodiff().require_grad();
        let found = head.loss(input.clone(), &labels, call);
        let name = format!("call {call}, gamma {gamma}");
        assert_relative(&name, f64::from(to_values(found.loss.clone())[0]), case["loss"].as_f64().unwrap(), 1e-4);
        let mut gradients = found.loss.backward();
        let of_input = to_values(input.grad(&gradients).unwrap());
        let of_weight = to_values(head.parameters()["weight"].take_gradient(&mut gradients).unwrap());
        assert_relative(&name, norm(&of_input), case["grad_input_l2"].as_f64().unwrap(), 1e-3);
        assert_relative(&name, norm(&of_weight), case["grad_weight_l2"].as_f64().unwrap(), 1e-3);
        if gamma == 0.0 && [1, 5000].contains(&call) {
            let close = |what: &str, found: &[f32], wanted: &[f32]| {
                let worst = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 1e-5, "{what}: {worst}");
            };
            close("input", &of_input, stored.values(&format!("angle.grad_input.it{call}")));
            close("weight", &of_weight, stored.values(&format!("angle.grad_weight.it{call}")));
        }
    }
}

/// `angle.labels` of the reference.
const ANGLE_LABELS: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2];

/// Every margin in double precision, by its paper's equation.
fn loss_by_definition(margin: Margin, cosines: &[f64], lengths: &[f64], labels: &[usize], call: u64) -> f64 {
    let classes = cosines.len() / labels.len();
    let row_loss = |row: usize| {
        let cosines = &cosines[row * classes..][..classes];
        let right = labels[row];
        let softmax = |logits: Vec<f64>| -logits[right] + logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
        let with = |value: f64, scale: f64| {
            let replace = |(index, cosine): (usize, &f64)| scale * if index == right { value } else { *cosine };
            softmax(cosines.iter().enumerate().map(replace).collect())
        };
        let angle = cosines[right].acos();
        match margin {
            Margin::Softmax { scale } => with(cosines[right], scale),
            Margin::SphereFace(margin) => {
                let multiple = f64::from(margin.multiple);
                let sector = (multiple * angle / std::f64::consts::PI).floor();
                let phi = (-1f64).powf(sector) * (multiple * angle).cos() - 2.0 * sector;
                let lambda = margin.lambda(call);
                with((lambda * cosines[right] + phi) / (1.0 + lambda), lengths[row])
            }
            Margin::CosFace { margin, scale } => with(cosines[right] - margin, scale),
            Margin::ArcFace { margin, scale } if angle + margin < std::f64::consts::PI => {
                with((angle + margin).cos(), scale)
            }
            Margin::ArcFace { margin, scale } => with(cosines[right] - margin * margin.sin(), scale),
            Margin::SphereFace2 { margin, scale, share, exponent } => {
                let threshold = f64::from(
                    to_values(MarginHead::new(MARGIN_TWO, 6, 9, 0, &device()).parameters()["threshold"].flat())[0],
                );
                let spread = |cosine: f64| 2.0 * ((cosine + 1.0) / 2.0).powf(exponent) - 1.0;
                let term = |(index, cosine): (usize, &f64)| {
                    let of = |sign: f64, share: f64| {
                        share / scale
                            * (1.0 + (-sign * (scale * spread(*cosine) + threshold) + scale * margin).exp()).ln()
                    };
                    if index == right { of(1.0, share) } else { of(-1.0, 1.0 - share) }
                };
                cosines.iter().enumerate().map(term).sum()
            }
        }
    };
    (0..labels.len()).map(row_loss).sum::<f64>() / labels.len() as f64
}

const MARGIN_TWO: Margin = Margin::SphereFace2 { margin: 0.4, scale: 10.0, share: 0.7, exponent: 3.0 };

#[test]
fn every_margin_is_what_its_paper_says() {
    let Some(folder) = folder("recognition") else { return };
    let stored = Tensors::open(&folder.join("recognition.safetensors"));
    let labels = [8, 3, 1, 4, 7, 2, 5, 0, 6, 1, 2, 3];
    let margins = [
        Margin::Softmax { scale: 8.0 },
        Margin::SphereFace(SphereMargin::default()),
        Margin::CosFace { margin: 0.35, scale: 8.0 },
        Margin::ArcFace { margin: 0.5, scale: 8.0 },
        Margin::ArcFace { margin: 2.5, scale: 8.0 },
        MARGIN_TWO,
    ];
    for margin in margins {
        let head = small_head(margin, &stored).tracked();
        let input = stored.tensor::<2>("angle.input");
        let (cosines, lengths) = head.cosines(input.clone());
        let wide = |tensor: Tensor<2>| to_values(tensor).into_iter().map(f64::from).collect::<Vec<_>>();
        let (cosines, lengths) = (wide(cosines), wide(lengths));
        let found = head.loss(input, &labels, 500);
        let expected = loss_by_definition(margin, &cosines, &lengths, &labels, 500);
        assert_relative(&format!("{margin:?}"), f64::from(to_values(found.loss)[0]), expected, 1e-5);
    }
}

#[test]
fn gradients_of_margins_are_their_finite_differences() {
    let labels = [0, 2, 1, 3];
    let margins = [
        Margin::Softmax { scale: 4.0 },
        Margin::SphereFace(SphereMargin::default()),
        Margin::CosFace { margin: 0.35, scale: 4.0 },
        Margin::ArcFace { margin: 0.5, scale: 4.0 },
        MARGIN_TWO,
    ];
    let values: Vec<f32> = (0..20).map(|index| ((index * 7919 % 101) as f32 / 50.0 - 1.0) * 1.5).collect();
    for margin in margins {
        let head = MarginHead::new(margin, 5, 4, 3, &device());
        let loss = |values: Vec<f32>| {
            let loss = head.loss(from_values(values, &device()).reshape([4, 5]), &labels, 100).loss;
            f64::from(to_values(loss)[0])
        };
        let input = from_values(values.clone(), &device()).reshape::<2, _>([4, 5]).autodiff().require_grad();
        let gradients = head.loss(input.clone(), &labels, 100).loss.backward();
        let found = to_values(input.grad(&gradients).unwrap());
        for (index, gradient) in found.iter().enumerate() {
            let moved = |step: f32| {
                let mut values = values.clone();
                values[index] += step;
                loss(values)
            };
            let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let difference = (f64::from(*gradient) - expected).abs();
            assert!(difference < 2e-3, "{margin:?}: {gradient}, expected {expected}");
        }
    }
}

#[test]
fn another_size_of_network_is_built_and_bounded() {
    let small = RecognizerConfig {
        channels: [4, 8, 8, 16],
        blocks: [0, 1, 0, 1],
        embedding: 12,
        ..RecognizerConfig::default()
    };
    small.validate().unwrap();
    let network = SphereFace::new(&small, Initialization::Default, 1, &device());
    let features = network.forward(Tensor::zeros([2, 3, 112, 96], &device()));
    assert_eq!(features.dims(), [2, 12]);
    let reason = RecognizerConfig { channels: [64, 128, 256, 5000], ..small.clone() }.validate().unwrap_err();
    assert!(reason.contains("5000"), "{reason}");
    let reason = RecognizerConfig { embedding: 4096, classes: 1_000_000, ..small }.validate().unwrap_err();
    assert!(reason.contains("parameters"), "{reason}");
}

/// The plan of the CPU gives what the network gives on any device, for sizes of stages that fill no register too; and
/// a crop's embedding is the same bits alone, among others, and again.
#[test]
fn plans_give_what_networks_give_for_any_batch() {
    let small = RecognizerConfig {
        channels: [5, 12, 40, 70],
        blocks: [1, 0, 2, 1],
        embedding: 30,
        ..RecognizerConfig::default()
    };
    for (config, count) in [(small, 19), (RecognizerConfig::default(), 3)] {
        let network = SphereFace::new(&config, Initialization::Default, 3, &device());
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let crops: Vec<f32> = (0..count * 3 * 112 * 96).map(|_| random.random_range(-1.0..1.0)).collect();
        let expected = to_values(network.forward(from_values(crops.clone(), &device()).reshape([count, 3, 112, 96])));
        let embedder = FrozenEmbedder::new(network, &device());
        let batched = embedder.embed(&crops, InferencePrecision::F32);
        let scale = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        for (found, expected) in batched.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-5 * scale, "{found}, expected {expected} (largest {scale})");
        }
        let alone = crops.chunks_exact(3 * 112 * 96).flat_map(|crop| embedder.embed(crop, InferencePrecision::F32));
        assert!(alone.map(f32::to_bits).eq(batched.iter().map(|value| value.to_bits())));
        let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(threads.install(|| embedder.embed(&crops, InferencePrecision::F32)), batched);
        assert!(embedder.embed(&[], InferencePrecision::F32).is_empty());
    }
}
