//! A recogniser under the verification and identification protocols.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use portraitist_face::Picture;
use portraitist_face::align::{Cropper, Fit};
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::protocol::identification::{Direction, Set};
use portraitist_face::template::Template;
use portraitist_nn::config::Architecture;
use portraitist_nn::detection::FaceMeshDetector;
use portraitist_nn::metrics::verification::{self, Fold, ScoredFolds, ScoredPair, original_2018};
use portraitist_nn::parameter::{from_values, to_values};
use portraitist_nn::pixels::to_recognition_planes;
use portraitist_nn::recognition::{
    Between, EvaluationError, FeatureCache, Features, IdentificationTask, Pairs, Similarity, VerificationTask, View,
    gather,
};
use serde_json::Value;

use crate::golden::{device, folder, json};
use crate::recognition::formula_classifier;

/// SphereFace-20 with the reference's weights.
fn formula_embedder(classes: usize) -> impl Fn(&[Picture]) -> Result<Vec<Vec<f32>>, EvaluationError> {
    let network = formula_classifier(classes).network;
    move |crops| {
        let planes = crops.iter().flat_map(|crop| to_recognition_planes(crop, Architecture::SphereFace)).collect();
        let features = network.forward(from_values(planes, &device()).reshape([crops.len(), 3, 112, 96]));
        let length = features.dims()[1];
        Ok(to_values(features).chunks_exact(length).map(<[f32]>::to_vec).collect())
    }
}

/// The mean grey level of 48 parts of a crop: enough to tell pictures apart.
fn simple_embedder(crops: &[Picture]) -> Result<Vec<Vec<f32>>, EvaluationError> {
    let row = |crop: &Picture| {
        let parts = crop.pixels().chunks(crop.pixels().len() / 48);
        parts.map(|part| part.iter().map(|level| f32::from(*level)).sum::<f32>() / part.len() as f32 - 100.0).collect()
    };
    Ok(crops.iter().map(row).collect())
}

fn dataset(root: &Path) -> Dataset {
    Dataset::open(root.join("original_dataset"), &OpenOptions::default()).unwrap()
}

fn original_pipeline() -> FacePipeline {
    FacePipeline::new(Arc::new(FaceMeshDetector::new().unwrap()), Cropper::new(Template::SPHEREFACE, Fit::Original2018))
}

fn assert_scores(what: &str, scored: &ScoredFolds, expected: &Value) {
    let lengths: Vec<usize> = scored.folds().iter().map(Fold::len).collect();
    assert_eq!(serde_json::json!(lengths), expected["folds_length"], "{what}");
    let (scores, same) = (expected["score"].as_array().unwrap(), expected["same"].as_array().unwrap());
    let mut start = 0;
    for (fold, length) in scored.folds().iter().zip(lengths) {
        let mut kinds = [fold.different.iter(), fold.same.iter()];
        for place in start..start + length {
            let kind = same[place].as_u64().unwrap() as usize;
            let (found, score) = (kinds[kind].next().unwrap().score, scores[place].as_f64().unwrap());
            assert!((found - score).abs() < 1e-3, "{what} {place}: {found} is not {score}");
        }
        start += length;
    }
}

#[test]
fn scores_and_printed_lines_are_those_of_the_original() {
    let Some(root) = folder("data") else { return };
    let expected = json(&root.join("expected/wc_eval_end_to_end.json"));
    let (dataset, pipeline) = (dataset(&root), original_pipeline());
    let embed = formula_embedder(expected["classnum"].as_u64().unwrap() as usize);
    let drawn = Pairs::Drawn { fold_length: 6, seed: 1 };
    for (pairs, key) in [(Pairs::Restricted, "restricted"), (drawn, "unrestricted_fold_length_6_seed_1")] {
        let task = VerificationTask::new(&dataset, pairs, View::Test, false).unwrap();
        let features =
            gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &embed, None, |_| {}).unwrap();
        let scored = task.score(&features, Similarity::Original2018).unwrap();
        assert_scores(key, &scored, &expected[key]);
        let report = verification::evaluate_as_original(&scored).unwrap();
        assert_eq!(serde_json::json!(original_2018::printed(&report)), expected[key]["printed"], "{key}");
    }
}

