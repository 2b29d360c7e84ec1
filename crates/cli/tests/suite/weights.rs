//! `portraitist weights`.

use std::fs;

use crate::program::{Place, original, tiny_model};

impl Place {
    fn convert(&self, arguments: &[&str]) {
        self.run(&[&["weights", "convert"], arguments].concat()).succeeded();
    }

    fn draw_with(&self, model: &str) -> Vec<u8> {
        self.write_picture("x.png", 64, 80, 1);
        self.run(&["translate", "x.png", "--aligned", "--force", "-o", "out", "--model", model]).succeeded();
        self.read("out/x-drawing.png")
    }
}

#[test]
fn original_weights_are_inspected() {
    let place = Place::new();
    let model = tiny_model();
    let object = place.run(&["weights", "inspect", model.to_str().unwrap(), "--json"]).succeeded().json();
    assert_eq!(object["kind"], "translator");
    assert_eq!(object["config"]["generator"]["style_dim"], 4);
    let tensors = object["tensors"].as_array().unwrap();
    let first = tensors.iter().find(|tensor| tensor["name"] == "a.enc_content.model.0.conv.weight").unwrap();
    assert_eq!(first["shape"], serde_json::json!([4, 3, 7, 7]));
    assert_eq!(first["dtype"], "F32");
    let size = |tensor: &serde_json::Value| {
        tensor["shape"].as_array().unwrap().iter().map(|side| side.as_u64().unwrap()).product::<u64>()
    };
    assert_eq!(object["parameters"].as_u64().unwrap(), tensors.iter().map(size).sum::<u64>());
    let discriminator = original("dis_00000000.pt");
    assert_eq!(
        place.run(&["weights", "inspect", discriminator.to_str().unwrap(), "--json"]).succeeded().json()["kind"],
        "discriminator"
    );
}

#[test]
fn converted_weights_draw_the_same_bytes() {
    let place = Place::new();
    let model = tiny_model();
    place.convert(&[model.to_str().unwrap(), "model.safetensors"]);
    assert_eq!(place.draw_with(model.to_str().unwrap()), place.draw_with("model.safetensors"));
    let object = place.run(&["weights", "inspect", "model.safetensors", "--json"]).succeeded().json();
    assert_eq!(object["kind"], "translator");
    assert!(object.get("warnings").is_none(), "{object}");
    place.convert(&[model.to_str().unwrap(), "again.safetensors"]);
    assert_eq!(place.read("model.safetensors"), place.read("again.safetensors"));
}

#[test]
fn half_precision_is_half_the_size_and_nearly_the_same_drawing() {
    let place = Place::new();
    let model = tiny_model();
    place.convert(&[model.to_str().unwrap(), "single.safetensors"]);
    place.convert(&[model.to_str().unwrap(), "half.safetensors", "--half"]);
    let object = place.run(&["weights", "inspect", "half.safetensors", "--json"]).succeeded().json();
    assert_eq!(object["tensors"][0]["dtype"], "F16");
    assert!(place.read("half.safetensors").len() < place.read("single.safetensors").len());
    place.draw_with("half.safetensors");
}

#[test]
fn converting_replaces_only_by_force_and_writes_beside_by_default() {
    let place = Place::new();
    fs::copy(tiny_model(), place.path("gen.pt")).unwrap();
    fs::copy(original("config.yaml"), place.path("config.yaml")).unwrap();
    place.write("gen.safetensors", "mine");
    place.run(&["weights", "convert", "gen.pt"]).failed(&["gen.safetensors", "exists"]);
    assert_eq!(place.read("gen.safetensors"), b"mine");
    place.convert(&["gen.pt", "--force"]);
    place.draw_with("gen.safetensors");
}

