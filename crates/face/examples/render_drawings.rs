//! Draws a folder of face photos, walked recursively.
//!
//! `cargo run --release -p portraitist-face --example render_drawings -- PHOTO_FOLDER OUT_FOLDER [--seed N] [--style NAME|random]
//! [--technique NAME|random] [--tool X] [--landmarks FILE.csv] [--per-photo N]`
//!
//! `--technique` is one of pencil, coloured-pencil, charcoal, sanguine, pen-hatching, woodcut, wash and cartoon, with a hand that varies by
//! seed; `--style` one of the artists. `--tool` is the size of the tool against the picture (2 for pictures of 160 pixels' height).
//! `--landmarks`: rows of `file,x0,y0,...,x67,y67`, files relative to PHOTO_FOLDER.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use portraitist_face::Picture;
use portraitist_face::dataset::Walk;
use portraitist_face::drawing::{Artist, DrawingStyle, Technique, draw_portrait};
use portraitist_face::transform::Point;

const USAGE: &str = "usage: render_drawings PHOTO_FOLDER OUT_FOLDER [--seed N] [--style NAME|random] [--technique NAME|random] \
                     [--tool X] [--landmarks FILE.csv] [--per-photo N]";

/// Whose hand draws.
#[derive(Clone, Copy)]
enum Hand {
    AnyArtist,
    Artist(Artist),
    AnyTechnique,
    Technique(Technique),
}

impl Hand {
    fn style(self, seed: u64) -> DrawingStyle {
        match self {
            Self::AnyArtist => DrawingStyle::sample(seed),
            Self::Artist(artist) => artist.style().varied(seed),
            // The seeds of neighbouring drawings are neighbours: every technique in turn.
            Self::AnyTechnique => Technique::ALL[(seed % Technique::ALL.len() as u64) as usize].style(seed),
            Self::Technique(technique) => technique.style(seed),
        }
    }
}

struct Settings {
    source: PathBuf,
    target: PathBuf,
    seed: u64,
    hand: Hand,
    tool: f32,
    landmarks: HashMap<String, [Point; 68]>,
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
        let name = file.strip_prefix(&settings.source)?.to_string_lossy().replace('\\', "/");
        let landmarks = settings.landmarks.get(&name);
        let stem = settings.target.join(file.strip_prefix(&settings.source)?.with_extension(""));
        if let Some(folder) = stem.parent() {
            std::fs::create_dir_all(folder)?;
        }
        for copy in 0..settings.per_photo {
            let seed = settings.seed.wrapping_add(index as u64 * settings.per_photo + copy);
            let style = settings.hand.style(seed);
            let style = DrawingStyle { tool: style.tool * settings.tool, ..style };
            let suffix = if settings.per_photo > 1 { format!("_{copy}") } else { String::new() };
            draw_portrait(&photo, landmarks, &style, seed)?.save(format!("{}{suffix}.png", stem.display()), true)?;
            written += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{written} drawings in {seconds:.1} s, {:.1} ms each", 1000.0 * seconds / written.max(1) as f64);
    Ok(())
}

fn read_arguments() -> Result<Settings, Box<dyn std::error::Error>> {
    let mut folders = Vec::new();
    let (mut seed, mut hand, mut per_photo) = (0, Hand::AnyArtist, 1);
    let (mut tool, mut landmarks) = (1.0, HashMap::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--seed" => seed = value()?.parse()?,
            "--per-photo" => per_photo = value()?.parse()?,
            "--style" => {
                let name = value()?;
                hand = if name == "random" { Hand::AnyArtist } else { Hand::Artist(Artist::from_name(&name)?) };
            }
            "--technique" => {
                let name = value()?;
                hand = if name == "random" { Hand::AnyTechnique } else { Hand::Technique(Technique::parse(&name)?) };
            }
            "--tool" => tool = value()?.parse()?,
            "--landmarks" => landmarks = read_landmarks(Path::new(&value()?))?,
            _ => folders.push(PathBuf::from(argument)),
        }
    }
    let [source, target] = <[PathBuf; 2]>::try_from(folders).map_err(|_| USAGE)?;
    Ok(Settings { source, target, seed, hand, tool, landmarks, per_photo })
}

/// Rows of a file's name and 68 points; a row that says no numbers is a header.
fn read_landmarks(file: &Path) -> Result<HashMap<String, [Point; 68]>, Box<dyn std::error::Error>> {
    let mut points = HashMap::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let Some((name, values)) = line.split_once(',') else { continue };
        let values: Vec<f64> = values.split(',').filter_map(|value| value.parse().ok()).collect();
        if let Ok(values) = <[f64; 136]>::try_from(values) {
            points.insert(name.to_owned(), std::array::from_fn(|point| [values[2 * point], values[2 * point + 1]]));
        }
    }
    Ok(points)
}
