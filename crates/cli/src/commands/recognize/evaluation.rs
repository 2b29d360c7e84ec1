//! What `verify` and `identify` have in common: the recogniser, whom it knows, and its embeddings.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use portraitist_face::align::Fit;
use portraitist_face::dataset::{Dataset, Entry};
use portraitist_face::synthetic::dataset_seed;
use portraitist_face::{Decoded, Error};
use portraitist_nn::recognition::{
    EmbeddingOptions, EvaluationError, FeatureCache, Features, Mirrored, PictureIndex, Recognizer, View, gather,
};

use super::origin::{Leak, Origin};
use crate::arguments::EvaluationArguments;
use crate::inputs::sentences;
use crate::interruption;
use crate::models::open_recognizer;
use crate::output::{Console, advised, is_there, refuse_input};
use crate::translation::similarity::face_pipeline;

/// A recogniser that is to be measured.
pub(super) struct Examination<'a> {
    arguments: &'a EvaluationArguments,
    recognizer: Recognizer,
}

impl<'a> Examination<'a> {
    /// Loads the recogniser.
    pub(super) fn open(arguments: &'a EvaluationArguments) -> anyhow::Result<Self> {
        let weights = Recognizer::locate(&arguments.model).ok().flatten();
        arguments.report.check(weights.as_deref())?;
        Ok(Self { arguments, recognizer: open_recognizer(&arguments.model, &arguments.device)? })
    }

    /// Refuses to write figures over what they are made from.
    ///
    /// # Errors
    /// Names the input.
    pub(super) fn check_outputs(
        &self,
        dataset: &Dataset,
        index: &PictureIndex<'_>,
        scores: Option<&Path>,
    ) -> anyhow::Result<()> {
        for file in self.arguments.report.files().chain(scores) {
            if !is_there(file) {
                continue;
            }
            let pictures = index.entries().iter().map(|picture| picture.entry);
            let files = pictures.flat_map(|entry| [Some(entry.picture.as_path()), entry.landmarks.as_deref()]);
            refuse_input(file, files.flatten())?;
            let roots = [dataset.root.as_path()].into_iter().chain(dataset.protocols.as_deref());
            let lies_in = |root: &Path| {
                file.canonicalize().is_ok_and(|file| root.canonicalize().is_ok_and(|root| file.starts_with(root)))
            };
            if let Some(root) = roots.into_iter().find(|root| lies_in(root)) {
                let message =
                    format!("{}: the result would replace a file of the dataset {}", file.display(), root.display());
                return Err(advised(message, "choose another name for the result"));
            }
        }
        Ok(())
    }

    /// The view that was asked for.
    pub(super) fn view(&self) -> View {
        if self.arguments.view == 1 { View::Development } else { View::Test }
    }

    /// What stands beside the figures.
    pub(super) fn origin(&self, protocol: &'static str, index: &PictureIndex<'_>) -> Origin {
        let mirrored = Mirrored::from(self.arguments.mirrored);
        let mut warnings = Vec::new();
        if index.num_missing() > 0 {
            let missing = index.num_missing();
            warnings.push(format!(
                "{missing} pictures of the protocol are not in the dataset and were left out: these are not the protocol's figures"
            ));
        }
        Origin {
            what: format!("{} by {} (view {})", self.arguments.model.display(), protocol, self.arguments.view),
            dataset: Some(self.arguments.dataset.dataset.display().to_string()),
            protocol: Some(protocol),
            view: Some(self.arguments.view),
            model: Some(self.arguments.model.display().to_string()),
            model_sha256: Some(self.recognizer.sha256().to_owned()),
            mirrored: Some(mirrored.name()),
            num_pictures: Some(index.entries().len()),
            num_people: Some(index.people().len()),
            missing_pictures: (index.num_missing() > 0).then_some(index.num_missing()),
            warnings,
            ..Origin::default()
        }
    }

