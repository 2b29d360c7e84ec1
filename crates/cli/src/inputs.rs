//! Which pictures the words on the command line mean, and work on each of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use portraitist_face::dataset::find_pictures;
use portraitist_face::files::OutputNames;
use serde::Serialize;

use crate::interruption;
use crate::output::{Console, describe};

/// A picture to work on, and where its result belongs below the output folder.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// The file.
    pub(crate) path: PathBuf,
    /// Subfolder and stem that the result would like to have; `OutputNames` decides which it gets.
    pub(crate) stem: PathBuf,
}

/// An input that could not be done.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// The file, folder or glob.
    pub(crate) input: String,
    /// What is wrong with it.
    pub(crate) error: String,
}

impl Failure {
    /// A failure with everything that led to it.
    pub(crate) fn new(input: impl Into<String>, error: &anyhow::Error) -> Self {
        Self { input: input.into(), error: describe(error) }
    }
}

/// The pictures that files, folders and globs stand for, in the order given (folders and globs
/// sorted), and the words that stand for none.
pub(crate) fn expand(words: &[String]) -> (Vec<Input>, Vec<Failure>) {
    let (mut inputs, mut failures) = (Vec::new(), Vec::new());
    for word in words {
        match expand_word(word) {
            Ok(found) => inputs.extend(found),
            Err(error) => failures.push(Failure::new(word.as_str(), &error)),
        }
    }
    (inputs, failures)
}

fn expand_word(word: &str) -> anyhow::Result<Vec<Input>> {
    let path = Path::new(word);
    if path.is_dir() {
        let entries = find_pictures(path)?;
        let stem = |found: &Path| found.strip_prefix(path).unwrap_or(found).with_extension("");
        return Ok(entries.into_iter().map(|entry| Input { stem: stem(&entry.path), path: entry.path }).collect());
    }
    let file = |path: PathBuf| Input { stem: PathBuf::from(path.file_stem().unwrap_or_default()), path };
    if path.exists() || !word.contains(['*', '?', '[']) {
        return Ok(vec![file(path.to_path_buf())]);
    }
    let matches = glob::glob(word).with_context(|| word.to_owned())?;
    let found: Vec<Input> = matches.filter_map(Result::ok).filter(|path| path.is_file()).map(file).collect();
    anyhow::ensure!(!found.is_empty(), "{word}: no file matches");
    Ok(found)
}

/// Names below `folder` for results of inputs, none of which is replaced.
pub(crate) fn output_names(folder: &Path, inputs: &[Input]) -> OutputNames {
    OutputNames::new(folder, inputs.iter().map(|input| &input.path))
}

/// Does something with every input until the program is asked to end; failures are printed, and the rest is done. The failures of `unusable` words come first.
pub(crate) fn for_each<T>(
    inputs: &[Input],
    unusable: Vec<Failure>,
    console: &Console,
    mut work: impl FnMut(usize, &Input) -> anyhow::Result<T>,
) -> (Vec<T>, Vec<Failure>) {
    let mut failed = unusable;
    failed.iter().for_each(|failure| console.fail(&anyhow::anyhow!("{}", failure.error)));
    let bar = console.progress(inputs.len() as u64, "{bar:24} {pos}/{len} {wide_msg} {eta} left");
    let mut done = Vec::new();
    let _looking_at_each = interruption::Loop::begin();
    for (index, input) in inputs.iter().enumerate() {
        if interruption::stops_here() {
            bar.suspend(|| console.say(&format!("interrupted: {index} of {} inputs were looked at", inputs.len())));
            break;
        }
        bar.set_message(input.path.display().to_string());
        match work(index, input) {
            Ok(result) => done.push(result),
            Err(error) => {
                let failure = Failure::new(input.path.display().to_string(), &error);
                bar.suspend(|| console.fail(&error.context(failure.input.clone())));
                failed.push(failure);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    (done, failed)
}

/// 1 if something failed.
pub(crate) fn status(failed: &[Failure]) -> ExitCode {
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
