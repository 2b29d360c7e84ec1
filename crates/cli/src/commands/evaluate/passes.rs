//! One pass over the pictures of a set: each is decoded once, for every way of making features.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portraitist_face::Picture;
use portraitist_face::picture::Decoded;
use portraitist_nn::evaluation::{
    FeatureNetwork, Mode, NetworkKind, Preparation, as_original_saves, find_weights, weights_kind,
};
use portraitist_nn::metrics::generation::FeatureRows;
use portraitist_nn::networks::InceptionKind;
use rayon::prelude::*;

use super::sets::FeatureSet;
use crate::arguments::EvaluatePicturesArguments;
use crate::inputs::{Failure, expand, sentences};
use crate::output::{Console, advised, describe};

/// Pictures that are decoded at once.
const AT_ONCE: usize = 32;

/// A way of making features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    pub(super) network: NetworkKind,
    /// Of Inception networks. Whether a last batch is left out is decided when sets are compared.
    pub(super) preparation: Option<Preparation>,
}

impl Variant {
    pub(super) fn of(mode: Mode) -> Self {
        let preparation = mode.preparation().map(|found| Preparation { drops_last_batch: false, ..found });
        let network = match mode {
            Mode::Likeness => NetworkKind::Likeness,
            Mode::FaceMesh => NetworkKind::FaceMesh,
            Mode::Vgg16 => NetworkKind::Vgg16,
            _ => NetworkKind::Inception(preparation.map_or(InceptionKind::Fid, |found| found.network)),
        };
        Self { network, preparation }
    }
}

/// The networks of a call, each read once.
#[derive(Debug, Default)]
pub(super) struct Networks {
    networks: HashMap<NetworkKind, FeatureNetwork>,
}

impl Networks {
    /// Reads what some variants need.
    pub(super) fn read(variants: &[Variant], given: &[PathBuf]) -> anyhow::Result<Self> {
        Self::read_with(variants, |network| Self::chosen_weights(network, given))
    }

    /// As [`read`](Self::read), of the files that `weights` names.
    pub(super) fn read_with(
        variants: &[Variant],
        weights: impl Fn(NetworkKind) -> anyhow::Result<Option<PathBuf>>,
    ) -> anyhow::Result<Self> {
        let mut networks = HashMap::new();
        for Variant { network, .. } in variants {
            if !networks.contains_key(network) {
                let weights = weights(*network)?;
                networks.insert(*network, FeatureNetwork::read(*network, weights.as_deref())?);
            }
        }
        Ok(Self { networks })
    }

    pub(super) fn of(&self, variant: Variant) -> anyhow::Result<&FeatureNetwork> {
        self.networks.get(&variant.network).context("the network of a mode is read before the pictures are")
    }

    /// The file, of those given, that is of a network's kind. A single one is taken as it is: what is wrong with it is said when it is read.
    pub(super) fn chosen_weights(network: NetworkKind, given: &[PathBuf]) -> anyhow::Result<Option<PathBuf>> {
        let NetworkKind::Inception(kind) = network else { return Ok(given.first().cloned()) };
        if let [one] = given {
            // Two networks and one file: the other may lie at its usual place.
            let is_other = weights_kind(one).is_some_and(|found| found != kind);
            return Ok(if is_other && find_weights(kind, None).is_some() { None } else { Some(one.clone()) });
        }
        Ok(given.iter().find(|path| weights_kind(path) == Some(kind)).cloned())
    }
}

/// What a pass found.
#[derive(Debug)]
pub(super) struct Measured {
    /// In the order of the variants.
    pub(super) sets: Vec<FeatureSet>,
    pub(super) failed: Vec<Failure>,
    pub(super) warnings: Vec<String>,
}

/// Whether a word means a file of features.
fn is_feature_file(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    path.is_file() && ending.is_some_and(|ending| ending == "npz" || ending == "npy")
}

