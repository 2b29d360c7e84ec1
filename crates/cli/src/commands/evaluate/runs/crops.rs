//! Pictures as a model sees them: cut to its frame.

use std::path::PathBuf;

use anyhow::anyhow;
use portraitist_face::Picture;
use portraitist_face::align::Cropper;
use portraitist_face::dataset::FoundPicture;
use portraitist_face::edit::{CropPlace, CropTransform};
use portraitist_face::picture::Decoded;
use portraitist_face::pipeline::FacePipeline;
use portraitist_nn::random::shuffled;
use portraitist_nn::translate::Model;
use rayon::prelude::*;

use crate::inputs::{Failure, sentences};
use crate::models::open_detector;
use crate::output::Console;
use crate::translation::translator::BORDER;

/// Pictures that are read at once.
const AT_ONCE: usize = 16;

/// A picture in a model's frame.
#[derive(Clone, Debug)]
pub(super) struct Crop {
    pub(super) path: PathBuf,
    /// Whom it shows; a picture of nobody known is a person of its own.
    pub(super) person: String,
    pub(super) picture: Picture,
}

/// What is to be said of pictures that were read.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) failed: Vec<Failure>,
    pub(super) warnings: Vec<String>,
}

impl Told {
    /// Warns, and keeps the warning for the report.
    pub(super) fn warn(&mut self, text: String, console: &Console) {
        console.warn(&text);
        self.warnings.push(text);
    }
}

/// Cuts pictures to a model's frame.
pub(super) enum Framing {
    /// Crops already: resized and cut as in training, at the size of translation.
    Aligned(CropTransform),
    /// Any pictures: the face is found.
    Found(FacePipeline),
}

impl Framing {
    /// For a model.
    pub(super) fn new(model: &Model, aligned: bool) -> anyhow::Result<Self> {
        if !aligned {
            return Ok(Self::Found(FacePipeline::new(
                open_detector()?,
                Cropper::antialiased(model.template(), BORDER),
            )));
        }
        let picture = &model.config().picture;
        let scale = picture.translation_scale;
        Ok(Self::Aligned(CropTransform {
            flip: false,
            shorter_side: Some(picture.resize * scale),
            crop_width: picture.width * scale,
            crop_height: picture.height * scale,
            place: CropPlace::Center,
        }))
    }

    fn cut(&self, found: &FoundPicture) -> anyhow::Result<(Crop, Vec<String>)> {
        let Decoded { picture, warnings } = Decoded::open(&found.path)?;
        let said = sentences(&found.path, &warnings).collect();
        let picture = match self {
            Self::Aligned(transform) => transform.apply(&picture)?,
            Self::Found(pipeline) => pipeline.face(&picture, None)?.ok_or_else(|| anyhow!("no face found"))?.crop,
        };
        let person = found.person.clone().unwrap_or_else(|| found.path.display().to_string());
        Ok((Crop { path: found.path.clone(), person, picture }, said))
    }

    /// Reads pictures, and gives them to `take` some at a time. What cannot be read is told and left out.
    pub(super) fn read(
        &self,
        found: &[FoundPicture],
        told: &mut Told,
        console: &Console,
        mut take: impl FnMut(Vec<Crop>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let bar = console.progress(found.len() as u64, "{bar:24} {pos}/{len} pictures read  {eta} left");
        for some in found.chunks(AT_ONCE) {
            let cut: Vec<_> = some.par_iter().map(|found| self.cut(found)).collect();
            let mut crops = Vec::with_capacity(some.len());
            for (found, cut) in some.iter().zip(cut) {
                match cut {
                    Ok((crop, said)) => {
                        bar.suspend(|| said.iter().for_each(|warning| console.warn(warning)));
                        told.warnings.extend(said);
                        crops.push(crop);
                    }
                    Err(error) => {
                        let failure = Failure::new(&found.path, &error);
                        let is_known =
                            |known: &Failure| (&known.input, &known.error) == (&failure.input, &failure.error);
                        // Side by side, every model reads the same pictures.
                        if !told.failed.iter().any(is_known) {
                            bar.suspend(|| console.fail(&error.context(found.path.display().to_string())));
                            told.failed.push(failure);
                        }
                    }
                }
            }
            take(crops)?;
            bar.inc(some.len() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// At most so many of some pictures, drawn by a seed, in the order of the draw.
pub(super) fn drawn(found: &[FoundPicture], most: usize, seed: u64, purpose: &str) -> Vec<FoundPicture> {
    shuffled(seed, purpose, found.len()).into_iter().take(most).map(|index| found[index].clone()).collect()
}
