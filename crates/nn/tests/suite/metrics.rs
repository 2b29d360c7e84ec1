//! Verification and identification figures: the original's numbers, and what must hold for any scores.

use std::path::Path;

use portraitist_nn::metrics::identification::{Search, evaluate as evaluate_ranks, place_all};
use portraitist_nn::metrics::verification::{
    Fold, Mode, ScoredFolds, ScoredPair, VerificationReport, evaluate, evaluate_as_original, original_2018, read_scores,
};
use portraitist_nn::metrics::{MetricsError, identification, verification};
use portraitist_nn::random;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::golden;

fn dice(index: u64) -> ChaCha8Rng {
    random::stream(5, "test of metrics", index)
}

#[test]
fn the_originals_figures_come_out_to_the_last_digit() {
    let Some(folder) = golden::folder("recognition") else { return };
    for set in ["plain", "ties", "tiny_folds"] {
        let expected = golden::json(&folder.join(format!("eval_{set}.json")));
        let lengths: Vec<usize> = serde_json::from_value(expected["folds_length"].clone()).unwrap();
        let scored = read_scores(&folder.join(format!("eval_{set}.txt")), Some(&lengths)).unwrap();
        let report = evaluate_as_original(&scored).unwrap();
        assert_eq!(report.mode, Mode::Original2018);
        let folds = expected["per_fold"].as_array().unwrap();
        assert_eq!(report.folds.len(), folds.len());
        for (index, (found, expected)) in report.folds.iter().zip(folds).enumerate() {
            let pairs = [
                ("threshold", found.threshold.unwrap()),
                ("accuracy", found.accuracy.unwrap()),
                ("far3", found.vr_far_0_001),
                ("far2", found.vr_far_0_01),
                ("auc", found.auc),
            ];
            for (name, found) in pairs {
                let expected = expected[name].as_f64().unwrap();
                assert!((found - expected).abs() < 1e-12, "{set} {index} {name}: {found} is not {expected}");
            }
        }
        let printed = std::fs::read_to_string(folder.join(format!("eval_{set}_printed.txt"))).unwrap();
        assert_eq!(original_2018::printed(&report).join("\n"), printed.trim_end());
    }
}

#[test]
fn the_originals_thresholds_are_numpys() {
    // numpy 2.4.6: arange(-1.0, 1.0, 0.005).
    let expected = [
        (0, -1.0),
        (1, -0.995),
        (200, 8.881784197001252e-16),
        (213, 0.06500000000000083),
        (240, 0.20000000000000107),
        (253, 0.265000000000001),
        (399, 0.9950000000000019),
    ];
    for (index, value) in expected {
        assert_eq!(original_2018::threshold(index), value);
    }
}

/// Folds of people with scores on a coarse grid, so that many are equal; people of different folds are others.
fn random_folds(dice: &mut ChaCha8Rng, folds: usize, grid: i32) -> ScoredFolds {
    let mut people = Vec::new();
    let folds = (0..folds).map(|fold| {
        let first = people.len() as u32;
        let count = dice.random_range(3..7_u32);
        people.extend((0..count).map(|person| format!("{fold}/{person}")));
        let mut made = Fold::default();
        for _ in 0..dice.random_range(20..60) {
            let one = first + dice.random_range(0..count);
            let other = first + (one - first + dice.random_range(1..count)) % count;
            let mut score =
                |mean: f64| ((mean + dice.random_range(-0.5..0.5)) * f64::from(grid)).round() / f64::from(grid);
            made.push(true, ScoredPair { score: score(0.3), people: [one; 2] });
            made.push(false, ScoredPair { score: score(0.0), people: [one, other] });
        }
        made
    });
    let folds = folds.collect();
    ScoredFolds::new(folds, people).unwrap()
}

