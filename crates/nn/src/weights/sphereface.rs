//! Published checkpoints of SphereFace, `sphere20a*.pth`, and networks fine-tuned from them.

use std::path::Path;

use crate::config::{Architecture, RecognizerConfig};
use crate::recognition::RecognizerDescription;

use super::arrays::{Array, NamedArrays};
use super::error::WeightsError;
use super::native::{ModelConfig, ModelFile};

/// What a network that was trained on several devices puts before every name.
const PARALLEL_PREFIX: &str = "module.";

/// Whether the names are those of a SphereFace network.
pub(super) fn is_one(arrays: &NamedArrays) -> bool {
    ["conv1_1.weight", "relu1_1.weight", "fc5.weight"]
        .iter()
        .all(|name| arrays.contains_key(*name) || arrays.contains_key(&format!("{PARALLEL_PREFIX}{name}")))
}

/// A checkpoint, its configuration taken from the arrays' shapes: any width, depth and number of people.
pub(super) fn model(arrays: NamedArrays, path: &Path) -> Result<ModelFile, WeightsError> {
    let plain = |name: String| name.strip_prefix(PARALLEL_PREFIX).map(str::to_owned).unwrap_or(name);
    let arrays: NamedArrays = arrays.into_iter().map(|(name, array)| (plain(name), array)).collect();
    let network = configuration(&arrays);
    network.validate().map_err(|reason| WeightsError::Config { path: path.to_path_buf(), reason })?;
    let description = RecognizerDescription { network, ..RecognizerDescription::default() };
    Ok(ModelFile { config: ModelConfig::Recognizer(description), arrays })
}

fn configuration(arrays: &NamedArrays) -> RecognizerConfig {
    let length = |name: &str, axis: usize| {
        arrays.get(name).and_then(|array: &Array| array.shape.get(axis).copied()).unwrap_or(0)
    };
    let stage = |index: usize| {
        let layers = (1..).take_while(|layer| arrays.contains_key(&format!("conv{index}_{layer}.weight"))).count();
        (length(&format!("conv{index}_1.weight"), 0), layers.saturating_sub(1) / 2)
    };
    let stages = [1, 2, 3, 4].map(stage);
    RecognizerConfig {
        architecture: Architecture::SphereFace,
        channels: stages.map(|(channels, _)| channels),
        blocks: stages.map(|(_, blocks)| blocks),
        embedding: length("fc5.weight", 0),
        classes: length("fc6.weight", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_and_widths_are_those_of_the_arrays() {
        let array = |shape: &[usize]| Array { shape: shape.to_vec(), values: Vec::new(), dtype: "F32" };
        let (layers, channels) = ([3, 5, 9, 1], [64, 128, 256, 512]);
        let mut arrays = NamedArrays::default();
        for (stage, (layers, channels)) in layers.into_iter().zip(channels).enumerate() {
            arrays.extend(
                (1..=layers).map(|layer| (format!("conv{}_{layer}.weight", stage + 1), array(&[channels, 3, 3, 3]))),
            );
        }
        arrays.insert("fc5.weight".into(), array(&[512, 21504]));
        arrays.insert("fc6.weight".into(), array(&[512, 10574]));
        let found = configuration(&arrays);
        assert_eq!((found.blocks, found.channels), ([1, 2, 4, 0], channels));
        assert_eq!((found.embedding, found.classes), (512, 10574));
    }
}
