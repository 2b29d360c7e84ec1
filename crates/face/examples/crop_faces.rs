//! Cuts aligned 200x232 face crops out of a folder of photos.
//!
//! `cargo run --release -p portraitist-face --example crop_faces -- PHOTO_FOLDER OUT_FOLDER [--whole]`
//!
//! Without a face a photo is skipped, or taken whole with `--whole`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use std::path::Path;

use portraitist_face::align::{Aligned, align, take_whole};
use portraitist_face::dataset::Walk;
use portraitist_face::detect::{FaceDetector, SeetaFace};
use portraitist_face::edit::Border;
use portraitist_face::template::Template;
use portraitist_face::{Picture, Result};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (flags, folders): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let whole = flags.iter().any(|flag| flag == "--whole");
    let [source, target] = folders.as_slice() else {
        return Err("usage: crop_faces PHOTO_FOLDER OUT_FOLDER [--whole]".into());
    };
    let files = Walk::of(Path::new(source), |_| true).complete()?;
    let detector = SeetaFace::new()?;
    let (mut aligned_count, mut whole_count) = (0, 0);
    for file in &files {
        let relative = file.strip_prefix(source)?.with_extension("png");
        let destination = Path::new(target).join(relative);
        match crop_one(file, &detector, whole) {
            Ok(Some((aligned, from_points))) => {
                if let Some(folder) = destination.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                aligned.crop.save(&destination, true)?;
                if from_points { aligned_count += 1 } else { whole_count += 1 }
            }
            Ok(None) => eprintln!("{}: no face, skipped", file.display()),
            Err(error) => eprintln!("{error}"),
        }
    }
    println!("{aligned_count} aligned, {whole_count} taken whole, of {} files", files.len());
    Ok(())
}

fn crop_one(file: &Path, detector: &SeetaFace, whole: bool) -> Result<Option<(Aligned, bool)>> {
    let photo = Picture::open(file)?;
    if let Some(face) = detector.detect(&photo)?.first() {
        return Ok(Some((align(&photo, &face.points, &Template::ORIGINAL, Border::Mirror)?, true)));
    }
    if whole { Ok(Some((take_whole(&photo, &Template::ORIGINAL)?, false))) } else { Ok(None) }
}
