//! Distances between generated and real pictures, and how much styles change.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use burn::tensor::Device;

use crate::config::Domain;
use crate::config::munit::TranslatorConfig;
use crate::evaluation::{EvaluationError, FeatureNetwork, FloatPictures, Mode};
use crate::losses::NamedValues;
use crate::metrics::generation::{FeatureRows, SubsetSettings, distance_of_sets, kernel_distance};
use crate::networks::Pair;
use crate::networks::munit::Translator;
use crate::random::{normals, stream};
use crate::training::error::TrainingError;
use crate::training::munit::pictures::PictureSet;

use super::config::{EvaluationConfig, SETS};
use super::generation::{BATCH, Styles, Way};
use super::watch::Watch;

/// Pictures whose translations with two styles are compared.
const MOST_STYLED: usize = 32;
/// Kernel distances are unbiased over all pictures; no subsets are drawn.
const NO_SUBSETS: SubsetSettings = SubsetSettings { count: 0, size: 0, seed: 0 };

/// Fixed pictures and styles, and the features of the real pictures.
#[derive(Debug)]
pub(in crate::training::munit) struct Evaluation {
    network: FeatureNetwork,
    mode: Mode,
    measures: [String; 2],
    networks: TranslatorConfig,
    device: Device,
    domains: Pair<Fixed>,
    watch: Mutex<Watch>,
}

/// What is fixed of a domain.
#[derive(Debug)]
struct Fixed {
    /// `[n, channels, h, w]`.
    pictures: Vec<f32>,
    /// Elements of a picture.
    len: usize,
    real: FeatureRows,
    /// Styles of generated pictures of the domain, two for each picture of the other: `[n, style_dim]` each.
    styles: [Vec<f32>; 2],
}

impl Evaluation {
    /// Reads the test pictures and computes the features of the real ones.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that cannot be read, or says that there are too few;
    /// [`TrainingError::Evaluation`] if the network cannot be had.
    pub(in crate::training::munit) fn prepare(
        config: &EvaluationConfig,
        sets: &Pair<PictureSet>,
        networks: &TranslatorConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let mode = config.network.mode();
        let network = FeatureNetwork::of_mode(mode, config.weights.as_deref())?;
        let read = |domain: Domain| sets.of(domain).fixed(config.pictures);
        let read = Pair { drawing: read(Domain::Drawing)?, photo: read(Domain::Photo)? };
        let fixed = |domain: Domain| -> Result<Fixed, TrainingError> {
            let (own, others) = (read.of(domain), read.of(domain.other()));
            if own.len() < 2 {
                let path = sets.of(domain).entries().first().map(|entry| entry.path.clone()).unwrap_or_default();
                let reason = format!("evaluation needs at least 2 test {domain}s, found {}", own.len());
                return Err(TrainingError::Data { path, reason });
            }
            let pictures = own.concat();
            let floats = FloatPictures::new(&pictures, networks.picture.channels(domain), size(networks));
            let real = network.features_of_floats(&floats, mode.preparation())?;
            let styles = ["evaluation styles", "other evaluation styles"].map(|purpose| {
                let mut random = stream(seed, &format!("{purpose} {domain}"), 0);
                normals(&mut random, others.len() * networks.generator.style_dim)
            });
            Ok(Fixed { len: own[0].len(), pictures, real, styles })
        };
        let domains = Pair { drawing: fixed(Domain::Drawing)?, photo: fixed(Domain::Photo)? };
        Ok(Self {
            network,
            mode,
            measures: config.network.measures(),
            networks: networks.clone(),
            device: device.clone(),
            domains,
            watch: Mutex::default(),
        })
    }

    /// Measures a translator of step `step`, whose networks are refreshed and stay as they are. What cannot be measured (features
    /// of broken networks are no numbers) is left out and told as a warning.
    pub(in crate::training::munit) fn measure(&self, translator: &Translator, step: u64) -> NamedValues {
        let began = Instant::now();
        let mut values = NamedValues::new();
        for to in [Domain::Drawing, Domain::Photo] {
            for from in [to.other(), to] {
                let name = set_name(from, to);
                match self.measure_set(translator, [from, to], name) {
                    Ok(found) => values.extend(found),
                    Err(error) => self.lock().tell_unmeasured(step, name, &error.to_string()),
                }
            }
        }
        self.lock().look(step, &values, &self.measures[0]);
        values.push(("seconds_evaluation".to_owned(), began.elapsed().as_secs_f32()));
        values
    }