#[test]
fn areas_rates_and_thresholds_are_those_of_trying_everything() {
    for case in 0..20 {
        let scored = random_folds(&mut dice(case), 4, 2 + 7 * case as i32);
        let report = evaluate(&scored);
        for (index, (fold, found)) in scored.folds().iter().zip(&report.folds).enumerate() {
            let [same, different] = [&fold.same, &fold.different].map(|pairs| Fold::scores(pairs));
            let wins = same
                .iter()
                .flat_map(|one| different.iter().map(move |other| one.partial_cmp(other).unwrap() as i32 + 1));
            let area = f64::from(wins.sum::<i32>()) / (2 * same.len() * different.len()) as f64;
            assert!((found.auc - area).abs() < 1e-12, "case {case} fold {index}: {} is not {area}", found.auc);
            for (max_far, found) in [(0.001, found.vr_far_0_001), (0.01, found.vr_far_0_01)] {
                let best = thresholds(fold).filter(|&at| share(&different, at) <= max_far);
                let best = best.map(|at| share(&same, at)).fold(0.0, f64::max);
                assert_eq!(found, best, "case {case} fold {index}");
            }
            let training = |at: f64| -> usize {
                let others = scored.folds().iter().enumerate().filter(|(other, _)| *other != index);
                others.map(|(_, fold)| right(fold, at)).sum()
            };
            let best = scored.folds().iter().flat_map(thresholds).map(training).max().unwrap();
            assert_eq!(training(found.threshold.unwrap()), best, "case {case} fold {index}");
            let accuracy = right(fold, found.threshold.unwrap()) as f64 / fold.len() as f64;
            assert_eq!(found.accuracy, Some(accuracy));
        }
    }
}

/// Every threshold that makes a difference: the scores, and one above them.
fn thresholds(fold: &Fold) -> impl Iterator<Item = f64> {
    fold.same.iter().chain(&fold.different).map(|pair| pair.score).chain([f64::INFINITY])
}

fn share(scores: &[f64], threshold: f64) -> f64 {
    scores.iter().filter(|&&score| score >= threshold).count() as f64 / scores.len() as f64
}

fn right(fold: &Fold, threshold: f64) -> usize {
    let accepted = |pairs: &[ScoredPair]| pairs.iter().filter(|pair| pair.score >= threshold).count();
    accepted(&fold.same) + fold.different.len() - accepted(&fold.different)
}

#[test]
fn equal_error_rates_lie_between_the_errors_beside_them() {
    for case in 0..20 {
        let scored = random_folds(&mut dice(100 + case), 2, 30);
        for (fold, found) in scored.folds().iter().zip(evaluate(&scored).folds) {
            let [same, different] = [&fold.same, &fold.different].map(|pairs| Fold::scores(pairs));
            // At every threshold one error is at least as large and the other at least as small.
            for at in thresholds(fold) {
                let (false_accepts, false_rejects) = (share(&different, at), 1.0 - share(&same, at));
                let (low, high) = (false_accepts.min(false_rejects), false_accepts.max(false_rejects));
                assert!(low - 1e-12 <= found.eer && found.eer <= high + 1e-12, "{low} {} {high}", found.eer);
            }
        }
    }
}

