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

/// A `.pt` file of a few bytes with one tensor of 30,000 x 30,000 numbers, all of them the same one.
fn repeating_checkpoint() -> Vec<u8> {
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let side = [&b"J"[..], &30_000u32.to_le_bytes()].concat();
    let storage = [
        b"(".to_vec(),
        text("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        text("0"),
        text("cpu"),
        b"K\x01tQ".to_vec(),
    ]
    .concat();
    let pickle = [
        b"\x80\x02}".to_vec(),
        text("weight"),
        b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
        storage,
        b"K\x00".to_vec(),
        side.clone(),
        side,
        b"\x86K\x00K\x00\x86\x89ccollections\nOrderedDict\n)RtRs.".to_vec(),
    ]
    .concat();
    zip(&[("archive/data.pkl", &pickle), ("archive/version", b"3\n"), ("archive/data/0", &1f32.to_le_bytes())])
}

/// A ZIP archive without compression.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let size = (bytes.len() as u32).to_le_bytes();
        let sizes = [&[0; 8][..], &crate::bad_input::crc32(bytes).to_le_bytes(), &size, &size].concat();
        let names = (name.len() as u16).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &sizes[..], &names, &[0; 12]].concat());
        directory.extend((archive.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        archive.extend([b"PK\x03\x04\x14\0", &sizes[..], &names, &[0, 0], name.as_bytes(), bytes].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let [length, start] = [directory.len(), archive.len()].map(|value| (value as u32).to_le_bytes());
    [archive, directory, b"PK\x05\x06\0\0\0\0".to_vec(), [count, count].concat(), [length, start].concat(), vec![0, 0]]
        .concat()
}

#[test]
fn a_small_file_that_repeats_its_numbers_takes_no_memory() {
    let place = Place::new();
    place.write("bomb.pt", repeating_checkpoint());
    let words = ["bomb.pt", "30000, 30000", "repeat the same numbers"];
    place.run(&["weights", "inspect", "bomb.pt"]).failed(&words);
    refused(&place, "bomb.pt", &words);
}

#[test]
fn numbers_of_64_bits_are_read_and_named() {
    let place = Place::new();
    let mut bytes = safetensors("weight", &[1], &[0.0; 2]);
    let header = String::from_utf8(bytes[8..bytes.len() - 8].to_vec()).unwrap().replace("F32", "F64");
    bytes.splice(8..8 + header.len(), header.bytes());
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&0.5f64.to_le_bytes());
    place.write("double.safetensors", bytes);
    let answer = place.run(&["weights", "inspect", "double.safetensors", "--json"]).succeeded().json();
    assert_eq!((answer["parameters"].as_u64(), answer["tensors"][0]["dtype"].as_str()), (Some(1), Some("F64")));
}
