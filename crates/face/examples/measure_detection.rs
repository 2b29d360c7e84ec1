//! Measures the bundled detector: share of pictures with a face, time, and a sheet of boxes and points to look at.
//!
//! `cargo run --release -p portraitist-face --example measure_detection -- PHOTO_FOLDER SHEET.png`
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::Path;
use std::time::Instant;

use portraitist_face::dataset::Walk;
use portraitist_face::detect::{Face, FaceDetector, SeetaFace};
use portraitist_face::{Picture, edit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(sheet)) = (arguments.next(), arguments.next()) else {
        return Err("usage: measure_detection PHOTO_FOLDER SHEET.png".into());
    };
    let files = Walk::of(Path::new(&folder), |_| true).complete()?;
    let detector = SeetaFace::new()?;
    let (mut found, mut seconds, mut shown, mut mean) = (0, 0.0, Vec::new(), [0.0; 4]);
    for (index, file) in files.iter().enumerate() {
        let mut picture = Picture::open(file)?;
        let start = Instant::now();
        let faces = detector.detect(&picture)?;
        seconds += start.elapsed().as_secs_f64();
        if let Some(face) = faces.first() {
            found += 1;
            let shares = [face.bounds.x, face.bounds.y, face.bounds.width, face.score];
            mean.iter_mut().zip(shares).for_each(|(sum, value)| *sum += value);
            mark(&mut picture, face);
        } else {
            println!("no face: {}", file.display());
        }
        if index % files.len().div_ceil(40) == 0 || faces.is_empty() {
            let doubled = edit::resize(&picture, 184, 224)?;
            shown.push(doubled);
        }
    }
    println!("{found} of {} pictures, {:.1} ms each", files.len(), 1000.0 * seconds / files.len() as f64);
    println!("mean x, y, width, score: {:?}", mean.map(|sum| sum / f64::from(found)));
    edit::grid(&shown, 8, 2, [255; 3])?.save(sheet, true)?;
    Ok(())
}

fn mark(picture: &mut Picture, Face { bounds: face, points, .. }: &Face) {
    let corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
        .map(|[u, v]| [face.x + u * face.width, face.y + v * face.height]);
    let radius = (face.width / 60.0).max(0.5);
    let (width, height) = (picture.width(), picture.height());
    for (points, colour) in [(&corners[..], [0, 200, 0]), (points, [255, 0, 0])] {
        for &[x, y] in points {
            for (index, rgb) in picture.pixels_mut().chunks_exact_mut(3).enumerate() {
                let (dx, dy) = ((index % width) as f64 - x, (index / width) as f64 - y);
                if dx.hypot(dy) <= radius && index / width < height {
                    rgb.copy_from_slice(&colour);
                }
            }
        }
    }
}
