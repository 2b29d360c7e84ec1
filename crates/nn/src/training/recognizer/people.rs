//! The people of a recogniser's training, and their crops.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portraitist_face::synthetic::origin_seed;
use portraitist_face::text::person_key;
use rand_distr::weighted::WeightedIndex;
use serde::{Deserialize, Serialize};

use crate::config::Domain;
use crate::training::error::TrainingError;
use crate::training::pictures::{find_pictures, prepared_pictures};

/// One source of crops of known people: a prepared dataset, or folders or lists of photos and of drawings.
///
/// A list file names a picture a line, relative to itself, and behind a tab the person. In a folder, the person is the
/// name of the subfolder that holds the picture. A person's photos and drawings are one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetConfig {
    /// The namespace of the people's names: equal names are one person within a namespace only. Leave it out for datasets
    /// of known people under their real names. Leave it out, too, for datasets of `dataset synth` and what was prepared
    /// from them: theirs is `synthetic SEED`, and another one is refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// A folder written by `dataset prepare`, or its manifest. Its `train` split is for training, its `test` split for
    /// testing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<PathBuf>,
    /// Crops of photos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<PathBuf>,
    /// Crops of drawings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawings: Option<PathBuf>,
    /// How often its people are drawn, compared with those of a dataset of weight 1, where people are drawn at all (see
    /// [`Sampling`](super::Sampling)). A person of several datasets has the largest of their weights.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, clippy::float_cmp, reason = "serde passes a reference; 1 is exact")]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

/// The largest ratio of two datasets' weights, in either direction.
const LARGEST_WEIGHT: f64 = 1000.0;

impl DatasetConfig {
    /// Every path in it.
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.prepared, &mut self.photos, &mut self.drawings].into_iter().filter_map(Option::as_mut)
    }

    /// The namespace of people found in it: the run file's, but for synthetic people that of their seed. Otherwise a
    /// network could be tested on people whom it was trained on.
    fn namespace_of(&self, crops: &[Found]) -> Result<String, TrainingError> {
        let folders: BTreeSet<&Path> = crops.iter().filter_map(|crop| crop.path.parent()).collect();
        let mut seeds: BTreeMap<Option<u64>, &Path> = BTreeMap::new();
        for folder in folders {
            seeds.entry(origin_seed(folder)).or_insert(folder);
        }
        let Some((Some(seed), folder)) = seeds.pop_last() else { return Ok(self.namespace.clone()) };
        let derived = format!("synthetic {seed}");
        let wrong = |reason| Err(TrainingError::Data { path: folder.to_path_buf(), reason });
        match seeds.pop_last() {
            Some((_, other)) => wrong(format!(
                "shows people of `dataset synth` (seed {seed}), and {} does not; expected them in datasets of their own",
                other.display()
            )),
            None if self.namespace.is_empty() || self.namespace == derived => Ok(derived),
            None => wrong(format!(
                "shows people of `dataset synth`: expected the namespace {derived:?} or none, found {:?}",
                self.namespace
            )),
        }
    }

    /// Whether it names a source of one kind.
    pub(super) fn validate(&self) -> Result<(), String> {
        if !(1.0 / LARGEST_WEIGHT..=LARGEST_WEIGHT).contains(&self.weight) {
            let least = 1.0 / LARGEST_WEIGHT;
            return Err(format!("weight must be between {least} and {LARGEST_WEIGHT}, found {}", self.weight));
        }
        match (&self.prepared, self.photos.is_some() || self.drawings.is_some()) {
            (Some(_), true) => Err("a dataset is either prepared or photos and drawings, found both".to_owned()),
            (None, false) => Err("a dataset needs prepared, photos or drawings".to_owned()),
            _ => Ok(()),
        }
    }
}

/// What people are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To learn from.
    Training,
    /// To be tested on.
    Test,
}

impl Purpose {
    /// The split of a prepared dataset.
    fn split(self) -> &'static str {
        match self {
            Self::Training => "train",
            Self::Test => "test",
        }
    }
}

/// A crop of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait {
    /// The picture file.
    pub path: PathBuf,
    /// Number of the person: the class.
    pub person: usize,
    /// Photo or drawing.
    pub domain: Domain,
}

/// People and their crops.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Namespace and name of each person, in the order of their numbers.
    pub names: Vec<(String, String)>,
    /// The crops, in the order of their sources.
    pub portraits: Vec<Portrait>,
    /// Weight of each person: see [`DatasetConfig::weight`].
    pub weights: Vec<f64>,
}

/// A crop before people are numbered.
struct Found {
    path: PathBuf,
    name: String,
    domain: Domain,
}

