//! Golden values inside the program: whether kernels and networks compute on this machine what the portable code does.
//!
//! Each [`Check`] computes something of fixed inputs. `golden.json` holds what the portable kernels made of them, and `face.png`
//! is the synthetic face that networks look at (made by `dataset synth`; nobody's picture). How the values were made:
//!
//! ```text
//! PORTRAITIST_ISA=portable PORTRAITIST_WINOGRAD=off portraitist selftest --write-golden crates/nn/src/selftest/golden.json
//! ```
//!
//! In that file checks of bf16 hold what `f32` gives where the fast code may choose Winograd's algorithm, whose roundings differ.
//! The portable kernels themselves are tested against definitions in `f64` (`crates/kernels/src/tests`), the networks against
//! PyTorch and TensorFlow (`crates/nn/tests/golden`).

mod check;
mod golden;
mod inference;
mod inputs;
mod kernels;
mod networks;
mod training;

pub use check::{Check, Kind, Outcome, SelfTestError, Setting};
pub use golden::{Digest, Golden, GoldenError};

/// Every check, kernels first.
pub fn checks() -> impl Iterator<Item = Check> {
    [kernels::CHECKS, inference::CHECKS, networks::CHECKS, training::CHECKS].into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use burn::tensor::Device;

    use super::*;

    fn setting() -> Setting {
        Setting { device: Device::flex(), as_reference: false }
    }

    fn check(name: &str) -> Check {
        checks().find(|check| check.name == name).expect("there is such a check")
    }

    #[test]
    fn every_check_has_golden_values_and_a_name_of_its_own() {
        let golden = Golden::built_in().expect("golden.json is read");
        let names: BTreeSet<&str> = checks().map(|check| check.name).collect();
        assert_eq!(names.len(), checks().count());
        assert_eq!(names, golden.names().collect());
        assert!(golden.made_with().contains("portable"), "{}", golden.made_with());
    }

    #[test]
    fn a_check_passes_here_and_fails_with_other_golden_values() {
        let golden = Golden::built_in().expect("golden.json is read");
        let found = check("convolution").run(&golden, &setting());
        assert!(found.passed, "{found:?}");
        // The values of another check are as wrong as can be.
        let other = golden.renamed("winograd", "convolution");
        let found = check("convolution").run(&other, &setting());
        assert!(!found.passed, "{found:?}");
        let found = check("convolution").run(&Golden::default(), &setting());
        assert!(!found.passed && found.error.is_some(), "{found:?}");
    }
}
