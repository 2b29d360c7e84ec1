//! A sheet to look at: some photos of a folder, each in every technique (or by every artist, or in one technique with several seeds).
//!
//! `cargo run --release -p portraitist-face --example drawing_sheet -- PHOTO_FOLDER SHEET.png [EVERY_NTH] [TECHNIQUE|techniques|artists]
//! [TOOL]`
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::Path;

use portraitist_face::dataset::Walk;
use portraitist_face::drawing::{Artist, DrawingStyle, Technique, draw};
use portraitist_face::{Picture, edit};

const USAGE: &str = "usage: drawing_sheet PHOTO_FOLDER SHEET.png [EVERY_NTH] [TECHNIQUE|techniques|artists] [TOOL]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(folder), Some(sheet)) = (arguments.first(), arguments.get(1)) else {
        return Err(USAGE.into());
    };
    let every = arguments.get(2).map_or(Ok(1), |text| text.parse())?;
    let what = arguments.get(3).map_or("techniques", String::as_str);
    let tool: f32 = arguments.get(4).map_or(Ok(1.0), |text| text.parse())?;
    let files = Walk::of(Path::new(folder), |_| true).complete()?;
    let mut cells = Vec::new();
    let mut columns = 1;
    for (number, file) in files.iter().step_by(every).enumerate() {
        let photo = Picture::open(file)?;
        cells.push(photo.clone());
        let styles = styles(what, number as u64)?;
        columns = 1 + styles.len();
        for (index, style) in styles.into_iter().enumerate() {
            cells.push(draw(&photo, &DrawingStyle { tool: style.tool * tool, ..style }, index as u64)?);
        }
    }
    edit::grid(&cells, columns, 2, [255; 3])?.save(sheet, true)?;
    println!("{} photos", cells.len() / columns);
    Ok(())
}

/// The styles of one row.
fn styles(what: &str, row: u64) -> Result<Vec<DrawingStyle>, portraitist_face::Error> {
    Ok(match what {
        "artists" => Artist::ALL.into_iter().map(Artist::style).collect(),
        "techniques" => Technique::ALL.into_iter().map(|technique| technique.style(row)).collect(),
        name => {
            let technique = Technique::parse(name)?;
            (0..6).map(|seed| technique.style(6 * row + seed)).collect()
        }
    })
}