impl People {
    /// Finds the people of some datasets and numbers them in the order of their names.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a source that is missing or empty, or a picture without a person.
    pub fn find(datasets: &[DatasetConfig], purpose: Purpose) -> Result<Self, TrainingError> {
        let mut found: Vec<((String, String), Found)> = Vec::new();
        let mut weight_of: BTreeMap<(String, String), f64> = BTreeMap::new();
        for dataset in datasets {
            let sources = [(&dataset.photos, Domain::Photo), (&dataset.drawings, Domain::Drawing)];
            let plain = sources.into_iter().filter_map(|(path, domain)| Some(of_folder(path.as_deref()?, domain)));
            let prepared = dataset.prepared.as_deref().map(|path| of_manifest(path, purpose));
            for crops in plain.chain(prepared) {
                let crops = crops?;
                let namespace = dataset.namespace_of(&crops)?;
                let key = |crop: &Found| (namespace.clone(), person_key(&crop.name));
                for crop in crops {
                    let weight = weight_of.entry(key(&crop)).or_insert(dataset.weight);
                    *weight = weight.max(dataset.weight);
                    found.push((key(&crop), crop));
                }
            }
        }
        let weights = weight_of.values().copied().collect();
        let numbers: BTreeMap<(String, String), usize> =
            weight_of.into_keys().enumerate().map(|(index, key)| (key, index)).collect();
        let mut names = vec![(String::new(), String::new()); numbers.len()];
        let mut portraits = Vec::with_capacity(found.len());
        for (key, Found { path, name, domain }) in found {
            let person = numbers[&key];
            names[person] = (key.0, name);
            portraits.push(Portrait { path, person, domain });
        }
        Ok(Self { names, portraits, weights })
    }

    /// The probability of each person; `None` if all are equal.
    pub(super) fn chances(&self) -> Option<WeightedIndex<f64>> {
        let alike = self.weights.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
        // Weights are positive and bounded, so they are chances.
        if alike { None } else { WeightedIndex::new(&self.weights).ok() }
    }

    /// The first person of `other` who is here, too.
    pub(super) fn shared_with<'a>(&self, other: &'a Self) -> Option<&'a (String, String)> {
        let key = |(namespace, name): &(String, String)| (namespace.clone(), person_key(name));
        let own: BTreeSet<(String, String)> = self.names.iter().map(key).collect();
        other.names.iter().find(|name| own.contains(&key(name)))
    }
}

fn of_folder(source: &Path, domain: Domain) -> Result<Vec<Found>, TrainingError> {
    let entries = find_pictures(source)?;
    let found = |entry: crate::training::pictures::FoundPicture| match entry.person {
        Some(name) => Ok(Found { path: entry.path, name, domain }),
        None => Err(TrainingError::Data {
            path: entry.path,
            reason: "belongs to nobody; expected a folder for each person, or a list with the person behind a tab"
                .to_owned(),
        }),
    };
    entries.into_iter().map(found).collect()
}

fn of_manifest(source: &Path, purpose: Purpose) -> Result<Vec<Found>, TrainingError> {
    let found = prepared_pictures(source, purpose.split())?.into_iter();
    Ok(found
        .map(|(domain, entry)| Found { path: entry.path, name: entry.person.unwrap_or_default(), domain })
        .collect())
}

#[cfg(test)]
mod tests {
    use rand_distr::Distribution;

    use super::*;
    use crate::random::stream;

    #[test]
    fn people_of_a_heavier_dataset_are_drawn_as_much_more_often() {
        let place = tempfile::tempdir().expect("a folder");
        let dataset = |folder: &str, names: &[&str], weight: f64| {
            for name in names {
                let person = place.path().join(folder).join(name);
                std::fs::create_dir_all(&person).expect("a folder");
                std::fs::write(person.join("1.png"), "not opened").expect("a file");
            }
            DatasetConfig {
                namespace: String::new(),
                prepared: None,
                photos: Some(place.path().join(folder)),
                drawings: None,
                weight,
            }
        };
        let light = dataset("light", &["anna", "bela", "cora"], 1.0);
        let heavy = dataset("heavy", &["cora", "dan"], 4.0);
        let alike = People::find(std::slice::from_ref(&light), Purpose::Training).expect("three people");
        assert!(alike.chances().is_none());
        let people = People::find(&[heavy, light], Purpose::Training).expect("four people");
        assert_eq!(people.weights, [1.0, 1.0, 4.0, 4.0]);
        let chances = people.chances().expect("weights differ");
        let mut counts = [0; 4];
        for index in 0..10_000 {
            counts[chances.sample(&mut stream(1, "person", index))] += 1;
        }
        for (count, weight) in counts.iter().zip(&people.weights) {
            assert!((f64::from(*count) - 1000.0 * weight).abs() < 200.0, "{counts:?}");
        }
    }
}
