//! What measures: networks, each read once.

use std::path::PathBuf;

use anyhow::ensure;
use portraitist_nn::builtin::RECOGNIZER;
use portraitist_nn::detection::FaceMeshDetector;
use portraitist_nn::evaluation::{Mode, NetworkKind, PerceptualNetwork, find_weights};
use portraitist_nn::networks::InceptionKind;
use portraitist_nn::recognition::Recognizer;

use super::measure::Stamp;
use crate::arguments::RunMeasuring;
use crate::commands::evaluate::passes::{Networks, Variant, missing_weights};
use crate::models::open_recognizer;

/// Everything that looks at pictures.
pub(super) struct Tools {
    pub(super) modes: Vec<Mode>,
    pub(super) networks: Networks,
    pub(super) perceptual: PerceptualNetwork,
    pub(super) recognizer: Recognizer,
    pub(super) detector: &'static FaceMeshDetector,
    pub(super) stamp: Stamp,
}

impl Tools {
    /// Reads what a call needs.
    pub(super) fn read(measuring: &RunMeasuring, stamp: Stamp) -> anyhow::Result<Self> {
        let modes = modes(measuring)?;
        let variants: Vec<Variant> = modes.iter().map(|mode| Variant::of(*mode)).collect();
        let networks = match &measuring.vgg16 {
            Some(file) => Networks::read_with(&variants, |kind| match kind {
                NetworkKind::Vgg16 => Ok(Some(file.clone())),
                other => Networks::chosen_weights(other, &measuring.weights),
            }),
            None => Networks::read(&variants, &measuring.weights),
        };
        Ok(Self {
            modes,
            networks: networks.map_err(|error| missing_weights(&error))?,
            perceptual: PerceptualNetwork::read(measuring.vgg16.as_deref())?,
            recognizer: open_recognizer(PathBuf::from(RECOGNIZER), "cpu")?,
            detector: FaceMeshDetector::shared()?,
            stamp,
        })
    }
}

/// The modes asked for, or what is built in and FID where its weights are there.
fn modes(measuring: &RunMeasuring) -> anyhow::Result<Vec<Mode>> {
    let mut modes: Vec<Mode> = measuring.mode.iter().map(|mode| Mode::from(*mode)).collect();
    if modes.is_empty() {
        modes = vec![Mode::Likeness, Mode::FaceMesh];
        let has_fid = !measuring.weights.is_empty() || find_weights(InceptionKind::Fid, None).is_some();
        modes.extend(has_fid.then_some(Mode::PytorchFid));
    }
    ensure!(
        !modes.contains(&Mode::Original2018),
        "original-2018 is measured on saved pictures, with `evaluate pictures`; expected another mode"
    );
    Ok(modes)
}
