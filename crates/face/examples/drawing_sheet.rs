//! A sheet to look at: some photos of a folder, each with every artist.
//!
//! `cargo run --release -p portraitist-face --example drawing_sheet -- PHOTO_FOLDER SHEET.png [EVERY_NTH]`
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::Path;

use portraitist_face::dataset::Walk;
use portraitist_face::drawing::{Artist, draw};
use portraitist_face::{Picture, edit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(folder), Some(sheet)) = (arguments.first(), arguments.get(1)) else {
        return Err("usage: drawing_sheet PHOTO_FOLDER SHEET.png [EVERY_NTH]".into());
    };
    let every = arguments.get(2).map_or(Ok(1), |text| text.parse())?;
    let files = Walk::of(Path::new(folder), |_| true).complete()?;
    let mut cells = Vec::new();
    for file in files.iter().step_by(every) {
        let photo = Picture::open(file)?;
        cells.push(photo.clone());
        for (index, artist) in Artist::ALL.into_iter().enumerate() {
            cells.push(draw(&photo, &artist.style(), index as u64)?);
        }
    }
    edit::grid(&cells, Artist::ALL.len() + 1, 2, [255; 3])?.save(sheet, true)?;
    println!("{} photos", cells.len() / (Artist::ALL.len() + 1));
    Ok(())
}
