//! Weights files that cannot be used.

use std::fs;

use crate::program::{Place, original, safetensors, tiny_model};

fn refused(place: &Place, model: &str, words: &[&str]) {
    place.write_picture("x.png", 32, 40, 1);
    let answer = place.run(&["translate", "x.png", "--aligned", "-o", "out", "--model", model]);
    assert!(answer.stdout.is_empty(), "{answer:?}");
    answer.failed(words);
    assert!(!place.path("out").exists());
}

fn with_config(place: &Place, name: &str, change: impl FnOnce(String) -> String) {
    place.write(&format!("{name}/gen.pt"), fs::read(tiny_model()).unwrap());
    place.write(&format!("{name}/config.yaml"), change(fs::read_to_string(original("config.yaml")).unwrap()));
}

#[test]
fn an_unknown_model_is_an_error_that_lists_the_known_ones() {
    let place = Place::new();
    refused(&place, "rembrandt", &["rembrandt", "sketch"]);
    fs::create_dir(place.path("studio")).unwrap();
    refused(&place, "studio", &["studio", "sketch"]);
}

#[test]
fn weights_cut_short_are_errors() {
    let place = Place::new();
    let native = place.path("whole.safetensors");
    place.run(&["weights", "convert", tiny_model().to_str().unwrap(), native.to_str().unwrap()]).succeeded();
    with_config(&place, "original", |text| text);
    for (name, whole) in
        [("cut.safetensors", fs::read(&native).unwrap()), ("original/cut.pt", fs::read(tiny_model()).unwrap())]
    {
        for kept in [0, 5, 100, whole.len() / 2, whole.len() - 1] {
            place.write(name, &whole[..kept]);
            refused(&place, name, &[name]);
        }
    }
}

#[test]
fn a_pickle_is_never_executed() {
    let place = Place::new();
    fs::copy(original("config.yaml"), place.path("config.yaml")).unwrap();
    let payload = format!("cposix\nsystem\n(S'touch {}'\ntR.", place.path("executed").display());
    for (name, bytes) in
        [("evil.pt", payload.clone().into_bytes()), ("evil2.pt", [b"\x80\x02", payload.as_bytes()].concat())]
    {
        place.write(name, bytes);
        refused(&place, name, &[name]);
        place.run(&["weights", "inspect", name]).failed(&[name]);
        place.run(&["weights", "convert", name]).failed(&[name]);
    }
    assert!(!place.path("executed").exists());
}

#[test]
fn a_checkpoint_without_its_configuration_is_an_error() {
    let place = Place::new();
    place.write("deep/er/gen.pt", fs::read(tiny_model()).unwrap());
    refused(&place, "deep/er/gen.pt", &["deep/er/gen.pt", "config.yaml"]);
}

#[test]
fn a_configuration_that_does_not_fit_is_an_error() {
    let place = Place::new();
    with_config(&place, "wider", |text| text.replace("  mlp_dim: 8", "  mlp_dim: 16"));
    refused(&place, "wider/gen.pt", &["wider/gen.pt", "of another shape", "expected [16, 4], found [8, 4]"]);
    with_config(&place, "deeper", |text| text.replace("n_res: 1", "n_res: 2"));
    refused(&place, "deeper/gen.pt", &["deeper/gen.pt", "missing: "]);
    with_config(&place, "absurd", |text| text.replace("n_downsample: 2", "n_downsample: 2000"));
    refused(&place, "absurd/gen.pt", &["config.yaml", "num_downsample", "2000"]);
    with_config(&place, "broken", |text| text.replace("gen:", "gen: ["));
    refused(&place, "broken/gen.pt", &["config.yaml"]);
    with_config(&place, "lacking", |text| text.replace("  style_dim: 4\n", ""));
    refused(&place, "lacking/gen.pt", &["config.yaml", "style_dim"]);
}

#[test]
fn discriminators_do_not_translate() {
    let place = Place::new();
    refused(&place, original("dis_00000000.pt").to_str().unwrap(), &["dis_00000000.pt", "discriminator"]);
}

#[test]
fn numbers_that_are_not_finite_are_errors() {
    let place = Place::new();
    let native = place.path("model.safetensors");
    place.run(&["weights", "convert", tiny_model().to_str().unwrap(), native.to_str().unwrap()]).succeeded();
    let mut bytes = fs::read(&native).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&native, bytes).unwrap();
    refused(&place, "model.safetensors", &["model.safetensors", "not a finite number"]);
}

#[test]
fn foreign_safetensors_are_errors() {
    let place = Place::new();
    place.write("other.safetensors", safetensors("weight", &[2], &[0.0; 2]));
    refused(&place, "other.safetensors", &["other.safetensors", "written by Portraitist"]);
}
