//! Arguments of `portraitist completions` and `portraitist man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print a script that completes commands and options in a shell.
///
/// For bash: `portraitist completions bash > ~/.local/share/bash-completion/completions/portraitist`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Write man pages to a folder: one of the program, one of each command.
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Folder for the pages, such as ~/.local/share/man/man1.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Replace pages that exist.
    #[arg(long)]
    pub(crate) force: bool,
}
