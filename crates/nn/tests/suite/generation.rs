//! Measures of generated pictures: against the reference data, closed forms and by properties.

use std::path::Path;

use portraitist_nn::metrics::generation::{
    ComparisonSettings, Estimate, FeatureFile, FeatureRows, Moments, Statistics, SubsetSettings, compare,
    distance_of_sets, frechet_distance, frechet_distance_of_rows, kernel_distance, neighbour_measures, read_features,
    read_statistics, write_rows,
};
use portraitist_nn::random;
use rand_distr::{Distribution, StandardNormal};

use crate::golden::{assert_relative, folder, json};

const NO_SUBSETS: SubsetSettings = SubsetSettings { count: 0, size: 0, seed: 0 };

fn rows(path: &Path) -> FeatureRows {
    match read_features(path).unwrap() {
        FeatureFile::Rows(rows) => rows,
        FeatureFile::Statistics(_) => panic!("statistics"),
    }
}

/// Rows of a normal distribution with a mean and a deviation for each feature.
fn normal_rows(seed: u64, count: usize, mean: &[f64], deviation: &[f64]) -> FeatureRows {
    let mut random = random::stream(seed, "test of measures", 0);
    let mut rows = FeatureRows::new(mean.len());
    for _ in 0..count {
        let row: Vec<f32> = mean
            .iter()
            .zip(deviation)
            .map(|(mean, deviation)| {
                let value: f64 = StandardNormal.sample(&mut random);
                (mean + deviation * value) as f32
            })
            .collect();
        rows.extend(&row).unwrap();
    }
    rows
}

/// Mean and covariance of the reference, in files of their own.
fn golden_statistics(folder: &Path, name: &str) -> Statistics {
    let read = |part: &str| {
        let bytes = std::fs::read(folder.join(format!("{part}_{name}.npy"))).unwrap();
        npyz::NpyFile::new(&bytes[..]).unwrap().into_vec::<f64>().unwrap()
    };
    Statistics { count: None, mean: read("mu"), covariance: read("sigma") }
}

#[test]
fn frechet_distances_are_pytorch_fids() {
    let Some(folder) = folder("fid") else { return };
    let expected = &json(&folder.join("expected.json"))["frechet_distance"];
    let [real, fake] = ["real", "fake"].map(|name| rows(&folder.join(format!("{name}.npy"))));
    let first = real.select(&(0..20).collect::<Vec<_>>());
    for (name, rows) in [("real", &real), ("fake", &fake), ("real_first20", &first)] {
        let statistics = Moments::of(rows).statistics().unwrap();
        let golden = golden_statistics(&folder, name);
        let largest = golden.covariance.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        for (found, expected) in statistics.covariance.iter().zip(&golden.covariance) {
            assert!((found - expected).abs() < 1e-12 * largest, "{name}: {found}, expected {expected}");
        }
    }
    let distance = |one: &FeatureRows, other: &FeatureRows| {
        let [one, other] = [one, other].map(|rows| Moments::of(rows).statistics().unwrap());
        frechet_distance(&one, &other).unwrap()
    };
    let value = |name: &str| expected[name].as_f64().unwrap();
    assert_relative("real, fake", distance(&real, &fake), value("real_vs_fake"), 1e-6);
    assert_relative("fake, real", distance(&fake, &real), value("fake_vs_real"), 1e-6);
    assert!((distance(&first, &fake) - value("real_first20_vs_fake")).abs() < 1e-3);
    for rows in [&real, &fake, &first] {
        assert!(distance(rows, rows) <= 1e-6, "a set is at no distance of itself");
        assert!(frechet_distance_of_rows(rows, rows).unwrap().distance <= 1e-6);
    }
    let of_rows = frechet_distance_of_rows(&first, &fake).unwrap().distance;
    assert!((of_rows - value("real_first20_vs_fake")).abs() < 1e-3);
}

#[test]
fn kernel_distances_and_neighbours_are_those_of_their_definitions() {
    let Some(folder) = folder("fid") else { return };
    let expected = json(&folder.join("expected.json"));
    let [real, fake] = ["real", "fake"].map(|name| rows(&folder.join(format!("{name}.npy"))));
    let kernel = kernel_distance(&real, &fake, NO_SUBSETS).unwrap();
    let value = |name: &str| expected["kid"][name].as_f64().unwrap();
    assert!((kernel.unbiased - value("unbiased_full")).abs() < 1e-9);
    assert!((kernel.biased - value("biased_full")).abs() < 1e-9);
    let first = fake.select(&(0..300).collect::<Vec<_>>());
    for (name, fake) in [("one_nn_all", &fake), ("one_nn_equal_sizes_first_300_each", &first)] {
        let found = neighbour_measures(&real, fake).unwrap().one_nearest_neighbour;
        let value = |part: &str| expected[name][part].as_f64().unwrap();
        assert_relative(name, found.accuracy, value("accuracy"), 1e-12);
        assert_relative(name, found.real, value("accuracy_real"), 1e-12);
        assert_relative(name, found.fake, value("accuracy_fake"), 1e-12);
    }
}

