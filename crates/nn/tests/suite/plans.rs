//! Translation by plans, against the same networks as they run in training.

use burn::tensor::Tensor;
use portraitist_nn::config::Domain;
use portraitist_nn::config::munit::{GeneratorConfig, TranslatorConfig};
use portraitist_nn::inference::{InferencePrecision, PlanOptions};
use portraitist_nn::layers::PaddingKind;
use portraitist_nn::layers::{ActivationKind, Initialization};
use portraitist_nn::networks::munit::Translator;
use portraitist_nn::parameter::{Parameterized, from_values, to_values};
use portraitist_nn::translate::{FrozenTranslator, TranslationPlan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::golden::device;

/// Networks whose attention and normalisation all do something.
fn translator(generator: GeneratorConfig) -> Translator {
    let config = TranslatorConfig { generator, ..TranslatorConfig::default() };
    let mut translator = Translator::new(&config, Initialization::Kaiming, 9, &device());
    translator.visit_mut("", &mut |name, parameter| {
        if name.ends_with("gamma") || name.ends_with("beta") {
            parameter.set(parameter.flat() + 0.4);
        }
    });
    translator.refresh();
    translator
}

fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..len).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn styles(count: usize, style_dim: usize) -> Tensor<2> {
    from_values(random(count * style_dim, 5), &device()).reshape([count, style_dim])
}

/// How far the plan's pictures are from those of the networks, which are within [-1, 1].
fn largest_difference(generator: GeneratorConfig, count: usize, [height, width]: [usize; 2], to: Domain) -> f32 {
    let translator = translator(generator.clone());
    let pictures = random(count * 3 * height * width, 3);
    let style = styles(count, generator.style_dim);
    let plan = TranslationPlan::new(&translator, to, [height, width], InferencePrecision::F32).unwrap();
    let found = plan.run(&pictures, style.clone()).unwrap();
    let tensor = from_values(pictures, &device()).reshape([count, 3, height, width]);
    let expected = to_values(translator.translate(tensor, style, to));
    assert_eq!(found.len(), expected.len());
    assert!(expected.iter().any(|value| value.abs() > 0.1), "the pictures are not empty");
    found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max)
}

#[test]
fn plans_translate_as_the_networks_do() {
    let small = GeneratorConfig { dim: 8, ..GeneratorConfig::default() };
    let shallow = GeneratorConfig { dim: 12, num_downsample: 1, num_residual: 1, attention: false, ..small.clone() };
    let deep = GeneratorConfig { num_downsample: 3, num_residual: 0, style_dim: 3, ..small.clone() };
    let flat = GeneratorConfig { num_downsample: 0, ..small.clone() };
    for (generator, count, size, to) in [
        (small.clone(), 1, [32, 28], Domain::Photo),
        (small, 3, [8, 20], Domain::Drawing),
        (shallow, 2, [14, 10], Domain::Photo),
        (deep, 1, [32, 48], Domain::Photo),
        (flat, 1, [9, 7], Domain::Photo),
    ] {
        let difference = largest_difference(generator.clone(), count, size, to);
        assert!(difference <= 1e-4, "{generator:?}, {size:?}: {difference}");
    }
}

#[test]
fn networks_without_a_plan_are_run_as_in_training() {
    let small = GeneratorConfig { dim: 8, ..GeneratorConfig::default() };
    for (generator, expected_reason) in [
        (GeneratorConfig { activation: ActivationKind::LeakyRelu, ..small.clone() }, "activation"),
        (GeneratorConfig { padding: PaddingKind::Zero, ..small }, "reflecting"),
    ] {
        let networks = translator(generator);
        let reason =
            TranslationPlan::new(&networks, Domain::Photo, [16, 16], InferencePrecision::F32).unwrap_err().to_string();
        assert!(reason.contains(expected_reason), "{reason}");
        let (pictures, style) = (random(3 * 256, 3), styles(1, 8));
        let tensor = from_values(pictures.clone(), &device()).reshape([1, 3, 16, 16]);
        let expected = to_values(networks.translate(tensor, style.clone(), Domain::Photo));
        let frozen = FrozenTranslator::new(networks, &device());
        assert_eq!(frozen.translate(&pictures, [16, 16], style, Domain::Photo, InferencePrecision::F32), expected);
    }
}

