//! The identity loss: whether a recogniser finds the same person in a translated picture and its source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::builtin;
use crate::config::{PictureConfig, RecognizerConfig};
use crate::layers::{AVERAGE_POOL, Epilogue, instance_norm, pool};
use crate::networks::SphereFace;
use crate::parameter::to_values;
use crate::pixels::to_recognition_range;
use crate::recognition::{Recognizer, RecognizerDescription, RecognizerError};

use super::MarginHead;

/// The identity term of a run file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// The recogniser: a weights file, a run or checkpoint folder of `recognize train`, or the built-in one by its name,
    /// `likeness` (a file of that name is `./likeness`).
    pub recognizer: PathBuf,
    /// The form of the loss.
    #[serde(default)]
    pub form: IdentityForm,
    /// The namespace of the people's names, as in the run that trained the recogniser. Only for forms with labels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

impl IdentityConfig {
    /// Whether the recogniser is the built-in one.
    pub fn is_built_in(&self) -> bool {
        self.recognizer.as_os_str() == builtin::RECOGNIZER
    }
}

/// The forms of the identity loss that the original tried, and distillation, which its author wished for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum IdentityForm {
    /// `max(0, threshold - cos)` of the embeddings of the translated picture and its source.
    Hinge {
        /// A cosine above this costs nothing.
        #[serde(default = "default_threshold")]
        threshold: f64,
        /// One cosine over the whole batch, as the original takes it, instead of one for each picture. The same for a
        /// batch of one.
        #[serde(default)]
        over_batch: bool,
    },
    /// Mean squared difference of the last feature maps after instance normalisation.
    Features,
    /// Cross entropy of the classifier with the source's person. Needs a classifier that knows the run's people.
    Classification,
    /// The classifier's own margin loss with the source's person, annealed by calls.
    Angular,
    /// Kullback-Leibler divergence between the softened outputs of the classifier for source and translation; without a
    /// classifier, of the embedding. Hinton et al. 2015, <https://arxiv.org/abs/1503.02531>.
    Distillation {
        /// Divides the logits; the loss is multiplied by its square.
        #[serde(default = "default_temperature")]
        temperature: f64,
    },
}

fn default_threshold() -> f64 {
    0.2875
}

fn default_temperature() -> f64 {
    4.0
}

impl Default for IdentityForm {
    fn default() -> Self {
        Self::Hinge { threshold: default_threshold(), over_batch: false }
    }
}

