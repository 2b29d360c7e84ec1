//! A check, and how it went.

use std::time::Instant;

use burn::tensor::Device;
use portraitist_kernels::ShapeError;
use serde::Serialize;

use super::golden::{Digest, Golden};
use crate::detection::DetectionError;
use crate::recognition::RecognizerError;
use crate::training::NotFinite;
use crate::translate::ModelError;

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A kernel of the CPU.
    Kernel,
    /// A network that is built in, or training.
    Network,
}

/// A check that could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelfTestError {
    /// A kernel refused its shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A translator could not be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A recogniser could not be used.
    #[error(transparent)]
    Recognizer(#[from] RecognizerError),
    /// A network that finds faces could not be used.
    #[error(transparent)]
    Detection(#[from] DetectionError),
    /// The face could not be read.
    #[error(transparent)]
    Picture(#[from] portraitist_face::Error),
    /// A training step had no finite loss.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
}

/// Where checks run, and what they compute.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The device of translators, recognisers and training. Kernels and what finds faces run on the CPU.
    pub device: Device,
    /// Compute what golden values are made of: where a check allows roundings of its own, without them.
    pub as_reference: bool,
}

/// Computes the values of a check.
pub(super) type Compute = fn(&Setting) -> Result<Vec<f32>, SelfTestError>;

/// Something that is computed of fixed inputs.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name in golden files.
    pub name: &'static str,
    /// What it is about.
    pub kind: Kind,
    /// The largest deviation allowed, as a share of the largest golden value.
    pub tolerance: f64,
    compute: Compute,
}

impl Check {
    pub(super) const fn kernel(name: &'static str, tolerance: f64, compute: Compute) -> Self {
        Self { name, kind: Kind::Kernel, tolerance, compute }
    }

    pub(super) const fn network(name: &'static str, tolerance: f64, compute: Compute) -> Self {
        Self { name, kind: Kind::Network, tolerance, compute }
    }

    /// Computes it and compares it with golden values.
    pub fn run(&self, golden: &Golden, setting: &Setting) -> Outcome {
        let began = Instant::now();
        let found = self.digest(setting);
        let milliseconds = began.elapsed().as_secs_f64() * 1e3;
        let compared = found.map_err(|error| error.to_string()).and_then(|found| match golden.of(self.name) {
            Some(expected) => Ok(found.deviation(expected)),
            None => Err("there are no golden values of it".to_owned()),
        });
        let (deviation, error) = match compared {
            Ok(deviation) => (Some(deviation).filter(|deviation| deviation.is_finite()), None),
            Err(error) => (None, Some(error)),
        };
        let passed = deviation.is_some_and(|deviation| deviation <= self.tolerance);
        Outcome { name: self.name, kind: self.kind, deviation, tolerance: self.tolerance, passed, milliseconds, error }
    }

    /// Computes it for a golden file.
    ///
    /// # Errors
    /// See [`SelfTestError`].
    pub fn digest(&self, setting: &Setting) -> Result<Digest, SelfTestError> {
        Ok(Digest::of(&(self.compute)(setting)?))
    }
}

/// How a check went.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The check.
    pub name: &'static str,
    /// What it is about.
    pub kind: Kind,
    /// The largest deviation from the golden values, as a share of the largest of these. `None` if a value is not finite, there
    /// are not as many as there were, or the check could not be computed.
    pub deviation: Option<f64>,
    /// The largest deviation allowed.
    pub tolerance: f64,
    /// Whether it is within the tolerance.
    pub passed: bool,
    /// Time taken.
    pub milliseconds: f64,
    /// Why it could not be computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
