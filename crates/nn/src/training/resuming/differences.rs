//! In which keys two run files differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use toml::Value;

/// Keys named; the rest are counted.
const NAMED: usize = 8;

/// The keys that differ, with the value `then` and the value `now`: `generator.dim was 4, is 8; …`.
pub(in crate::training) fn differences(then: &impl Serialize, now: &impl Serialize) -> String {
    let (then, now) = (values(then), values(now));
    let keys: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let differing: Vec<&String> = keys.into_iter().filter(|key| then.get(*key) != now.get(*key)).collect();
    let shown = |values: &BTreeMap<String, String>, key: &str| {
        values.get(key).map_or_else(|| "not set".to_owned(), String::clone)
    };
    let named: Vec<String> = differing
        .iter()
        .take(NAMED)
        .map(|key| format!("{key} was {}, is {}", shown(&then, key), shown(&now, key)))
        .collect();
    let more = differing.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    named.join("; ") + &more
}

/// Every value by its key, `losses.weights.cycle` or `data.train[0].photos`.
fn values(run: &impl Serialize) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    // What TOML cannot hold was no run file.
    if let Ok(value) = Value::try_from(run) {
        collect("", &value, &mut values);
    }
    values
}

fn collect(key: &str, value: &Value, values: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(&key, value, values);
            }
        }
        Value::Array(array) if array.iter().any(Value::is_table) => {
            for (index, value) in array.iter().enumerate() {
                collect(&format!("{key}[{index}]"), value, values);
            }
        }
        other => {
            values.insert(key.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_with_both_values() {
        let value = |text: &str| toml::from_str::<toml::Table>(text).expect("TOML");
        let then = value("seed = 3\n[generator]\ndim = 4\n[[data.train]]\nphotos = \"a\"\n[record]\nlog_every = 1");
        let now = value(
            "seed = 3\nema_decay = 0.9\n[generator]\ndim = 8\n[[data.train]]\nphotos = \"b\"\n[record]\nlog_every = 1",
        );
        assert_eq!(
            differences(&then, &now),
            "data.train[0].photos was \"a\", is \"b\"; ema_decay was not set, is 0.9; generator.dim was 4, is 8"
        );
        assert_eq!(differences(&then, &then), "");
    }
}
