//! Pictures, folders and command lines that cannot be used: one clear error each, and nothing left behind.

use portraitist_face::bundled_portrait;

use crate::program::Place;

#[test]
fn wrong_usage_ends_with_2() {
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    let calls: [&[&str]; 7] = [
        &[],
        &["paint"],
        &["translate", "x.png"],
        &["translate", "x.png", "-o", "out", "--count", "0"],
        &["translate", "x.png", "-o", "out", "--strength", "NaN"],
        &["translate", "x.png", "-o", "out", "--points", "1,2,3"],
        &["translate", "x.png", "-o", "out", "--aligned", "--paste"],
    ];
    for call in calls {
        let answer = place.run(call);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.stdout.is_empty() && !answer.stderr.contains("panicked"), "{answer:?}");
    }
    assert_eq!(place.files("."), ["x.png"]);
}

/// A PNG that announces more pixels than anybody's memory holds.
fn huge_png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend([30_000u32.to_be_bytes(), 30_000u32.to_be_bytes()].concat());
    header.extend([8, 2, 0, 0, 0]);
    bytes.extend(13u32.to_be_bytes());
    bytes.extend(&header);
    bytes.extend(crc32(&header).to_be_bytes());
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(b"IDAT");
    bytes.extend(crc32(b"IDAT").to_be_bytes());
    bytes
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn unusable_pictures_are_errors_by_name() {
    let place = Place::new();
    place.write("cut.jpg", &bundled_portrait()[..9000]);
    place.write("text.jpg", "dear diary");
    place.write("empty.png", "");
    place.write("huge.png", huge_png());
    std::fs::create_dir(place.path("folder")).unwrap();
    let cases = [
        ("cut.jpg", "damaged data"),
        ("text.jpg", "found text"),
        ("empty.png", "an empty file"),
        ("huge.png", "30000x30000"),
        ("missing.jpg", "No such file"),
        ("folder", "no pictures here"),
        ("*.webp", "no file matches"),
        ("[.png", "Pattern syntax error"),
    ];
    for command in ["translate", "detect", "align"] {
        for (name, reason) in cases {
            let call: &[&str] = if command == "detect" { &[] } else { &["-o", "out"] };
            let answer = place.run(&[&[command, name, "--json"], call].concat()).failed(&[name, reason]);
            let failed = answer.json()["failed"].clone();
            assert_eq!(failed[0]["input"], name);
            assert!(failed[0]["error"].as_str().unwrap().contains(reason), "{failed}");
        }
    }
    assert!(place.files("out").is_empty());
}

#[test]
fn a_bad_picture_does_not_stop_the_others() {
    let place = Place::new();
    place.write_picture("in/a.png", 32, 40, 1);
    place.write("in/b.png", "dear diary");
    place.write_picture("in/c.png", 32, 40, 2);
    let object = place.translate(&["in", "--aligned", "-o", "out"]).failed(&["in/b.png"]).json();
    assert_eq!(place.files("out"), ["a-drawing.png", "c-drawing.png"]);
    assert_eq!(object["outputs"].as_array().unwrap().len(), 2);
    assert_eq!(object["failed"].as_array().unwrap().len(), 1);
    assert_eq!(object["failed"][0]["input"], "in/b.png");
}

#[test]
fn a_photo_without_a_face_says_what_to_do() {
    let place = Place::new();
    place.write_picture("x.png", 200, 200, 1);
    let answer = place.translate(&["x.png", "-o", "out"]).failed(&["x.png", "no face found", "hint: "]);
    assert!(answer.stderr.contains("--points") && answer.stderr.contains("--aligned"), "{answer:?}");
    place.run(&["align", "x.png", "-o", "out"]).failed(&["x.png", "no face found", "--points"]);
    assert!(place.files("out").is_empty());
}

