//! `train` with augmented discriminators and the R1 penalty.

use crate::program::Place;

const RUN: &str = "runs/00001-tiny";
const AUGMENTED: (&str, &str) = (
    "num_scales = 2",
    "num_scales = 2\naugmentation = { probability = 0.5, adaptive = { target = 0.0, pictures = 20 } }",
);
const PENALISED: (&str, &str) = ("[record]", "[losses.r1]\nweight = 2.0\nevery = 3\n\n[record]");
const FILES: [&str; 5] = [
    "average.safetensors",
    "discriminator.safetensors",
    "generator.safetensors",
    "optimizer.safetensors",
    "state.json",
];

impl Place {
    fn last_checkpoint(&self) -> Vec<Vec<u8>> {
        FILES.map(|name| self.read(&format!("{RUN}/checkpoints/00000008/{name}"))).into()
    }
}

fn trained(changes: &[(&str, &str)]) -> Place {
    let place = Place::with_run(changes);
    place.train(&[]).succeeded();
    place
}

#[test]
fn a_run_with_both_resumes_to_the_same_bytes_wherever_it_stopped() {
    let expected = trained(&[AUGMENTED, PENALISED]).last_checkpoint();
    for stop in ["steps = 2", "steps = 5"] {
        let place = trained(&[AUGMENTED, PENALISED, ("steps = 8", stop)]);
        place.write_run(&[AUGMENTED, PENALISED]);
        place.train(&["--resume"]).succeeded();
        for (name, (found, expected)) in FILES.iter().zip(place.last_checkpoint().iter().zip(&expected)) {
            assert!(found == expected || *name == "state.json", "after {stop}: {name} differs");
        }
        let state = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap()["augmentation"].clone();
        assert_eq!(state(&place.last_checkpoint()[4]), state(&expected[4]));
        assert!(state(&expected[4])["drawing"].is_u64());
    }
}

#[test]
fn both_are_logged_and_change_what_is_learned() {
    let plain = trained(&[]);
    let both = trained(&[AUGMENTED, PENALISED]);
    for (line, step) in both.log(RUN).iter().zip(0..) {
        for domain in ["drawing", "photo"] {
            let sign = line[format!("discriminator.real_sign_{domain}")].as_f64();
            assert!(sign.is_some_and(|sign| (-1.0..=1.0).contains(&sign)), "{line}");
            let penalty = line[format!("discriminator.r1_{domain}")].as_f64();
            assert_eq!(penalty.is_some(), step % 3 == 0, "{line}");
            assert!(penalty.is_none_or(|penalty| penalty > 0.0), "{line}");
        }
        let value = |name: &str| line[format!("discriminator.{name}")].as_f64().unwrap_or_default();
        let sum = value("drawing") + value("photo") + 3.0 * (value("r1_drawing") + value("r1_photo"));
        assert!((sum - value("total")).abs() < 1e-4 * sum.abs().max(1.0), "{sum}: {line}");
    }
    assert!(plain.log(RUN)[0].get("discriminator.r1_drawing").is_none());
    for changes in [[AUGMENTED], [PENALISED]] {
        let weights = trained(&changes).last_checkpoint();
        assert!(weights[1] != plain.last_checkpoint()[1] && weights[2] != plain.last_checkpoint()[2], "{changes:?}");
    }
}

/// Generators that do not learn draw the same samples with and without augmentation, and no model file speaks of it.
#[test]
fn generated_images_are_never_augmented() {
    let still = ("[record]", "[optimizer]\ngenerator_rate = 0.0\n\n[record]");
    let [plain, augmented] = [trained(&[still]), trained(&[AUGMENTED, still])];
    let sample = |place: &Place| place.read(&format!("{RUN}/samples/00000008-train.png"));
    assert!(sample(&plain) == sample(&augmented));
    assert!(plain.last_checkpoint()[2] == augmented.last_checkpoint()[2]);
    // The other losses see the images as they are.
    for term in ["reconstruction", "style", "content", "cycle"] {
        let values = |place: &Place| {
            place.log(RUN).iter().map(|line| line[format!("generator.{term}_drawing")].clone()).collect::<Vec<_>>()
        };
        assert_eq!(values(&plain), values(&augmented), "{term}");
    }
    let adversarial = |place: &Place| place.log(RUN)[0]["generator.adversarial_drawing"].clone();
    assert_ne!(adversarial(&plain), adversarial(&augmented));
}

#[test]
fn activation_checkpointing_changes_no_bit_of_it() {
    let saving = ("[record]", "[optimizer]\nactivation_checkpointing = true\n\n[record]");
    let [stored, recomputed] = [trained(&[AUGMENTED]), trained(&[AUGMENTED, saving])];
    assert!(stored.last_checkpoint()[..4] == recomputed.last_checkpoint()[..4]);
}

#[test]
fn wrong_values_are_errors_that_name_the_key() {
    let augmentation = |text: &str| format!("num_scales = 2\naugmentation = {{ {text} }}");
    let cases = [
        ("colour = 1.5", "discriminator.augmentation.colour must be between 0 and 1, found 1.5"),
        ("translation = nan", "discriminator.augmentation.translation must be between 0 and 0.5, found NaN"),
        ("adaptive = { pictures = 0 }", "discriminator.augmentation.adaptive.pictures must be between 1"),
        ("colours = 1.0", "colours"),
    ];
    for (text, words) in cases {
        Place::with_run(&[("num_scales = 2", &augmentation(text))]).train(&[]).failed(&[words]);
    }
    let cases = [
        ("weight = -1.0", "losses.r1.weight must be a number of at least 0, found -1"),
        ("weight = 1.0\nevery = 0", "losses.r1.every must be at least 1, found 0"),
        ("every = 4", "weight"),
    ];
    for (text, words) in cases {
        Place::with_run(&[("[record]", &format!("[losses.r1]\n{text}\n\n[record]"))]).train(&[]).failed(&[words]);
    }
}

#[test]
fn a_resumed_run_may_not_change_them() {
    let place = trained(&[AUGMENTED, ("steps = 8", "steps = 2")]);
    place.write_run(&[]);
    place.train(&["--resume"]).failed(&["discriminator.augmentation.colour was 1.0, is not set"]);
}
