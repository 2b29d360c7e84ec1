//! How well a network in training tells held-out people apart.

use std::collections::BTreeMap;

use burn::tensor::Device;
use portraitist_face::Picture;
use rand::seq::SliceRandom;

use crate::config::{Domain, RecognizerConfig};
use crate::device::on_workers;
use crate::losses::NamedValues;
use crate::metrics::identification::Search;
use crate::metrics::verification::Curve;
use crate::metrics::verification::{Fold, ScoredPair};
use crate::networks::SphereFace;
use crate::parameter::{from_values, to_values};
use crate::pixels::to_recognition_planes;
use crate::random::stream;
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;

use super::batches::read_whole;
use super::people::{People, Portrait};

/// Pictures that are embedded at once.
const BATCH: usize = 32;
/// The share of pairs of different people that may be taken for the same person.
const FALSE_ACCEPT_RATE: f64 = 0.01;

/// Crops of held-out people.
#[derive(Debug)]
pub struct HeldOut {
    crops: Vec<Picture>,
    faces: Vec<Face>,
    device: Device,
}

/// Whom a crop shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Face {
    person: usize,
    domain: Domain,
}

impl HeldOut {
    /// Reads every crop of some people, up to `count` crops in all. The choice is random, and always the same.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a crop that cannot be read.
    pub(super) fn read(
        people: &People,
        count: usize,
        odd: &OddPictures,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let chosen = choose(people, count);
        Ok(Self {
            crops: chosen.iter().map(|portrait| read_whole(portrait, odd)).collect::<Result<_, _>>()?,
            faces: chosen.iter().map(|&&Portrait { person, domain, .. }| Face { person, domain }).collect(),
            device: device.clone(),
        })
    }

    /// Whether there is a pair of the same person and one of different people.
    pub(super) fn can_be_measured(&self) -> bool {
        [[Domain::Photo; 2], [Domain::Drawing, Domain::Photo]].into_iter().any(|domains| {
            let fold = self.pairs(domains, |_, _| 0.0);
            !fold.same.is_empty() && !fold.different.is_empty()
        })
    }

    /// Area under the curve and verification rate at a false accept rate of 1 %, for all pairs of photos and for all pairs
    /// of a drawing and a photo. Rank-1 identification of drawings among one photo of each person. Figures without pictures
    /// are left out.
    pub(super) fn measure(&self, network: &SphereFace) -> NamedValues {
        let directions = on_workers(|| self.directions(network));
        let similarity =
            |one: usize, other: usize| directions[one].iter().zip(&directions[other]).map(|(a, b)| a * b).sum::<f32>();
        let mut values = NamedValues::new();
        let kinds = [("photo_photo", [Domain::Photo; 2]), ("drawing_photo", [Domain::Drawing, Domain::Photo])];
        for (kind, domains) in kinds {
            let fold = self.pairs(domains, similarity);
            if !fold.same.is_empty() && !fold.different.is_empty() {
                let curve = Curve::new(&fold);
                values.push((format!("held_out.{kind}.auc"), curve.area() as f32));
                let rate = curve.verification_rate(FALSE_ACCEPT_RATE);
                values.push((format!("held_out.{kind}.vr_far_0_01"), rate as f32));
            }
        }
        if let Ok(places) = self.search(similarity).places() {
            let first = places.iter().map(|place| place.within(1)).sum::<f64>() / places.len() as f64;
            values.push(("held_out.drawing_photo.rank1".to_owned(), first as f32));
        }
        values
    }

    /// Embeddings of unit length.
    fn directions(&self, network: &SphereFace) -> Vec<Vec<f32>> {
        let mut directions = Vec::with_capacity(self.crops.len());
        for crops in self.crops.chunks(BATCH) {
            let planes = crops.iter().flat_map(to_recognition_planes).collect();
            let shape = [crops.len(), 3, RecognizerConfig::HEIGHT, RecognizerConfig::WIDTH];
            let embeddings = network.forward(from_values(planes, &self.device).reshape(shape));
            let length = embeddings.dims()[1];
            for row in to_values(embeddings).chunks_exact(length) {
                let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
                directions.push(row.iter().map(|value| value / norm).collect());
            }
        }
        directions
    }

