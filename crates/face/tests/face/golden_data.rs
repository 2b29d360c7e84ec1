//! Datasets, filters, alignment and pose against the original's numbers; see tests/golden/README.md.
//!
//! A small copy lies in tests/golden/data; the whole reference data is tested, too, where it lies beside the repository.

#![expect(clippy::print_stderr, reason = "a test says what it skips")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use portraitist_face::dataset::overview::overview;
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::edit::warp_as_opencv;
use portraitist_face::filter::{LandmarkFilter, check_positions};
use portraitist_face::landmarks::Landmarks;
use portraitist_face::mersenne::MersenneTwister;
use portraitist_face::pose::{self, HeadModel};
use portraitist_face::protocol::classes::class_list;
use portraitist_face::protocol::coverage::{Available, Coverage, Protocols};
use portraitist_face::protocol::identification::{Direction, Set, identification};
use portraitist_face::protocol::verification::{self, Pair, Part};
use portraitist_face::template::Template;
use portraitist_face::transform::{Point, Similarity};
use portraitist_face::{Domain, Picture, original_2018};
use serde_json::{Value, json};

/// The copy in the repository, and the whole reference data if it is there.
fn roots() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let whole = here.join("../../../shared/golden/data");
    let mut roots = vec![here.join("tests/golden/data")];
    if whole.is_dir() {
        roots.push(whole);
    } else {
        eprintln!("skipped: no reference data at {}; the copy in the repository is tested", whole.display());
    }
    roots
}

