//! Portraitist: turns face photos into drawings and drawings into face photos while the person
//! stays recognisable.

mod arguments;
mod commands;
mod globs;
mod inputs;
mod models;
mod named;
mod npy;
mod output;
mod settings;
mod similarity;
mod translator;
mod web;

use std::process::ExitCode;

use clap::Parser;
use portraitist_nn::CachingAllocator;

use crate::arguments::{Arguments, Command};

/// Training and translation ask for the same large buffers over and over; `CachingAllocator` keeps them instead of handing every
/// page back to the system and faulting it in again. The many small blocks of the autograd graph suit mimalloc.
#[global_allocator]
static ALLOCATOR: CachingAllocator<mimalloc::MiMalloc> = CachingAllocator::new(mimalloc::MiMalloc);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = output::Console::new(arguments.json, arguments.quiet);
    let result = match arguments.command {
        Command::Demo(arguments) => commands::demo::run(&arguments, &console),
        Command::Translate(arguments) => commands::translate::run(&arguments, &console),
        Command::Detect(arguments) => commands::faces::detect(&arguments, &console),
        Command::Align(arguments) => commands::faces::align(&arguments, &console),
        Command::Dataset(command) => commands::dataset::run(command, &console),
        Command::Train(arguments) => commands::train::run(&arguments, &console),
        Command::Recognize(command) => commands::recognize::run(&command, &console),
        Command::Bench(arguments) => commands::bench::run(&arguments, &console),
        Command::Weights(command) => commands::weights::run(command, &console),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            console.fail(&error);
            ExitCode::FAILURE
        }
    }
}