#[test]
fn weights_without_a_network_are_inspected_but_not_converted() {
    let place = Place::new();
    place.write("other.safetensors", crate::program::safetensors("weight", &[2], &[0.0; 2]));
    let object = place.run(&["weights", "inspect", "other.safetensors", "--json"]).succeeded().json();
    assert_eq!((object["kind"].as_str(), object["parameters"].as_u64()), (Some("unknown"), Some(2)));
    assert_eq!(object["warnings"].as_array().unwrap().len(), 1);
    place.run(&["weights", "convert", "other.safetensors", "new.safetensors"]).failed(&["other.safetensors"]);
    place.run(&["weights", "inspect", "missing.pt"]).failed(&["missing.pt"]);
    assert_eq!(place.files("."), ["other.safetensors"]);
}

#[test]
fn an_original_configuration_becomes_a_run_file() {
    let place = Place::new();
    fs::copy(original("config.yaml"), place.path("config.yaml")).unwrap();
    place.convert(&["config.yaml", "run.toml"]);
    place.run(&["train", "run.toml", "--dry-run"]).failed(&["dataset"]);
    for domain in ["drawing", "photo"] {
        place.write_picture(&format!("dataset/{domain}/anna/1.png"), 50, 70, 1);
    }
    let report = place.run(&["train", "run.toml", "--dry-run", "--json"]).succeeded().json();
    assert_eq!((report["drawings"].as_u64(), report["photos"].as_u64()), (Some(1), Some(1)));
    place.run(&["weights", "convert", "config.yaml", "half.toml", "--half"]).failed(&["--half"]);
}

#[test]
fn styles_get_names_and_are_asked_for_by_them() {
    let place = Place::new();
    let model = tiny_model();
    for (name, seed) in [("ink/a.png", 2), ("ink/b.png", 3), ("wash.png", 7)] {
        place.write_picture(name, 48, 60, seed);
    }
    let name = |model: &str, examples: &[&str]| {
        let of: Vec<&str> = examples.iter().flat_map(|example| ["--of", example]).collect();
        place.run(
            &[&["weights", "styles", model, "--aligned", "-o", "named.safetensors", "--force", "--json"], &of[..]]
                .concat(),
        )
    };
    let answer = name(model.to_str().unwrap(), &["ink=ink", "wash=wash.png"]).succeeded().json();
    assert_eq!((&answer["styles"]["ink"]["pictures"], &answer["styles"]["wash"]["pictures"]), (&2.into(), &1.into()));
    assert_eq!(answer["styles"]["wash"]["spread"], 0.0);
    assert!(answer["styles"]["ink"]["spread"].as_f64().unwrap() > 0.0);
    let draw = |style: &str| {
        place.write_picture("x.png", 64, 80, 1);
        let words = [
            "translate",
            "x.png",
            "--aligned",
            "--force",
            "-o",
            "out",
            "--model",
            "named.safetensors",
            "--style",
            style,
        ];
        place.run(&[&words[..], &["--json"]].concat()).succeeded().json()
    };
    // The style of one picture is what the picture itself gives.
    assert_eq!(draw("wash")["outputs"][0]["style"], "wash");
    let by_name = place.read("out/x-drawing.png");
    draw("wash.png");
    assert_eq!(by_name, place.read("out/x-drawing.png"));
    draw("ink");
    assert_ne!(by_name, place.read("out/x-drawing.png"));
    let config = place.run(&["weights", "inspect", "named.safetensors", "--json"]).succeeded().json();
    assert_eq!(config["config"]["styles"]["drawing"].as_object().unwrap().len(), 2);
    place
        .run(&["translate", "x.png", "--aligned", "-o", "out", "--model", "named.safetensors", "--style", "oil"])
        .failed(&["oil", "ink, wash"]);
    let refused = name(model.to_str().unwrap(), &["Ink Wash=ink"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("lower-case"), "{refused:?}");
    name(model.to_str().unwrap(), &["ink=nothing.png"]).failed(&["nothing.png"]);
    name("named.safetensors", &["ink=ink"]).failed(&["replace the input"]);
}
