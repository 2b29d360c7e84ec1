//! Arguments of `portraitist models`.

use clap::Subcommand;

/// What is built in: models, their terms, data and dates.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the built-in models.
    List,
    /// Show one of them: its size, what it was trained on and under which terms, its date and the SHA-256 of its file.
    Show {
        /// The model's name.
        name: String,
    },
}
