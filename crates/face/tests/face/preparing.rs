//! What becomes of the pictures of a dataset that is prepared.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portraitist_face::dataset::{Dataset, OpenOptions, ProblemKind, find_pictures};
use portraitist_face::detect::{Face, FaceDetector};
use portraitist_face::lock::FolderLock;
use portraitist_face::prepare::manifest::{Row, read_manifest};
use portraitist_face::prepare::recipe::Recipe;
use portraitist_face::prepare::{Options, Report, prepare};
use portraitist_face::{Error, Picture, Result};

/// Finds no face anywhere.
struct Blind;

impl FaceDetector for Blind {
    fn detect(&self, _: &Picture) -> Result<Vec<Face>> {
        Ok(Vec::new())
    }
}

#[test]
fn a_face_that_cannot_be_aligned_is_no_mistake_of_its_landmark_file() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("source");
    fs::create_dir(&source).unwrap();
    let photo = Picture::filled(64, 64, [90, 120, 150]).unwrap();
    for name in ["spot", "words", "bare"] {
        photo.save(source.join(format!("{name}.png")), false).unwrap();
    }
    fs::write(source.join("spot.txt"), "20.5 30.5\n".repeat(17)).unwrap();
    fs::write(source.join("words.txt"), "left eye\n".repeat(17)).unwrap();
    let dataset = Dataset::open(&source, &OpenOptions::default()).unwrap();
    let detector: Arc<dyn FaceDetector> = Arc::new(Blind);
    let report =
        prepare(&dataset, &Recipe::default(), &detector, &place.path().join("out"), Options::default(), || true)
            .unwrap();
    let kinds: Vec<(&str, ProblemKind)> =
        report.problems.iter().map(|problem| (problem.picture.as_str(), problem.kind)).collect();
    let expected = [
        ("bare", ProblemKind::LandmarksMissing),
        ("spot", ProblemKind::AlignmentFailed),
        ("words", ProblemKind::LandmarksSyntax),
    ];
    assert_eq!(kinds, expected);
    assert!(report.kept == 0 && report.dropped["alignment_failed"] == 1, "{:?}", report.dropped);
}

/// Landmarks of an upright face in a 200x232 picture.
const FACE: &str = "100 19\n23 116\n100 226\n177 115\n43 84\n86 80\n113 80\n157 84\n52 106\n77 107\n122 107\n148 106\n100 147\n\
    100 173\n71 188\n100 203\n129 188\n";

/// A picture with its landmarks beside it; `shift` moves the nose.
fn write_face(picture: &Path, shift: usize) {
    fs::create_dir_all(picture.parent().unwrap()).unwrap();
    Picture::filled(200, 232, [90 + shift as u8, 120, 150]).unwrap().save(picture, true).unwrap();
    fs::write(picture.with_extension("txt"), FACE.replace("100 147", &format!("{} 147", 100 + 4 * shift))).unwrap();
}

/// Ann with three photos, Bob with two, of which the last ones are those that a strict filter drops.
fn people(place: &Path) -> PathBuf {
    for (person, count) in [("Ann", 3), ("Bob", 2)] {
        (0..count)
            .for_each(|number| write_face(&place.join("people").join(person).join(format!("{number}.png")), number));
    }
    place.join("people")
}

fn run_until(source: &Path, out: &Path, recipe: &Recipe, options: Options, count: usize) -> Result<Report> {
    let dataset = Dataset::open(source, &OpenOptions::default())?;
    let detector: Arc<dyn FaceDetector> = Arc::new(Blind);
    let done = AtomicUsize::new(0);
    prepare(&dataset, recipe, &detector, out, options, || done.fetch_add(1, Ordering::Relaxed) + 1 < count)
}

fn run(source: &Path, out: &Path, recipe: &Recipe) -> Result<Report> {
    run_until(source, out, recipe, Options::default(), usize::MAX)
}

fn strict() -> Recipe {
    let mut recipe = Recipe::default();
    recipe.filter.max_distance_share = 0.0004;
    recipe
}

fn crops(out: &Path) -> BTreeSet<String> {
    let people = fs::read_dir(out.join("crops")).unwrap().flatten();
    let files = people.flat_map(|person| fs::read_dir(person.path()).unwrap().flatten());
    files.map(|file| file.path().strip_prefix(out).unwrap().display().to_string()).collect()
}

fn kept(out: &Path) -> BTreeSet<String> {
    let rows = read_manifest(&out.join("manifest.csv")).unwrap();
    rows.into_iter().filter(|row| row.kept).map(|row| row.crop).collect()
}