#[test]
fn all_pairs_of_a_fold_are_compared_once() {
    let Some(root) = folder("data") else { return };
    let dataset = dataset(&root);
    let pipeline = original_pipeline();
    let mut counts = Vec::new();
    for between in [Between::All, Between::DrawingPhoto, Between::PhotoPhoto, Between::DrawingDrawing] {
        let task = VerificationTask::new(&dataset, Pairs::Unrestricted(between), View::Test, false).unwrap();
        let features =
            gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &simple_embedder, None, |_| {})
                .unwrap();
        let scored = task.score(&features, Similarity::Cosine).unwrap();
        counts.push(scored.folds().iter().map(|fold| [fold.same.len(), fold.different.len()]).collect::<Vec<_>>());
    }
    // The first fold: Elena Marsh 5 + 5, Ada Quill 6 + 3, Juno Peck 3 + 6 pictures.
    let pairs = |count: usize| count * (count - 1) / 2;
    let same = pairs(10) + pairs(9) + pairs(9);
    assert_eq!(counts[0][0], [same, pairs(28) - same]);
    assert_eq!(counts[1][0], [25 + 18 + 18, 14 * 14 - 61]);
    let [all, kinds @ ..] = &counts[..] else { panic!("four counts") };
    for (fold, all) in all.iter().enumerate() {
        let sum = |kind: usize| kinds.iter().map(|count| count[fold][kind]).sum::<usize>();
        assert_eq!(*all, [sum(0), sum(1)], "fold {fold}");
    }
}

#[test]
fn view_1_reports_on_its_second_half_alone() {
    let Some(root) = folder("data") else { return };
    let dataset = dataset(&root);
    let pipeline = original_pipeline();
    for pairs in [Pairs::Restricted, Pairs::Unrestricted(Between::All), Pairs::Drawn { fold_length: 20, seed: 1 }] {
        let task = VerificationTask::new(&dataset, pairs, View::Development, false).unwrap();
        let (tested, helping) = (task.tested_people(), task.threshold_people());
        assert!(!tested.is_empty() && tested.iter().all(|person| !helping.contains(person)), "{tested:?} {helping:?}");
        let features =
            gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &simple_embedder, None, |_| {})
                .unwrap();
        let scored = task.score(&features, Similarity::Cosine).unwrap();
        let report = verification::evaluate(&scored);
        assert_eq!(report.folds.len(), 1);
        assert_eq!(report.num_pairs, scored.folds()[1].len());
        let whole = ScoredFolds::new(scored.folds().to_vec(), scored.people().to_vec()).unwrap();
        assert_eq!(report.folds[0], verification::evaluate(&whole).folds[1]);
    }
}

#[test]
fn every_identification_set_is_searched() {
    let Some(root) = folder("data") else { return };
    let dataset = dataset(&root);
    let pipeline = original_pipeline();
    for direction in [Direction::C2P, Direction::P2C] {
        let sets: Vec<Set> = Set::all().collect();
        let task = IdentificationTask::new(&dataset, direction, &sets, false).unwrap();
        let features =
            gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &simple_embedder, None, |_| {})
                .unwrap();
        let placed = task.place(&features, Similarity::Cosine).unwrap();
        assert_eq!(placed.len(), 11);
        assert!(placed.iter().all(|set| set.within(set.num_people) == 1.0));
    }
}

