//! Embedding everything that a protocol names.

use portraitist_face::Picture;
use portraitist_face::dataset::Entry;
use rayon::prelude::*;

use super::features::{EmbedCrops, Features};
use super::index::PictureIndex;
use super::{EvaluationError, FeatureCache};

/// Crops that are held in memory at once.
const CHUNK: usize = 64;

/// A row for each entry of the index: from the cache where it is there, from the recogniser otherwise.
///
/// `crop` loads the crop of an entry; a few crops are in memory at a time. `advance` is called with the number of
/// pictures done since its last call.
///
/// # Errors
/// The first picture that gives no crop or no usable embedding.
pub fn gather(
    index: &PictureIndex<'_>,
    crop: impl Fn(&Entry) -> portraitist_face::Result<Picture> + Sync,
    embedder: &impl EmbedCrops,
    mut cache: Option<&mut FeatureCache>,
    mut advance: impl FnMut(u64),
) -> Result<Features, EvaluationError> {
    let mut features = Features::default();
    for entries in index.entries().chunks(CHUNK) {
        let crops: Vec<Picture> =
            entries.par_iter().map(|picture| crop(picture.entry)).collect::<portraitist_face::Result<_>>()?;
        let keys: Vec<_> = crops.par_iter().map(FeatureCache::key).collect();
        let known: Vec<Option<Vec<f32>>> =
            keys.iter().map(|key| cache.as_ref().and_then(|cache| cache.get(key)).map(<[f32]>::to_vec)).collect();
        let unknown: Vec<Picture> =
            crops.into_iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(crop, _)| crop).collect();
        let fresh = if unknown.is_empty() { Vec::new() } else { embedder.embed(&unknown)? };
        let mut fresh = fresh.into_iter();
        for ((picture, key), known) in entries.iter().zip(keys).zip(known) {
            let label = index.label(picture);
            let is_fresh = known.is_none();
            let missing = || EvaluationError::Feature { picture: label.clone(), found: "none".to_owned() };
            let row = known.or_else(|| fresh.next()).ok_or_else(missing)?;
            features.push(&row, &label)?;
            if let Some(cache) = cache.as_mut().filter(|_| is_fresh) {
                cache.insert(key, row);
            }
        }
        advance(entries.len() as u64);
    }
    Ok(features)
}