fn expected(root: &Path, file: &str) -> Value {
    let path = root.join("expected").join(file);
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn original(root: &Path) -> Dataset {
    Dataset::open(root.join("original_dataset"), &OpenOptions::default()).unwrap()
}

fn points(value: &Value) -> Vec<Point> {
    value.as_array().unwrap().iter().map(|pair| [0, 1].map(|axis| pair[axis].as_f64().unwrap())).collect()
}

fn landmarks(value: &Value) -> Landmarks {
    Landmarks(points(value).try_into().unwrap())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn assert_matrix(found: &Similarity, expected: &Value, what: &str) {
    for (row, expected) in found.matrix().iter().zip(expected.as_array().unwrap()) {
        for (found, expected) in row.iter().zip(expected.as_array().unwrap()) {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{what}: {found} is not {expected}");
        }
    }
}

/// What the original fits to: single precision throughout.
fn single(points: &[Point]) -> Vec<Point> {
    points.iter().map(|point| point.map(|value| f64::from(value as f32))).collect()
}

#[test]
fn overviews_are_those_of_the_viewer() {
    for root in roots() {
        let found = serde_json::to_value(overview(&original(&root))).unwrap();
        assert_eq!(found, expected(&root, "overview.json"));
    }
}

#[test]
fn class_lists_are_those_of_the_loaders() {
    for root in roots() {
        let (dataset, lists) = (original(&root), expected(&root, "class_lists.json"));
        let mut seen = 0;
        for (key, expected) in lists.as_object().unwrap() {
            let part = if key.contains(".test.") { Part::Test } else { Part::Train };
            let clear = key.ends_with("clear_True").then_some(&LandmarkFilter::ORIGINAL);
            let images = |domains: &[Domain]| {
                let list = class_list(&dataset, part, domains, clear).unwrap();
                let row = |(picture, class): &(_, usize)| json!([format!("OriginalImages/{picture}.jpg"), class]);
                (json!(list.class_names), list.pictures.iter().map(row).collect::<Vec<_>>())
            };
            if key.starts_with("WCPairDataset") {
                for (letter, domain) in [("c", Domain::Drawing), ("p", Domain::Photo)] {
                    let (names, found) = images(&[domain]);
                    assert_eq!(names, expected["class_names"]);
                    let listed = expected[letter].as_object().unwrap().values();
                    let mut listed: Vec<Value> = listed.flat_map(|list| list.as_array().unwrap().clone()).collect();
                    listed.sort_by_key(ToString::to_string);
                    let mut found = found;
                    found.sort_by_key(ToString::to_string);
                    assert_eq!(found, listed, "{key} {letter}");
                }
            } else {
                let domains: &[Domain] = match key.split('.').nth(2) {
                    Some("c") => &[Domain::Drawing],
                    Some("p") => &[Domain::Photo],
                    _ => &[Domain::Drawing, Domain::Photo],
                };
                let (names, found) = images(domains);
                assert_eq!(
                    (names, json!(found)),
                    (expected["class_names"].clone(), expected["images"].clone()),
                    "{key}"
                );
            }
            seen += 1;
        }
        assert_eq!(seen, 11);
    }
}

fn pair_rows(folds: &[Vec<Pair>]) -> Vec<Value> {
    let row = |pair: &Pair| json!([pair.first.to_string(), pair.second.to_string(), u8::from(pair.same)]);
    folds.iter().flatten().map(row).collect()
}

#[test]
fn restricted_pairs_are_those_of_the_original() {
    for root in roots() {
        let expected = expected(&root, "restricted_view2.json");
        let folds = verification::restricted_view2(original(&root).require_protocols().unwrap()).unwrap();
        let lengths: Vec<usize> = folds.iter().map(Vec::len).collect();
        assert_eq!(json!(lengths), expected["folds_length"]);
        assert_eq!(json!(pair_rows(&folds)), expected["pairs"]);
    }
}

#[test]
fn unrestricted_pairs_are_drawn_as_by_numpy() {
    for root in roots() {
        let expected = expected(&root, "unrestricted_view2.json");
        let people = verification::unrestricted_view2(original(&root).require_protocols().unwrap()).unwrap();
        let sample = |length, seed| verification::sample_pairs(&people, length, seed).unwrap();
        let long = sample(verification::ORIGINAL_FOLD_LENGTH, verification::ORIGINAL_SEED);
        let rows = pair_rows(&long[..1]);
        let default = &expected["default_fold_length_1000_seed_1"];
        assert_eq!(json!(rows[..50]), default["first_50"]);
        assert_eq!(json!(rows[1000..1050]), default["pairs_1000_to_1049"]);
        for (length, seed) in [(15, 1), (7, 42)] {
            let case = &expected[format!("fold_length_{length}_seed_{seed}_all")];
            let folds = sample(length, seed);
            assert_eq!(json!(folds.iter().map(Vec::len).collect::<Vec<_>>()), case["folds_length"]);
            assert_eq!(json!(pair_rows(&folds)), case["pairs"]);
        }
        let reference = expected["rng_reference"].as_object().unwrap();
        let mut random = MersenneTwister::new(1);
        let repeated = reference.iter().find(|(key, _)| key.contains("repeated 4 times")).unwrap().1;
        for row in repeated.as_array().unwrap() {
            assert_eq!(&json!([5, 1, 7, 16, 2].map(|bound| random.below(bound))), row);
        }
    }
}

#[test]
fn every_other_protocol_is_read() {
    for root in roots() {
        let dataset = original(&root);
        let protocols = dataset.require_protocols().unwrap();
        let available: BTreeSet<String> = dataset.entries().map(|(person, entry)| person.label(entry)).collect();
        for part in [Part::Train, Part::Test] {
            let pairs = verification::restricted_view1(protocols, part).unwrap();
            assert_eq!(pairs.iter().filter(|pair| pair.same).count() * 2, pairs.len());
            assert!(!verification::unrestricted_view1(protocols, part).unwrap().is_empty());
        }
        for direction in [Direction::C2P, Direction::P2C] {
            for set in Set::all() {
                let task = identification(protocols, direction, set).unwrap();
                let named = task.gallery.iter().chain(&task.probes);
                assert!(named.clone().all(|picture| available.contains(&picture.to_string())));
                assert!(!task.training.is_empty() && task.gallery.len() < task.probes.len());
                let probe = if direction == Direction::C2P { "C" } else { "P" };
                assert!(task.probes.iter().all(|picture| picture.name.starts_with(probe)));
                assert!(task.gallery.iter().all(|picture| !picture.name.starts_with(probe)));
            }
        }
    }
}

/// The original's nested form: file → `[missing, entries, ratio]`, folder → the same with `count`.
fn tree(coverage: &Coverage) -> Value {
    let row = |count: portraitist_face::protocol::coverage::Count| json!([count.missing, count.entries, count.ratio()]);
    let mut tree = json!({ "count": row(coverage.total()) });
    let insert = |tree: &mut Value, path: &str, value: Value| {
        let mut place = tree;
        for part in path.split('/') {
            place = &mut place[part];
        }
        *place = value;
    };
    for (file, count) in &coverage.files {
        insert(&mut tree, file, row(*count));
    }
    for (folder, count) in coverage.folders() {
        insert(&mut tree, &format!("{folder}count"), row(count));
    }
    tree
}

/// Equal trees; ratios within rounding, because they are written with and read from few digits.
fn assert_tree(found: &Value, expected: &Value, what: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected.keys().collect::<BTreeSet<_>>(), "{what}");
            found.iter().for_each(|(key, value)| assert_tree(value, &expected[key], &format!("{what}/{key}")));
        }
        _ => {
            assert_eq!((&found[0], &found[1]), (&expected[0], &expected[1]), "{what}");
            assert!((found[2].as_f64().unwrap() - expected[2].as_f64().unwrap()).abs() < 1e-12, "{what}");
        }
    }
}

