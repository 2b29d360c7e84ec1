//! Writes exaggerated faces with their points, to measure `landmarks evaluate` on caricature geometry.
//!
//! `cargo run --release -p portraitist-nn --example exaggerated_faces -- RUN.toml DATASET OUT [STRENGTH]`: the faces of the run file's
//! DATASET-th test dataset (from 0), exaggerated by STRENGTH (1 is what the run file says) as in training, but whole pictures. Writes
//! OUT/*.png and OUT/points.csv.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::{Path, PathBuf};

use portraitist_face::Picture;
use portraitist_nn::training::Run;
use portraitist_nn::training::landmarks::{Faces, RunFile, exaggerated};

const USAGE: &str = "usage: exaggerated_faces RUN.toml DATASET OUT [STRENGTH]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, dataset, out, rest @ ..] = &arguments[..] else { return Err(USAGE.into()) };
    let strength: f64 = rest.first().map_or(Ok(1.0), |text| text.parse())?;
    let run = RunFile::read(Path::new(run))?;
    let test = run.data.test.get(dataset.parse::<usize>()?).ok_or("the run file has no such test dataset")?;
    let train = Faces::find(&run.data.train, 0)?;
    let faces = Faces::find(std::slice::from_ref(test), 0)?;
    let out = PathBuf::from(out);
    std::fs::create_dir_all(&out)?;
    let mut table = String::new();
    for (index, face) in faces.faces.iter().enumerate() {
        let picture = Picture::open(&face.path)?;
        let (picture, points) = exaggerated(&picture, face, &train, &run.data.exaggeration, strength, index as u64)?;
        let name = format!("{index:04}.png");
        picture.save(out.join(&name), true)?;
        let points: Vec<String> = points.iter().map(|[x, y]| format!("{x:.2},{y:.2}")).collect();
        table += &format!("{name},{}\n", points.join(","));
    }
    std::fs::write(out.join("points.csv"), table)?;
    println!("{} faces", faces.faces.len());
    Ok(())
}
