//! A run or model that is measured, and the pictures that it brings.

use std::path::{Path, PathBuf};

use anyhow::Context;
use portraitist_face::dataset::{FoundPicture, find_pictures};
use portraitist_nn::config::Domain;
use portraitist_nn::run_folder::RUN_FILE;
use portraitist_nn::training::Run;
use portraitist_nn::training::munit::RunFile;
use portraitist_nn::training::pictures::prepared_pictures;
use portraitist_nn::translate::Model;

use crate::arguments::RunMeasuring;
use crate::models::open_translator;
use crate::output::advised;

/// A run or model.
pub(super) struct Subject {
    /// As on the command line.
    pub(super) name: PathBuf,
    pub(super) model: Model,
    /// The run that it comes from, where that is known.
    run: Option<(PathBuf, RunFile)>,
}

/// Pictures of both domains.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    photos: Vec<FoundPicture>,
    drawings: Vec<FoundPicture>,
    /// Whether they are face crops already.
    pub(super) aligned: bool,
    /// What was passed over.
    pub(super) warnings: Vec<String>,
}

impl Sets {
    /// Those of a domain.
    pub(super) fn of(&self, domain: Domain) -> &[FoundPicture] {
        match domain {
            Domain::Photo => &self.photos,
            Domain::Drawing => &self.drawings,
        }
    }

    /// The pictures of --photos and --drawings; `None` without both.
    pub(super) fn given(measuring: &RunMeasuring) -> anyhow::Result<Option<Self>> {
        let found = Self::named([&measuring.photos, &measuring.drawings], measuring.aligned)?;
        Ok((!found.is_empty()).then_some(found))
    }

    fn is_empty(&self) -> bool {
        self.photos.is_empty() && self.drawings.is_empty()
    }

    /// One split of a dataset that `dataset prepare` wrote; nothing where it has none.
    fn prepared(dataset: &Path, split: &str) -> Self {
        let mut sets = Self { aligned: true, ..Self::default() };
        for (domain, picture) in prepared_pictures(dataset, split).unwrap_or_default() {
            match domain {
                Domain::Photo => sets.photos.push(picture),
                Domain::Drawing => sets.drawings.push(picture),
            }
        }
        sets
    }

    fn named([photos, drawings]: [&Option<PathBuf>; 2], aligned: bool) -> anyhow::Result<Self> {
        let mut warnings = Vec::new();
        let mut find = |place: &Option<PathBuf>| {
            let Some(place) = place else { return Ok(Vec::new()) };
            let found = find_pictures(place, &[])?;
            warnings.extend(found.warnings);
            Ok::<_, anyhow::Error>(found.pictures)
        };
        Ok(Self { photos: find(photos)?, drawings: find(drawings)?, aligned, warnings })
    }
}

impl Subject {
    /// Reads a run or model, and its run file where there is one.
    pub(super) fn open(name: &Path) -> anyhow::Result<Self> {
        let model = open_translator(name)?;
        let located = Model::locate(name)?;
        // runs/00001-name/checkpoints/00001000/generator.safetensors
        let above = located.iter().flat_map(|file| file.ancestors().skip(1).take(3));
        let folder = above.map(Path::to_path_buf).find(|folder| folder.join(RUN_FILE).is_file());
        let run = folder.map(|folder| Ok::<_, anyhow::Error>((folder.clone(), RunFile::read(&folder.join(RUN_FILE))?)));
        Ok(Self { name: name.to_owned(), model, run: run.transpose()? })
    }

    /// The run folder.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.run.as_ref().map(|(folder, _)| folder.as_path())
    }

    /// The test pictures of the run; `None` where it has none.
    pub(super) fn test_sets(&self) -> anyhow::Result<Option<Sets>> {
        let Some((folder, run)) = &self.run else { return Ok(None) };
        let data = &run.data;
        let sets = if data.test_photos.is_some() || data.test_drawings.is_some() {
            Sets::named([&data.test_photos, &data.test_drawings], true)
                .with_context(|| format!("the test pictures of {}", folder.display()))?
        } else {
            data.prepared.as_ref().map(|dataset| Sets::prepared(dataset, "test")).unwrap_or_default()
        };
        Ok((!sets.is_empty()).then_some(sets))
    }

    /// The pictures that it was trained on; nothing where they are not known or no longer there.
    pub(super) fn training_sets(&self) -> Sets {
        let Some((_, run)) = &self.run else { return Sets::default() };
        match &run.data.prepared {
            Some(dataset) => Sets::prepared(dataset, "train"),
            None => Sets::named([&run.data.photos, &run.data.drawings], true).unwrap_or_default(),
        }
    }
}

/// The error of a model without pictures.
pub(super) fn no_pictures(subject: &Subject) -> anyhow::Error {
    advised(
        format!("{}: there are no test pictures to measure on", subject.name.display()),
        "name some with --photos DIR and --drawings DIR",
    )
}
