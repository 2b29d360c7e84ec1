//! The first weights of a fine-tuning's classifier, from what the network already knows.

use burn::tensor::Device;

use crate::config::Domain;
use crate::inference::InferencePrecision;
use crate::parameter::{Parameter, Parameterized, from_values};
use crate::pixels::to_recognition_planes;
use crate::recognition::{Classifier, FrozenEmbedder};
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;

use super::batches::read_whole;
use super::people::{People, Portrait};

/// Crops of each person and domain that are looked at.
const CROPS_PER_DOMAIN: usize = 2;
/// Crops that are embedded at once.
const BATCH: usize = 32;

/// Standardises the embeddings and imprints the people. The last layer is changed so that photos' embeddings have the mean zero and, in
/// the mean, the length `sqrt(embedding)`: lengths mean nothing, but gradients of a margin loss are large where they are small. Each
/// person's column of the classifier becomes the mean of their embeddings of length one: Qi, Brown, Lowe 2018,
/// <https://arxiv.org/abs/1712.07136>.
///
/// # Errors
/// [`TrainingError::Data`] names a crop that cannot be read.
pub(super) fn imprint(
    classifier: &mut Classifier,
    people: &People,
    odd: &OddPictures,
    device: &Device,
) -> Result<(), TrainingError> {
    let chosen = chosen(people);
    let embeddings = embeddings(classifier, &chosen, odd, device)?;
    let length = embeddings.first().map_or(0, Vec::len);
    let photos = chosen.iter().zip(&embeddings).filter(|(portrait, _)| portrait.domain == Domain::Photo);
    let photos: Vec<&Vec<f64>> = photos.map(|(_, embedding)| embedding).collect();
    let all: Vec<&Vec<f64>> = embeddings.iter().collect();
    let usual = if photos.is_empty() { &all } else { &photos };
    let middle = mean(usual, length);
    let mut columns = vec![vec![0.0; length]; people.names.len()];
    for (portrait, embedding) in chosen.iter().zip(&embeddings) {
        let (centred, norm) = centred(embedding, &middle);
        columns[portrait.person].iter_mut().zip(&centred).for_each(|(sum, value)| *sum += value / norm);
    }
    let mean_length = usual.iter().map(|row| centred(row, &middle).1).sum::<f64>() / usual.len().max(1) as f64;
    let scale = (length as f64).sqrt() / mean_length;
    let weight: Vec<f32> = (0..length).flat_map(|row| columns.iter().map(move |column| column[row] as f32)).collect();
    classifier.visit_mut("", &mut |name, parameter| match name {
        "fc5.weight" => {
            let scaled = parameter.to_vec().iter().map(|weight| (f64::from(*weight) * scale) as f32).collect();
            set(parameter, scaled, device);
        }
        "fc5.bias" => {
            let bias = parameter.to_vec();
            let moved = bias.iter().zip(&middle).map(|(bias, middle)| ((f64::from(*bias) - middle) * scale) as f32);
            set(parameter, moved.collect(), device);
        }
        "fc6.weight" => set(parameter, weight.clone(), device),
        _ => {}
    });
    Ok(())
}

/// A row less the mean, and its length then.
fn centred(row: &[f64], middle: &[f64]) -> (Vec<f64>, f64) {
    let centred: Vec<f64> = row.iter().zip(middle).map(|(value, middle)| value - middle).collect();
    let norm = centred.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    (centred, norm)
}

fn set(parameter: &mut Parameter, values: Vec<f32>, device: &Device) {
    parameter.set(from_values(values, device));
}

/// A few crops of each person: the first ones of each domain.
fn chosen(people: &People) -> Vec<&Portrait> {
    let mut counts = vec![[0; 2]; people.names.len()];
    let is_wanted = |portrait: &&Portrait| {
        let count = &mut counts[portrait.person][usize::from(portrait.domain == Domain::Drawing)];
        *count += 1;
        *count <= CROPS_PER_DOMAIN
    };
    people.portraits.iter().filter(is_wanted).collect()
}

fn embeddings(
    classifier: &Classifier,
    portraits: &[&Portrait],
    odd: &OddPictures,
    device: &Device,
) -> Result<Vec<Vec<f64>>, TrainingError> {
    let architecture = classifier.network.architecture();
    let embedder = FrozenEmbedder::new(classifier.network.clone(), device);
    let mut rows = Vec::with_capacity(portraits.len());
    for portraits in portraits.chunks(BATCH) {
        let mut planes = Vec::new();
        for portrait in portraits {
            let crop = read_whole(portrait, architecture.crop_size(), odd)?;
            planes.extend(to_recognition_planes(&crop, architecture));
        }
        let embedded = embedder.embed(&planes, InferencePrecision::F32);
        let length = embedded.len() / portraits.len();
        rows.extend(embedded.chunks_exact(length).map(|row| row.iter().map(|value| f64::from(*value)).collect()));
    }
    Ok(rows)
}

fn mean(rows: &[&Vec<f64>], length: usize) -> Vec<f64> {
    let mut mean = vec![0.0; length];
    for row in rows {
        mean.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value / rows.len() as f64);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RecognizerConfig;
    use crate::layers::Initialization;
    use crate::losses::Margin;
    use crate::parameter::to_values;
    use portraitist_face::Picture;

    #[test]
    fn the_classifier_knows_its_people_from_the_start() {
        let place = tempfile::tempdir().expect("a folder");
        let device = Device::flex();
        let mut portraits = Vec::new();
        for index in 0..8_usize {
            let path = place.path().join(format!("{index}.png"));
            let level = |pixel: usize| ((pixel * (17 + 12 * (index / 2)) + 5 * index) % 256) as u8;
            let picture = Picture::from_rgb(96, 112, (0..3 * 96 * 112).map(level).collect()).expect("a picture");
            picture.save(&path, false).expect("written");
            portraits.push(Portrait { path, person: index / 2, domain: Domain::Photo });
        }
        let names = (0..4).map(|person| (String::new(), person.to_string())).collect();
        let people = People { names, portraits, weights: vec![1.0; 4] };
        let config = RecognizerConfig {
            channels: [4, 4, 8, 8],
            blocks: [0; 4],
            embedding: 6,
            classes: 4,
            ..RecognizerConfig::default()
        };
        let mut classifier = Classifier::new(&config, Margin::default(), Initialization::Default, 3, &device);
        imprint(&mut classifier, &people, &OddPictures::default(), &device).expect("the crops can be read");
        let all: Vec<&Portrait> = people.portraits.iter().collect();
        let rows = embeddings(&classifier, &all, &OddPictures::default(), &device).expect("the crops can be read");
        let middle = mean(&rows.iter().collect::<Vec<_>>(), 6);
        assert!(middle.iter().all(|value| value.abs() < 1e-3), "{middle:?}");
        let lengths: Vec<f64> = rows.iter().map(|row| centred(row, &[0.0; 6]).1).collect();
        assert!((lengths.iter().sum::<f64>() / 8.0 - 6_f64.sqrt()).abs() < 1e-2, "{lengths:?}");
        let flat = rows.iter().flatten().map(|value| *value as f32).collect();
        let (cosines, _) = classifier.head.cosines(from_values(flat, &device).reshape([8, 6]));
        let cosines = to_values(cosines);
        for (index, row) in cosines.chunks_exact(4).enumerate() {
            let best = (0..4).max_by(|a, b| row[*a].total_cmp(&row[*b]));
            assert_eq!(best, Some(index / 2), "{row:?}");
        }
    }
}