impl IdentityForm {
    /// Whether its numbers can be used.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(self) -> Result<(), String> {
        match self {
            Self::Hinge { threshold, .. } if !(-2.0..=2.0).contains(&threshold) => {
                Err(format!("threshold must be between -2 and 2, found {threshold}"))
            }
            Self::Distillation { temperature } if !(temperature.is_finite() && temperature > 0.0) => {
                Err(format!("temperature must be a number above 0, found {temperature}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it needs the people's labels.
    pub fn needs_people(self) -> bool {
        matches!(self, Self::Classification | Self::Angular)
    }
}

/// An identity loss with its frozen recogniser.
#[derive(Clone, Debug)]
pub struct IdentityLoss {
    form: IdentityForm,
    network: SphereFace,
    head: Option<MarginHead>,
    description: RecognizerDescription,
}

/// What [`IdentityLoss::forward`] gives.
#[derive(Clone, Debug)]
pub struct IdentityTerm {
    /// What is minimised: `[1]`.
    pub loss: Tensor<1>,
    /// Share of the translated pictures that the classifier takes for the source's person. Only for forms with labels.
    pub accuracy: Option<f32>,
}

/// An identity loss that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Nothing there.
    #[error("losses.identity.recognizer: nothing at {}; expected a weights file, a run or checkpoint folder of recognize train, or the built-in \"likeness\"", path.display())]
    NotFound {
        /// Where the recogniser should be.
        path: PathBuf,
    },
    /// No recogniser.
    #[error(transparent)]
    Recognizer(#[from] RecognizerError),
    /// The form needs a classifier.
    #[error("{}: holds no classifier; the identity losses \"classification\" and \"angular\" need one", path.display())]
    NoClassifier {
        /// The recogniser's file.
        path: PathBuf,
    },
    /// The classifier was trained without a person of the run.
    #[error(
        "losses.identity: the recogniser was not trained on {person:?} (namespace {namespace:?}); it must know all people of the run"
    )]
    Unknown {
        /// A person.
        person: String,
        /// Where the name belongs.
        namespace: String,
    },
    /// A classifier that does not name its people knows more or fewer.
    #[error("losses.identity: the recogniser tells {classes} people apart and does not say whom; the run has {found}")]
    CountOfPeople {
        /// People of the classifier.
        classes: usize,
        /// People of the run.
        found: usize,
    },
    /// A form with labels, and a picture without a person.
    #[error("{}: nobody's picture; this identity loss needs pictures in a folder for each person, or a list with the person behind a tab", path.display())]
    Nobody {
        /// The picture.
        path: PathBuf,
    },
    /// The network reads crops of one size. Pictures of twice that size are halved.
    #[error("picture: identity losses need pictures of 112x96 or 224x192 (height x width), found {height}x{width}")]
    PictureSize {
        /// Height of the run's pictures.
        height: usize,
        /// Width of the run's pictures.
        width: usize,
    },
}

/// Added to a product of lengths, which may be 0, before dividing by it.
const COSINE_EPSILON: f64 = 1e-8;

impl IdentityLoss {
    /// Reads the recogniser of a run's configuration.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn read(config: &IdentityConfig, pictures: &PictureConfig, device: &Device) -> Result<Self, IdentityError> {
        check_size(pictures)?;
        if config.is_built_in() {
            let recognizer = Recognizer::from_bytes(builtin::RECOGNIZER_FILE, builtin::RECOGNIZER, device)?;
            return Self::new(&recognizer, config.form, &config.recognizer);
        }
        let not_found = || IdentityError::NotFound { path: config.recognizer.clone() };
        let path: PathBuf = Recognizer::locate(&config.recognizer)?.ok_or_else(not_found)?;
        Self::new(&Recognizer::read(&path, device)?, config.form, &path)
    }

    /// A loss with `recognizer`; `path` is its file, for errors.
    ///
    /// # Errors
    /// [`IdentityError::NoClassifier`].
    pub fn new(recognizer: &Recognizer, form: IdentityForm, path: &Path) -> Result<Self, IdentityError> {
        if form.needs_people() && recognizer.head().is_none() {
            return Err(IdentityError::NoClassifier { path: path.to_path_buf() });
        }
        Ok(Self {
            form,
            network: recognizer.network().clone(),
            head: recognizer.head().cloned(),
            description: recognizer.description().clone(),
        })
    }

    /// What is minimised.
    pub fn form(&self) -> IdentityForm {
        self.form
    }

    /// The classifier's label of each of a run's `people`, who are in the order of their names. Where the file does not say
    /// whom the classifier knows, as the original's, it is taken to know exactly these.
    ///
    /// # Errors
    /// [`IdentityError::Unknown`], [`IdentityError::CountOfPeople`].
    pub fn labels(&self, people: &[String], namespace: &str) -> Result<HashMap<String, usize>, IdentityError> {
        let classes = self.description.network.classes;
        let Some(known) = &self.description.trained_on else {
            if people.len() != classes {
                return Err(IdentityError::CountOfPeople { classes, found: people.len() });
            }
            return Ok(people.iter().cloned().zip(0..).collect());
        };
        let label = |person: &String| {
            let label = known.position(namespace, person).filter(|label| *label < classes);
            let label =
                label.ok_or_else(|| IdentityError::Unknown { person: person.clone(), namespace: namespace.to_owned() });
            Ok((person.clone(), label?))
        };
        people.iter().map(label).collect()
    }

    /// Compares translated pictures with their sources. Gradients flow into `pictures` only.
    ///
    /// # Shapes
    /// - pictures, sources: `[n, 3, 112, 96]` or `[n, 3, 224, 192]`, RGB in `[-1, 1]`
    ///
    /// `labels` are the classifier's labels of the sources' people; empty for forms without labels. `call` counts from 1
    /// over all calls and anneals [`IdentityForm::Angular`].
    pub fn forward(&self, pictures: Tensor<4>, sources: Tensor<4>, labels: &[usize], call: u64) -> IdentityTerm {
        let embed = |pictures| self.network.forward(preprocess(pictures));
        let frozen = sources.without_autodiff();
        match (self.form, &self.head) {
            (IdentityForm::Features, _) => {
                let map = |pictures| instance_norm(self.network.feature_map(preprocess(pictures)), Epilogue::default());
                plain((map(clamped(pictures)) - map(clamped(frozen))).powi_scalar(2).mean())
            }
            (IdentityForm::Classification, Some(head)) => {
                let (cosines, lengths) = head.cosines(embed(pictures));
                classified(cosines, lengths, labels)
            }
            (IdentityForm::Angular, Some(head)) => {
                let term = head.loss(embed(clamped(pictures)), labels, call);
                let accuracy = Some(term.num_correct as f32 / labels.len() as f32);
                IdentityTerm { loss: term.loss, accuracy }
            }
            (IdentityForm::Distillation { temperature }, head) => {
                let logits = |embedding: Tensor<2>| match head {
                    Some(head) => {
                        let (cosines, lengths) = head.cosines(embedding);
                        cosines * lengths
                    }
                    None => embedding,
                };
                plain(distilled(logits(embed(pictures)), logits(embed(frozen)), temperature))
            }
            (IdentityForm::Hinge { threshold, over_batch }, _) => {
                plain(hinge(embed(pictures), embed(frozen), threshold, over_batch))
            }
            (IdentityForm::Classification | IdentityForm::Angular, None) => {
                unreachable!("a form with labels has a classifier")
            }
        }
    }
}

fn plain(loss: Tensor<1>) -> IdentityTerm {
    IdentityTerm { loss, accuracy: None }
}

fn clamped(pictures: Tensor<4>) -> Tensor<4> {
    pictures.clamp(-1.0, 1.0)
}

fn hinge(features: Tensor<2>, targets: Tensor<2>, threshold: f64, over_batch: bool) -> Tensor<1> {
    let [n, length] = features.dims();
    let rows = if over_batch { [1, n * length] } else { [n, length] };
    let (features, targets) = (features.reshape(rows), targets.reshape(rows));
    let norm = |x: Tensor<2>| x.powi_scalar(2).sum_dim(1).sqrt();
    let lengths = norm(features.clone()) * norm(targets.clone());
    let cosines = (features * targets).sum_dim(1) / (lengths + COSINE_EPSILON);
    (-cosines + threshold).clamp_min(0.0).mean()
}

fn classified(cosines: Tensor<2>, lengths: Tensor<2>, labels: &[usize]) -> IdentityTerm {
    let classes = cosines.dims()[1];
    let right = super::margin::one_hot(labels, classes, &cosines.device());
    let num_correct = super::margin::count_correct(&to_values(cosines.clone()), classes, labels);
    let loss = super::margin::cross_entropy(cosines * lengths, right, 0.0);
    IdentityTerm { loss, accuracy: Some(num_correct as f32 / labels.len() as f32) }
}

fn distilled(logits: Tensor<2>, targets: Tensor<2>, temperature: f64) -> Tensor<1> {
    let soft = |logits: Tensor<2>| activation::log_softmax(logits / temperature, 1);
    let (found, wanted) = (soft(logits), soft(targets));
    let divergence = (wanted.clone().exp() * (wanted - found)).sum_dim(1).mean();
    divergence * (temperature * temperature)
}

/// Pictures as the recogniser reads them, at half the size if they have twice its size.
pub(crate) fn preprocess(pictures: Tensor<4>) -> Tensor<4> {
    let has_twice_the_size = pictures.dims()[2] == 2 * RecognizerConfig::HEIGHT;
    to_recognition_range(if has_twice_the_size { pool(pictures, AVERAGE_POOL) } else { pictures })
}

fn check_size(pictures: &PictureConfig) -> Result<(), IdentityError> {
    let PictureConfig { height, width, .. } = *pictures;
    let single = (RecognizerConfig::HEIGHT, RecognizerConfig::WIDTH);
    let fits = (height, width) == single || (height, width) == (2 * single.0, 2 * single.1);
    if fits { Ok(()) } else { Err(IdentityError::PictureSize { height, width }) }
}
