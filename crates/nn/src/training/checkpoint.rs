//! Checkpoints: all that a run needs to go on to the same bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::parameter::Parameterized;
use crate::weights::{FloatKind, ModelConfig, ModelFile, assign, collect, read_native, sha256_of_file, write_native};

use super::{Trainer, TrainingError};

/// What `state.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    /// Steps done.
    step: u64,
    /// The seed that all random numbers of the run derive from, together with the step and their
    /// purpose: there is no other random state.
    seed: u64,
    /// Samples of each domain that the loader has given out.
    samples: u64,
    generator_optimizer_steps: u64,
    critic_optimizer_steps: u64,
    learning_rate_generator: f64,
    learning_rate_critic: f64,
    version: String,
    /// SHA-256 of each file beside this one.
    sha256: BTreeMap<String, String>,
}

const STATE: &str = "state.json";
const GENERATOR: &str = "generator.safetensors";
const CRITIC: &str = "critic.safetensors";
const AVERAGE: &str = "average.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";

/// The weights file of a checkpoint that translation uses: the average where there is one.
pub fn translation_weights(checkpoint: &Path) -> PathBuf {
    let average = checkpoint.join(AVERAGE);
    if average.is_file() { average } else { checkpoint.join(GENERATOR) }
}

/// The checkpoints of a run, oldest first, whole or torn.
pub fn list(run_folder: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(run_folder.join("checkpoints")) else { return Vec::new() };
    let numbered = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.ok()?.path();
        let step = path.file_name()?.to_str()?.parse().ok()?;
        path.is_dir().then_some((step, path))
    };
    let mut found: Vec<(u64, PathBuf)> = entries.filter_map(numbered).collect();
    found.sort();
    found
}

/// The newest whole checkpoint of a run, and a sentence for each newer one that is torn.
pub fn newest(run_folder: &Path) -> (Option<PathBuf>, Vec<String>) {
    let mut warnings = Vec::new();
    for (_, path) in list(run_folder).into_iter().rev() {
        match verify(&path) {
            Ok(_) => return (Some(path), warnings),
            Err(reason) => warnings.push(format!("skipped the checkpoint {}: {reason}", path.display())),
        }
    }
    (None, warnings)
}

/// The checkpoint of `step`, if there is one and it is whole. Reads no other checkpoint.
pub(super) fn whole(run_folder: &Path, step: u64) -> Option<PathBuf> {
    Some(folder_of(run_folder, step)).filter(|path| verify(path).is_ok())
}

/// Where the checkpoint of `step` is, or would be.
pub(super) fn folder_of(run_folder: &Path, step: u64) -> PathBuf {
    run_folder.join("checkpoints").join(format!("{step:08}"))
}

fn verify(checkpoint: &Path) -> Result<State, String> {
    let text = fs::read(checkpoint.join(STATE)).map_err(|error| format!("{STATE}: {error}"))?;
    let state: State = serde_json::from_slice(&text).map_err(|error| format!("{STATE}: {error}"))?;
    for (name, expected) in &state.sha256 {
        let found = sha256_of_file(&checkpoint.join(name)).map_err(|error| format!("{name}: {error}"))?;
        if found != *expected {
            return Err(format!("{name} is not what was written"));
        }
    }
    Ok(state)
}

impl Trainer {
    /// Writes a checkpoint into `run_folder`, aside first, and returns its folder.
    ///
    /// # Errors
    /// [`TrainingError::Write`], and nothing is left behind.
    pub fn save(&self, run_folder: &Path, batch_size: usize) -> Result<PathBuf, TrainingError> {
        let folder = run_folder.join("checkpoints");
        let target = folder_of(run_folder, self.step);
        let wrong = |error: std::io::Error| TrainingError::Write { path: target.clone(), reason: error.to_string() };
        fs::create_dir_all(&folder).map_err(wrong)?;
        let aside = tempfile::Builder::new().prefix(".checkpoint-").tempdir_in(&folder).map_err(wrong)?;
        self.write_files(aside.path(), batch_size)?;
        sync_folder(aside.path()).map_err(wrong)?;
        if target.exists() {
            fs::remove_dir_all(&target).map_err(wrong)?;
        }
        fs::rename(aside.path(), &target).map_err(wrong)?;
        // The folder has moved away; there is nothing left for the guard to remove.
        let _ = aside.keep();
        sync_folder(&folder).map_err(wrong)?;
        Ok(target)
    }

