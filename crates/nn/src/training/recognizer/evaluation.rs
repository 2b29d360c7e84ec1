//! How well a network in training tells held-out people apart.

use burn::tensor::Device;
use portraitist_face::{Picture, transform};

use crate::config::{Domain, RecognizerConfig};
use crate::device::on_workers;
use crate::losses::NamedValues;
use crate::networks::SphereFace;
use crate::parameter::{from_values, to_values};
use crate::training::TrainingError;

use super::People;
use super::batches::read_whole;

/// Pictures that are embedded at once.
const BATCH: usize = 32;
/// The share of different pairs that may be taken for the same person.
const FALSE_ACCEPT_RATE: f64 = 0.01;

/// Crops of held-out people.
#[derive(Debug)]
pub struct HeldOut {
    crops: Vec<Picture>,
    people: Vec<usize>,
    domains: Vec<Domain>,
    device: Device,
}

/// Scores of pairs of pictures.
#[derive(Debug, Default)]
struct Scores {
    same: Vec<f32>,
    different: Vec<f32>,
}

impl HeldOut {
    /// Reads up to `count` crops, spread over all.
    pub(super) fn read(people: &People, count: usize, device: &Device) -> Result<Self, TrainingError> {
        let step = people.portraits.len().div_ceil(count).max(1);
        let chosen: Vec<_> = people.portraits.iter().step_by(step).collect();
        Ok(Self {
            crops: chosen.iter().map(|portrait| read_whole(portrait)).collect::<Result<_, _>>()?,
            people: chosen.iter().map(|portrait| portrait.person).collect(),
            domains: chosen.iter().map(|portrait| portrait.domain).collect(),
            device: device.clone(),
        })
    }

    /// Area under the curve and share of same pairs accepted at a false accept rate of 1 %, for all pairs and for those of
    /// a drawing and a photo; what there are no pairs for is left out.
    pub(super) fn measure(&self, network: &SphereFace) -> NamedValues {
        let directions = on_workers(|| self.directions(network));
        let mut all = Scores::default();
        let mut across = Scores::default();
        for (first, direction) in directions.iter().enumerate() {
            for (second, other) in directions.iter().enumerate().skip(first + 1) {
                let score = direction.iter().zip(other).map(|(a, b)| a * b).sum();
                let same = self.people[first] == self.people[second];
                all.add(score, same);
                if self.domains[first] != self.domains[second] {
                    across.add(score, same);
                }
            }
        }
        let mut values = NamedValues::new();
        for (kind, scores) in [("pairs", all), ("drawing_photo", across)] {
            for (name, value) in scores.measure() {
                values.push((format!("held_out.{kind}.{name}"), value as f32));
            }
        }
        values
    }

    /// Embeddings of unit length.
    fn directions(&self, network: &SphereFace) -> Vec<Vec<f32>> {
        let mut directions = Vec::with_capacity(self.crops.len());
        for crops in self.crops.chunks(BATCH) {
            let planes = crops.iter().flat_map(transform::to_recognition_planes).collect();
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
}

impl Scores {
    fn add(&mut self, score: f32, same: bool) {
        if same { self.same.push(score) } else { self.different.push(score) }
    }

    fn measure(mut self) -> Vec<(&'static str, f64)> {
        if self.same.is_empty() || self.different.is_empty() {
            return Vec::new();
        }
        self.different.sort_by(f32::total_cmp);
        let below = |score: &f32| {
            let less = self.different.partition_point(|other| other < score);
            let not_more = self.different.partition_point(|other| other <= score);
            (less + not_more) as f64 / 2.0
        };
        let count = (self.same.len() as f64, self.different.len() as f64);
        let auc = self.same.iter().map(below).sum::<f64>() / (count.0 * count.1);
        let accepted = (count.1 * FALSE_ACCEPT_RATE) as usize;
        let threshold = self.different[self.different.len() - 1 - accepted];
        let above = self.same.iter().filter(|score| **score > threshold).count();
        vec![("auc", auc), ("vr_far_0_01", above as f64 / count.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_judged_as_defined() {
        let scores = Scores { same: vec![0.9, 0.5, 0.1], different: (0..200).map(|n| n as f32 / 400.0).collect() };
        // Different pairs reach 0.4975; at 1 % two of the 200 lie above the threshold 0.4925.
        let values = scores.measure();
        let auc = (200.0 + 200.0 + 40.5) / 600.0;
        assert!((values[0].1 - auc).abs() < 1e-12, "{values:?}");
        assert_eq!(values[1], ("vr_far_0_01", 2.0 / 3.0));
        assert!(Scores { same: vec![1.0], different: Vec::new() }.measure().is_empty());
    }
}
