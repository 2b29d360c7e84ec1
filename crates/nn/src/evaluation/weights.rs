//! The published weights of Inception networks.

use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::networks::{Inception, InceptionKind};
use crate::weights::{NamedArrays, WeightsError, read_arrays, sha256_of_file};

use super::error::EvaluationError;
use super::published::PublishedWeights;

/// The file of a network's weights: the one given, or the published name below `models/`. `None` where there is none.
pub fn find_weights(kind: InceptionKind, given: Option<&Path>) -> Option<PathBuf> {
    match given {
        Some(path) => Some(path.to_path_buf()),
        None => Some(default_place(kind)).filter(|path| path.is_file()),
    }
}

fn default_place(kind: InceptionKind) -> PathBuf {
    Path::new("models").join(PublishedWeights::of(kind).file)
}

/// Reads an Inception network and the SHA-256 of its file.
///
/// # Errors
/// [`EvaluationError::NoWeights`] says where the file is published; [`EvaluationError::Weights`] names a file of another network as
/// such.
pub fn read_inception(
    kind: InceptionKind,
    given: Option<&Path>,
    device: &Device,
) -> Result<(Inception, String), EvaluationError> {
    let published = PublishedWeights::of(kind);
    let missing = |path: PathBuf| EvaluationError::NoWeights { path, published };
    let path = find_weights(kind, given).ok_or_else(|| missing(default_place(kind)))?;
    if !path.exists() {
        return Err(missing(path));
    }
    let arrays = read_arrays(&path)?;
    if let Some(found) = other_network(kind, &arrays) {
        let expected = match kind {
            InceptionKind::Fid => "the weights of the FID Inception network (pt_inception-2015-12-05-6726825d.pth)",
            InceptionKind::Torchvision => "the weights of torchvision's Inception-v3 (inception_v3_google-….pth)",
        };
        return Err(WeightsError::Format { path, expected, found }.into());
    }
    let sha256 = sha256_of_file(&path).map_err(|source| WeightsError::Read { path: path.clone(), source })?;
    Ok((Inception::new(kind, arrays, &path, device)?, sha256))
}

/// The Inception network that a file's weights are of; `None` where it cannot be read or is of another network.
pub fn weights_kind(path: &Path) -> Option<InceptionKind> {
    let arrays = read_arrays(path).ok()?;
    let kinds = [InceptionKind::Fid, InceptionKind::Torchvision];
    kinds.into_iter().find(|kind| other_network(*kind, &arrays).is_none())
}

/// What network the arrays are of, if it is not the one asked for.
fn other_network(kind: InceptionKind, arrays: &NamedArrays) -> Option<String> {
    let has = |start: &str| arrays.keys().any(|name| name.starts_with(start));
    let known = [
        ("features.", "those of a network of torchvision's VGG or AlexNet kind"),
        ("conv1_1", if has("relu1_1") { "those of SphereFace" } else { "those of MUNIT's VGG16" }),
        ("a.enc", "those of a translator"),
        ("enc_", "those of a translator"),
        ("layer1.", "those of a ResNet"),
        ("lin0.", "those of LPIPS"),
    ];
    if !has("Mixed_5b.") {
        let known = known.into_iter().find(|(start, _)| has(start)).map(|(_, found)| found.to_owned());
        let names = || arrays.keys().take(3).cloned().collect::<Vec<_>>().join(", ");
        return Some(
            known.unwrap_or_else(|| format!("those of another network ({} arrays: {}, …)", arrays.len(), names())),
        );
    }
    let classes = arrays.get("fc.bias").map(|array| array.values.len());
    match (kind, classes) {
        (InceptionKind::Fid, Some(1000)) => {
            Some("torchvision's Inception-v3 with 1000 classes, which mode original-2018 reads".to_owned())
        }
        (InceptionKind::Torchvision, Some(1008)) => {
            Some("the FID Inception network with 1008 classes, which the other modes read".to_owned())
        }
        _ => None,
    }
}
