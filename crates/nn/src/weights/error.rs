//! What can be wrong with a weights file.

use std::path::PathBuf;

/// A weights file that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is not what its reader expects.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What a good file would be.
        expected: &'static str,
        /// What this one is.
        found: String,
    },
    /// The configuration beside or inside the file cannot be used.
    #[error("{}: the configuration cannot be used: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A PyTorch checkpoint without its configuration.
    #[error("{}: no config.yaml beside it or in the folder above; the checkpoint does not say how its network is built", path.display())]
    MissingConfig {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The arrays do not fit the network.
    #[error("{}: the weights do not fit the network{}", path.display(), describe(missing, unused, misshaped))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Names that the network wants and the file lacks.
        missing: Vec<String>,
        /// Names that the file has and the network does not want.
        unused: Vec<String>,
        /// Names whose shapes differ, with both shapes.
        misshaped: Vec<String>,
    },
    /// An array holds a number that 16 bits cannot.
    #[error("{}: {name} holds {value}, and 16-bit numbers end at 65504; store it with 32 bits", path.display())]
    TooLargeForHalf {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// The number.
        value: f32,
    },
    /// An array holds NaN or infinity.
    #[error("{}: {name} holds a value that is not a finite number", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
    },
}

/// Names shown of each kind; the rest are counted.
const SHOWN: usize = 8;

fn describe(missing: &[String], unused: &[String], misshaped: &[String]) -> String {
    let list = |title: &str, names: &[String]| {
        if names.is_empty() {
            return String::new();
        }
        let shown = names[..names.len().min(SHOWN)].join(", ");
        let rest = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
        format!("; {title}: {shown}{rest}")
    };
    list("missing", missing) + &list("unused", unused) + &list("of another shape", misshaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_and_counted() {
        let names = |count: usize| (0..count).map(|index| format!("n{index}")).collect::<Vec<_>>();
        assert_eq!(describe(&names(2), &[], &names(1)), "; missing: n0, n1; of another shape: n0");
        assert_eq!(describe(&[], &names(8), &[]), "; unused: n0, n1, n2, n3, n4, n5, n6, n7");
        assert_eq!(describe(&[], &names(10), &[]), "; unused: n0, n1, n2, n3, n4, n5, n6, n7 and 2 more");
    }
}