/// Makes the features of a set. Pictures that cannot be read are counted and left out.
pub(super) fn measure(
    word: &Path,
    is_generated: bool,
    variants: &[Variant],
    networks: &Networks,
    console: &Console,
) -> anyhow::Result<Measured> {
    if is_feature_file(word) {
        let sets = variants.iter().map(|_| FeatureSet::read(word)).collect::<anyhow::Result<_>>()?;
        return Ok(Measured { sets, failed: Vec::new(), warnings: Vec::new() });
    }
    let mut inputs = expand(&[word.to_path_buf()], None);
    if let [unusable] = &inputs.unusable[..] {
        bail!("{}", unusable.error);
    }
    let (mut failed, mut warnings) = inputs.told(console);
    let mut rows = Vec::new();
    for variant in variants {
        rows.push(FeatureRows::new(networks.of(*variant)?.dim()));
    }
    let bar = console.progress(inputs.pictures.len() as u64, "{bar:24} {pos}/{len} pictures  {per_sec}  {eta} left");
    for batch in inputs.pictures.chunks(AT_ONCE) {
        let decoded: Vec<_> = batch.par_iter().map(|input| Decoded::open(&input.path)).collect();
        let mut pictures = Vec::with_capacity(batch.len());
        for (input, decoded) in batch.iter().zip(decoded) {
            match decoded {
                Ok(Decoded { picture, warnings: said }) => {
                    let said: Vec<String> = sentences(&input.path, &said).collect();
                    bar.suspend(|| said.iter().for_each(|warning| console.warn(warning)));
                    warnings.extend(said);
                    pictures.push(picture);
                }
                Err(error) => {
                    let error = error.into();
                    bar.suspend(|| console.fail(&error));
                    failed.push(Failure::new(&input.path, &error));
                }
            }
        }
        add_features(&pictures, is_generated, variants, networks, &mut rows)
            .with_context(|| word.display().to_string())?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let found = inputs.pictures.len() - failed.len();
    if found < 2 {
        bail!("{}: expected at least 2 pictures, found {found} that can be read", word.display());
    }
    if !failed.is_empty() {
        let text = format!(
            "{}: {} of {} pictures could not be read and were left out",
            word.display(),
            failed.len(),
            inputs.pictures.len()
        );
        console.warn(&text);
        warnings.push(text);
    }
    Ok(Measured { sets: rows.into_iter().map(FeatureSet::Rows).collect(), failed, warnings })
}

fn add_features(
    pictures: &[Picture],
    is_generated: bool,
    variants: &[Variant],
    networks: &Networks,
    rows: &mut [FeatureRows],
) -> anyhow::Result<()> {
    let needs_saving =
        |variant: &Variant| is_generated && variant.preparation.is_some_and(|found| found.saved_as_original);
    let saved: Vec<Picture> = if variants.iter().any(needs_saving) {
        pictures.par_iter().map(as_original_saves).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    for (variant, rows) in variants.iter().zip(rows) {
        let pictures = if needs_saving(variant) { &saved[..] } else { pictures };
        rows.extend(networks.of(*variant)?.features(pictures, variant.preparation)?.values())?;
    }
    Ok(())
}

/// Reads the networks; where weights are missing, says what can be had without them.
pub(super) fn read_networks(variants: &[Variant], arguments: &EvaluatePicturesArguments) -> anyhow::Result<Networks> {
    Networks::read(variants, &arguments.weights).map_err(|error| missing_weights(&error))
}

/// An error of reading networks, with what can be had without them.
pub(super) fn missing_weights(error: &anyhow::Error) -> anyhow::Error {
    let hint = "put the file there or name it with --weights; --mode likeness and --mode face-mesh compare pictures by networks \
                that are part of this program";
    advised(describe(error), hint)
}

/// Pictures in whole batches; fewer than a batch are one batch.
pub(super) fn whole_batches(count: usize, batch: usize) -> usize {
    let batch = batch.min(count).max(1);
    count / batch * batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_batches_count() {
        let counts = [(130, 64, 128), (64, 64, 64), (5, 64, 5), (1, 1, 1), (7, 3, 6)];
        for (count, batch, expected) in counts {
            assert_eq!(whole_batches(count, batch), expected, "{count} in batches of {batch}");
        }
    }
}
