//! Files of others, damaged by chance: what reads them comes back, soon and with little memory.
//!
//! `PORTRAITIST_FUZZ_SECONDS=600 cargo test --release -p portraitist-nn --test nn -- fuzzing --nocapture --test-threads 1` is a long run
//! of each target; `PORTRAITIST_FUZZ_SEED` chooses another one. Without them it is a second for each, beside the other tests, whose memory
//! cannot be told apart. `fuzz/` runs the same functions under libFuzzer.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use portraitist_face::Picture;
use portraitist_face::picture::PictureFormat;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

#[allow(unreachable_pub, reason = "a crate of its own in fuzz/")]
#[path = "../../../../fuzz/src/bodies.rs"]
mod bodies;

/// The longest that one input may take.
const MOST_SECONDS: f64 = 20.0;
/// By how much the memory of the whole process may grow, in MiB.
const MOST_MEMORY_MIB: f64 = 1024.0;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Largest memory of this process so far in MiB; 0 where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Starting points: what the program itself writes, and the files in `fuzz/corpus`.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    match target {
        "pictures" => {
            let pixels = (0..24 * 17 * 3).map(|value| (value * 37 % 251) as u8).collect();
            let picture = Picture::from_rgb(24, 17, pixels).unwrap();
            seeds.push(picture.encode_png().unwrap());
            seeds.push(picture.encode_jpeg(80).unwrap());
            seeds.push(picture.encode(PictureFormat::Jpeg).unwrap());
            seeds.push([b"P6\n24 17\n255\n", picture.pixels()].concat());
        }
        "weights" => {
            let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/translator/tiny");
            seeds.push(std::fs::read(golden.join("gen_00000000.pt")).unwrap());
        }
        _ => {}
    }
    seeds
}

/// One to eight changes: bits, bytes, numbers at the edge, pieces cut out, doubled or taken from another seed.
fn change(seed: &[u8], other: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.random_range(1..=8) {
        let length = bytes.len();
        if length == 0 {
            bytes.extend_from_slice(&other[..other.len().min(64)]);
            continue;
        }
        let at = random.random_range(0..length);
        let piece = random.random_range(1..=(length - at).min(64));
        match random.random_range(0..9) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at] = random.random(),
            2 => bytes[at] = *[0, 1, 0x7F, 0x80, 0xFF, b'\n', b'-', b'9'].choose(random).unwrap_or(&0),
            3 => drop(bytes.drain(at..at + piece)),
            4 => bytes.truncate(at),
            5 => {
                let doubled = bytes[at..at + piece].to_vec();
                bytes.splice(at..at, doubled);
            }
            6 if !other.is_empty() => {
                let from = random.random_range(0..other.len());
                let part = other[from..(from + piece).min(other.len())].to_vec();
                bytes.splice(at..at + piece, part);
            }
            7 => {
                let number =
                    *[0u32, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 65_535, 65_536].choose(random).unwrap_or(&0);
                let four = if random.random_bool(0.5) { number.to_be_bytes() } else { number.to_le_bytes() };
                bytes.iter_mut().skip(at).zip(four).for_each(|(byte, value)| *byte = value);
            }
            _ => bytes.insert(at, random.random()),
        }
    }
    bytes
}

fn fuzz(target: &str, body: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "no seeds of {target}");
    seeds.iter().for_each(|seed| body(seed));
    let (seconds, chance) = (number("PORTRAITIST_FUZZ_SECONDS", 1), number("PORTRAITIST_FUZZ_SEED", 15));
    let is_long = seconds > 1;
    let mut random = StdRng::seed_from_u64(chance);
    let (began, memory) = (Instant::now(), peak_mib());
    let (mut count, mut slowest) = (0u64, 0.0f64);
    while began.elapsed() < Duration::from_secs(seconds) {
        let (Some(seed), Some(other)) = (seeds.choose(&mut random), seeds.choose(&mut random)) else { return };
        let bytes = change(seed, other, &mut random);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| body(&bytes)));
        let took = start.elapsed().as_secs_f64();
        (count, slowest) = (count + 1, slowest.max(took));
        let grown = if is_long { peak_mib() - memory } else { 0.0 };
        if outcome.is_err() || took > MOST_SECONDS || grown > MOST_MEMORY_MIB {
            let kept = std::env::temp_dir().join(format!("portraitist-fuzz-{target}-{chance}-{count}"));
            std::fs::File::create(&kept).and_then(|mut file| file.write_all(&bytes)).unwrap();
            panic!("{target}: {outcome:?} after {took:.1} s and {grown:.0} MiB; the input is {}", kept.display());
        }
    }
    eprintln!(
        "{target}: {count} inputs in {seconds} s, the slowest {slowest:.2} s, {:.0} MiB more",
        peak_mib() - memory
    );
}

#[test]
fn pictures() {
    fuzz("pictures", bodies::pictures);
}

#[test]
fn lists() {
    fuzz("lists", bodies::lists);
}

#[test]
fn landmarks() {
    fuzz("landmarks", bodies::landmarks);
}

#[test]
fn protocols() {
    fuzz("protocols", bodies::protocols);
}

#[test]
fn weights() {
    fuzz("weights", bodies::weights);
}

#[test]
fn run_files() {
    fuzz("run_files", bodies::run_files);
}

#[test]
fn tables() {
    fuzz("tables", bodies::tables);
}

#[test]
fn features() {
    fuzz("features", bodies::features);
}
