//! Which pictures the words on the command line mean, and work on each of them.

mod globs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::dataset::find_pictures;
use portraitist_face::files::OutputNames;
use portraitist_face::picture::PictureWarning;
use portraitist_face::text::NameFinder;
use serde::Serialize;

use crate::interruption;
use crate::named::Named;
use crate::output::{AlreadyThere, Console, advised, describe};
use crate::streams::is_stream;

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
    #[serde(flatten)]
    pub(crate) input: Named,
    /// What is wrong with it.
    pub(crate) error: String,
}

impl Failure {
    /// A failure with everything that led to it.
    pub(crate) fn new(input: impl Into<PathBuf>, error: &anyhow::Error) -> Self {
        Self { input: Named::input(input), error: describe(error) }
    }
}

/// What the words on the command line stand for.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// The pictures, in the order of the words; those of folders and globs sorted.
    pub(crate) pictures: Vec<Input>,
    /// The words that stand for none.
    pub(crate) unusable: Vec<Failure>,
    /// What was passed over.
    pub(crate) warnings: Vec<String>,
}

/// What was done with the inputs.
#[derive(Debug)]
pub(crate) struct Done<T> {
    /// The results, in the order of the inputs.
    pub(crate) results: Vec<T>,
    /// The inputs that could not be done.
    pub(crate) failed: Vec<Failure>,
    /// What is to be said of inputs and results; it was printed as it came.
    pub(crate) warnings: Vec<String>,
}

/// The pictures that files, folders and globs stand for. Results are written to `folder`, in which no inputs are looked for unless
/// it is named itself.
pub(crate) fn expand(words: &[PathBuf], folder: Option<&Path>) -> Inputs {
    let mut inputs = Inputs::default();
    let left_out: Vec<PathBuf> = folder.into_iter().map(Path::to_owned).collect();
    for word in words {
        if let Err(error) = expand_word(word, &left_out, &mut inputs) {
            inputs.unusable.push(Failure::new(word, &error));
        }
    }
    inputs
}

fn expand_word(word: &Path, left_out: &[PathBuf], inputs: &mut Inputs) -> anyhow::Result<()> {
    if is_stream(word) {
        inputs.pictures.push(Input { path: word.to_owned(), stem: "stdin".into() });
        return Ok(());
    }
    let path = NameFinder::default().find(word);
    if path.is_dir() {
        if left_out.iter().any(|folder| is_same_folder(folder, &path)) {
            let found = format!("{}: the results would lie among the pictures and be taken for some", word.display());
            return Err(advised(found, "name another folder with -o, or the pictures themselves"));
        }
        let found = find_pictures(&path, left_out)?;
        inputs.warnings.extend(found.warnings);
        let stem = |file: &Path| file.strip_prefix(&path).unwrap_or(file).with_extension("");
        let pictures = found.pictures.into_iter();
        inputs.pictures.extend(pictures.map(|found| Input { stem: stem(&found.path), path: found.path }));
        return Ok(());
    }
    let file = |path: PathBuf| Input { stem: PathBuf::from(path.file_stem().unwrap_or_default()), path };
    if path.exists() || !globs::is_glob(word) {
        inputs.pictures.push(file(path));
        return Ok(());
    }
    let found = globs::matches(word, left_out).with_context(|| word.display().to_string())?;
    ensure!(!found.is_empty(), "{}: no file matches", word.display());
    inputs.pictures.extend(found.into_iter().map(file));
    Ok(())
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Names below `folder` for results of inputs, none of which is replaced.
pub(crate) fn output_names(folder: &Path, inputs: &[Input]) -> OutputNames {
    OutputNames::new(folder, inputs.iter().map(|input| &input.path))
}

impl Inputs {
    /// Prints what was passed over and the words that stand for nothing, and takes them out: they begin the report.
    pub(crate) fn told(&mut self, console: &Console) -> (Vec<Failure>, Vec<String>) {
        self.warnings.iter().for_each(|warning| console.warn(warning));
        self.unusable.iter().for_each(|failure| console.fail(&anyhow::anyhow!("{}", failure.error)));
        (std::mem::take(&mut self.unusable), std::mem::take(&mut self.warnings))
    }
}

/// Says what is odd about a picture, each with the file's name.
pub(crate) fn sentences<'a>(path: &'a Path, warnings: &'a [PictureWarning]) -> impl Iterator<Item = String> + 'a {
    warnings.iter().map(|warning| format!("{}: {warning}", path.display()))
}

/// Does something with every input until the program is asked to end; failures are printed, and the rest is done. The words that
/// stand for nothing come first. What `work` puts into its list of warnings is printed after each picture.
pub(crate) fn for_each<T>(
    inputs: &mut Inputs,
    console: &Console,
    mut work: impl FnMut(usize, &Input, &mut Vec<String>) -> anyhow::Result<T>,
) -> Done<T> {
    let (mut failed, mut warnings) = inputs.told(console);
    let count = inputs.pictures.len();
    let bar = console.progress(count as u64, "{bar:24} {pos}/{len} {wide_msg} {eta} left");
    let mut results = Vec::new();
    let mut there = Vec::new();
    let _looking_at_each = interruption::Loop::begin();
    for (index, input) in inputs.pictures.iter().enumerate() {
        if interruption::stops_here() {
            bar.suspend(|| console.say(&format!("interrupted: {index} of {count} inputs were looked at")));
            break;
        }
        bar.set_message(input.path.display().to_string());
        let said = warnings.len();
        let result = work(index, input, &mut warnings);
        bar.suspend(|| warnings[said..].iter().for_each(|warning| console.warn(warning)));
        match result {
            Ok(result) => results.push(result),
            Err(error) => {
                let failure = Failure::new(&input.path, &error);
                match error.downcast::<AlreadyThere>() {
                    Ok(result) => there.push(result),
                    Err(error) => {
                        bar.suspend(|| console.fail(&error.context(failure.input.display().to_string())));
                    }
                }
                failed.push(failure);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    told_once(there, console);
    Done { results, failed, warnings }
}

/// One error for all results that are there already: after an interruption there may be thousands.
fn told_once(there: Vec<AlreadyThere>, console: &Console) {
    let count = there.len();
    let Some(first) = there.into_iter().next() else { return };
    let hint = first.hint;
    let error = if count == 1 {
        first.into()
    } else {
        advised(format!("{first}, and so do the results of {} other inputs", count - 1), hint)
    };
    console.fail(&error);
}

/// An input whose results are all there: `--resume` leaves it out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Skipped {
    /// The file.
    #[serde(flatten)]
    pub(crate) input: Named,
    /// Its first result.
    #[serde(flatten)]
    pub(crate) output: Named,
}

impl Skipped {
    /// An input and its first result.
    pub(crate) fn new(input: &Path, output: &Path) -> Self {
        Self { input: Named::input(input), output: Named::output(output) }
    }
}

/// Says how many inputs were left out.
pub(crate) fn say_skipped(skipped: &[Skipped], console: &Console) {
    if !skipped.is_empty() {
        console.say(&format!("{} inputs were left out: their results are there already", skipped.len()));
    }
}

/// 1 if something failed.
pub(crate) fn status(failed: &[Failure]) -> ExitCode {
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
