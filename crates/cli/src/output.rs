//! stdout is data, stderr is talk.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portraitist_face::files::is_same_file;
use serde::Serialize;

use crate::interruption::{self, Signal};

/// Whether the one object of `--json` is on stdout already.
static HAS_PRINTED: Mutex<bool> = Mutex::new(false);

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
}

/// An error that comes with advice.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Advised {
    message: String,
    hint: String,
}

/// A result that is there already.
#[derive(Debug, thiserror::Error)]
#[error("{} exists already", path.display())]
pub(crate) struct AlreadyThere {
    /// The file.
    pub(crate) path: PathBuf,
    /// What to do about it.
    pub(crate) hint: &'static str,
}

/// What is done about results that are there.
const REPLACE: &str = "replace it with --force";
/// The same, of commands that can go on.
const REPLACE_OR_GO_ON: &str = "--resume goes on with what is not there yet, --force replaces what is there";

/// The advice that comes with an error.
fn hint_of(error: &anyhow::Error) -> Option<&str> {
    let advised = error.downcast_ref::<Advised>().map(|advised| advised.hint.as_str());
    advised.or_else(|| error.downcast_ref::<AlreadyThere>().map(|there| there.hint))
}

/// An error with a line that says what to do.
pub(crate) fn advised(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Advised { message: message.into(), hint: hint.into() }.into()
}

/// What `--json` prints when there is no result.
#[derive(Serialize)]
struct FailureObject<'a> {
    error: &'a str,
    hint: Option<&'a str>,
}

/// A result that is not all of what was asked for, because the program was asked to end.
#[derive(Serialize)]
struct Interrupted<'a, T: Serialize> {
    #[serde(flatten)]
    result: &'a T,
    interrupted: bool,
}

/// Refuses to write over files that exist, before any work is done.
///
/// # Errors
/// [`AlreadyThere`] names the first one, unless `force` is set.
pub(crate) fn refuse_existing<'a>(files: impl IntoIterator<Item = &'a Path>, force: bool) -> anyhow::Result<()> {
    refuse(files, force, REPLACE)
}

/// As [`refuse_existing`], for commands that have `--resume`.
///
/// # Errors
/// [`AlreadyThere`].
pub(crate) fn refuse_done<'a>(files: impl IntoIterator<Item = &'a Path>, force: bool) -> anyhow::Result<()> {
    refuse(files, force, REPLACE_OR_GO_ON)
}

fn refuse<'a>(files: impl IntoIterator<Item = &'a Path>, force: bool, hint: &'static str) -> anyhow::Result<()> {
    match files.into_iter().find(|file| !force && is_there(file)) {
        Some(taken) => Err(AlreadyThere { path: taken.to_owned(), hint }.into()),
        None => Ok(()),
    }
}

/// Whether something has that name, a dangling link included.
pub(crate) fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

/// Refuses to write a result over one of the files that it is made from, even with `--force`.
///
/// # Errors
/// Names the input.
pub(crate) fn refuse_input<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
    match inputs.into_iter().find(|input| is_same_file(input, output)) {
        Some(input) => Err(advised(
            format!("{}: the result would replace the input {}", output.display(), input.display()),
            "choose another name for the result",
        )),
        None => Ok(()),
    }
}

/// An error and what caused it, without repetitions.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if cause.starts_with(&text) {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text.trim_end().to_owned()
}

impl Console {
    /// A console for the flags `--json` and `--quiet`.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether the result is printed as JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints the command's result: the object with `--json`, else the text (nothing with `--quiet`). An object of a command that
    /// was interrupted says so.
    pub(crate) fn result(self, object: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let is_interrupted = interruption::stopped_by().is_some();
        let line = match (self.json, is_interrupted) {
            (true, false) => serde_json::to_string(object)?,
            (true, true) => serde_json::to_string(&Interrupted { result: object, interrupted: true })?,
            (false, _) => text.to_owned(),
        };
        if (self.json || !self.quiet) && !line.is_empty() {
            print_once(&line).context("cannot write to standard output")?;
        }
        Ok(())
    }

    /// The command came to no result: prints the error as [`fail`](Self::fail) does, and the object `{"error", "hint"}` with `--json`.
    pub(crate) fn fail_for_good(self, error: &anyhow::Error) {
        self.fail(error);
        let hint = hint_of(error);
        let interrupted = interruption::stopped_by().is_some();
        self.print_failure(&FailureObject { error: &describe(error), hint }, interrupted);
    }

    /// The program ends in the middle of its work.
    pub(crate) fn interrupted(self, signal: Signal) {
        let message = signal.message();
        self.say(&message);
        self.print_failure(&FailureObject { error: &message, hint: None }, true);
    }

    fn print_failure(self, failure: &FailureObject, interrupted: bool) {
        if !self.json {
            return;
        }
        let line = if interrupted {
            serde_json::to_string(&Interrupted { result: failure, interrupted })
        } else {
            serde_json::to_string(failure)
        };
        // Where stdout is gone, stderr has said it.
        let _ = line.map(|line| print_once(&line));
    }

    /// Says something on stderr, unless it is to be quiet.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet {
            talk(text);
        }
    }

    /// Says on stderr what has to be known, even when quiet.
    pub(crate) fn announce(self, text: &str) {
        talk(text);
    }

    /// Warns on stderr, even when quiet.
    pub(crate) fn warn(self, text: &str) {
        talk(&format!("warning: {text}"));
    }

    /// Prints an error, what caused it, and advice where there is some.
    pub(crate) fn fail(self, error: &anyhow::Error) {
        let advice = hint_of(error).map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        talk(&format!("error: {}{advice}", describe(error)));
    }

    /// A progress bar on stderr, drawn only on a terminal.
    pub(crate) fn progress(self, length: u64, template: &str) -> ProgressBar {
        let visible = !self.quiet && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if visible {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        bar
    }
}

/// Prints wrong usage as clap does, and with `--json` the object `{"error", "hint"}`. Help and version are printed here, too.
pub(crate) fn wrong_usage(error: &clap::Error) -> ExitCode {
    // There is nowhere left to report that the stream is gone.
    let _ = error.print();
    if error.use_stderr() {
        let json = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
        let text = error.to_string();
        let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        let message = message.trim_start_matches("error: ").trim_end();
        let tip = rest.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
        let hint = tip.or_else(|| rest.lines().find(|line| line.starts_with("Usage: ")));
        Console::new(json, true).print_failure(&FailureObject { error: message, hint }, false);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Keeps everything else off stdout: a result goes there.
pub(crate) fn claim_stdout() {
    *HAS_PRINTED.lock().unwrap_or_else(PoisonError::into_inner) = true;
}

/// Prints a line on stdout, unless an earlier one is there: two objects are none that a program can read.
fn print_once(line: &str) -> std::io::Result<()> {
    let mut has_printed = HAS_PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::replace(&mut *has_printed, true) {
        return Ok(());
    }
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        // The reader has seen enough (`portraitist … | head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn talk(text: &str) {
    // There is nowhere left to report that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
