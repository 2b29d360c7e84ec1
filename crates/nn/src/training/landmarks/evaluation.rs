//! Held-out faces, on which a network in training is measured.

use burn::tensor::Device;

use crate::losses::NamedValues;
use crate::networks::mediapipe::MeshNetwork;
use crate::parameter::to_values;
use crate::training::error::TrainingError;

use super::batches::{HostBatch, WindowMaker};
use super::faces::Faces;
use super::points::ibug_rows;

/// Strengths of exaggeration that are measured.
const STRENGTHS: [f64; 3] = [0.0, 0.6, 1.2];
/// Windows that go through the network together.
const BATCH: usize = 20;

/// Held-out windows.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// By dataset and strength.
    groups: Vec<(String, Vec<HostBatch>)>,
    device: Device,
}

impl HeldOut {
    /// Reads up to `most` faces of each dataset, evenly chosen.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that cannot be read.
    pub(super) fn read(
        faces: &Faces,
        maker: &WindowMaker,
        most: usize,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let mut groups = Vec::new();
        for (number, (range, _)) in faces.datasets.iter().enumerate() {
            let step = range.len().div_ceil(most).max(1);
            for strength in STRENGTHS {
                let indices = range.clone().step_by(step);
                let windows: Vec<_> = indices
                    .map(|index| maker.held_out(&faces.faces[index], faces, strength, index as u64))
                    .collect::<Result<_, _>>()?;
                let batches = windows.chunks(BATCH).map(|windows| HostBatch { windows: windows.to_vec() }).collect();
                groups.push((format!("held_out.{number}.strength_{:.0}", 100.0 * strength), batches));
            }
        }
        Ok(Self { groups, device: device.clone() })
    }

    /// By dataset and strength: the median over faces of the mean error of the 68 points, in percent of the eye distance; the share of
    /// points within their expected error; the share of faces whose kind is told right.
    pub(super) fn measure(&self, network: &MeshNetwork) -> NamedValues {
        let mut values = NamedValues::new();
        for (name, batches) in &self.groups {
            let (mut errors, mut within, mut right) = (Vec::new(), Vec::new(), Vec::new());
            for batch in batches {
                let tensors = batch.to_device(&self.device);
                let prediction = network.forward(tensors.images);
                let points = to_values(ibug_rows(prediction.points));
                let expected = to_values(prediction.log_errors);
                let wanted = to_values(tensors.ibug);
                let drawn = to_values(prediction.drawn);
                for (face, window) in batch.windows.iter().enumerate() {
                    let distance = |point: usize| {
                        let at = 2 * (68 * face + point);
                        (points[at] - wanted[at]).hypot(points[at + 1] - wanted[at + 1])
                    };
                    let eyes = tensors.eye_distances[face].unwrap_or(f32::NAN);
                    errors.push(100.0 * (0..68).map(distance).sum::<f32>() / 68.0 / eyes);
                    within.extend((0..68).map(|point| distance(point) <= expected[68 * face + point].exp()));
                    right.push((drawn[face] > 0.0) == (window.drawn == Some(true)));
                }
            }
            errors.sort_by(f32::total_cmp);
            let share = |truths: &[bool]| truths.iter().filter(|truth| **truth).count() as f32 / truths.len() as f32;
            values.push((format!("{name}.error_percent"), errors[errors.len() / 2]));
            values.push((format!("{name}.within_expected"), share(&within)));
            values.push((format!("{name}.kind_accuracy"), share(&right)));
        }
        values
    }
}
