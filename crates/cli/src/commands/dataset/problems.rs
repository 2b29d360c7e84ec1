//! Prints what is wrong with a dataset.

use std::process::ExitCode;

use portraitist_face::dataset::Problem;

use crate::output::Console;

/// Prints each problem on stderr: errors as such, the rest as warnings.
pub(super) fn print_problems(problems: &[Problem], console: &Console) {
    for Problem { picture, kind, detail } in problems {
        let text = if detail.contains(picture.as_str()) { detail.clone() } else { format!("{picture}: {detail}") };
        if kind.is_error() {
            console.fail(&anyhow::anyhow!("{text}"));
        } else {
            console.warn(&text);
        }
    }
}

/// 1 if something cannot be used.
pub(super) fn status(problems: &[Problem]) -> ExitCode {
    if problems.iter().any(|problem| problem.kind.is_error()) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