fn coverage(dataset: &Dataset) -> Coverage {
    let protocols = Protocols::read(dataset.require_protocols().unwrap()).unwrap();
    assert!(protocols.problems.is_empty(), "{:?}", protocols.problems);
    protocols.count(&Available::of(dataset))
}

#[test]
fn missing_entries_are_counted_as_by_the_viewer() {
    for root in roots() {
        let expected = expected(&root, "missing_files.json");
        for name in ["original_dataset", "subset_v000"] {
            let dataset = Dataset::open(root.join(name), &OpenOptions::default()).unwrap();
            assert_tree(&tree(&coverage(&dataset)), &expected[name], name);
        }
    }
}

#[test]
fn the_viewers_landmark_filter_keeps_the_same_pictures() {
    for root in roots() {
        let dataset = original(&root);
        let protocols = Protocols::read(dataset.require_protocols().unwrap()).unwrap();
        for (rate, expected) in expected(&root, "viewer_landmark_filter.json").as_object().unwrap() {
            let filter = LandmarkFilter { max_distance_share: rate.parse().unwrap(), ..LandmarkFilter::VIEWER };
            let (mut kept, mut dropped, mut available) = (Vec::new(), Vec::new(), Available::default());
            for (person, entry) in dataset.entries() {
                let label = person.label(entry);
                let marks = Landmarks::read(&root.join(format!("fitted_512/FacialPoints/{label}.txt"))).unwrap();
                if filter.check(&marks, entry.domain).is_ok() {
                    available.insert(&person.name, &entry.name);
                    kept.push(format!("{label}.jpg"));
                } else {
                    dropped.push(format!("{label}.jpg"));
                }
            }
            // With nothing kept there is no folder of lists, and the original counts the original dataset instead.
            let available = if kept.is_empty() { Available::of(&dataset) } else { available };
            kept.sort();
            dropped.sort();
            assert_eq!(json!(kept), expected["corrected"], "rate {rate}");
            assert_eq!(json!(dropped), expected["uncorrected"], "rate {rate}");
            assert_tree(&tree(&protocols.count(&available)), &expected["missing"], rate);
        }
    }
}