#[test]
fn the_distance_of_two_normal_distributions_has_its_closed_form() {
    let dim = 7;
    let mean: Vec<f64> = (0..dim).map(|index| index as f64).collect();
    let diagonal = |scale: f64| -> Vec<f64> {
        (0..dim * dim)
            .map(|place| if place % (dim + 1) == 0 { scale * (1 + place / dim) as f64 } else { 0.0 })
            .collect()
    };
    let one = Statistics { count: None, mean: vec![0.0; dim], covariance: diagonal(1.0) };
    let other = Statistics { count: None, mean: mean.clone(), covariance: diagonal(4.0) };
    // Deviations differ by a factor of 2: each feature adds its variance.
    let expected: f64 = mean.iter().map(|value| value * value).sum::<f64>() + (1..=dim).sum::<usize>() as f64;
    assert_relative("diagonal", frechet_distance(&one, &other).unwrap(), expected, 1e-12);
    // Turned together, the distributions stay as far apart.
    let (cosine, sine) = (0.6, 0.8);
    let turned = |statistics: &Statistics| {
        let mut turn = vec![0.0; dim * dim];
        (0..dim).for_each(|index| turn[index * dim + index] = 1.0);
        (turn[0], turn[1], turn[dim], turn[dim + 1]) = (cosine, -sine, sine, cosine);
        let at = |row: usize, column: usize| {
            let mut sum = 0.0;
            for a in 0..dim {
                for b in 0..dim {
                    sum += turn[row * dim + a] * statistics.covariance[a * dim + b] * turn[column * dim + b];
                }
            }
            sum
        };
        let covariance = (0..dim * dim).map(|place| at(place / dim, place % dim)).collect();
        let mean = (0..dim).map(|row| (0..dim).map(|a| turn[row * dim + a] * statistics.mean[a]).sum()).collect();
        Statistics { count: None, mean, covariance }
    };
    assert_relative("turned", frechet_distance(&turned(&one), &turned(&other)).unwrap(), expected, 1e-12);
}

#[test]
fn merged_parts_are_the_whole() {
    let dim = 300;
    let mean: Vec<f64> = (0..dim).map(|index| 100.0 * (index % 5) as f64).collect();
    let rows = normal_rows(1, 1300, &mean, &vec![0.5; dim]);
    let whole = Moments::of(&rows).statistics().unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut merged = Moments::new(dim);
    for (index, range) in [0..1, 1..600, 600..601, 601..1300].into_iter().enumerate() {
        let part = Moments::of(&rows.select(&range.collect::<Vec<_>>()));
        // Through a file, where the part has a covariance.
        let file = place.path().join(format!("{index}.npz"));
        match part.statistics() {
            Ok(statistics) => {
                statistics.write(&file, false).unwrap();
                let read = read_statistics(&file).unwrap();
                assert_eq!(read, statistics);
                merged.merge(&read.moments().unwrap());
            }
            Err(_) => merged.merge(&part),
        }
    }
    let merged = merged.statistics().unwrap();
    assert_eq!(merged.count, Some(1300));
    let largest = whole.covariance.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (found, expected) in merged.covariance.iter().zip(&whole.covariance) {
        assert!((found - expected).abs() <= 1e-9 * largest, "{found}, expected {expected}");
    }
    for (found, expected) in merged.mean.iter().zip(&whole.mean) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found}, expected {expected}");
    }
}

#[test]
fn the_kernel_distance_of_parts_of_one_set_is_nought_on_average() {
    let dim = 8;
    let splits = 60;
    let distances: Vec<f64> = (0..splits)
        .map(|seed| {
            let [one, other] =
                [2 * seed, 2 * seed + 1].map(|seed| normal_rows(seed, 150, &vec![0.3; dim], &vec![1.0; dim]));
            kernel_distance(&one, &other, NO_SUBSETS).unwrap().unbiased
        })
        .collect();
    let mean = distances.iter().sum::<f64>() / splits as f64;
    let deviation = (distances.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (splits - 1) as f64).sqrt();
    assert!(mean.abs() < 3.0 * deviation / (splits as f64).sqrt(), "{mean} ± {deviation}");
}

