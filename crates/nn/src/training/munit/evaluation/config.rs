//! How evaluation is asked for in a run file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::evaluation::Mode;

/// What pictures are measured by: the network whose features are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvaluationNetwork {
    /// The built-in recogniser.
    #[default]
    Likeness,
    /// The built-in face mesh: the fastest.
    FaceMesh,
    /// VGG16, whose weights must be given.
    Vgg16,
    /// The FID Inception network as pytorch-fid uses it; its weights must be given.
    PytorchFid,
    /// The same as clean-fid uses it.
    Clean,
    /// The same as torch-fidelity uses it.
    TorchFidelity,
}

impl EvaluationNetwork {
    /// The way of measuring that `evaluate pictures` has, too.
    pub fn mode(self) -> Mode {
        match self {
            Self::Likeness => Mode::Likeness,
            Self::FaceMesh => Mode::FaceMesh,
            Self::Vgg16 => Mode::Vgg16,
            Self::PytorchFid => Mode::PytorchFid,
            Self::Clean => Mode::Clean,
            Self::TorchFidelity => Mode::TorchFidelity,
        }
    }

    /// What the log calls its Fréchet distance and its kernel distance. Only those over the Inception network are FID and KID.
    pub fn measures(self) -> [String; 2] {
        let mode = self.mode();
        if mode.is_fid() {
            ["fid", "kid"].map(str::to_owned)
        } else {
            ["frechet", "kernel"].map(|measure| format!("{measure}_{}", mode.name()))
        }
    }
}

/// The four sets of generated pictures, as the log names them: translations, then reconstructions.
pub(super) const SETS: [&str; 4] = ["drawing", "photo", "reconstruction_drawing", "reconstruction_photo"];

/// What is measured during a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// The network whose features are compared.
    pub network: EvaluationNetwork,
    /// Its weights, where they are not built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// Pictures of each domain, spread over the test set.
    pub pictures: usize,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self { network: EvaluationNetwork::default(), weights: None, pictures: 500 }
    }
}

impl EvaluationConfig {
    /// What `record.best` may name.
    pub fn names(&self) -> Vec<String> {
        let measures = self.network.measures();
        measures.iter().flat_map(|measure| SETS.map(|set| format!("{measure}.{set}"))).collect()
    }

    pub(in crate::training::munit) fn validate(&self, every: Option<u64>, best: Option<&str>) -> Result<(), String> {
        if every == Some(0) {
            return Err("record.evaluate_every must be at least 1, found 0".to_owned());
        }
        if !(2..=100_000).contains(&self.pictures) {
            return Err(format!("record.evaluation.pictures must be between 2 and 100000, found {}", self.pictures));
        }
        let Some(best) = best else { return Ok(()) };
        if every.is_none() {
            return Err(format!("record.best = {best:?} needs record.evaluate_every: only then it is measured"));
        }
        let names = self.names();
        if names.iter().any(|name| name == best) {
            Ok(())
        } else {
            Err(format!("record.best must be one of {}, found {best:?}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_inception_network_gives_a_fid() {
        let names = |network| EvaluationConfig { network, ..EvaluationConfig::default() }.names();
        let best = |network, best| EvaluationConfig { network, ..EvaluationConfig::default() }.validate(Some(10), best);
        assert!(names(EvaluationNetwork::Clean).contains(&"fid.reconstruction_photo".to_owned()));
        assert_eq!(best(EvaluationNetwork::PytorchFid, Some("kid.drawing")), Ok(()));
        assert_eq!(best(EvaluationNetwork::Likeness, Some("kernel_likeness.drawing")), Ok(()));
        for network in [EvaluationNetwork::Likeness, EvaluationNetwork::FaceMesh, EvaluationNetwork::Vgg16] {
            assert!(names(network).iter().all(|name| !name.contains("fid") && !name.contains("kid")));
            let reason = best(network, Some("kid.drawing")).expect_err("not a KID");
            assert!(reason.contains(&format!("kernel_{}.drawing", network.mode().name())), "{reason}");
        }
        let unmeasured = EvaluationConfig::default().validate(None, Some("kernel_likeness.drawing"));
        assert!(unmeasured.expect_err("never measured").contains("evaluate_every"));
    }
}
