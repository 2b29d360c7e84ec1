//! Measures synthetic pictures: how many a second on all threads.
//!
//! `cargo run --release --workspace --example measure_synthetic -- [PEOPLE [SIDE [SEED]]]` (`RAYON_NUM_THREADS` sets the threads)
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Instant;

use portraitist_face::synthetic::{Artist, Identity, Shot, Sketch, draw_caricature, photograph};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: u64| arguments.get(index).map_or(Ok(usual), |word| word.parse());
    let (people, side, seed) = (number(0, 400)?, number(1, 256)? as usize, number(2, 1)?);
    let shots: Vec<Shot> = (0..people).map(|count| Shot::sample(seed ^ (count << 20))).collect();
    let start = Instant::now();
    (0..people).into_par_iter().try_for_each(|person| {
        photograph(&Identity::sample(seed, person), &shots[person as usize], side).map(|_| ())
    })?;
    tell("photos", people, start);
    let start = Instant::now();
    (0..people).into_par_iter().try_for_each(|person| {
        let (artist, sketch) = (Artist::sample(seed, person), Sketch::sample(seed ^ person, 1.0));
        draw_caricature(&Identity::sample(seed, person), &artist, &sketch, side).map(|_| ())
    })?;
    tell("drawings", people, start);

    Ok(())
}

fn tell(what: &str, count: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.1} {what}/s on {} threads", count as f64 / seconds, rayon::current_num_threads());
}
