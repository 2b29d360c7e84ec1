//! Portraitist: turns face photos into drawings and drawings into face photos while the person
//! stays recognisable.

mod arguments;
mod commands;
mod faces;
mod inputs;
mod interruption;
mod memory;
mod models;
mod named;
mod npy;
mod output;
mod plot_font;
mod settings;
mod streams;
mod threads;
mod translation;
mod web;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use portraitist_face::files::remove_all_unfinished;

use crate::arguments::{Arguments, Command};
use crate::output::{Console, advised};

fn main() -> ExitCode {
    memory::begin();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::wrong_usage(&error),
    };
    let console = Console::new(arguments.json, arguments.quiet);
    let wait = move || console.say("ending after what is in hand; Ctrl-C again ends at once");
    let end = move |signal| {
        remove_all_unfinished();
        console.interrupted(signal);
    };
    if let Err(error) = interruption::listen(wait, end) {
        console.warn(&format!("Ctrl-C will end the program without a report: {error}"));
    }
    let result = catch_unwind(AssertUnwindSafe(|| {
        threads::start(arguments.threads)?;
        run(arguments.command, &console)
    }));
    let status = match result.unwrap_or_else(|_| Err(mistake())) {
        Ok(status) => status,
        Err(error) => {
            console.fail_for_good(&error);
            ExitCode::FAILURE
        }
    };
    interruption::stopped_by().map_or(status, |signal| signal.exit_code().into())
}

fn run(command: Command, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(arguments) => commands::demo::run(&arguments, console),
        Command::Serve(arguments) => commands::serve::run(&arguments, console),
        Command::Translate(arguments) => commands::translate::run(&arguments, console),
        Command::Detect(arguments) => commands::faces::detect(&arguments, console),
        Command::Align(arguments) => commands::faces::align(&arguments, console),
        Command::Dataset(command) => commands::dataset::run(command, console),
        Command::Train(arguments) => commands::train::run(&arguments, console),
        Command::Recognize(command) => commands::recognize::run(&command, console),
        Command::Landmarks(command) => commands::landmarks::run(&command, console),
        Command::Evaluate(command) => commands::evaluate::run(&command, console),
        Command::SelfTest(arguments) => commands::selftest::run(&arguments, console),
        Command::Bench(arguments) => commands::bench::run(&arguments, console),
        Command::Models(command) => commands::models::run(&command, console),
        Command::Weights(command) => commands::weights::run(command, console),
        Command::Completions(arguments) => commands::shell::completions(&arguments, console),
        Command::Man(arguments) => commands::shell::man(&arguments, console),
    }
}

/// The error of a panic, whose own words stand above it.
fn mistake() -> anyhow::Error {
    advised("the program made a mistake and ended", "please report it with the lines above")
}