/// The same bits whatever was translated before: other sizes, the other direction, other pictures, on any thread.
#[test]
fn translations_do_not_depend_on_those_before() {
    let generator = GeneratorConfig { dim: 8, ..GeneratorConfig::default() };
    let frozen = FrozenTranslator::new(translator(generator.clone()), &device());
    let translate = |frozen: &FrozenTranslator, side: usize, to: Domain, seed: u64| {
        frozen.translate(&random(3 * side * side, seed), [side; 2], styles(1, 8), to, InferencePrecision::F32)
    };
    let first = translate(&frozen, 24, Domain::Photo, 1);
    translate(&frozen, 24, Domain::Photo, 2);
    translate(&frozen, 24, Domain::Drawing, 3);
    translate(&frozen, 32, Domain::Photo, 4);
    assert_eq!(translate(&frozen, 24, Domain::Photo, 1), first);
    let fresh = FrozenTranslator::new(translator(generator), &device());
    assert_eq!(translate(&fresh, 24, Domain::Photo, 1), first);
    std::thread::scope(|scope| {
        let (frozen, translate) = (&frozen, &translate);
        let workers = [1, 2].map(|seed| scope.spawn(move || translate(frozen, 24, Domain::Photo, seed)));
        let [same, other] = workers.map(|worker| worker.join().unwrap());
        assert_eq!(same, first);
        assert_ne!(other, first);
    });
}

/// Up to as many positions as attention may look at, nothing changes; beyond that it looks at means of neighbours.
#[test]
fn attention_looks_at_as_many_positions_as_it_may() {
    let translator = translator(GeneratorConfig { dim: 8, ..GeneratorConfig::default() });
    let [height, width] = [96, 80];
    let picture = random(3 * height * width, 3);
    let translate = |most_keys: Option<usize>| {
        let options = PlanOptions { most_keys, ..PlanOptions::default() };
        let plan = TranslationPlan::new(&translator, Domain::Drawing, [height, width], options).unwrap();
        plan.run(&picture, styles(1, 8)).unwrap()
    };
    // A content code of 24x20.
    let all = translate(None);
    assert_eq!(translate(Some(480)), all);
    let means = translate(Some(479));
    assert!(means != all && means.iter().all(|value| value.is_finite()));
    // 120 squares of 2x2 are as many as 479 allow.
    assert_eq!(translate(Some(120)), means);
    assert_ne!(translate(Some(119)), means);
}

/// Feature maps that are not needed at the same time share memory, whatever their shapes: a translation takes what its widest
/// place takes, the first or last features and those of half the size beside them, and a little for the middle.
#[test]
fn feature_maps_take_the_memory_of_the_widest_place() {
    let [height, width] = [640, 512];
    let bytes = |generator: GeneratorConfig| {
        let translator = translator(generator);
        let options = PlanOptions { most_keys: Some(1 << 13), ..PlanOptions::default() };
        TranslationPlan::new(&translator, Domain::Drawing, [height, width], options).unwrap().bytes_per_picture()
    };
    // As `portrait`: 24 channels fill registers of 32, then 48 at half the size, 96 at a quarter.
    let generator = GeneratorConfig { dim: 24, num_residual: 1, ..GeneratorConfig::default() };
    let per_pixel = [32, 48 / 4, 96 / 16, 96 / 16].map(|values| 4 * values).iter().sum::<usize>();
    let (found, least) = (bytes(generator.clone()), per_pixel * height * width);
    // The rest is halos.
    assert!((least..least * 21 / 20).contains(&found), "{found} bytes, expected {least} and halos");
    assert_eq!(bytes(GeneratorConfig { num_residual: 3, ..generator }), found, "more layers need no more memory");
}

/// Numbers that are no numbers spoil the picture that they are in, and no other one.
#[test]
fn nothing_of_a_spoilt_picture_is_left() {
    let translator = translator(GeneratorConfig { dim: 12, ..GeneratorConfig::default() });
    let plan = TranslationPlan::new(&translator, Domain::Drawing, [24, 36], InferencePrecision::F32).unwrap();
    let picture = random(3 * 24 * 36, 7);
    let first = plan.run(&picture, styles(1, 8)).unwrap();
    let spoilt = plan.run(&vec![f32::NAN; picture.len()], styles(1, 8)).unwrap();
    assert!(spoilt.iter().any(|value| value.is_nan()));
    assert_eq!(plan.run(&picture, styles(1, 8)).unwrap(), first);
}