#[test]
fn influences_are_derivatives() {
    let [few, fake] = [(1, 0.0, 1.0), (2, 0.5, 1.5)]
        .map(|(seed, mean, deviation)| normal_rows(seed, 40, &[mean; 5], &[deviation, deviation, 1.0, 1.0, 1.0]));
    // So often that one row more is a small change.
    let copies: Vec<usize> = (0..40 * 100).map(|index| index % 40).collect();
    let real = few.select(&copies);
    let before = frechet_distance_of_rows(&real, &fake).unwrap();
    for row in [0, 7, 39] {
        let more = few.select(&[&copies[..], &[row]].concat());
        let after = frechet_distance_of_rows(&more, &fake).unwrap().distance;
        let found = (after - before.distance) * more.len() as f64;
        let expected = before.real[row];
        assert!((found - expected).abs() < 0.02 * (1.0 + expected.abs()), "{found}, expected {expected}");
    }
}

/// How many of a thousand intervals hold the truth.
#[test]
fn intervals_hold_what_they_promise() {
    let dim = 3;
    let (sets, count) = (1000, 120);
    let (mean, deviation) = ([0.6, 0.0, 0.0], [1.0, 1.5, 1.0]);
    let fid: f64 = 0.36 + 0.25;
    let kid = {
        // Large sets know the truth well enough.
        let [one, other] =
            [normal_rows(900_001, 6000, &[0.0; 3], &[1.0; 3]), normal_rows(900_002, 6000, &mean, &deviation)];
        kernel_distance(&one, &other, NO_SUBSETS).unwrap().unbiased
    };
    let settings = ComparisonSettings { resamples: 400, subsets: NO_SUBSETS, ..ComparisonSettings::default() };
    let mut held = [0; 2];
    for set in 0..sets {
        let real = normal_rows(10 + 2 * set, count, &vec![0.0; dim], &vec![1.0; dim]);
        let fake = normal_rows(11 + 2 * set, count, &mean, &deviation);
        let comparison = compare(&real, &fake, ComparisonSettings { seed: set, ..settings }).unwrap();
        let intervals = [(comparison.frechet.interval, fid), (comparison.kernel.unwrap().interval, kid)];
        for (held, (interval, truth)) in held.iter_mut().zip(intervals) {
            let [low, high] = interval.unwrap();
            *held += usize::from((low..=high).contains(&truth));
        }
    }
    eprintln!("of {sets} intervals, {held:?} held the truth");
    for held in held {
        assert!((930..=970).contains(&held), "of {sets} intervals, {held} held the truth");
    }
}

/// An accuracy over as many pictures has the standard deviation of that many coins; shares are means over pictures.
#[test]
fn shares_are_means_and_intervals_of_accuracies_as_wide_as_those_of_coins() {
    let [real, fake] = [(1, [0.0; 3]), (2, [0.9; 3])].map(|(seed, mean)| normal_rows(seed, 150, &mean, &[1.0; 3]));
    let settings = ComparisonSettings { resamples: 1000, subsets: NO_SUBSETS, ..ComparisonSettings::default() };
    let comparison = compare(&real, &fake, settings).unwrap();
    let accuracy = comparison.one_nearest_neighbour.unwrap().accuracy;
    let [low, high] = comparison.one_nearest_neighbour_interval.unwrap();
    let expected = 2.0 * 1.96 * (accuracy * (1.0 - accuracy) / 300.0).sqrt();
    assert!(low < accuracy && accuracy < high, "{accuracy} of {low} to {high}");
    assert!((0.75..=1.25).contains(&((high - low) / expected)), "{low} to {high}, expected a width of {expected}");
    let found = neighbour_measures(&real, &fake).unwrap();
    for (estimate, values) in [
        (comparison.precision, &found.precision),
        (comparison.recall, &found.recall),
        (comparison.density, &found.density),
        (comparison.coverage, &found.coverage),
    ] {
        let Estimate { value, interval } = estimate.unwrap();
        let [low, high] = interval.unwrap();
        assert_relative("share", value, values.iter().sum::<f64>() / 150.0, 1e-12);
        assert!(low <= value && value <= high && high - low < 0.4, "{value} of {low} to {high}");
    }
}

/// Of sets smaller than their features the distance is found without covariances, and is the same.
#[test]
fn distances_of_small_sets_are_those_of_their_statistics() {
    let (mean, deviation) = ([0.5; 12], [1.3; 12]);
    let [real, fake] = [(5, [0.0; 12], [1.0; 12], 7), (6, mean, deviation, 9)]
        .map(|(seed, mean, deviation, count)| normal_rows(seed, count, &mean, &deviation));
    let by_statistics =
        frechet_distance(&Moments::of(&real).statistics().unwrap(), &Moments::of(&fake).statistics().unwrap()).unwrap();
    assert_relative("distance", distance_of_sets(&real, &fake).unwrap(), by_statistics, 1e-7);
    assert!(distance_of_sets(&real, &real).unwrap() < 1e-7);
}