#[test]
fn dropped_crops_go_even_after_an_interruption_and_training_goes_by_the_manifest() {
    let place = tempfile::tempdir().unwrap();
    let (source, out) = (people(place.path()), place.path().join("out"));
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().kept, 5);
    for stop in 1..5 {
        assert!(matches!(run_until(&source, &out, &strict(), Options::default(), stop), Err(Error::Stopped)));
        assert_eq!(
            find_pictures(&out, &[]).unwrap().pictures.len(),
            5,
            "the finished manifest counts until another one is"
        );
    }
    // What older versions left: a crop that no manifest keeps.
    let report = run(&source, &out, &strict()).unwrap();
    assert!(report.kept < 5 && report.kept > 0, "{report:?}");
    assert_eq!((crops(&out), report.removed), (kept(&out), 5 - report.kept));
    fs::copy(out.join("crops/Ann/0.png"), out.join("crops/Ann/2.png")).unwrap();
    fs::write(out.join("crops/Ann/mine.png"), "not a crop").unwrap();
    assert_eq!(find_pictures(&out, &[]).unwrap().pictures.len(), report.kept);
    let report = run(&source, &out, &strict()).unwrap();
    assert_eq!((report.removed, report.strangers), (1, vec!["crops/Ann/mine.png".to_owned()]));
    assert!(out.join("crops/Ann/mine.png").is_file());
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().kept, 5);
}

#[test]
fn changes_are_noticed_by_content_and_altered_crops_are_made_again() {
    let place = tempfile::tempdir().unwrap();
    let (source, out) = (people(place.path()), place.path().join("out"));
    run(&source, &out, &Recipe::default()).unwrap();
    let manifest = fs::read(out.join("manifest.csv")).unwrap();
    // Landmarks with other bytes, but of the same size and time.
    let file = source.join("Ann/0.txt");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, FACE.replace("100 147", "101 147")).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().changed, 1);
    fs::write(&file, FACE).unwrap();
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().changed, 1);
    assert_ne!(fs::read(out.join("manifest.csv")).unwrap(), manifest, "times are new");
    // A crop that was altered in place.
    let crop = out.join("crops/Bob/1.png");
    let mut bytes = fs::read(&crop).unwrap();
    let whole = bytes.clone();
    bytes[60] ^= 1;
    fs::write(&crop, &bytes).unwrap();
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().changed, 1);
    assert_eq!(fs::read(&crop).unwrap(), whole);
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().changed, 0);
    let redo = Options { redo: true, ..Options::default() };
    assert_eq!(run_until(&source, &out, &Recipe::default(), redo, usize::MAX).unwrap().changed, 5);
}

#[test]
fn every_row_has_its_own_crop() {
    let place = tempfile::tempdir().unwrap();
    let (source, out) = (place.path().join("people"), place.path().join("out"));
    for (number, name) in ["a.png", "a.webp", "a-flipped.png", "b.png"].into_iter().enumerate() {
        write_face(&source.join("Ann").join(name), number);
    }
    write_face(&source.join("Ann/a.png"), 0);
    let recipe = Recipe { flip: true, ..Recipe::default() };
    let report = run(&source, &out, &recipe).unwrap();
    assert_eq!((report.kept, report.problems.len()), (4, 0));
    let rows: Vec<Row> = read_manifest(&out.join("manifest.csv")).unwrap();
    let files: BTreeSet<&str> = rows.iter().map(|row| row.crop.as_str()).collect();
    assert_eq!((rows.len(), files.len()), (8, 8));
    assert_eq!(crops(&out).len(), 8);
    assert!(files.contains("crops/Ann/a-flipped.png") && files.contains("crops/Ann/b.png"), "{files:?}");
    // Without the mirrored ones, names are given anew.
    run(&source, &out, &Recipe::default()).unwrap();
    assert_eq!(crops(&out), kept(&out));
}

#[test]
fn what_prepare_did_not_write_is_never_touched() {
    let place = tempfile::tempdir().unwrap();
    let source = people(place.path());
    for (number, file) in ["Filenames/Bo/file_c.txt", "config.json", "manifest.csv", "crops/Ann/0.png", "recipe.toml"]
        .into_iter()
        .enumerate()
    {
        let out = place.path().join(format!("foreign-{number}"));
        let file = out.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "mine").unwrap();
        for force in [false, true] {
            let options = Options { force, ..Options::default() };
            let error = run_until(&source, &out, &Recipe::default(), options, usize::MAX).unwrap_err();
            let words = error.to_string();
            assert!(matches!(error, Error::Occupied { .. }) && words.contains("nothing was touched"), "{words}");
            assert_eq!(fs::read(&file).unwrap(), b"mine");
            assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing else appeared");
        }
    }
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    run(&source, &out, &Recipe::default()).unwrap();
    assert!(out.join("notes.txt").is_file(), "what is not in the way stays");
    // Another dataset's result, and what somebody altered, go with --force only.
    let other = place.path().join("other");
    fs::create_dir(&other).unwrap();
    write_face(&other.join("Cleo/0.png"), 1);
    let error = run(&other, &out, &Recipe::default()).unwrap_err().to_string();
    assert!(error.contains("people") && error.contains("--force"), "{error}");
    assert_eq!(crops(&out).len(), 5);
    let force = Options { force: true, ..Options::default() };
    run_until(&other, &out, &Recipe::default(), force, usize::MAX).unwrap();
    assert_eq!(crops(&out), BTreeSet::from(["crops/Cleo/0.png".to_owned()]));
    fs::write(out.join("recipe.toml"), "flip = true").unwrap();
    let error = run(&other, &out, &Recipe::default()).unwrap_err().to_string();
    assert!(error.contains("recipe.toml was changed"), "{error}");
}

