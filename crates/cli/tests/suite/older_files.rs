//! Run folders, checkpoints and model files of an older version: `tests/golden/older/README.md`.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::program::Place;

/// A place with the pictures of the old runs and the run folder `name` where a run of today would be.
fn place(name: &str) -> Place {
    let place = Place::new();
    for index in 0..3 {
        place.write_picture(&format!("drawings/d{index}.png"), 40, 48, index);
        place.write_picture(&format!("photos/p{index}.png"), 40, 48, 10 + index);
    }
    for (index, person) in ["anna", "bela", "cora"].into_iter().enumerate() {
        for picture in 0..2 {
            place.write_picture(&format!("people/photos/{person}/{picture}.png"), 96, 112, 40 * index + picture);
        }
        place.write_picture(&format!("people/drawings/{person}/0.png"), 96, 112, 40 * index + 7);
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/older").join(name);
    copy(&golden, &place, "runs/00001-older");
    let run_file = String::from_utf8(place.read("runs/00001-older/run.toml")).unwrap();
    let folder = if name == "recognizer" { place.path("people") } else { place.path("") };
    let folder = folder.canonicalize().unwrap();
    place.write("runs/00001-older/run.toml", run_file.replace("@PLACE@", folder.to_str().unwrap()));
    place
}

fn copy(from: &Path, place: &Place, to: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = format!("{to}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            copy(&entry.path(), place, &to);
        } else {
            place.write(&to, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Asks an old run for six steps instead of three, by its own run file.
fn resume(place: &Place, command: &[&str]) {
    let run_file = String::from_utf8(place.read("runs/00001-older/run.toml")).unwrap();
    place.write("longer.toml", run_file.replace("steps = 3", "steps = 6"));
    let answer = place.run(&[command, &["longer.toml", "--resume", "--json"]].concat()).succeeded().json();
    assert_eq!(answer["steps"], 6);
}

/// Compares the bytes of the tensors of a file of step six; whatever the header says, they must be the old program's.
fn assert_tensors(place: &Place, file: &str, sha256: &str) {
    let bytes = place.read(&format!("runs/00001-older/checkpoints/00000006/{file}"));
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let found: String = Sha256::digest(&bytes[8 + header..]).iter().map(|byte| format!("{byte:02x}")).collect();
    if has_avx512() {
        assert_eq!(found, sha256, "{file}");
    }
}

/// Whether this machine computes with the instructions that the old files were made with.
fn has_avx512() -> bool {
    let chosen = std::env::var("PORTRAITIST_ISA").map_or(true, |isa| isa == "avx512");
    #[cfg(target_arch = "x86_64")]
    let detected = std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    let detected = false;
    chosen && detected
}

#[test]
fn an_old_translator_run_resumes_to_the_same_bytes() {
    let place = place("translator");
    resume(&place, &["train"]);
    assert_tensors(&place, "average.safetensors", "8aaaccf08c13206fbe3b07dccfa9f20f45f468bdca5cfbff3dc827d0ea551d48");
    assert_tensors(
        &place,
        "discriminator.safetensors",
        "4eb1664f725f6d6866d5d5de3774c4f8157d8e5ffce15ce0f261f7e10e1e76ed",
    );
    assert_tensors(&place, "generator.safetensors", "778891563ad5f16a99e27502746f1b4eec85963a45c100e0a97a19f7f32869e6");
}

#[test]
fn an_old_recognizer_run_resumes_to_the_same_bytes() {
    let place = place("recognizer");
    resume(&place, &["recognize", "train"]);
    assert_tensors(
        &place,
        "recognizer.safetensors",
        "6926550f7c540b8e8e8ac57a28622d5e9dd489a2f4ea4d7f199243de05668f87",
    );
}

#[test]
fn old_runs_and_model_files_translate_to_the_same_picture() {
    let place = place("translator");
    let models = [
        ("runs/00001-older", "6a0eb1896b1d04fa94c57323e47913549f3ff9f0a85c1b5f5eb1c8f666c9d139"),
        (
            "runs/00001-older/checkpoints/00000003/generator.safetensors",
            "84b0dce5ab7a889861d2754f60d3ed381ba7da2fa4bb989aef2752faf635db2c",
        ),
    ];
    for (model, sha256) in models {
        let arguments = ["translate", "photos/p0.png", "--aligned", "-o", "out", "--seed", "3", "--force", "--model"];
        place.run(&[&arguments[..], &[model]].concat()).succeeded();
        let png = place.read("out/p0-drawing.png");
        let found: String = Sha256::digest(&png).iter().map(|byte| format!("{byte:02x}")).collect();
        if has_avx512() {
            assert_eq!(found, sha256, "{model}");
        }
    }
}
