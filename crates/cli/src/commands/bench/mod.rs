//! `portraitist bench`.

mod apart;
mod case;
mod report;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use portraitist_nn::device;
use portraitist_nn::workload::Workload;

use crate::arguments::BenchArguments;
use crate::inputs::{Failure, status};
use crate::interruption;
use crate::output::{Console, advised};

use apart::output_unless_asked;
use case::{CaseReport, default_runs};
use report::{BenchOutput, Measurement};

/// Runs the command: each case in a process of its own, or as such a process the one case.
pub(crate) fn run(arguments: &BenchArguments, console: &Console) -> anyhow::Result<ExitCode> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads as usize)
            .build_global()
            .context("cannot start the threads that were asked for")?;
    }
    if let Some(name) = &arguments.case {
        let report = case::measure(find(name)?, arguments.runs, arguments.warmups)?;
        console.result(&report, "")?;
        return Ok(ExitCode::SUCCESS);
    }
    let workloads = choose(arguments)?;
    if let Ok(wanted) = std::env::var("PORTRAITIST_ISA")
        && wanted != device::instruction_set()
    {
        console.warn(&format!("PORTRAITIST_ISA={wanted} is not available here; using {}", device::instruction_set()));
    }
    let bar = console.progress(workloads.len() as u64, "{bar:24} {pos}/{len} {wide_msg} {elapsed}");
    let (mut results, mut failed) = (Vec::new(), Vec::new());
    let count = workloads.len();
    let _looking_at_each = interruption::Loop::begin();
    for workload in workloads {
        if interruption::stops_here() {
            break;
        }
        bar.set_message(workload.name());
        match run_apart(&workload, arguments) {
            Ok(None) => {}
            Ok(Some(report)) => results.push(Measurement::new(&workload, report, arguments.ceiling)),
            Err(error) => {
                let failure = Failure::new(workload.name(), &error);
                bar.suspend(|| console.fail(&error.context(failure.input.display().to_string())));
                failed.push(failure);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if interruption::stops_here() {
        console.say(&format!("interrupted: {} of {count} cases were timed", results.len()));
    }
    let status = status(&failed);
    let output = BenchOutput {
        results,
        threads: rayon::current_num_threads(),
        isa: device::instruction_set(),
        version: env!("CARGO_PKG_VERSION"),
        failed,
    };
    console.result(&output, &output.table())?;
    Ok(status)
}

fn find(name: &str) -> anyhow::Result<Workload> {
    Workload::ALL.into_iter().find(|workload| workload.name() == name).with_context(|| format!("no case named {name}"))
}

/// The cases that the command line asks for. The large ones are left out unless `--all` or a text that
/// names their size asks for them.
fn choose(arguments: &BenchArguments) -> anyhow::Result<Vec<Workload>> {
    let names = || Workload::ALL.map(|workload| workload.name()).join(", ");
    let texts = arguments.cases.iter().chain(&arguments.only);
    if let Some(text) = texts.clone().find(|text| !Workload::ALL.iter().any(|workload| workload.name().contains(*text)))
    {
        return Err(advised(format!("no case has {text:?} in its name"), format!("there are: {}", names())));
    }
    let asked = |workload: &Workload| {
        let name = workload.name();
        let among = arguments.cases.is_empty() || arguments.cases.iter().any(|text| name.contains(text));
        let only = arguments.only.as_ref().is_none_or(|text| name.contains(text));
        let names_size = |text: &String| text.contains(&workload.size());
        let small = !workload.is_large() || arguments.all || texts.clone().any(names_size);
        among && only && small
    };
    let chosen: Vec<Workload> = Workload::ALL.into_iter().filter(asked).collect();
    if chosen.is_empty() {
        let hint = format!("large pictures run with --all or by their size; there are: {}", names());
        return Err(advised("no case is chosen", hint));
    }
    Ok(chosen)
}

/// Runs a case in a process of its own, so that the memory measured is its own.
/// `None` if the program is asked to end before the case has.
fn run_apart(workload: &Workload, arguments: &BenchArguments) -> anyhow::Result<Option<CaseReport>> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let runs = arguments.runs.unwrap_or(default_runs(workload.task));
    let mut words: Vec<OsString> = ["bench", "--json", "--case"].map(OsString::from).to_vec();
    words.push(workload.name().into());
    words.extend(["--runs".into(), runs.to_string().into()]);
    words.extend(["--warmups".into(), arguments.warmups.to_string().into()]);
    if let Some(threads) = arguments.threads {
        words.extend(["--threads".into(), threads.to_string().into()]);
    }
    let mut command = Command::new(&program);
    command.args(words);
    let output = output_unless_asked(&mut command).with_context(|| format!("cannot run {}", program.display()))?;
    let Some(output) = output else { return Ok(None) };
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.trim().trim_start_matches("error: ");
        let killed = "there may not have been enough memory";
        bail!("its process ended with {}: {}", output.status, if message.is_empty() { killed } else { message });
    }
    serde_json::from_slice(&output.stdout).map(Some).context("its process did not report as expected")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn chosen(words: &[&str]) -> Result<Vec<String>, String> {
        let words = [&["portraitist", "bench"], words].concat();
        let Command::Bench(arguments) = Arguments::parse_from(words).command else { return Err("not bench".into()) };
        let chosen = choose(&arguments).map_err(|error| error.to_string())?;
        Ok(chosen.iter().map(Workload::name).collect())
    }

    #[test]
    fn large_pictures_run_only_when_asked_for() {
        assert_eq!(chosen(&[]).map(|names| names.len()), Ok(12));
        assert_eq!(chosen(&["--all"]).map(|names| names.len()), Ok(14));
        assert_eq!(chosen(&["translate"]).map(|names| names.len()), Ok(3));
        assert_eq!(chosen(&["translate", "--all"]).map(|names| names.len()), Ok(5));
        assert_eq!(chosen(&["512x512"]), Ok(vec!["translate 512x512 dim 64".to_owned()]));
        assert_eq!(chosen(&["translate", "--only", "1024x1024"]), Ok(vec!["translate 1024x1024 dim 64".to_owned()]));
    }

    #[test]
    fn texts_narrow_the_choice_and_must_fit_something() {
        let expected = ["train 64x64 batch 4 dim 16", "vgg 224x224 batch 1"].map(str::to_owned);
        assert_eq!(chosen(&["train 64", "vgg 224x224 batch 1"]), Ok(expected.to_vec()));
        assert_eq!(chosen(&["vgg", "--only", "batch 8"]), Ok(vec!["vgg 224x224 batch 8".to_owned()]));
        assert!(chosen(&["trains"]).is_err_and(|error| error.contains("trains")));
        assert!(chosen(&["vgg", "--only", "dim 16"]).is_err_and(|error| error.contains("no case is chosen")));
    }
}
