//! Draws a folder of face photos, walked recursively.
//!
//! `cargo run --release -p portraitist-face --example render_drawings -- PHOTO_FOLDER OUT_FOLDER [--seed N] [--style NAME|random]
//! [--per-photo N]`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use std::path::PathBuf;
use std::time::Instant;

use portraitist_face::Picture;
use portraitist_face::dataset::Walk;
use portraitist_face::drawing::{Artist, DrawingStyle, draw};

const USAGE: &str = "usage: render_drawings PHOTO_FOLDER OUT_FOLDER [--seed N] [--style NAME|random] [--per-photo N]";

struct Settings {
    source: PathBuf,
    target: PathBuf,
    seed: u64,
    /// `None`: another random style for every drawing.
    artist: Option<Artist>,
    per_photo: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = read_arguments()?;
    let files = Walk::of(&settings.source, |_| true).complete()?;
    let start = Instant::now();
    let mut written = 0_u64;
    for (index, file) in files.iter().enumerate() {
        let photo = match Picture::open(file) {
            Ok(photo) => photo,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        let stem = settings.target.join(file.strip_prefix(&settings.source)?.with_extension(""));
        if let Some(folder) = stem.parent() {
            std::fs::create_dir_all(folder)?;
        }
        for copy in 0..settings.per_photo {
            let seed = settings.seed.wrapping_add(index as u64 * settings.per_photo + copy);
            let style =
                settings.artist.map_or_else(|| DrawingStyle::sample(seed), |artist| artist.style().varied(seed));
            let suffix = if settings.per_photo > 1 { format!("_{copy}") } else { String::new() };
            draw(&photo, &style, seed)?.save(format!("{}{suffix}.png", stem.display()), true)?;
            written += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{written} drawings in {seconds:.1} s, {:.1} ms each", 1000.0 * seconds / written.max(1) as f64);
    Ok(())
}

fn read_arguments() -> Result<Settings, Box<dyn std::error::Error>> {
    let mut folders = Vec::new();
    let (mut seed, mut artist, mut per_photo) = (0, None, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--seed" => seed = value()?.parse()?,
            "--per-photo" => per_photo = value()?.parse()?,
            "--style" => {
                let name = value()?;
                artist = if name == "random" { None } else { Some(Artist::from_name(&name)?) };
            }
            _ => folders.push(PathBuf::from(argument)),
        }
    }
    let [source, target] = <[PathBuf; 2]>::try_from(folders).map_err(|_| USAGE)?;
    Ok(Settings { source, target, seed, artist, per_photo })
}
