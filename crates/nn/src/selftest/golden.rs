//! The file of golden values: a few of each check's values, and sums that every value takes part in.

use std::collections::BTreeMap;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::random::stream;

/// The golden values of the program.
const BUILT_IN: &str = include_str!("golden.json");
/// Values of a check that are kept.
const KEPT: usize = 48;
/// Sums that are kept, each with signs of its own.
const SUMS: usize = 4;

/// A file of golden values that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("no golden values: {0}; expected JSON as --write-golden writes it")]
pub struct GoldenError(#[from] serde_json::Error);

/// What is kept of the values of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    /// How many values there were.
    len: usize,
    /// The largest magnitude among them.
    scale: f32,
    /// Some values at even distances.
    values: Vec<f32>,
    /// Sums of all values with random signs, divided by the root of their number: one wrong value changes all of them, and
    /// rounding errors are no larger in them than in a value.
    sums: Vec<f32>,
}

impl Digest {
    /// The digest of values.
    pub fn of(values: &[f32]) -> Self {
        let kept = values.len().min(KEPT);
        let place = |index: usize| if kept > 1 { index * (values.len() - 1) / (kept - 1) } else { index };
        let sum = |number: u64| {
            let mut random = stream(number, "self-test signs", 0);
            let signed = values.iter().map(|value| f64::from(*value) * if random.random() { 1.0 } else { -1.0 });
            (signed.sum::<f64>() / (values.len().max(1) as f64).sqrt()) as f32
        };
        Self {
            len: values.len(),
            scale: values.iter().fold(0.0, |scale, value| scale.max(value.abs())),
            values: (0..kept).map(|index| values[place(index)]).collect(),
            sums: (0..SUMS as u64).map(sum).collect(),
        }
    }

    /// The largest deviation from golden values, as a share of the largest of these; infinite if a value is not finite or there
    /// are other numbers of values.
    pub fn deviation(&self, golden: &Self) -> f64 {
        let lengths = |digest: &Self| (digest.len, digest.values.len(), digest.sums.len());
        if lengths(self) != lengths(golden) {
            return f64::INFINITY;
        }
        let scale = f64::from(golden.scale).max(f64::MIN_POSITIVE);
        let found = self.values.iter().chain(&self.sums).chain([&self.scale]);
        let expected = golden.values.iter().chain(&golden.sums).chain([&golden.scale]);
        found.zip(expected).fold(0.0, |largest, (found, expected)| {
            let deviation = (f64::from(*found) - f64::from(*expected)).abs() / scale;
            // A comparison with NaN is false.
            if deviation <= largest {
                largest
            } else if deviation.is_finite() {
                deviation
            } else {
                f64::INFINITY
            }
        })
    }
}

/// Golden values by the names of their checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The instruction set and the version that made them.
    made_with: String,
    checks: BTreeMap<String, Digest>,
}

impl Golden {
    /// Golden values that were just computed.
    pub fn new(made_with: String, checks: impl IntoIterator<Item = (String, Digest)>) -> Self {
        Self { made_with, checks: checks.into_iter().collect() }
    }

    /// Those of the program.
    ///
    /// # Errors
    /// None that a test would not find.
    pub fn built_in() -> Result<Self, GoldenError> {
        Self::from_json(BUILT_IN.as_bytes())
    }

    /// Those of a file's text.
    ///
    /// # Errors
    /// [`GoldenError`] says what is not as expected.
    pub fn from_json(text: &[u8]) -> Result<Self, GoldenError> {
        Ok(serde_json::from_slice(text)?)
    }

    /// The text of a file: a line for each check.
    pub fn to_json(&self) -> String {
        let text = |value: serde_json::Result<serde_json::Value>| value.unwrap_or_default().to_string();
        let line = |(name, digest): (&String, &Digest)| {
            format!("    {}: {}", serde_json::Value::from(name.as_str()), text(serde_json::to_value(digest)))
        };
        let lines: Vec<String> = self.checks.iter().map(line).collect();
        let made_with = serde_json::Value::from(self.made_with.as_str());
        format!("{{\n  \"made_with\": {made_with},\n  \"checks\": {{\n{}\n  }}\n}}\n", lines.join(",\n"))
    }

    /// The values of a check.
    pub fn of(&self, name: &str) -> Option<&Digest> {
        self.checks.get(name)
    }

    /// The names of its checks.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.checks.keys().map(String::as_str)
    }

    /// What they were made with.
    pub fn made_with(&self) -> &str {
        &self.made_with
    }

    /// The same, with the values of `from` also under the name `to`.
    #[cfg(test)]
    pub(super) fn renamed(mut self, from: &str, to: &str) -> Self {
        let digest = self.checks[from].clone();
        self.checks.insert(to.to_owned(), digest);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Vec<f32> {
        (0..1000).map(|index| (index as f32).sin()).collect()
    }

    #[test]
    fn a_wrong_value_is_seen_wherever_it_is() {
        let golden = Digest::of(&values());
        assert_eq!(Digest::of(&values()).deviation(&golden), 0.0);
        for place in [0, 1, 500, 998, 999] {
            let mut wrong = values();
            wrong[place] += 0.1;
            assert!(Digest::of(&wrong).deviation(&golden) > 1e-3, "{place}");
        }
        let mut rounded = values();
        rounded.iter_mut().for_each(|value| *value *= 1.0 + 1e-6);
        assert!(Digest::of(&rounded).deviation(&golden) < 1e-4);
    }

    #[test]
    fn what_is_no_number_deviates_without_limit() {
        let golden = Digest::of(&values());
        for wrong in [f32::NAN, f32::INFINITY] {
            let mut broken = values();
            broken[7] = wrong;
            assert_eq!(Digest::of(&broken).deviation(&golden), f64::INFINITY);
        }
        assert_eq!(Digest::of(&values()[1..]).deviation(&golden), f64::INFINITY);
        assert_eq!(Digest::of(&[]).deviation(&golden), f64::INFINITY);
    }

    #[test]
    fn files_are_read_as_they_were_written() {
        let golden = Golden::new("portable 0.1.0".to_owned(), [("a".to_owned(), Digest::of(&values()))]);
        assert_eq!(Golden::from_json(golden.to_json().as_bytes()).expect("read"), golden);
        Golden::from_json(b"{}").expect_err("no golden values");
    }
}