    /// Warnings since the last call.
    pub(in crate::training::munit) fn warnings(&self) -> Vec<String> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The measures of one set of generated pictures.
    fn measure_set(
        &self,
        translator: &Translator,
        [from, to]: [Domain; 2],
        name: &str,
    ) -> Result<NamedValues, EvaluationError> {
        let (source, target) = (self.domains.of(from), self.domains.of(to));
        let [width, height] = size(&self.networks);
        let style_dim = self.networks.generator.style_dim;
        let way = Way::new(translator, [from, to], [height, width], style_dim, &self.device);
        let mut rows = FeatureRows::new(self.network.dim());
        let mut difference = Mean::default();
        let batches = source.pictures.chunks(BATCH * source.len);
        for (index, batch) in batches.enumerate() {
            let first = index * BATCH;
            let count = batch.len() / source.len;
            let styles = |number: usize, count: usize| {
                Styles::Given(&target.styles[number][first * style_dim..(first + count) * style_dim])
            };
            let generated = way.generate(batch, if from == to { Styles::Own } else { styles(0, count) });
            if from != to && first < MOST_STYLED {
                let again = count.min(MOST_STYLED - first);
                let other = way.generate(&batch[..again * source.len], styles(1, again));
                difference.add(&generated[..other.len()], &other);
            }
            let floats = FloatPictures::new(&generated, self.networks.picture.channels(to), [width, height]);
            rows.extend(self.network.features_of_floats(&floats, self.mode.preparation())?.values())?;
        }
        let [frechet, kernel] = &self.measures;
        let mut values = vec![
            (format!("{frechet}.{name}"), distance_of_sets(&target.real, &rows)? as f32),
            (format!("{kernel}.{name}"), kernel_distance(&target.real, &rows, NO_SUBSETS)?.unbiased as f32),
            (format!("spread.{name}"), (spread(&rows) / spread(&target.real).max(f64::MIN_POSITIVE)) as f32),
        ];
        if from != to {
            values.push((format!("style_levels.{name}"), (127.5 * difference.value()) as f32));
        }
        Ok(values)
    }
}

/// Width and height of the networks' pictures.
fn size(networks: &TranslatorConfig) -> [usize; 2] {
    [networks.picture.width, networks.picture.height]
}

/// The set's name in the log.
fn set_name(from: Domain, to: Domain) -> &'static str {
    match (from == to, to) {
        (false, Domain::Drawing) => SETS[0],
        (false, Domain::Photo) => SETS[1],
        (true, Domain::Drawing) => SETS[2],
        (true, Domain::Photo) => SETS[3],
    }
}

/// The total variance of features.
fn spread(rows: &FeatureRows) -> f64 {
    let (dim, count) = (rows.dim(), rows.len() as f64);
    let (mut sums, mut squares) = (vec![0.0; dim], vec![0.0; dim]);
    for row in rows.values().chunks_exact(dim) {
        for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(row) {
            *sum += f64::from(*value);
            *square += f64::from(*value).powi(2);
        }
    }
    let variances = sums.iter().zip(&squares).map(|(sum, square)| (square - sum * sum / count).max(0.0));
    variances.sum::<f64>() / (count - 1.0).max(1.0)
}

/// A mean of absolute differences.
#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, one: &[f32], other: &[f32]) {
        self.sum += one.iter().zip(other).map(|(one, other)| f64::from((one - other).abs())).sum::<f64>();
        self.count += other.len();
    }

    fn value(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_the_sum_of_the_variances() {
        let mut rows = FeatureRows::new(2);
        rows.extend(&[1.0, 10.0, 3.0, 10.0, 5.0, 10.0]).expect("finite");
        assert!((spread(&rows) - 4.0).abs() < 1e-12);
    }
}
