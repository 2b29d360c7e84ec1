//! Looks at the faces of a dataset for [`check_people`], which knows no networks.

use portraitist_face::Picture;
use portraitist_face::align::Fit;
use portraitist_face::check::{Seen, check_people};
use portraitist_face::dataset::{Dataset, Entry, Problem};
use portraitist_face::pipeline::FacePipeline;
use portraitist_nn::recognition::{EmbeddingOptions, Recognizer};
use rayon::prelude::*;

use crate::models::open_recognizer;
use crate::output::Console;
use crate::translation::similarity::face_pipeline;

/// Pictures whose crops are in memory at once.
const CHUNK: usize = 64;

/// Who is shown where someone else should be, and what only a look at the faces tells.
pub(super) fn look(dataset: &Dataset, recognizer: &str, console: &Console) -> anyhow::Result<Vec<Problem>> {
    let recognizer = open_recognizer(recognizer, "cpu")?;
    let pipeline = face_pipeline(&recognizer, false, Fit::Reflective)?;
    let entries: Vec<&Entry> = dataset.entries().map(|(_, entry)| entry).collect();
    let bar = console.progress(entries.len() as u64, "{bar:24} {pos}/{len} faces  {eta} left");
    let mut seen = Vec::with_capacity(entries.len());
    for entries in entries.chunks(CHUNK) {
        let found: Vec<Option<(Seen, Option<Picture>)>> =
            entries.par_iter().map(|entry| face_of(&pipeline, entry)).collect();
        let crops: Vec<Picture> = found.iter().flatten().filter_map(|(_, crop)| crop.clone()).collect();
        let mut embeddings = embed(&recognizer, &crops).into_iter();
        seen.extend(found.into_iter().map(|found| {
            let (seen, crop) = found?;
            let embedding = crop.and_then(|_| embeddings.next()).flatten();
            Some(Seen { embedding, ..seen })
        }));
        bar.inc(entries.len() as u64);
    }
    bar.finish_and_clear();
    Ok(check_people(dataset, &seen))
}

/// The face of a picture: where its landmarks have it, else where the detector finds it. `None` for a picture that cannot be read.
fn face_of(pipeline: &FacePipeline, entry: &Entry) -> Option<(Seen, Option<Picture>)> {
    let picture = Picture::open(&entry.picture).ok()?;
    let known = entry.read_landmarks().ok().flatten().map(|landmarks| landmarks.five_points());
    let (points, face) = match known {
        Some(points) => (Some(points), None),
        None => {
            let found = pipeline.faces(&picture).ok().and_then(|faces| faces.into_iter().next());
            (found.as_ref().map(|face| face.points), found.map(|face| face.bounds))
        }
    };
    let crop = points.and_then(|points| pipeline.cut(&picture, points).ok()).map(|face| face.crop);
    Some((Seen { embedding: None, face, size: [picture.width(), picture.height()] }, crop))
}

/// The embedding of each crop; `None` for one in which the recogniser sees nothing.
fn embed(recognizer: &Recognizer, crops: &[Picture]) -> Vec<Option<Vec<f32>>> {
    let options = EmbeddingOptions::default();
    match recognizer.embed(crops, options) {
        Ok(rows) => rows.into_iter().map(Some).collect(),
        // One of them is to blame.
        Err(_) => crops
            .iter()
            .map(|crop| recognizer.embed(std::slice::from_ref(crop), options).ok().map(|rows| rows.concat()))
            .collect(),
    }
}