    fn write_files(&self, folder: &Path, batch_size: usize) -> Result<(), TrainingError> {
        let mut hashes = BTreeMap::new();
        let mut write = |name: &str, config, arrays| {
            let path = folder.join(name);
            let model = ModelFile { config, arrays };
            write_native(&model, FloatKind::Single, &path, true)?;
            drop(model);
            let hash = sha256_of_file(&path)
                .map_err(|error| TrainingError::Write { path: path.clone(), reason: error.to_string() })?;
            hashes.insert(name.to_owned(), hash);
            Ok::<_, TrainingError>(())
        };
        let networks = || self.settings.networks.clone();
        write(GENERATOR, ModelConfig::Translator(networks()), collect(&self.translator))?;
        write(CRITIC, ModelConfig::Critic(networks()), collect(&self.critics))?;
        if let Some(average) = &self.average {
            write(AVERAGE, ModelConfig::Translator(networks()), collect(average))?;
        }
        let (generator_steps, generator_moments) = self.generator_adam.state();
        let (critic_steps, critic_moments) = self.critic_adam.state();
        let named = |prefix: &'static str, arrays: crate::weights::NamedArrays| {
            arrays.into_iter().map(move |(name, array)| (format!("{prefix}.{name}"), array))
        };
        let moments = named("generator", generator_moments).chain(named("critic", critic_moments)).collect();
        write(OPTIMIZER, ModelConfig::Optimizer, moments)?;
        let (learning_rate_generator, learning_rate_critic) = self.learning_rates(self.step.max(1));
        let state = State {
            step: self.step,
            seed: self.settings.seed,
            samples: self.step * batch_size as u64,
            generator_optimizer_steps: generator_steps,
            critic_optimizer_steps: critic_steps,
            learning_rate_generator,
            learning_rate_critic,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: hashes,
        };
        let path = folder.join(STATE);
        let wrong = |reason: String| TrainingError::Write { path: path.clone(), reason };
        let text = serde_json::to_vec_pretty(&state).map_err(|error| wrong(error.to_string()))?;
        portraitist_face::picture::write_atomically(&path, &text, true).map_err(|error| wrong(error.to_string()))
    }

    /// Takes up where a checkpoint was written. The settings must be those of its run.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] if it is torn, [`TrainingError::Weights`] if it does not fit.
    pub fn restore(&mut self, checkpoint: &Path) -> Result<(), TrainingError> {
        let wrong = |reason: String| TrainingError::Resume { path: checkpoint.to_path_buf(), reason };
        let state = verify(checkpoint).map_err(wrong)?;
        if state.seed != self.settings.seed {
            return Err(wrong(format!(
                "was trained with seed {}, the run file says {}",
                state.seed, self.settings.seed
            )));
        }
        load(&mut self.translator, &checkpoint.join(GENERATOR))?;
        load(&mut self.critics, &checkpoint.join(CRITIC))?;
        if let Some(average) = &mut self.average {
            load(average, &checkpoint.join(AVERAGE))?;
        }
        let moments = read_native(&checkpoint.join(OPTIMIZER))?.arrays;
        let of = |prefix: &str| {
            let arrays = moments.iter();
            arrays.filter_map(|(name, array)| Some((name.strip_prefix(prefix)?.to_owned(), array.clone()))).collect()
        };
        let device = self.device().clone();
        let unfitting = |name: String| wrong(format!("{OPTIMIZER}: {name} does not fit its parameter"));
        self.generator_adam
            .restore(state.generator_optimizer_steps, of("generator."), &self.translator, &device)
            .map_err(unfitting)?;
        self.critic_adam
            .restore(state.critic_optimizer_steps, of("critic."), &self.critics, &device)
            .map_err(unfitting)?;
        self.step = state.step;
        Ok(())
    }
}

fn load(network: &mut impl Parameterized, path: &Path) -> Result<(), TrainingError> {
    Ok(assign(network, read_native(path)?.arrays, path)?)
}

/// Removes all but the newest `keep` checkpoints up to `step`; 0 keeps all. Later ones are torn and do
/// not count: the run is about to write them again.
pub(super) fn prune(run_folder: &Path, step: u64, keep: usize) {
    let mut found = list(run_folder);
    found.retain(|(found, _)| *found <= step);
    if keep == 0 || found.len() <= keep {
        return;
    }
    for (_, path) in &found[..found.len() - keep] {
        // An old checkpoint that cannot be removed costs space, not the run.
        let _ = fs::remove_dir_all(path);
    }
}

/// Removes what a killed program was writing aside.
pub(super) fn sweep(run_folder: &Path) {
    for folder in [run_folder.to_path_buf(), run_folder.join("checkpoints"), run_folder.join("samples")] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let begins = |prefix: &str| name.to_string_lossy().starts_with(prefix);
            // What cannot be removed costs space, not the run.
            if begins(".checkpoint-") {
                let _ = fs::remove_dir_all(path);
            } else if begins(".portraitist-") {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
