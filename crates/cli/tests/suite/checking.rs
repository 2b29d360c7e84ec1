//! `portraitist dataset check` on synthetic people, whole and damaged.

use std::collections::BTreeMap;
use std::fs;

use portraitist_face::{Picture, edit};
use serde_json::Value;

use crate::program::Place;

/// People with photos and drawings in WebCaricature's layout.
fn people() -> Place {
    let place = Place::new();
    let words =
        ["dataset", "synth", "people", "--identities", "6", "--photos", "4", "--drawings", "4", "--size", "160"];
    place.run(&words).succeeded();
    place
}

/// The names of the people.
fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path("people/OriginalImages")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The kinds of problems of each picture.
fn kinds(report: &Value) -> BTreeMap<String, Vec<String>> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for problem in report["problems"].as_array().unwrap() {
        let text = |field: &str| problem[field].as_str().unwrap().to_owned();
        kinds.entry(text("picture")).or_default().push(text("kind"));
    }
    kinds
}

#[test]
fn synthetic_people_raise_no_alarm_and_every_damage_is_found() {
    let place = people();
    let report = place.run(&["dataset", "check", "people", "--faces", "--json"]).succeeded().json();
    assert_eq!(report["problems"], Value::Array(Vec::new()), "{report}");

    let names = names(&place);
    let file = |person: usize, picture: &str| format!("people/OriginalImages/{}/{picture}.jpg", names[person]);
    let change = |person: usize, picture: &str, change: &dyn Fn(&Picture) -> Picture| {
        let path = place.path(&file(person, picture));
        let changed = change(&Picture::open(&path).unwrap());
        fs::write(path, changed.encode_jpeg(92).unwrap()).unwrap();
    };
    let levels = |change: fn(u8) -> u8| {
        move |picture: &Picture| {
            let pixels = picture.pixels().iter().map(|level| change(*level)).collect();
            Picture::from_rgb(picture.width(), picture.height(), pixels).unwrap()
        }
    };
    change(0, "P00001", &|picture| {
        edit::resize(&edit::resize(picture, 24, 24).unwrap(), picture.width(), picture.height()).unwrap()
    });
    change(0, "P00002", &levels(|level| level / 5));
    change(0, "P00003", &levels(|level| 215 + level / 8));
    change(1, "P00001", &edit::to_grey);
    change(1, "P00002", &|picture| edit::resize(picture, 4 * 200, 4 * 200).unwrap());
    fs::copy(place.path(&file(2, "P00001")), place.path(&file(2, "P00002"))).unwrap();
    change(2, "P00004", &|_| {
        let other = Picture::open(place.path(&file(2, "P00003"))).unwrap();
        edit::resize(&other, 120, 120).unwrap()
    });
    let points = format!("people/FacialPoints/{}/P00001.txt", names[3]);
    let text = String::from_utf8(place.read(&points)).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(0, 2);
    place.write(&points, lines.join("\n"));
    // The first photo of one shows another.
    for folder in ["OriginalImages", "FacialPoints"] {
        let ending = if folder == "OriginalImages" { "jpg" } else { "txt" };
        let path =
            |person: usize, picture: &str| place.path(&format!("people/{folder}/{}/{picture}.{ending}", names[person]));
        fs::copy(path(5, "P00002"), path(4, "P00001")).unwrap();
    }
    let words = ["dataset", "check", "people", "--faces", "--json", "--report", "page.html", "--list", "list.txt"];
    let found = kinds(&place.run(&words).succeeded().json());
    for (person, picture, kind) in [
        (0, "P00001", "blurry"),
        (0, "P00002", "dark"),
        (0, "P00003", "bright"),
        (1, "P00001", "grey_among_colour"),
        (1, "P00002", "odd_size"),
        (2, "P00002", "duplicate"),
        (2, "P00004", "near_duplicate"),
        (3, "P00001", "implausible_landmarks"),
        (4, "P00001", "other_person"),
    ] {
        let label = format!("{}/{picture}", names[person]);
        assert!(
            found.get(&label).is_some_and(|kinds| kinds.iter().any(|found| found == kind)),
            "{label} {kind}: {found:?}"
        );
    }
    let page = String::from_utf8(place.read("page.html")).unwrap();
    for word in ["<h2>blurry (1)</h2>", "data:image/jpeg;base64,/9j/", &names[4], "eye distances"] {
        assert!(page.contains(word), "{word} is missing in the page");
    }
    assert!(
        !page.contains("<script") && !page.contains("href=") && !page.contains("src=\"http"),
        "it needs nothing else"
    );
    let list = String::from_utf8(place.read("list.txt")).unwrap();
    assert!(list.lines().any(|line| line.starts_with(&format!("{}/P00001\tblurry\t", names[0]))), "{list}");
    place.run(&words).failed(&["page.html exists already", "--force"]);
}

#[test]
fn plain_folders_of_people_are_looked_at_by_the_detector() {
    let place = people();
    let names = names(&place);
    let copy = |person: usize, picture: &str, to: &str| {
        let from = place.path(&format!("people/OriginalImages/{}/{picture}.jpg", names[person]));
        let to = place.path(&format!("plain/{to}.jpg"));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    };
    for (person, name) in names.iter().enumerate().take(4) {
        for number in 1..=4 {
            copy(person, &format!("P0000{number}"), &format!("{name}/{number}"));
        }
    }
    let check = || place.run(&["dataset", "check", "plain", "--faces", "--json"]).succeeded().json();
    let report = check();
    let kinds_of = |report: &Value| kinds(report).into_values().flatten().collect::<Vec<String>>();
    assert_eq!(kinds_of(&report), ["no_landmarks"], "{report}");

    // One person under two names, a face at the edge, and a picture without one.
    for number in [3, 4] {
        fs::create_dir_all(place.path("plain/Second Name")).unwrap();
        let from = place.path(&format!("plain/{}/{number}.jpg", names[0]));
        fs::rename(from, place.path(&format!("plain/Second Name/{number}.jpg"))).unwrap();
    }
    let path = place.path(&format!("plain/{}/1.jpg", names[1]));
    let picture = Picture::open(&path).unwrap();
    let cut = edit::crop(&picture, 0, 0, picture.width(), picture.height() * 62 / 100).unwrap();
    fs::write(&path, cut.encode_jpeg(92).unwrap()).unwrap();
    place.write_picture(&format!("plain/{}/9.png", names[2]), 160, 160, 3);
    let report = check();
    let found = kinds(&report);
    let has = |label: &str, kind: &str| found.get(label).is_some_and(|kinds| kinds.iter().any(|found| found == kind));
    assert!(has(&names[0], "same_person") || has("Second Name", "same_person"), "{report}");
    assert!(has(&format!("{}/1", names[1]), "face_cut_off"), "{report}");
    assert!(has(&format!("{}/9", names[2]), "no_face"), "{report}");
}
