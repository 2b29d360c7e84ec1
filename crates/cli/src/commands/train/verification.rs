//! `portraitist train --verify`, and the same of recognisers and landmarks.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portraitist_face::text::serialize_lossy;
use portraitist_nn::device;
use portraitist_nn::training::{Difference, Task, Verification, replay};
use serde::Serialize;

use crate::interruption;
use crate::output::Console;

const PROGRESS: &str = "{bar:24} {pos}/{len} steps done again  {eta} left";

/// What `--json` prints.
#[derive(Serialize)]
struct VerificationOutput {
    #[serde(serialize_with = "serialize_lossy")]
    run: PathBuf,
    from: u64,
    to: u64,
    steps: u64,
    seconds: f64,
    files: Vec<String>,
    identical: bool,
    difference: Option<Difference>,
    isa: &'static str,
}

/// Replays the last steps of a run and says whether they give the same bytes.
pub(super) fn run<T: Task>(folder: &Path, device: &str, console: &Console) -> anyhow::Result<ExitCode> {
    let device = device::parse(device)?;
    let _looks_after_every_step = interruption::Loop::begin();
    let bar = console.progress(0, PROGRESS);
    let found = replay::<T>(folder, &device, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        interruption::is_asked()
    })?;
    bar.finish_and_clear();
    if found.interrupted {
        interruption::stop();
    }
    let text = phrase(&found);
    let Verification { run, from, to, steps, seconds, files, difference, interrupted } = found;
    let identical = difference.is_none() && !interrupted;
    let isa = device::instruction_set();
    let output = VerificationOutput { run, from, to, steps, seconds, files, identical, difference, isa };
    console.result(&output, &text)?;
    Ok(if identical { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn phrase(found: &Verification) -> String {
    let Verification { run, from, to, steps, seconds, files, difference, interrupted } = found;
    let run = run.display();
    if *interrupted {
        return format!("{run}: stopped after {steps} of {} steps; nothing was compared", to - from);
    }
    let done = format!("steps {} to {to}, done again in {seconds:.0} s", from + 1);
    match difference {
        None => format!("{run}: {done}: the same bytes in {}", files.join(", ")),
        Some(difference) => format!(
            "{run}: {done}: NOT the same: {}\nanother processor (instruction set {} here), device or version of the program rounds in its own way",
            difference.detail,
            device::instruction_set()
        ),
    }
}