#[test]
fn only_one_run_works_in_a_folder() {
    let place = tempfile::tempdir().unwrap();
    let (source, out) = (people(place.path()), place.path().join("out"));
    fs::create_dir(&out).unwrap();
    let lock = FolderLock::acquire(&out.join(".prepare.lock"), "dataset prepare").unwrap();
    let error = run(&source, &out, &Recipe::default()).unwrap_err();
    let process = format!("process {}", std::process::id());
    assert!(matches!(error, Error::Locked { .. }) && error.to_string().contains(&process), "{error}");
    drop(lock);
    assert_eq!(run(&source, &out, &Recipe::default()).unwrap().kept, 5);
    assert!(!out.join(".prepare.lock").exists() && !out.join(".prepare-journal.csv").exists());
}

#[test]
fn results_inside_the_dataset_are_no_input() {
    let place = tempfile::tempdir().unwrap();
    let source = people(place.path());
    let out = source.join("out");
    for round in 0..3 {
        let report = run(&source, &out, &Recipe::default()).unwrap();
        assert_eq!((report.kept, report.changed), (5, if round == 0 { 5 } else { 0 }));
    }
}

#[test]
fn what_people_decided_comes_before_the_filter() {
    let place = tempfile::tempdir().unwrap();
    let (source, out) = (place.path().join("source"), place.path().join("out"));
    for name in ["fine", "odd", "moved"] {
        write_face(&source.join(format!("{name}.png")), 0);
    }
    // Eyes below the mouth: dropped by the filter.
    let upside_down = FACE.replace("43 84", "43 204").replace("86 80", "86 200");
    fs::write(source.join("odd.txt"), upside_down).unwrap();
    let dataset = Dataset::open(&source, &OpenOptions::default()).unwrap();
    let detector: Arc<dyn FaceDetector> = Arc::new(Blind);
    let run = |recipe: &Recipe| prepare(&dataset, recipe, &detector, &out, Options::default(), || true).unwrap();
    let kept = |name: &str| {
        let rows = read_manifest(&out.join("manifest.csv")).unwrap();
        let row = rows.into_iter().find(|row| row.picture == name).unwrap();
        (row.kept, row.reason, row.crop_sha256)
    };
    let mut recipe = Recipe::default();
    run(&recipe);
    let before = kept("moved");
    assert!(kept("fine").0 && !kept("odd").0 && before.0, "{before:?}");

    recipe.pictures.drop.insert("fine".to_owned());
    recipe.pictures.keep.insert("odd".to_owned());
    let mut points = portraitist_face::landmarks::Landmarks::parse(FACE).unwrap().0.to_vec();
    points.iter_mut().for_each(|point| point[0] += 5.0);
    recipe.pictures.landmarks.insert("moved".to_owned(), points);
    let file = place.path().join("recipe.toml");
    fs::write(&file, recipe.to_toml().unwrap()).unwrap();
    assert_eq!(Recipe::read(&file).unwrap(), recipe);
    run(&recipe);
    assert_eq!(kept("fine"), (false, "dropped_by_hand".to_owned(), String::new()));
    assert!(kept("odd").0);
    let after = kept("moved");
    assert!(after.0 && after.2 != before.2, "other landmarks, another crop");
    assert_eq!(run(&recipe).changed, 0, "a second run has nothing to do");
    run(&Recipe::default());
    assert_eq!(kept("moved"), before, "without the recipe all is as before");

    recipe.pictures.keep.insert("fine".to_owned());
    assert!(recipe.check().is_err(), "kept and dropped");
    let mut recipe = Recipe::default();
    recipe.pictures.landmarks.insert("fine".to_owned(), vec![[1.0, 2.0]]);
    assert!(recipe.check().is_err(), "one point");
}