    /// Every pair of pictures of these domains, each pair once.
    fn pairs(&self, [first, second]: [Domain; 2], similarity: impl Fn(usize, usize) -> f32) -> Fold {
        let mut fold = Fold::default();
        for (one, face) in self.of(first) {
            for (other, other_face) in self.of(second) {
                if first != second || one < other {
                    let score = f64::from(similarity(one, other));
                    fold.push(face.person == other_face.person, ScoredPair { score, people: [0, 0] });
                }
            }
        }
        fold
    }

    /// Drawings as probes, the first photo of each person as gallery.
    fn search(&self, similarity: impl Fn(usize, usize) -> f32) -> Search {
        let mut first_photos = BTreeMap::new();
        for (index, face) in self.of(Domain::Photo) {
            first_photos.entry(face.person).or_insert(index);
        }
        let probes: Vec<(usize, Face)> =
            self.of(Domain::Drawing).filter(|(_, face)| first_photos.contains_key(&face.person)).collect();
        let row = |&(probe, _): &(usize, Face)| -> Vec<f32> {
            first_photos.values().map(|photo| similarity(probe, *photo)).collect()
        };
        Search {
            gallery: first_photos.keys().map(|person| *person as u32).collect(),
            probes: probes.iter().map(|(_, face)| face.person as u32).collect(),
            similarities: probes.iter().flat_map(row).collect(),
        }
    }

    fn of(&self, domain: Domain) -> impl Iterator<Item = (usize, Face)> {
        self.faces.iter().copied().enumerate().filter(move |(_, face)| face.domain == domain)
    }
}

/// Whole people in random order, as long as their crops are no more than `count`.
fn choose(people: &People, count: usize) -> Vec<&Portrait> {
    let mut of_person = vec![Vec::new(); people.names.len()];
    for portrait in &people.portraits {
        of_person[portrait.person].push(portrait);
    }
    of_person.shuffle(&mut stream(0, "held-out people", 0));
    let mut chosen = Vec::new();
    for portraits in of_person {
        if chosen.len() + portraits.len() <= count {
            chosen.extend(portraits);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_out(faces: &[(usize, Domain)]) -> HeldOut {
        let faces = faces.iter().map(|&(person, domain)| Face { person, domain }).collect();
        HeldOut { crops: Vec::new(), faces, device: Device::flex() }
    }

    #[test]
    fn pairs_are_formed_within_and_across_domains() {
        use Domain::{Drawing, Photo};
        let held_out = held_out(&[(0, Photo), (0, Drawing), (0, Photo), (1, Photo), (1, Drawing)]);
        let score = |one: usize, other: usize| (10 * one + other) as f32;
        let scores = |domains| {
            let fold = held_out.pairs(domains, score);
            (Fold::scores(&fold.same), Fold::scores(&fold.different))
        };
        assert_eq!(scores([Photo; 2]), (vec![2.0], vec![3.0, 23.0]));
        assert_eq!(scores([Drawing, Photo]), (vec![10.0, 12.0, 43.0], vec![13.0, 40.0, 42.0]));
        let search = held_out.search(score);
        assert_eq!((search.gallery, search.probes), (vec![0, 1], vec![0, 1]));
        assert_eq!(search.similarities, [10.0, 13.0, 40.0, 43.0]);
    }

    #[test]
    fn people_are_measured_with_all_their_pictures_or_not_at_all() {
        let portrait = |index: usize| Portrait {
            path: index.to_string().into(),
            person: index / 12,
            domain: if index % 12 < 6 { Domain::Photo } else { Domain::Drawing },
        };
        let people = People {
            names: (0..50).map(|person| (String::new(), person.to_string())).collect(),
            portraits: (0..600).map(portrait).collect(),
            weights: vec![1.0; 50],
        };
        let chosen = choose(&people, 100);
        assert_eq!(chosen.len(), 96);
        let mut counts = BTreeMap::new();
        chosen.iter().for_each(|portrait| *counts.entry(portrait.person).or_insert(0) += 1);
        assert!(counts.len() == 8 && counts.values().all(|count| *count == 12), "{counts:?}");
        assert_eq!(choose(&people, 1000).len(), 600);
    }
}
