//! `portraitist completions` and `portraitist man`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use portraitist_face::files::write_atomically;
use serde::Serialize;

use crate::arguments::{Arguments, CompletionsArguments, ManArguments};
use crate::output::{Console, refuse_existing};

/// The name that people call the program by.
const PROGRAM: &str = "portraitist";

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

#[derive(Serialize)]
struct Pages {
    pages: Vec<PathBuf>,
}

/// Runs `completions`.
pub(crate) fn completions(arguments: &CompletionsArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), PROGRAM, &mut script);
    let script = String::from_utf8(script).context("the script is no text")?;
    console.result(&Completions { shell: arguments.shell.to_string(), script: script.clone() }, script.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `man`.
pub(crate) fn man(arguments: &ManArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let mut command = Arguments::command();
    command.build();
    let mut pages = Vec::new();
    render(&command, PROGRAM.to_owned(), &mut pages)?;
    let pages: Vec<(PathBuf, Vec<u8>)> =
        pages.into_iter().map(|(name, page)| (arguments.folder.join(format!("{name}.1")), page)).collect();
    refuse_existing(pages.iter().map(|(path, _)| path.as_path()), arguments.force)?;
    std::fs::create_dir_all(&arguments.folder)
        .with_context(|| format!("cannot make {}", arguments.folder.display()))?;
    for (path, page) in &pages {
        write_atomically(path, page, arguments.force)?;
    }
    let pages: Vec<PathBuf> = pages.into_iter().map(|(path, _)| path).collect();
    let text = pages.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n");
    console.result(&Pages { pages }, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// The pages of a command and of those below it; commands below are called `portraitist-dataset-info`.
fn render(command: &clap::Command, name: String, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(&name)).render(&mut page).context("cannot make a man page")?;
    pages.push((name.clone(), page));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        render(below, format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}
