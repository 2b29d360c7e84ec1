//! Synthetic datasets: the same bytes on any number of threads, WebCaricature's layout, nobody on both sides, never half a folder.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use portraitist_face::synthetic::{DatasetPlan, unfinished_folder, write_dataset};
use portraitist_face::{Error, Picture};

const PLAN: DatasetPlan =
    DatasetPlan { identities: 4, photos: 2, drawings: 2, side_px: 64, exaggeration: 1.0, seed: 5 };

fn go_on(_: u64) -> bool {
    true
}

/// Every file below a folder with its bytes.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, files);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(root, root, &mut files);
    files
}

fn made(plan: &DatasetPlan, threads: usize) -> BTreeMap<PathBuf, Vec<u8>> {
    let place = tempfile::tempdir().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| write_dataset(plan, &place.path().join("set"), false, &go_on)).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "something else was left behind");
    tree(&place.path().join("set"))
}

#[test]
fn the_same_bytes_on_one_and_two_threads_and_other_bytes_for_another_seed() {
    let files = made(&PLAN, 1);
    assert!(files == made(&PLAN, 2));
    let other = made(&DatasetPlan { seed: 6, ..PLAN }, 2);
    assert!(files.keys().ne(other.keys()) || files != other);
}

#[test]
fn a_person_is_the_same_however_many_there_are() {
    let few = made(&DatasetPlan { identities: 2, photos: 1, drawings: 1, ..PLAN }, 2);
    let many = made(&DatasetPlan { identities: 3, photos: 2, drawings: 2, ..PLAN }, 2);
    let pictures: Vec<_> = few.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "jpg")).collect();
    assert_eq!(pictures.len(), 4);
    for (path, bytes) in pictures {
        assert!(many.get(path) == Some(bytes), "{}", path.display());
    }
}

/// The lines of a text file in a tree.
fn lines<'a>(files: &'a BTreeMap<PathBuf, Vec<u8>>, path: &str) -> Vec<&'a str> {
    let bytes = files.get(Path::new(path)).unwrap_or_else(|| panic!("{path} is missing"));
    std::str::from_utf8(bytes).unwrap().lines().collect()
}

/// The people of a list of `Name<TAB>drawings<TAB>photos`.
fn people<'a>(lines: &[&'a str]) -> HashSet<&'a str> {
    lines.iter().map(|line| line.split('\t').next().unwrap()).collect()
}

#[test]
fn every_protocol_line_names_a_picture_and_nobody_is_on_both_sides() {
    let plan = DatasetPlan { identities: 21, photos: 2, drawings: 3, ..PLAN };
    let files = made(&plan, 2);
    let exists = |name: &str, stem: &str| {
        let path = format!("OriginalImages/{name}/{stem}.jpg");
        assert!(files.contains_key(Path::new(&path)), "{path} is named but not there");
    };
    let protocols = "EvaluationProtocols";
    let mut pair_lists = 0;
    for file in ["RestrictedView1_DevTrain", "RestrictedView1_DevTest", "RestrictedView2"] {
        let lines = lines(&files, &format!("{protocols}/FaceVerification/Restricted/{file}.txt"));
        let (mut rest, mut met) = (&lines[..], HashSet::new());
        while let Some((count, following)) = rest.split_first() {
            let count: usize = count.parse().unwrap();
            assert!(count > 0);
            let mut fold = HashSet::new();
            for (index, line) in following[..2 * count].iter().enumerate() {
                let words: Vec<&str> = line.split('\t').collect();
                let (drawn, shown) = if index < count { (words[0], words[0]) } else { (words[0], words[2]) };
                assert_eq!((words.len(), drawn == shown), (if index < count { 3 } else { 4 }, index < count), "{line}");
                exists(drawn, words[1]);
                exists(shown, words[words.len() - 1]);
                fold.extend([drawn, shown]);
            }
            assert!(met.is_disjoint(&fold), "{file}: somebody is in two folds");
            met.extend(fold);
            pair_lists += 1;
            rest = &following[2 * count..];
        }
    }
    assert_eq!(pair_lists, 12);

    let unrestricted = |file: &str| lines(&files, &format!("{protocols}/FaceVerification/UnRestricted/{file}.txt"));
    let (train, test) = (unrestricted("UnRestrictedView1_DevTrain"), unrestricted("UnRestrictedView1_DevTest"));
    assert_eq!((train[0], test[0]), ("11", "10"));
    assert!(people(&train[1..]).is_disjoint(&people(&test[1..])));
    assert!(train[1..].iter().chain(&test[1..]).all(|line| line.ends_with("\t3\t2")));
    let view2 = unrestricted("UnRestrictedView2");
    assert_eq!((view2[0], view2.len()), ("10", 1 + 10 + 21));

    for trial in ["_dev", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"] {
        let train = people(&lines(&files, &format!("{protocols}/FaceIdentification/FR_Train{trial}.txt")));
        for (direction, gallery, probes) in [("C2P", "P00001", 30), ("P2C", "C00001", 20)] {
            let list = |kind: &str| {
                lines(&files, &format!("{protocols}/FaceIdentification/{direction}/FR_{kind}_{direction}{trial}.txt"))
            };
            let (shown, asked) = (list("Gallery"), list("Probe"));
            assert_eq!((shown.len(), asked.len()), (10, probes));
            assert!(people(&shown) == people(&asked) && people(&shown).is_disjoint(&train));
            for line in shown.iter().chain(&asked) {
                let (name, stem) = line.split_once('\t').unwrap();
                exists(name, stem);
            }
            assert!(shown.iter().all(|line| line.ends_with(gallery)));
        }
    }
}