    /// Counts the people who were in training, and refuses them unless --allow-leak is given.
    ///
    /// # Errors
    /// For people in training without --allow-leak.
    pub(super) fn check_leak(
        &self,
        dataset: &Dataset,
        tested: &[&str],
        helping: &[&str],
        origin: &mut Origin,
    ) -> anyhow::Result<()> {
        let Some(trained_on) = &self.recognizer.description().trained_on else {
            origin.leak = Some(None);
            let model = self.arguments.model.display();
            origin.warnings.push(format!(
                "{model} does not say whom it was trained on: these people may be among them, and the figures too high"
            ));
            return Ok(());
        };
        if self.recognizer.description().from_unknown {
            let model = self.arguments.model.display();
            origin.warnings.push(format!(
                "{model} was fine-tuned from a network that does not say whom it was trained on: the leak counts only the people of the fine-tuning"
            ));
        }
        let namespaces = namespaces(dataset, self.arguments.namespace.as_deref());
        let seen = |person: &&&str| namespaces.iter().any(|namespace| trained_on.contains(namespace, person));
        let known: Vec<&&str> = tested.iter().filter(seen).collect();
        if !known.is_empty() && !self.arguments.allow_leak {
            let shown: Vec<&str> = known.iter().take(3).map(|person| **person).collect();
            let more = if known.len() > shown.len() { ", …" } else { "" };
            let found = format!(
                "{}: {} of {} people of the protocol were in the recogniser's training ({}{more})",
                self.arguments.dataset.dataset.display(),
                known.len(),
                tested.len(),
                shown.join(", ")
            );
            let hint = "measure on people it never saw, or let --allow-leak mark every number as leaked";
            return Err(advised(found, hint));
        }
        let helpers = helping.iter().filter(seen).count();
        if helpers > 0 {
            origin.warnings.push(format!(
                "the threshold was chosen on {} people, {helpers} of whom were in training; it may be too high for others",
                helping.len()
            ));
        }
        origin.leak = Some(Some(Leak { people: known.len(), of: tested.len() }));
        Ok(())
    }

    /// Embeds every picture of the index.
    pub(super) fn features(
        &self,
        index: &PictureIndex<'_>,
        fit: Fit,
        origin: &mut Origin,
        console: &Console,
    ) -> anyhow::Result<Features> {
        let mirrored = Mirrored::from(self.arguments.mirrored);
        let mut cache = self.arguments.cache.as_deref().map(|folder| {
            let (cache, problem) = FeatureCache::open(folder, self.recognizer.sha256(), mirrored.name());
            origin.warnings.extend(problem);
            cache
        });
        let pipeline = face_pipeline(&self.recognizer, self.arguments.aligned, fit)?;
        let options = EmbeddingOptions { mirrored, ..EmbeddingOptions::default() };
        let embed = |crops: &[_]| Ok(self.recognizer.embed(crops, options)?);
        let bar =
            console.progress(index.entries().len() as u64, "{bar:24} {pos}/{len} pictures  {per_sec}  {eta} left");
        let odd = Mutex::new(BTreeSet::new());
        let looks_at_each = interruption::Loop::begin();
        let crop = |entry: &Entry| {
            if interruption::is_asked() {
                return Err(Error::Stopped);
            }
            let Decoded { picture, warnings } = pipeline.crop_entry(entry)?;
            odd.lock().unwrap_or_else(PoisonError::into_inner).extend(sentences(&entry.picture, &warnings));
            Ok(picture)
        };
        let features = gather(index, crop, &embed, cache.as_mut(), |done| bar.inc(done));
        let done = bar.position();
        bar.finish_and_clear();
        drop(looks_at_each);
        origin.warnings.extend(odd.into_inner().unwrap_or_else(PoisonError::into_inner));
        // What was embedded before a picture failed need not be embedded again.
        if let Some(cache) = &mut cache {
            cache.save().context("cannot keep the embeddings")?;
        }
        if features.is_err() && interruption::stops_here() {
            let message = format!("interrupted: {done} of {} pictures were embedded", index.entries().len());
            let hint = if cache.is_some() {
                "the same call goes on from there"
            } else {
                "with --cache DIR a call goes on where it was"
            };
            return Err(advised(message, hint));
        }
        Ok(features?)
    }
}

/// An error with advice where there is some.
pub(super) fn explained(error: EvaluationError) -> anyhow::Error {
    match error {
        EvaluationError::Missing { .. } => advised(
            error.to_string(),
            "leave such pictures out with --skip-missing; the figures are then not the protocol's",
        ),
        other => other.into(),
    }
}

/// Where the names of a dataset's people may have come from: anywhere, the namespace given, a synthetic dataset's own.
fn namespaces(dataset: &Dataset, given: Option<&str>) -> Vec<String> {
    let roots = std::iter::once(&dataset.root).chain(dataset.owners.values());
    let seeds = roots.filter_map(|root| dataset_seed(root)).map(|seed| format!("synthetic {seed}"));
    let mut namespaces: Vec<String> =
        std::iter::once(String::new()).chain(given.map(str::to_owned)).chain(seeds).collect();
    namespaces.sort();
    namespaces.dedup();
    namespaces
}