#[test]
fn landmark_cases_are_decided_as_by_the_original() {
    for root in roots() {
        let cases = expected(&root, "landmark_cases.json");
        for case in cases["cases"].as_array().unwrap() {
            let (name, marks) = (text(case, "case"), landmarks(&case["landmark"]));
            assert_eq!(check_positions(&marks).is_ok(), case["check_landmark_position"].as_bool().unwrap(), "{name}");
            for (rate, expected) in case["is_corrected"].as_object().unwrap() {
                let filter = LandmarkFilter { max_distance_share: rate.parse().unwrap(), ..LandmarkFilter::ORIGINAL };
                let found = filter.check(&marks, Domain::Photo).is_ok();
                assert_eq!(found, expected.as_bool().unwrap(), "{name} at {rate}");
            }
            let small = Template::SPHEREFACE;
            let filter = LandmarkFilter { photo: small, drawing: small, ..LandmarkFilter::ORIGINAL };
            let found = filter.check(&marks, Domain::Drawing).is_ok();
            assert_eq!(found, case["is_corrected_offset0_factor1_rate0.1"].as_bool().unwrap(), "{name} at 96x112");
        }
    }
}

#[test]
fn similarity_transforms_are_those_of_the_original() {
    for root in roots() {
        let mut mirrored = 0;
        for case in expected(&root, "similarity_transform.json").as_array().unwrap() {
            let (from, to) = (points(&case["src"]), points(&case["dst"]));
            let name = text(case, "case");
            let found = if case["reflective"].as_bool().unwrap() {
                original_2018::estimate_reflective(&from, &to)
            } else {
                Similarity::estimate_in_source(&from, &to)
            };
            match case["error"].as_str() {
                Some(_) => assert!(found.is_err(), "{name}"),
                None => {
                    let found = found.unwrap();
                    assert_matrix(&found, &case["matrix_2x3"], name);
                    mirrored += usize::from(found.is_mirrored());
                }
            }
        }
        assert_eq!(mirrored, 4);
    }
}

#[test]
fn alignment_moves_landmarks_as_the_original_does() {
    for root in roots() {
        let dataset = original(&root);
        let (mut mirrored, mut same_choice) = (0, 0);
        let cases = expected(&root, "alignment.json");
        for case in cases.as_array().unwrap() {
            let label = format!("{}/{}", text(case, "name"), text(case, "file"));
            let entry = dataset.entries().find(|(person, entry)| person.label(entry) == label).unwrap().1;
            let marks = entry.read_landmarks().unwrap().unwrap();
            let five = marks.five_points();
            for (found, expected) in five.iter().zip(points(&case["five_points"])) {
                assert!((found[0] - expected[0]).hypot(found[1] - expected[1]) < 1e-9, "{label}");
            }
            let fit = |template: &Template| {
                original_2018::estimate_reflective(&single(&five), &single(&template.points)).unwrap()
            };
            let large = fit(&Template::ORIGINAL);
            assert_matrix(&large, &case["matrix_2x3"], &label);
            assert_matrix(&fit(&Template::SPHEREFACE), &case["wc_eval_matrix_2x3"], &label);
            mirrored += usize::from(large.is_mirrored());
            let own = Similarity::estimate_reflective(&five, &Template::ORIGINAL.points).unwrap();
            same_choice += usize::from(own.is_mirrored() == large.is_mirrored());

            let moved = marks.map(|point| large.apply(point));
            for (found, expected) in moved.0.iter().zip(points(&case["landmark"])) {
                assert!((found[0] - expected[0]).hypot(found[1] - expected[1]) < 1e-3, "{label}");
            }
            let decision = |key: &str, marks: &Landmarks| {
                assert_eq!(check_positions(marks).is_ok(), case[key].as_bool().unwrap(), "{label} {key}");
            };
            decision("check_landmark_position_raw", &marks);
            decision("check_landmark_position_aligned", &moved);
            for (rate, expected) in case["is_corrected_aligned"].as_object().unwrap() {
                let filter = LandmarkFilter { max_distance_share: rate.parse().unwrap(), ..LandmarkFilter::ORIGINAL };
                assert_eq!(
                    filter.check(&moved, entry.domain).is_ok(),
                    expected.as_bool().unwrap(),
                    "{label} at {rate}"
                );
            }
            let raw = LandmarkFilter::ORIGINAL.check(&marks, entry.domain).is_ok();
            assert_eq!(raw, case["is_corrected_raw_default"].as_bool().unwrap(), "{label} raw");
        }
        // One face is mirrored by the original's mistake; the choice of this crate differs there and nowhere else.
        let count = cases.as_array().unwrap().len();
        assert_eq!((mirrored, same_choice), (1, count - 1));
    }
}