#[test]
fn an_output_folder_that_is_a_file_is_refused() {
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    place.write("taken", "mine");
    place.translate(&["x.png", "--aligned", "-o", "taken"]).failed(&["taken"]);
    assert_eq!(place.read("taken"), b"mine");
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_to_write_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    let folder = place.path("out");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    let may_write_anyway = std::fs::write(folder.join("probe"), "").is_ok();
    if !may_write_anyway {
        place.translate(&["x.png", "--aligned", "-o", "out"]).failed(&["out/x-drawing.png", "ermission denied"]);
        assert!(place.files("out").is_empty());
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The limit on a file's size stands in for a full disk; the signal that comes with it is ignored, so
/// that writing fails as it does there.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_leaves_no_half_file() {
    let place = Place::new();
    place.write_picture("x.png", 512, 512, 1);
    let model = crate::program::tiny_model();
    let limited = r#"trap "" 25 2>/dev/null; ulimit -f 8; exec "$@""#;
    let call = ["translate", "x.png", "--aligned", "-o", "out", "--model", model.to_str().unwrap()];
    place.run_in_shell(limited, &call).failed(&["out/x-drawing.png", "cannot write"]);
    assert!(place.files("out").is_empty(), "{:?}", place.files("out"));
    place.write("out/x-drawing.png", "mine");
    place.run_in_shell(limited, &[&call[..], &["--force"]].concat()).failed(&["out/x-drawing.png"]);
    assert_eq!(place.read("out/x-drawing.png"), b"mine");
    assert_eq!(place.files("out"), ["x-drawing.png"]);
}

#[test]
fn a_result_never_replaces_an_input() {
    let place = Place::new();
    place.write_portrait("x.png");
    let photo = place.read("x.png");
    let answer = place.run(&["align", "x.png", "-o", ".", "--force", "--json"]).succeeded().json();
    assert_eq!(answer["crops"][0]["output"], "./x-2.png");
    assert_eq!(place.read("x.png"), photo);
    place.run(&["recognize", "embed", "x.png", "-o", "x.png", "--force"]).failed(&["would replace the input"]);
    place.write("model.safetensors", "weights");
    let convert = ["weights", "convert", "model.safetensors", "./model.safetensors", "--force"];
    place.run(&convert).failed(&["would replace the input"]);
    assert_eq!((place.read("x.png"), place.read("model.safetensors")), (photo, b"weights".to_vec()));
}

#[test]
fn every_result_has_a_name_of_its_own() {
    let place = Place::new();
    for name in ["a.png", "a.jpg", "A.png", "deep/a.png"] {
        place.write_portrait(&format!("in/{name}"));
    }
    let answer = place.run(&["align", "in", "-o", "out", "--json"]).succeeded().json();
    let outputs: Vec<&str> =
        answer["crops"].as_array().unwrap().iter().map(|crop| crop["output"].as_str().unwrap()).collect();
    let unique: std::collections::BTreeSet<String> = outputs.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!((outputs.len(), unique.len(), place.files("out").len()), (4, 4, 4), "{outputs:?}");
    place.run(&["demo", "--once", "drawn", "in/a.png", "in/deep/a.png"]).succeeded();
    assert_eq!(place.files("drawn").len(), 15);
    assert!(place.path("drawn/a-2-drawing-1.png").is_file());
}

#[test]
fn long_names_are_written() {
    let place = Place::new();
    let name = "x".repeat(246);
    place.write_portrait(&format!("{name}.png"));
    for command in [&["align"][..], &["translate"][..]] {
        place.run(&[command, &[&format!("{name}.png"), "-o", command[0]]].concat()).succeeded();
        assert_eq!(place.files(command[0]).len(), 1);
    }
}

#[test]
fn numbers_that_are_not_finite_end_as_an_error_and_not_as_a_black_picture() {
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    place.write("far.npy", crate::program::npy("4,", &[3e38, -3e38, 3e38, -3e38]));
    place.translate(&["x.png", "--aligned", "--style", "far.npy", "-o", "out"]).failed(&["x.png", "not finite"]);
    assert!(place.files("out").is_empty());
}