#[test]
fn every_picture_has_its_landmarks_its_place_in_a_list_and_its_entry() {
    let files = made(&PLAN, 2);
    let manifest: serde_json::Value = serde_json::from_slice(&files[Path::new("manifest.json")]).unwrap();
    assert_eq!(manifest["format"], "portraitist-synthetic-1");
    let mut pictures = 0;
    for person in manifest["people"].as_array().unwrap() {
        let name = person["name"].as_str().unwrap();
        assert_eq!(person["traits"].as_array().unwrap().len(), manifest["traits"].as_array().unwrap().len());
        assert_eq!(lines(&files, &format!("Filenames/{name}/file_c.txt")), ["C00001.jpg", "C00002.jpg"]);
        assert_eq!(lines(&files, &format!("Filenames/{name}/file_p.txt")), ["P00001.jpg", "P00002.jpg"]);
        for entry in person["pictures"].as_array().unwrap() {
            let file = entry["file"].as_str().unwrap();
            let picture = Picture::decode(file, &files[Path::new(file)]).unwrap();
            assert_eq!((picture.width(), picture.height()), (64, 64));
            assert!(entry["yaw_degrees"].is_number() && (entry["artist"].is_number() ^ entry["camera"].is_object()));
            let points = file.replace("OriginalImages/", "").replace(".jpg", ".txt");
            for (folder, count) in [("FacialPoints", 17), ("FacialPoints68", 68)] {
                let lines = lines(&files, &format!("{folder}/{points}"));
                assert_eq!(lines.len(), count);
                for line in lines {
                    let (x, y) = line.split_once(' ').unwrap();
                    assert!([x, y].iter().all(|v| v.parse::<f64>().is_ok_and(|v| (0.0..=63.0).contains(&v))), "{line}");
                    assert_eq!(x.split_once('.').unwrap().1.len(), 2);
                }
            }
            pictures += 1;
        }
    }
    // 5 files for the pictures' four folders' sake: picture, two landmark files; two lists a person; 61 protocols; manifest.
    assert_eq!((pictures, files.len()), (16, 3 * 16 + 2 * 4 + 61 + 1));
}

#[test]
fn existing_folders_are_kept_unless_they_are_ours_and_may_go() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    let small = DatasetPlan { identities: 1, photos: 1, drawings: 1, ..PLAN };
    fs::create_dir(&set).unwrap(); // an empty folder is no obstacle
    write_dataset(&small, &set, false, &go_on).unwrap();
    let before = tree(&set);
    let again = write_dataset(&small, &set, false, &go_on);
    assert!(matches!(again, Err(Error::FolderExists { .. })) && tree(&set) == before);
    write_dataset(&DatasetPlan { seed: 9, ..small.clone() }, &set, true, &go_on).unwrap();
    assert!(tree(&set) != before);

    let foreign = place.path().join("holiday");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("beach.jpg"), "sand").unwrap();
    for overwrite in [false, true] {
        assert!(write_dataset(&small, &foreign, overwrite, &go_on).is_err());
        assert_eq!(fs::read(foreign.join("beach.jpg")).unwrap(), b"sand");
    }
    let below_a_file = foreign.join("beach.jpg").join("set");
    assert!(matches!(write_dataset(&small, &below_a_file, false, &go_on), Err(Error::Write { .. })));
    assert!(matches!(write_dataset(&small, &foreign.join("beach.jpg"), true, &go_on), Err(Error::Write { .. })));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "something was left behind");
}

#[test]
fn what_was_done_before_stopping_waits_for_the_next_run() {
    let place = tempfile::tempdir().unwrap();
    let most = AtomicU64::new(0);
    let stop_early = |done: u64| {
        most.fetch_max(done, Ordering::Relaxed);
        done < 2
    };
    let result = write_dataset(&PLAN, &place.path().join("set"), false, &stop_early);
    assert!(matches!(result, Err(Error::Stopped)));
    assert!(most.load(Ordering::Relaxed) < PLAN.pictures(), "it went on to the end");
    let unfinished = unfinished_folder(&place.path().join("set"));
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, std::slice::from_ref(&unfinished));
    assert!(!unfinished.join(".lock").exists(), "nobody works there");
    // Another plan begins anew, and its end holds nothing of the first.
    let other = DatasetPlan { seed: PLAN.seed + 1, ..PLAN };
    write_dataset(&other, &place.path().join("set"), false, &go_on).unwrap();
    write_dataset(&other, &place.path().join("straight"), false, &go_on).unwrap();
    assert!(!unfinished.exists());
    let manifest = |set: &str| fs::read(place.path().join(set).join("manifest.json")).unwrap();
    assert_eq!(manifest("set"), manifest("straight"));
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("mine.txt"), "mine").unwrap();
    let refused = write_dataset(&PLAN, &place.path().join("set"), true, &go_on);
    assert!(matches!(refused, Err(Error::Occupied { .. })), "{refused:?}");
    assert_eq!(fs::read(unfinished.join("mine.txt")).unwrap(), b"mine");
}

#[test]
fn absurd_plans_are_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let plans = [
        DatasetPlan { identities: 0, ..PLAN },
        DatasetPlan { identities: 6001, ..PLAN },
        DatasetPlan { photos: 0, ..PLAN },
        DatasetPlan { drawings: 1001, ..PLAN },
        DatasetPlan { identities: 6000, photos: 1000, drawings: 1000, ..PLAN },
        DatasetPlan { side_px: 63, ..PLAN },
        DatasetPlan { side_px: 1025, ..PLAN },
        DatasetPlan { exaggeration: f32::NAN, ..PLAN },
        DatasetPlan { exaggeration: 2.1, ..PLAN },
    ];
    for plan in plans {
        let result = write_dataset(&plan, &place.path().join("set"), true, &go_on);
        assert!(matches!(result, Err(Error::OutOfRange { .. })), "{plan:?}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
