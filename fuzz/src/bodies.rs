//! One function for each kind of file that others write. Each takes bytes and must come back: with a result or an error, without a
//! panic, soon, and with little memory. libFuzzer calls them (`cargo fuzz run pictures`), and so does `crates/nn/tests/suite/fuzzing.rs`
//! with bytes that it changes by chance.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::landmarks::Landmarks;
use portraitist_face::picture::Header;
use portraitist_face::prepare::manifest::read_manifest;
use portraitist_face::prepare::recipe::Recipe;
use portraitist_face::protocol::coverage::Protocols;
use portraitist_face::protocol::identification::{Direction, Set, identification};
use portraitist_face::protocol::verification::{restricted_view2, unrestricted_view2};
use portraitist_face::text::decode;
use portraitist_face::{Decoded, Picture};
use portraitist_nn::metrics::generation::{FeatureFile, read_features, write_rows};
use portraitist_nn::metrics::verification::read_scores;
use portraitist_nn::training::Run;
use portraitist_nn::training::{munit, recognizer};
use portraitist_nn::weights::{OriginalConfig, read_arrays, read_model};

thread_local! {
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// A file of the thread's own with these bytes, below its own folder.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a folder"));
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        path
    })
}

/// PNG, JPEG, WebP, BMP, TIFF, GIF, PNM: headers, pixels, profiles, orientations. Sizes are bounded so that a run stays quick: the
/// program itself decodes more.
pub fn pictures(bytes: &[u8]) {
    let Ok(header) = Header::parse("picture", bytes) else {
        let _ = Decoded::decode("picture", bytes);
        return;
    };
    if header.width * header.height <= 1 << 20
        && let Ok(Decoded { picture, .. }) = Decoded::decode("picture", bytes)
    {
        // What was read can be written and read again.
        let png = picture.encode_png().expect("a picture can be written");
        assert!(Picture::decode("again", &png).expect("our own PNG") == picture);
    }
}

/// Lists of pictures.
pub fn lists(bytes: &[u8]) {
    let list = file("lists/list.txt", bytes);
    if let Ok(set) = Dataset::open(&list, &OpenOptions::default()) {
        let _ = set.entries().count();
    }
    let text = decode(bytes);
    assert!(!text.contains('\r'), "line ends are alike");
}

/// Files of 17 points.
pub fn landmarks(bytes: &[u8]) {
    if let Ok(landmarks) = Landmarks::parse(&decode(bytes)) {
        let _ = landmarks.five_points();
        let again = Landmarks::parse(&landmarks.to_text()).expect("our own text");
        assert_eq!(again.five_points(), landmarks.five_points());
    }
    let _ = Landmarks::read(&file("landmarks/points.txt", bytes));
}

/// WebCaricature's protocol files: the bytes stand in each of them in turn.
pub fn protocols(bytes: &[u8]) {
    for name in [
        "FaceVerification/UnRestricted/UnRestrictedView2.txt",
        "FaceVerification/Restricted/RestrictedView2.txt",
        "FaceIdentification/C2P/FR_Gallery_C2P1.txt",
        "FaceIdentification/C2P/FR_Probe_C2P1.txt",
    ] {
        file(&format!("protocols/{name}"), bytes);
    }
    let folder = file("protocols/x.txt", b"").with_file_name("");
    let _ = restricted_view2(&folder);
    let _ = unrestricted_view2(&folder);
    let _ = identification(&folder, Direction::C2P, Set::Numbered(1));
    let _ = Protocols::read(&folder);
}

/// PyTorch's files and safetensors.
pub fn weights(bytes: &[u8]) {
    let path = file("weights/weights", bytes);
    let _ = read_arrays(&path);
    let _ = read_model(&path);
}

/// Run files of both trainings, recipes, and the original's configurations.
pub fn run_files(bytes: &[u8]) {
    let path = file("run/run.toml", bytes);
    if let Ok(run) = munit::RunFile::read(&path) {
        let _ = run.to_toml();
    }
    if let Ok(run) = recognizer::RunFile::read(&path) {
        let _ = run.to_toml();
    }
    if let Ok(recipe) = Recipe::read(&path) {
        let _ = recipe.check();
    }
    if let Ok(config) = OriginalConfig::read(&file("run/config.yaml", bytes)) {
        let _ = munit::RunFile::from_original(&config, "run");
    }
}

/// Scores and manifests.
pub fn tables(bytes: &[u8]) {
    let _ = read_scores(&file("tables/scores.txt", bytes), None);
    let _ = read_manifest(&file("tables/manifest.csv", bytes));
}

/// Rows of features and statistics in numpy's `.npy` and `.npz`.
pub fn features(bytes: &[u8]) {
    let path = file("features/features", bytes);
    if let Ok(FeatureFile::Rows(rows)) = read_features(&path) {
        let again = path.with_file_name("again.npy");
        write_rows(&rows, &again, true).expect("rows can be written");
        assert_eq!(read_features(&again).expect("our own file"), FeatureFile::Rows(rows));
    }
}
