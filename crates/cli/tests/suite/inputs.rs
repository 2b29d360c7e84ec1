//! Inputs as people have them: names, folders, links, odd pictures.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use portraitist_face::bundled_portrait;

use super::program::Place;

#[test]
fn names_that_are_no_utf_8_are_read_written_and_told() {
    let place = Place::new();
    for name in [&b"Jos\xE9.jpg"[..], b"Jos\xE8.jpg"] {
        fs::write(place.path("").join(OsStr::from_bytes(name)), bundled_portrait()).unwrap();
    }
    let mut command = place.command(&["align", "--json", "-o"]);
    command.arg(OsStr::from_bytes(b"out\xE9"));
    let names = [OsStr::from_bytes(b"Jos\xE9.jpg"), OsStr::from_bytes(b"Jos\xE8.jpg")];
    let output = command.args(names).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let crops = report["crops"].as_array().unwrap();
    assert_eq!((crops.len(), &crops[0]["input_bytes"]), (2, &"Sm9z6S5qcGc=".into()));
    let out = place.path("").join(OsStr::from_bytes(b"out\xE9"));
    for name in [&b"Jos\xE9.png"[..], b"Jos\xE8.png"] {
        assert!(out.join(OsStr::from_bytes(name)).is_file());
    }
}

#[test]
fn folders_are_walked_once_without_hidden_files_and_results() {
    let place = Place::new();
    for file in ["photos/Ada/x.jpg", "photos/Ada/._x.jpg", "photos/__MACOSX/Ada/x.jpg", "photos/.thumbnails/t.jpg"] {
        place.write_portrait(file);
    }
    place.write("photos/Ada/d.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    symlink("..", place.path("photos/Ada/up")).unwrap();
    symlink("nowhere.jpg", place.path("photos/dangling.jpg")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(place.path("photos/pipe.jpg")).status().unwrap().success());
    for _ in 0..2 {
        let answer = place.run(&["align", "photos", "-o", "photos/out", "--force", "--json"]).succeeded();
        let report = answer.json();
        assert_eq!(report["crops"].as_array().unwrap().len(), 1, "{report}");
        let told = report["warnings"].to_string();
        for part in ["._x.jpg", "__MACOSX", "d.heic", "dangling.jpg", "(a named pipe): pipe.jpg"] {
            assert!(told.contains(part) && answer.stderr.contains(part), "{part} in {answer:?}");
        }
    }
    assert_eq!(place.files("photos/out"), ["Ada/x.png"]);
    place.run(&["align", "photos", "-o", "photos", "--json"]).failed(&["the results would lie among the pictures"]);
    place.run(&["detect", "photos/pipe.jpg"]).failed(&["photos/pipe.jpg", "a named pipe"]);
}

#[test]
fn brackets_links_and_other_forms_of_names_are_found() {
    let place = Place::new();
    place.write_portrait("14 [2020]/a.jpg");
    place.write_portrait("Jose\u{301}.jpg");
    symlink("..", place.path("14 [2020]/up")).unwrap();
    for (word, count) in
        [("14 [2020]/*.jpg", 1), ("14 [2020]", 1), ("**/a.jpg", 1), ("Jos\u{e9}.jpg", 1), ("Jos*.jpg", 1)]
    {
        let report = place.run(&["detect", word, "--json"]).succeeded().json();
        assert_eq!(report["pictures"].as_array().unwrap().len(), count, "{word}: {report}");
    }
}

#[test]
fn what_is_odd_about_a_picture_is_said() {
    let place = Place::new();
    let portrait = bundled_portrait();
    assert_eq!(portrait[portrait.len() - 2..], [0xFF, 0xD9], "a JPEG that ends where its data does");
    place.write("no-end.jpg", &portrait[..portrait.len() - 2]);
    let answer = place.run(&["detect", "no-end.jpg", "--json"]).succeeded();
    let warnings = answer.json()["warnings"].to_string();
    assert!(warnings.contains("no-end.jpg: the JPEG's end marker is missing"), "{warnings}");
    assert!(answer.stderr.contains("warning: no-end.jpg"), "{}", answer.stderr);
    let answer = place.run(&["dataset", "check", "no-end.jpg", "--json"]);
    assert_ne!(answer.code, Some(101), "{answer:?}");
}

#[test]
fn lists_are_read_alike_by_every_command() {
    let place = Place::new();
    place.write_picture("a.png", 60, 70, 1);
    place.write_picture("b.png", 60, 70, 2);
    let text = "\u{feff}a.png\tAda\r\nb.png\tBob\r\n";
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [text.as_bytes().to_vec(), utf_16, text[3..].replace("\r\n", "\r").into_bytes()] {
        place.write("list.txt", bytes);
        let report = place.run(&["dataset", "info", "list.txt", "--json"]).succeeded().json();
        assert_eq!((&report["people"], &report["photos"]), (&2.into(), &2.into()), "{report}");
    }
}

#[test]
fn models_styles_and_plots_may_have_names_that_are_no_utf_8() {
    let place = Place::new();
    let odd = |name: &[u8]| place.path("").join(OsStr::from_bytes(name));
    place.write_picture("x.png", 32, 40, 1);
    fs::copy(crate::program::tiny_model(), odd(b"gen_\xE9.pt")).unwrap();
    fs::copy(crate::program::original("config.yaml"), place.path("config.yaml")).unwrap();
    fs::write(odd(b"style\xE9.npy"), crate::program::npy("4,", &[0.1, 0.2, 0.3, 0.4])).unwrap();
    let mut command = place.command(&["translate", "x.png", "--aligned", "-o", "out", "--json", "--model"]);
    let output = command.arg(odd(b"gen_\xE9.pt")).arg("--style").arg(odd(b"style\xE9.npy")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.files("out"), ["x-drawing.png"]);
    place.write("scores.txt", "0.9\t1\n0.2\t0\n");
    let mut command = place.command(&["recognize", "metrics", "scores.txt", "--json", "--plot"]);
    assert!(command.arg(odd(b"roc\xE9.svg")).output().unwrap().status.success());
    assert!(odd(b"roc\xE9.svg").is_file());
}

#[test]
fn manifests_tell_names_that_are_no_utf_8_apart() {
    let place = Place::new();
    for name in [&b"Jos\xE9.jpg"[..], b"Jos\xE8.jpg", b"plain.jpg"] {
        let path = place.path("photos/Ada").join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bundled_portrait()).unwrap();
    }
    for _ in 0..2 {
        let report = place.run(&["dataset", "prepare", "photos", "prepared", "--json"]).succeeded().json();
        assert_eq!(report["kept"], 3, "{report}");
        let rows = portraitist_face::prepare::manifest::read_manifest(&place.path("prepared/manifest.csv")).unwrap();
        let mut sources: Vec<&str> = rows.iter().map(|row| row.source.as_str()).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["Ada/plain.jpg", "bytes:4164612f4a6f73e82e6a7067", "bytes:4164612f4a6f73e92e6a7067"]);
        let crops: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.crop.as_str()).collect();
        assert_eq!(crops.len(), 3);
    }
}
