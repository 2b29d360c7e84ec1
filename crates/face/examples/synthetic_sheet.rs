//! A contact sheet of synthetic people, one row each, to look at; and the time a picture takes.
//!
//! `cargo run --release --workspace --example synthetic_sheet -- SHEET.png [PEOPLE [PHOTOS [SIDE [SEED]]]]`
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Instant;

use portraitist_face::grid::grid;
use portraitist_face::synthetic::{Identity, Shot, photograph};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sheet = arguments.first().ok_or("usage: synthetic_sheet SHEET.png [PEOPLE [PHOTOS [SIDE [SEED]]]]")?;
    let number = |index: usize, usual: u64| arguments.get(index).map_or(Ok(usual), |word| word.parse());
    let (people, photos, side, seed) = (number(1, 5)?, number(2, 6)?, number(3, 256)? as usize, number(4, 1)?);
    let start = Instant::now();
    let mut pictures = Vec::new();
    for person in 0..people {
        let identity = Identity::sample(seed, person);
        println!("{person}: {:?} {:?} {:.0} years", identity.hair.style, identity.beard, identity.age_years);
        for photo in 0..photos {
            let portrait = photograph(&identity, &Shot::sample(seed * 1000 + person * 100 + photo), side)?;
            pictures.push(portrait.picture);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.1} pictures/s on one thread", pictures.len() as f64 / seconds);
    grid(&pictures, photos as usize, 2, [255; 3])?.save(sheet, true)?;
    Ok(())
}
