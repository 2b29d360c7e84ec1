//! A contact sheet of synthetic people, one row each: photos, then drawings by different artists; and the time a picture takes.
//!
//! `cargo run --release --workspace --example synthetic_sheet -- SHEET.png [PEOPLE [PHOTOS [DRAWINGS [SIDE [SEED]]]]]`
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Instant;

use portraitist_face::edit::grid;
use portraitist_face::synthetic::{Artist, Identity, Shot, Sketch, draw_caricature, photograph};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sheet =
        arguments.first().ok_or("usage: synthetic_sheet SHEET.png [PEOPLE [PHOTOS [DRAWINGS [SIDE [SEED]]]]]")?;
    let number = |index: usize, usual: u64| arguments.get(index).map_or(Ok(usual), |word| word.parse());
    let (people, photos, drawings, side, seed) =
        (number(1, 5)?, number(2, 3)?, number(3, 4)?, number(4, 256)? as usize, number(5, 1)?);
    let (mut pictures, mut seconds) = (Vec::new(), [0.0; 2]);
    for person in 0..people {
        let identity = Identity::sample(seed, person);
        println!("{person}: {:?}, {:.0} years", identity.hair.style, identity.age_years);
        let start = Instant::now();
        for photo in 0..photos {
            let shot = Shot::sample(seed * 1000 + person * 100 + photo);
            pictures.push(photograph(&identity, &shot, side)?.picture);
        }
        seconds[0] += start.elapsed().as_secs_f64();
        let start = Instant::now();
        for drawing in 0..drawings {
            let sketch = Sketch::sample(seed * 1000 + person * 100 + drawing, 0.8);
            let artist = Artist::sample(seed, person + drawing);
            pictures.push(draw_caricature(&identity, &artist, &sketch, side)?.picture);
        }
        seconds[1] += start.elapsed().as_secs_f64();
    }
    let per_second = |pictures: u64, seconds: f64| (people * pictures) as f64 / seconds;
    println!("{:.1} photos/s, {:.1} drawings/s", per_second(photos, seconds[0]), per_second(drawings, seconds[1]));
    grid(&pictures, (photos + drawings) as usize, 2, [255; 3])?.save(sheet, true)?;
    Ok(())
}
