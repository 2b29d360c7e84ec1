//! What a run begins with, instead of random weights: fine-tuning.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::builtin;
use crate::run_folder::{discriminator_file, locate, translator_file};
use crate::training::checkpoint::load;
use crate::training::error::TrainingError;
use crate::weights::{ModelConfig, ModelFile, assign, read_hashed_model};

use super::trainer::Trainer;

/// Whose weights a run begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartConfig {
    /// A translator of the same sizes: a run or checkpoint folder, a weights file, or a built-in model by its name (a file of that
    /// name is `./NAME`). Its generators are taken, their EMA where there is one; of a run or checkpoint folder its discriminators,
    /// too. Optimisers and steps begin anew.
    pub model: PathBuf,
}

impl StartConfig {
    /// The file of the built-in model that is meant.
    pub fn built_in(&self) -> Option<&'static [u8]> {
        builtin::bytes(self.model.to_str()?)
    }

    /// Puts the weights into a trainer before its first step.
    ///
    /// # Errors
    /// [`TrainingError::Data`] for a name of nothing and for a file that holds no translator, [`TrainingError::Weights`] for weights
    /// that do not fit the run's networks.
    pub(super) fn load(&self, trainer: &mut Trainer) -> Result<(), TrainingError> {
        let wrong = |reason: String| TrainingError::Data { path: self.model.clone(), reason };
        let (file, path) = match self.built_in() {
            Some(bytes) => (ModelFile::from_bytes(bytes, &self.model.display().to_string())?, self.model.clone()),
            None => {
                let path = locate(&self.model, translator_file).map_err(|error| wrong(error.to_string()))?;
                let path = path.ok_or_else(|| {
                    let known = builtin::NAMES.join(", ");
                    wrong(format!("expected a run or checkpoint folder, a weights file or a built-in model ({known}) for start.model, found nothing"))
                })?;
                (read_hashed_model(&path)?.0, path)
            }
        };
        if !matches!(file.config, ModelConfig::Translator(_)) {
            return Err(wrong(format!("start.model: expected a translator, found {}", file.config.kind())));
        }
        assign(&mut trainer.translator, file.arrays, &path)?;
        if let Some(discriminators) = self.discriminators_beside(&path) {
            load(&mut trainer.discriminators, &discriminators)?;
        }
        trainer.ema = trainer.settings.ema_decay.map(|_| trainer.translator.clone());
        Ok(())
    }

    /// The discriminators of the checkpoint that holds the generators.
    fn discriminators_beside(&self, generators: &Path) -> Option<PathBuf> {
        let folder = generators.parent().filter(|_| self.model.is_dir())?;
        Some(discriminator_file(folder)).filter(|file| file.is_file())
    }
}