#[test]
fn aligned_pictures_are_those_of_opencv() {
    for root in roots() {
        let cases = expected(&root, "alignment.json");
        for (folder, matrix) in [("aligned_200x232", "matrix_2x3"), ("aligned_96x112", "wc_eval_matrix_2x3")] {
            let mut files: Vec<PathBuf> =
                std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            assert!(!files.is_empty());
            for file in files {
                let name = file.file_name().unwrap().to_str().unwrap();
                let case = cases.as_array().unwrap().iter().find(|case| case["png"] == name).unwrap();
                let (decoded, aligned) =
                    (Picture::open(root.join("decoded").join(name)).unwrap(), Picture::open(&file).unwrap());
                let template = if folder.ends_with("232") { Template::ORIGINAL } else { Template::SPHEREFACE };
                let five = single(&points(&case["five_points"]));
                let fit = original_2018::estimate_reflective(&five, &single(&template.points)).unwrap();
                assert_matrix(&fit, &case[matrix], name);
                let found = warp_as_opencv(&decoded, &fit, template.width, template.height).unwrap();
                let off = found.pixels().iter().zip(aligned.pixels()).filter(|(a, b)| a.abs_diff(**b) > 0).count();
                assert_eq!(off, 0, "{folder}/{name}: {off} of {} values differ", found.pixels().len());
            }
        }
    }
}

#[test]
fn poses_are_those_of_the_original() {
    for root in roots() {
        let dataset = original(&root);
        let mut front = Vec::new();
        let mut side = Vec::new();
        for case in expected(&root, "pose.json").as_array().unwrap() {
            let label = format!("{}/{}", text(case, "name"), text(case, "file"));
            let entry = dataset.entries().find(|(person, entry)| person.label(entry) == label).unwrap().1;
            let marks = entry.read_landmarks().unwrap().unwrap();
            let side_px = |key: &str| case[key].as_u64().unwrap() as usize;
            for (index, model) in [HeadModel::TenPoints, HeadModel::SixPoints].into_iter().enumerate() {
                let expected = &case[format!("type{index}")];
                let found = pose::estimate(&marks, side_px("width"), side_px("height"), model).unwrap();
                let angle = |key: &str| expected[key].as_f64().unwrap();
                let turn = std::f64::consts::TAU;
                let apart = |a: f64, b: f64| ((a - b + turn / 2.0).rem_euclid(turn) - turn / 2.0).abs();
                let off = [
                    apart(found.pitch, angle("pitch")),
                    apart(found.yaw, angle("yaw")),
                    apart(found.roll, angle("roll")),
                    apart(found.sloped_angle(), angle("calc_sloped_angle")),
                ];
                let off = off.into_iter().fold(0.0, f64::max);
                if expected["stable"].as_bool().unwrap() {
                    assert!(off < 2e-3, "{label} type{index}: off by {off}");
                }
                if index == 0 {
                    let frontal = found.is_frontal(pose::ORIGINAL_MAX_YAW_DEGREES);
                    if frontal { front.push(format!("{label}.jpg")) } else { side.push(format!("{label}.jpg")) }
                }
            }
        }
        front.sort();
        side.sort();
        let expected = expected(&root, "pose_filter.json");
        assert_eq!(json!(front), expected["front_face_dataset_v000"]);
        assert_eq!(json!(side), expected["side_face_dataset_v000"]);
    }
}