#[test]
fn statistics_that_are_not_finite_are_refused_by_name() {
    let good = Moments::of(&normal_rows(3, 10, &[0.0; 2], &[1.0; 2])).statistics().unwrap();
    assert!(good.check_finite().is_ok());
    let mut bad = good.clone();
    bad.mean[1] = f64::NAN;
    assert!(bad.check_finite().unwrap_err().to_string().contains("mean"));
    let mut bad = good;
    bad.covariance[2] = f64::INFINITY;
    assert!(bad.check_finite().unwrap_err().to_string().contains("covariance"));
}

#[test]
fn precision_and_coverage_see_what_they_should() {
    let real = normal_rows(1, 200, &[0.0; 4], &[1.0; 4]);
    let same = normal_rows(2, 200, &[0.0; 4], &[1.0; 4]);
    let narrow = normal_rows(3, 200, &[0.0; 4], &[0.1; 4]);
    let far = normal_rows(4, 200, &[50.0; 4], &[1.0; 4]);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let measures = |fake: &FeatureRows| {
        let found = neighbour_measures(&real, fake).unwrap();
        let parts = [&found.precision, &found.recall, &found.density, &found.coverage].map(|values| mean(values));
        (parts, found.one_nearest_neighbour)
    };
    let ([precision, recall, density, coverage], one) = measures(&same);
    assert!(
        precision > 0.7 && recall > 0.7 && density > 0.8 && coverage > 0.8,
        "{precision} {recall} {density} {coverage}"
    );
    assert!((one.accuracy - 0.5).abs() < 0.08, "{one:?}");
    let ([precision, recall, ..], one) = measures(&narrow);
    assert!(precision > 0.95 && recall < 0.3 && one.fake > 0.9, "{precision} {recall} {one:?}");
    let ([precision, recall, density, coverage], one) = measures(&far);
    assert_eq!([precision, recall, density, coverage, one.accuracy], [0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn files_of_features_are_bounded_and_named() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let rows = normal_rows(1, 5, &[0.0; 3], &[1.0; 3]);
    write_rows(&rows, &at("rows.npy"), false).unwrap();
    assert_eq!(read_features(&at("rows.npy")).unwrap(), FeatureFile::Rows(rows.clone()));
    assert_eq!(read_statistics(&at("rows.npy")).unwrap(), Moments::of(&rows).statistics().unwrap());
    let error = |name: &str| read_features(&at(name)).expect_err("it cannot be read").to_string();
    std::fs::write(at("text.npz"), "mu, sigma").unwrap();
    assert!(error("text.npz").contains("another kind of file"));
    assert!(error("none.npy").contains("none.npy"));
    // A header that promises more than there is.
    let mut bytes = std::fs::read(at("rows.npy")).unwrap();
    std::fs::write(at("cut.npy"), &bytes[..bytes.len() - 4]).unwrap();
    let header = bytes.windows(5).position(|part| part == b"(5, 3").unwrap();
    bytes[header..header + 5].copy_from_slice(b"(9, 9");
    std::fs::write(at("short.npy"), &bytes).unwrap();
    assert!(error("short.npy").contains("too few"), "{}", error("short.npy"));
    assert!(error("cut.npy").contains("cut.npy"));
    for (name, change) in [("nan.npy", f32::NAN), ("infinite.npy", f32::INFINITY)] {
        let mut bytes = std::fs::read(at("rows.npy")).unwrap();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&change.to_le_bytes());
        std::fs::write(at(name), bytes).unwrap();
        assert!(error(name).contains("row 4"), "{}", error(name));
    }
}

/// The numbers that numpy writes for counts and labels.
#[test]
fn rows_of_whole_numbers_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let npy = |descr: &str, body: &[u8]| {
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 2), }}");
        header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
        header.push('\n');
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), body].concat()
    };
    let numbers = [3, -1, 0, 70_000];
    let cases = [
        ("<i4", numbers.iter().flat_map(|number: &i32| number.to_le_bytes()).collect::<Vec<u8>>(), numbers),
        ("<i8", numbers.iter().flat_map(|number| i64::from(*number).to_le_bytes()).collect(), numbers),
        ("<u8", [3, 1, 0, 70_000].iter().flat_map(|number: &u64| number.to_le_bytes()).collect(), [3, 1, 0, 70_000]),
    ];
    for (descr, body, expected) in cases {
        let path = folder.path().join("whole.npy");
        std::fs::write(&path, npy(descr, &body)).unwrap();
        let mut rows = FeatureRows::new(2);
        rows.extend(&expected.map(|number| number as f32)).unwrap();
        assert_eq!(read_features(&path).unwrap(), FeatureFile::Rows(rows), "{descr}");
    }
    std::fs::write(folder.path().join("whole.npy"), npy("<i2", &[0; 8])).unwrap();
    let error = read_features(&folder.path().join("whole.npy")).expect_err("16 bits").to_string();
    assert!(error.contains("numbers of the type"), "{error}");
}