#[test]
fn embeddings_are_kept_and_damaged_files_replaced() {
    let Some(root) = folder("data") else { return };
    let dataset = dataset(&root);
    let task = VerificationTask::new(&dataset, Pairs::Restricted, View::Test, false).unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("new/cache");
    let pipeline = original_pipeline();
    // How many crops had to be embedded, what the first score was, and what was said about the file.
    let run = |model: &str, embedding: &str| {
        let (mut cache, problem) = FeatureCache::open(&folder, model, embedding);
        let embedded = Cell::new(0);
        let embed = |crops: &[Picture]| {
            embedded.set(embedded.get() + crops.len());
            simple_embedder(crops)
        };
        let features =
            gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &embed, Some(&mut cache), |_| {})
                .unwrap();
        cache.save().unwrap();
        (embedded.get(), task.score(&features, Similarity::Cosine).unwrap(), problem)
    };
    let count = task.index().entries().len();
    let (embedded, first, problem) = run("aa", "ignore");
    assert_eq!((embedded, problem), (count, None));
    assert_eq!(run("aa", "ignore"), (0, first.clone(), None));
    assert_eq!(run("bb", "ignore").0, count, "another recogniser has its own file");
    assert_eq!(run("aa", "average").0, count, "another way of embedding has its own file");
    for (index, file) in std::fs::read_dir(&folder).unwrap().enumerate() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        match index {
            0 => bytes[middle] ^= 1,
            1 => bytes.truncate(middle),
            _ => bytes = b"dear diary".to_vec(),
        }
        std::fs::write(&path, bytes).unwrap();
    }
    for (model, embedding) in [("aa", "ignore"), ("bb", "ignore"), ("aa", "average")] {
        let (embedded, scored, problem) = run(model, embedding);
        assert!(problem.is_some_and(|problem| problem.contains("damaged")));
        assert_eq!((embedded, &scored), (count, &first));
        assert_eq!(run(model, embedding).0, 0);
    }
}

#[test]
fn embeddings_that_say_nothing_are_refused_with_the_picture() {
    let Some(root) = folder("data") else { return };
    let dataset = dataset(&root);
    let task = VerificationTask::new(&dataset, Pairs::Restricted, View::Test, false).unwrap();
    let pipeline = original_pipeline();
    let label = task.index().label(&task.index().entries()[0]);
    for (row, words) in [
        (vec![0.5, f32::NAN], "NaN"),
        (vec![f32::INFINITY; 2], "inf"),
        (vec![0.0; 2], "a length of 0"),
        (Vec::new(), "0 numbers"),
    ] {
        let embed = |crops: &[Picture]| Ok(vec![row.clone(); crops.len()]);
        let error = gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &embed, None, |_| {})
            .unwrap_err()
            .to_string();
        assert!(error.contains(&label) && error.contains(words), "{error}");
    }
    let none = |_: &[Picture]| Ok(Vec::new());
    assert!(gather(task.index(), |entry| Ok(pipeline.crop_entry(entry)?.picture), &none, None, |_| {}).is_err());
}

#[test]
fn similarities_are_cosines_and_the_originals_a_little_less() {
    let mut features = Features::default();
    let row = |scale: f32| (0..19).map(|index| scale * (index as f32 - 4.0)).collect::<Vec<f32>>();
    for scale in [1.0, 250.0, -0.5] {
        features.push(&row(scale), "a picture").unwrap();
    }
    assert!((features.similarity(0, 1, Similarity::Cosine) - 1.0).abs() < 1e-6);
    assert!((features.similarity(0, 2, Similarity::Cosine) + 1.0).abs() < 1e-6);
    let mut small = Features::default();
    small.push(&[1e-3, 0.0], "a picture").unwrap();
    small.push(&[1e-2, 0.0], "a picture").unwrap();
    assert!((small.similarity(0, 1, Similarity::Original2018) - 0.5).abs() < 1e-6);
}

#[test]
fn scores_survive_the_way_through_a_file() {
    let pair = |score: f64, people: [u32; 2]| ScoredPair { score, people };
    let fold = |shift: f64| Fold {
        same: vec![pair(0.1 + shift, [0, 0]), pair(1.0 / 3.0 - shift, [1, 1])],
        different: vec![pair(-2.5e-17, [0, 1]), pair(0.9, [1, 2])],
    };
    let people = ["Ada Quill", "Bo", "Cy de Long"].map(str::to_owned).to_vec();
    let scored = ScoredFolds::new(vec![fold(0.0), fold(0.7)], people).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("scores.tsv");
    portraitist_nn::metrics::verification::write_scores(&path, &scored, false).unwrap();
    assert_eq!(portraitist_nn::metrics::verification::read_scores(&path, None).unwrap(), scored);
    assert!(portraitist_nn::metrics::verification::write_scores(&path, &scored, false).is_err());
}
