//! Measures synthetic pictures: how many a second on all threads, and in how many frontal photos the bundled detector finds the face.
//!
//! `cargo run --release --workspace --example measure_synthetic -- [PEOPLE [SIDE [SEED [MISSED.png]]]]` (`RAYON_NUM_THREADS` sets the threads)
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Instant;

use portraitist_face::detect::{Face, FaceDetector, SeetaFace};
use portraitist_face::edit::grid;
use portraitist_face::landmarks::Landmarks;
use portraitist_face::synthetic::{Artist, Identity, Portrait, Shot, Sketch, draw_caricature, photograph};
use rayon::prelude::*;

/// Degrees of yaw up to which a photo counts as frontal.
const FRONTAL_DEGREES: f32 = 15.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: u64| arguments.get(index).map_or(Ok(usual), |word| word.parse());
    let (people, side, seed) = (number(0, 400)?, number(1, 256)? as usize, number(2, 1)?);
    let shots: Vec<Shot> = (0..)
        .map(|count| Shot::sample(seed ^ (count << 20)))
        .filter(|shot: &Shot| shot.yaw_degrees.abs() <= FRONTAL_DEGREES)
        .take(people as usize)
        .collect();
    let start = Instant::now();
    let photos: Vec<Portrait> = (0..people)
        .into_par_iter()
        .map(|person| photograph(&Identity::sample(seed, person), &shots[person as usize], side))
        .collect::<Result<_, _>>()?;
    tell("photos", people, start);
    let start = Instant::now();
    (0..people).into_par_iter().try_for_each(|person| {
        let (artist, sketch) = (Artist::sample(seed, person), Sketch::sample(seed ^ person, 1.0));
        draw_caricature(&Identity::sample(seed, person), &artist, &sketch, side).map(|_| ())
    })?;
    tell("drawings", people, start);

    let detector = SeetaFace::new()?;
    let found: Vec<bool> = photos
        .par_iter()
        .map(|photo| Ok(finds_the_face(&detector.detect(&photo.picture)?, photo)))
        .collect::<Result<_, portraitist_face::Error>>()?;
    let count = found.iter().filter(|found| **found).count();
    println!(
        "face found in {count} of {people} photos with |yaw| <= {FRONTAL_DEGREES} degrees: {:.1} %",
        100.0 * count as f64 / people as f64
    );
    let missed: Vec<_> =
        photos.iter().zip(&found).filter(|(_, found)| !**found).map(|(photo, _)| photo.picture.clone()).collect();
    if let Some(sheet) = arguments.get(3).filter(|_| !missed.is_empty()) {
        grid(&missed, 8, 2, [255; 3])?.save(sheet, true)?;
    }
    Ok(())
}

/// The clearest box holds eyes, nose and mouth.
fn finds_the_face(faces: &[Face], photo: &Portrait) -> bool {
    let five = Landmarks(photo.points.webcaricature).five_points();
    faces.first().is_some_and(|face| five.into_iter().all(|point| face.bounds.contains(point)))
}

fn tell(what: &str, count: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.1} {what}/s on {} threads", count as f64 / seconds, rayon::current_num_threads());
}