#[test]
fn a_perfect_a_useless_and_a_perverse_recogniser_are_told_apart() {
    let figures = |same: f64, different: f64| {
        let pair = |score| ScoredPair { score, people: [0; 2] };
        let fold = Fold { same: vec![pair(same); 1000], different: vec![pair(different); 2000] };
        let report = evaluate(&ScoredFolds::new(vec![fold; 2], Vec::new()).unwrap());
        let of = |summary: portraitist_nn::metrics::Summary| summary.mean.unwrap();
        [of(report.auc), of(report.eer), of(report.vr_far_0_001), of(report.vr_far_0_01), of(report.accuracy)]
    };
    assert_eq!(figures(0.8, 0.2), [1.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(figures(0.5, 0.5), [0.5, 0.5, 0.0, 0.0, 2.0 / 3.0]);
    assert_eq!(figures(0.2, 0.8), [0.0, 1.0, 0.0, 0.0, 2.0 / 3.0]);
}

#[test]
fn the_order_of_pairs_changes_nothing() {
    let scored = random_folds(&mut dice(200), 5, 40);
    let mut shuffled = scored.folds().to_vec();
    for fold in &mut shuffled {
        fold.same.shuffle(&mut dice(201));
        fold.different.shuffle(&mut dice(202));
    }
    let shuffled = ScoredFolds::new(shuffled, scored.people().to_vec()).unwrap();
    let (report, again) = (evaluate(&scored), evaluate(&shuffled));
    assert_eq!(report, again);
    assert_eq!(evaluate_as_original(&scored).unwrap(), evaluate_as_original(&shuffled).unwrap());
    let intervals = |scored, report| verification::intervals(scored, report, 50, 7);
    assert_eq!(intervals(&scored, &report), intervals(&shuffled, &again));
}

fn intervals(scored: &ScoredFolds, report: &VerificationReport, seed: u64) -> verification::VerificationIntervals {
    verification::intervals(scored, report, 300, seed).unwrap()
}

#[test]
fn intervals_hold_their_figure_and_depend_on_the_seed_alone() {
    let scored = random_folds(&mut dice(300), 6, 1000);
    let report = evaluate(&scored);
    let found = intervals(&scored, &report, 1);
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one_thread.install(|| intervals(&scored, &report, 1)), found);
    assert_ne!(intervals(&scored, &report, 2), found);
    for (interval, summary) in [(found.auc, report.auc), (found.eer, report.eer), (found.accuracy, report.accuracy)] {
        let ([low, high], mean) = (interval.unwrap(), summary.mean.unwrap());
        assert!(low < mean && mean < high, "{low} {mean} {high}");
    }
    let unnamed = ScoredFolds::new(scored.folds().to_vec(), Vec::new()).unwrap();
    assert_eq!(verification::intervals(&unnamed, &report, 300, 1), None);
}

#[test]
fn with_more_pairs_of_the_same_people_intervals_do_not_shrink() {
    // Pairs repeated ten times tell nothing new; intervals over pairs would come out three times narrower.
    let scored = random_folds(&mut dice(400), 6, 1000);
    let repeated = |pairs: &[ScoredPair]| (0..10).flat_map(|_| pairs.iter().copied()).collect::<Vec<_>>();
    let folds = scored.folds().iter();
    let folds = folds.map(|fold| Fold { same: repeated(&fold.same), different: repeated(&fold.different) }).collect();
    let more = ScoredFolds::new(folds, scored.people().to_vec()).unwrap();
    let width = |scored: &ScoredFolds| {
        let [low, high] = intervals(scored, &evaluate(scored), 1).auc.unwrap();
        high - low
    };
    assert!((width(&more) / width(&scored) - 1.0).abs() < 1e-9);
}

#[test]
fn one_fold_has_no_accuracy_and_coarse_folds_say_so() {
    let scored = random_folds(&mut dice(500), 1, 100);
    let report = evaluate(&scored);
    assert_eq!((report.accuracy.mean, report.threshold.mean), (None, None));
    assert!(report.auc.mean.is_some());
    assert_eq!(report.warnings.len(), 4, "{:?}", report.warnings);
    assert!(matches!(evaluate_as_original(&scored), Err(MetricsError::TooFew { .. })));
    assert_eq!(report.far_step, 1.0 / scored.folds()[0].different.len() as f64);
}

fn read(text: &str, lengths: Option<&[usize]>) -> Result<ScoredFolds, MetricsError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    read_scores(file.path(), lengths)
}

#[test]
fn scores_are_read_in_folds() {
    let sizes = |scored: &ScoredFolds| scored.folds().iter().map(Fold::len).collect::<Vec<_>>();
    let text = "\u{feff}\n0.5\t1\r\n-2e-3 0\n\n\n0.25\t1\n0.1\t0\n0.2\t0\n\n";
    let scored = read(text, None).unwrap();
    assert_eq!(sizes(&scored), [2, 3]);
    assert_eq!(scored.folds()[0].different[0].score, -2e-3);
    assert_eq!(read(text, Some(&[2, 3])).unwrap(), scored);
    let lines = "1\t1\n2\t0\n3\t1\n4\t0\n5\t0\n";
    assert_eq!(sizes(&read(lines, Some(&[2, 3])).unwrap()), [2, 3]);
    let named = read("1\t1\tAda\tAda\n0\t0\tAda\tBo Lee\n", None).unwrap();
    assert_eq!(named.people(), ["Ada", "Bo Lee"]);
    assert_eq!(named.folds()[0].different[0].people, [0, 1]);
}

