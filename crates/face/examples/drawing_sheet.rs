//! A sheet to look at: some photos of a folder, each with every artist.
//!
//! `cargo run --release -p portraitist-face --example drawing_sheet -- PHOTO_FOLDER SHEET.png [EVERY_NTH]`
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::{Path, PathBuf};

use portraitist_face::drawing::{Artist, draw};
use portraitist_face::{Picture, grid};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(folder), Some(sheet)) = (arguments.first(), arguments.get(1)) else {
        return Err("usage: drawing_sheet PHOTO_FOLDER SHEET.png [EVERY_NTH]".into());
    };
    let every = arguments.get(2).map_or(Ok(1), |text| text.parse())?;
    let mut files = Vec::new();
    collect(Path::new(folder), &mut files)?;
    files.sort();
    let mut cells = Vec::new();
    for file in files.iter().step_by(every) {
        let photo = Picture::open(file)?;
        cells.push(photo.clone());
        for (index, artist) in Artist::ALL.into_iter().enumerate() {
            cells.push(draw(&photo, &artist.style(), index as u64)?);
        }
    }
    grid::grid(&cells, Artist::ALL.len() + 1, 2, [255; 3])?.save(sheet, true)?;
    println!("{} photos", cells.len() / (Artist::ALL.len() + 1));
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
