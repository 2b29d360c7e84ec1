//! One step of training.
//!
//! The loss of a point is the negative logarithm of the likelihood of its distance under an exponential distribution whose mean, the
//! expected error, is predicted too: `distance / error + ln error`. Kendall and Gal 2017, "What Uncertainties Do We Need in Bayesian Deep
//! Learning for Computer Vision?", <https://arxiv.org/abs/1703.04977>; for landmarks Kumar et al. 2020 (LUVLi),
//! <https://arxiv.org/abs/2004.02980>.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};

use crate::device::on_workers;
use crate::losses::NamedValues;
use crate::networks::mediapipe::{MeshNetwork, MeshPrediction};
use crate::parameter::{Parameterized, to_values};
use crate::training::error::NotFinite;
use crate::training::optimizer::{Adam, NamedGradients};

use super::points::ibug_rows;
use super::settings::{LossConfig, OptimizerConfig};

/// Windows and what they show.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, 3, 193, 193]`, RGB in `[0, 1]`.
    pub images: Tensor<4>,
    /// `[n, 468, 2]`, pixels of the window; zeros where the mesh is not known.
    pub mesh: Tensor<3>,
    /// `[n, 68, 2]`
    pub ibug: Tensor<3>,
    /// `[n, 1]`, 1 where the mesh is known.
    pub has_mesh: Tensor<2>,
    /// `[n]`, 1 where there is a face.
    pub has_face: Tensor<1>,
    /// `[n]`, 1 where it is drawn.
    pub drawn: Tensor<1>,
    /// `[n]`, 1 where one can tell whether it is.
    pub has_kind: Tensor<1>,
    /// Distance of the outer eye corners in pixels of the window, where there is a face.
    pub eye_distances: Vec<Option<f32>>,
    /// The pictures' files, for error messages.
    pub files: Vec<PathBuf>,
}

/// The network in training, with its optimiser.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// What is minimised.
    pub loss: LossConfig,
    /// The network.
    pub network: MeshNetwork,
    /// Steps done.
    pub step: u64,
    pub(super) adam: Adam,
    device: Device,
}

/// A distance is never quite zero, where it has no gradient.
const LEAST_SQUARE: f32 = 1e-4;

/// Distances of `[n, k, 2]` points: `[n, k]`.
fn distances(found: Tensor<3>, wanted: Tensor<3>) -> Tensor<2> {
    let [count, points, _] = found.dims();
    let difference = found - wanted;
    (difference.clone() * difference).sum_dim(2).reshape([count, points]).add_scalar(LEAST_SQUARE).sqrt()
}

/// Binary cross entropy of logits, weighted: the mean over what counts.
fn cross_entropy(logits: Tensor<1>, truth: Tensor<1>, weights: Tensor<1>) -> Tensor<1> {
    let positive = burn::tensor::activation::relu(logits.clone());
    let losses = logits.clone().abs().neg().exp().add_scalar(1.0).log() + positive - logits * truth;
    let total = weights.clone().sum().add_scalar(1e-6);
    (losses * weights).sum() / total
}

impl Trainer {
    /// A trainer before its first step, of a network of zeros.
    pub fn new(optimizer: OptimizerConfig, loss: LossConfig, device: &Device) -> Self {
        let adam = Adam::new(optimizer.adam);
        Self { network: MeshNetwork::new(device), adam, optimizer, loss, step: 0, device: device.clone() }
    }

    /// The device that the network is on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// One step. Returns the loss and its terms, the mean error of the 68 points in percent of the eye distance, and the norm of all
    /// gradients.
    ///
    /// # Errors
    /// [`NotFinite`] if the loss or the gradients are not numbers; the weights are unchanged then.
    pub fn train(&mut self, batch: &Batch) -> Result<NamedValues, NotFinite> {
        on_workers(|| {
            let tracked = self.network.tracked();
            let prediction = tracked.forward(batch.images.clone());
            let (loss, mut values) = self.loss_of(prediction, batch);
            let total = self.checked("loss", to_values(loss.clone())[0], batch)?;
            let gradients = NamedGradients::of(&tracked, loss.backward());
            let norm = self.checked("gradient_norm", gradients.norm() as f32, batch)?;
            let largest = self.optimizer.largest_gradient_norm;
            let gradients = match f64::from(norm) {
                norm if norm > largest => gradients.scaled(largest / norm),
                _ => gradients,
            };
            self.step += 1;
            let rate = self.optimizer.rate(self.step);
            self.adam.step(&mut self.network, gradients, rate);
            values.extend([("loss".to_owned(), total), ("gradient_norm".to_owned(), norm)]);
            Ok(values)
        })
    }

    fn loss_of(&self, prediction: MeshPrediction, batch: &Batch) -> (Tensor<1>, NamedValues) {
        let [count, num_points, _] = prediction.points.dims();
        let MeshPrediction { points, log_errors, flag, drawn } = prediction;
        let has_face = batch.has_face.clone().reshape([count, 1]);
        let of_ibug = distances(ibug_rows(points.clone()), batch.ibug.clone());
        let error = mean_error(&of_ibug, batch);
        // No error is said to be under a quarter of a pixel of the window or over half of the window.
        let log_errors = log_errors.clamp(-1.4, 4.6);
        let faces = batch.has_face.clone().sum().add_scalar(1e-6);
        let likelihood = (of_ibug * log_errors.clone().neg().exp() + log_errors) * has_face;
        let likelihood = likelihood.sum() / faces / 68.0;
        let of_mesh = distances(points, batch.mesh.clone()) * batch.has_mesh.clone();
        let meshes = batch.has_mesh.clone().sum().add_scalar(1e-6);
        let of_mesh = of_mesh.sum() / meshes / num_points as f32;
        let of_flag = cross_entropy(flag, batch.has_face.clone(), batch.has_face.ones_like());
        let of_kind = cross_entropy(drawn, batch.drawn.clone(), batch.has_kind.clone());
        let terms = [
            ("points", likelihood, self.loss.points),
            ("mesh", of_mesh, self.loss.mesh),
            ("flag", of_flag, self.loss.flag),
            ("kind", of_kind, self.loss.kind),
        ];
        let values = terms.iter().map(|(name, term, _)| ((*name).to_owned(), to_values(term.clone())[0]));
        let values = values.chain([("error_percent".to_owned(), error)]).collect();
        let total = terms.into_iter().map(|(_, term, weight)| term * weight).reduce(|sum, term| sum + term);
        (total.expect("there are four terms"), values)
    }

    fn checked(&self, term: &str, value: f32, batch: &Batch) -> Result<f32, NotFinite> {
        if value.is_finite() {
            return Ok(value);
        }
        Err(NotFinite { step: self.step + 1, term: term.to_owned(), value, files: batch.files.clone() })
    }
}

/// The mean error of iBUG's points over the faces of a batch, in percent of the eye distance.
fn mean_error(distances: &Tensor<2>, batch: &Batch) -> f32 {
    let values = to_values(distances.clone());
    let rows = values.chunks_exact(68).zip(&batch.eye_distances);
    let errors: Vec<f32> =
        rows.filter_map(|(row, eyes)| eyes.map(|eyes| 100.0 * row.iter().sum::<f32>() / 68.0 / eyes)).collect();
    errors.iter().sum::<f32>() / errors.len().max(1) as f32
}