#[test]
fn wrong_scores_are_refused_with_file_and_line() {
    let cases: [(&str, Option<&[usize]>, &str); 20] = [
        ("", None, "expected scored pairs, found none"),
        ("\n\n", None, "expected scored pairs, found none"),
        ("0.5\t1\nNaN\t0\n", None, "line 2: expected a finite score, found `NaN\t0`"),
        ("inf\t1\n", None, "line 1: expected a finite score"),
        ("1e999\t1\n", None, "line 1: expected a finite score"),
        ("0.5\t1\nhello\n", None, "line 2: expected a score and a label"),
        ("0.5\n", None, "line 1: expected a score and a label"),
        ("0,5\t1\n", None, "line 1: expected a score and a label"),
        ("0.5\t2\n", None, "line 1: expected label 1"),
        ("0.5\t1.0\n", None, "line 1: expected label 1"),
        ("0.5\t1\tAda\n", None, "line 1: expected a score and a label"),
        ("0.5\t1\tAda\tAda\n0.5\t0\n", None, "line 2: expected names of people on every line"),
        ("0.5\t0\tAda\tAda\n", None, "line 1: expected label 1 where both names are the same"),
        (
            "0.5\t1\n0.4\t1\n",
            None,
            "fold 1: expected pairs of the same person and of different people, found 2 of the same",
        ),
        ("0.5\t1\n0.4\t0\n\n0.4\t0\n", None, "fold 2: expected pairs"),
        ("0.5\t1\n0.4\t0\n", Some(&[3]), "expected 3 pairs, the sum of the folds' lengths, found 2"),
        ("0.5\t1\n0.4\t0\n0.3\t0\n", Some(&[2]), "expected 2 pairs, the sum of the folds' lengths, found 3"),
        ("0.5\t1\n0.4\t0\n", Some(&[2, 2]), "expected 4 pairs, the sum of the folds' lengths, found 2"),
        ("0.5\t1\n0.4\t0\n\n1\t1\n1\t0\n", Some(&[3, 1]), "line 3: expected 3 pairs in fold 1"),
        ("0.5\t1\n0.4\t0\n", Some(&[0, 2]), "expected"),
    ];
    for (text, lengths, words) in cases {
        let error = read(text, lengths).unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {words:?} is not in {error:?}");
    }
    let long = format!("0.5\t1\t{}\tAda\n", "x".repeat(5000));
    assert!(read(&long, None).unwrap_err().to_string().contains("a line of less than"));
    let error = read_scores(Path::new("no/such/file"), None).unwrap_err().to_string();
    assert!(error.contains("no/such/file"), "{error}");
}

fn search(gallery: &[u32], probes: &[u32], similarities: &[f32]) -> Search {
    Search { gallery: gallery.to_vec(), probes: probes.to_vec(), similarities: similarities.to_vec() }
}

#[test]
fn ranks_count_people_and_share_ties() {
    // Person 7 has two pictures in the gallery; the better one counts, and the pair takes one place.
    let found = search(&[7, 7, 8, 9], &[7, 8, 9], &[0.1, 0.9, 0.5, 0.2, 0.8, 0.9, 0.7, 0.1, 0.4, 0.4, 0.6, 0.4]);
    let places = found.places().unwrap();
    let flat: Vec<(u32, u32, u32)> = places.iter().map(|place| (place.person, place.ahead, place.level)).collect();
    assert_eq!(flat, [(7, 0, 0), (8, 1, 0), (9, 1, 1)]);
    let within = [1, 2, 3].map(|rank| places[2].within(rank));
    assert_eq!(within, [0.0, 0.5, 1.0]);
    let report = evaluate_ranks(&place_all(&[found]).unwrap());
    assert_eq!(report.rank1.mean, Some(1.0 / 3.0));
    assert_eq!(report.cmc, [1.0 / 3.0, 2.5 / 3.0, 1.0]);
    assert_eq!(report.rank10.mean, None, "with three people rank 10 says nothing");
    assert_eq!(report.rank1.std, None, "one set has no deviation");
    assert_eq!(report.warnings.len(), 2);
}

