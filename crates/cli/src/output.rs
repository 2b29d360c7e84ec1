//! stdout is data, stderr is talk.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portraitist_face::files::is_same_file;
use serde::Serialize;

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

/// An error with a line that says what to do.
pub(crate) fn advised(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Advised { message: message.into(), hint: hint.into() }.into()
}

/// Refuses to write over files that exist, before any work is done.
///
/// # Errors
/// Names the first one, unless `force` is set.
pub(crate) fn refuse_existing<'a>(files: impl IntoIterator<Item = &'a Path>, force: bool) -> anyhow::Result<()> {
    match files.into_iter().find(|file| !force && file.symlink_metadata().is_ok()) {
        Some(taken) => Err(advised(format!("{} exists already", taken.display()), "replace it with --force")),
        None => Ok(()),
    }
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

    /// Prints the command's result: the object with `--json`, else the text (nothing with `--quiet`).
    pub(crate) fn result(self, object: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let line = if self.json { serde_json::to_string(object)? } else { text.to_owned() };
        if (self.json || !self.quiet) && !line.is_empty() {
            match writeln!(std::io::stdout().lock(), "{line}") {
                // The reader has seen enough (`portraitist … | head`).
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Says something on stderr, unless it is to be quiet.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet {
            talk(text);
        }
    }

    /// Warns on stderr, even when quiet.
    pub(crate) fn warn(self, text: &str) {
        talk(&format!("warning: {text}"));
    }

    /// Prints an error, what caused it, and advice where there is some.
    pub(crate) fn fail(self, error: &anyhow::Error) {
        let advice =
            error.downcast_ref::<Advised>().map_or_else(String::new, |advised| format!("\nhint: {}", advised.hint));
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

fn talk(text: &str) {
    // There is nowhere left to report that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