#[test]
fn a_recogniser_that_finds_all_alike_reaches_chance() {
    let people: Vec<u32> = (0..20).collect();
    let report = evaluate_ranks(&place_all(&[search(&people, &people, &[0.3; 400])]).unwrap());
    assert!((report.rank1.mean.unwrap() - 0.05).abs() < 1e-12);
    assert!((report.rank10.mean.unwrap() - 0.5).abs() < 1e-12);
}

#[test]
fn cumulative_matches_rise_to_one_whatever_the_order_of_the_gallery() {
    let mut dice = dice(600);
    let gallery: Vec<u32> = (0..15).chain(3..9).collect();
    let probes: Vec<u32> = (0..60).map(|probe| probe % 15).collect();
    let similarities: Vec<f32> = (0..60 * gallery.len()).map(|_| (dice.random_range(0..40) as f32) / 40.0).collect();
    let report = evaluate_ranks(&place_all(&[search(&gallery, &probes, &similarities)]).unwrap());
    assert!(report.cmc.is_sorted() && report.cmc.len() == 15);
    assert!((report.cmc[14] - 1.0).abs() < 1e-12);
    let mut order: Vec<usize> = (0..gallery.len()).collect();
    order.shuffle(&mut dice);
    let row = |probe: usize| order.iter().map(move |&column| (probe, column)).collect::<Vec<_>>();
    let shuffled = (0..60).flat_map(row).map(|(probe, column)| similarities[probe * gallery.len() + column]).collect();
    let gallery = order.iter().map(|&column| gallery[column]).collect();
    let again = evaluate_ranks(&place_all(&[Search { gallery, probes, similarities: shuffled }]).unwrap());
    assert_eq!(report, again);
}

#[test]
fn impossible_searches_are_refused() {
    let cases = [
        (search(&[1], &[1], &[0.5]), "two or more people in the gallery"),
        (search(&[1, 1], &[1], &[0.5, 0.6]), "two or more people in the gallery"),
        (search(&[1, 2], &[3], &[0.5, 0.6]), "probe 1: expected a person of the gallery"),
        (search(&[1, 2], &[1], &[0.5, f32::NAN]), "probe 1 and gallery picture 2: expected finite scores"),
        (search(&[1, 2], &[1], &[0.5]), "a similarity for every probe"),
        (search(&[1, 2], &[], &[]), "a similarity for every probe"),
    ];
    for (search, words) in cases {
        let error = search.places().unwrap_err().to_string();
        assert!(error.contains(words), "{words:?} is not in {error:?}");
    }
}

#[test]
fn intervals_of_ranks_are_drawn_over_people() {
    let people: Vec<u32> = (0..12).collect();
    let probes: Vec<u32> = (0..120).map(|probe| probe % 12).collect();
    // People below 6 are always found, the others never.
    let similarity = |probe: u32, person: u32| if (probe == person) == (probe < 6) { 1.0 } else { 0.0 };
    let similarities = probes.iter().flat_map(|&probe| people.iter().map(move |&person| similarity(probe, person)));
    let sets = place_all(&[search(&people, &probes, &similarities.collect::<Vec<_>>())]).unwrap();
    let found = identification::intervals(&sets, 2000, 3).unwrap();
    let [low, high] = found.rank1.unwrap();
    // Twelve draws with probability a half: the middle 95 % of the binomial distribution are 3 to 9 of 12.
    assert_eq!((low, high), (3.0 / 12.0, 9.0 / 12.0));
    assert_eq!(identification::intervals(&sets, 2000, 3), Some(found));
}
