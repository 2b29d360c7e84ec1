//! `portraitist weights`.

mod styles;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::files::write_atomically;
use portraitist_face::text::serialize_lossy;
use portraitist_nn::training::Run;
use portraitist_nn::training::munit::RunFile;
use portraitist_nn::weights::{
    Array, FloatKind, ModelConfig, OriginalConfig, assign_check, read_arrays, read_model, to_bytes, write_native,
};
use serde::Serialize;

use crate::arguments::WeightsCommand;
use crate::output::{Console, refuse_input};
use crate::streams::{InputFile, check_output, is_stream, write_output};

/// What `weights inspect --json` prints.
#[derive(Serialize)]
struct Inspection {
    kind: &'static str,
    parameters: usize,
    config: Option<serde_json::Value>,
    tensors: Vec<Tensor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
    dtype: &'static str,
}

/// What `weights convert --json` prints.
#[derive(Serialize)]
struct Conversion {
    #[serde(serialize_with = "serialize_lossy")]
    input: PathBuf,
    #[serde(serialize_with = "serialize_lossy")]
    output: PathBuf,
}

/// Runs the command.
pub(crate) fn run(command: WeightsCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        WeightsCommand::Inspect { input } => inspect(&input, console)?,
        WeightsCommand::Convert { input, output, half, embedding_only, force } => {
            let to_stdout = output.as_deref().is_some_and(is_stream);
            output.iter().try_for_each(|output| check_output(output, 1, console))?;
            let output = convert(&input, output, [half, embedding_only], force)?;
            if !to_stdout {
                let text = output.display().to_string();
                console.result(&Conversion { input, output }, &text)?;
            }
        }
        WeightsCommand::Styles(arguments) => return styles::run(&arguments, console),
    }
    Ok(ExitCode::SUCCESS)
}

fn inspect(input: &Path, console: &Console) -> anyhow::Result<()> {
    // A file that is no translator of ours is still worth looking into.
    let file = InputFile::of(input)?;
    let arrays = file.named(read_arrays(file.path()))?;
    let (kind, config, warnings) = match read_model(file.path()) {
        Ok(model) => (model.config.kind(), Some(model.config.to_json()?), Vec::new()),
        Err(error) => ("unknown", None, vec![error.to_string()]),
    };
    let count = |array: &Array| array.values.len();
    let inspection = Inspection {
        kind,
        parameters: arrays.values().map(count).sum(),
        config,
        tensors: arrays
            .iter()
            .map(|(name, array)| Tensor { name: name.clone(), shape: array.shape.clone(), dtype: array.dtype })
            .collect(),
        warnings,
    };
    inspection.warnings.iter().for_each(|warning| console.warn(warning));
    let mut text = format!("{kind}, {} parameters in {} tensors", inspection.parameters, inspection.tensors.len());
    for Tensor { name, shape, dtype } in &inspection.tensors {
        text.push_str(&format!("\n{dtype:5} {shape:<18} {name}", shape = format!("{shape:?}")));
    }
    console.result(&inspection, &text)
}

fn convert(
    input: &Path,
    output: Option<PathBuf>,
    [half, embedding_only]: [bool; 2],
    force: bool,
) -> anyhow::Result<PathBuf> {
    let ending = input.extension().and_then(|ending| ending.to_str());
    if matches!(ending, Some("yaml" | "yml")) {
        ensure!(!half && !embedding_only, "--half and --embedding-only go with weights, not with a configuration");
        let output = output.unwrap_or_else(|| input.with_extension("toml"));
        refuse_input(&output, [input])?;
        let name = input.file_stem().map_or("run".into(), |stem| stem.to_string_lossy().into_owned());
        let run = RunFile::from_original(&OriginalConfig::read(input)?, &name)
            .map_err(|reason| anyhow::anyhow!("{}: {reason}", input.display()))?;
        let text = run.to_toml().map_err(|reason| anyhow::anyhow!("{}: {reason}", input.display()))?;
        write_atomically(&output, text.as_bytes(), force)?;
        return Ok(output);
    }
    ensure!(
        output.is_some() || !is_stream(input),
        "name a file for what is on standard input, or - for standard output"
    );
    let output = output.unwrap_or_else(|| input.with_extension("safetensors"));
    if !is_stream(&output) {
        refuse_input(&output, [input])?;
    }
    let file = InputFile::of(input)?;
    let model = file.named(read_model(file.path()))?;
    assign_check(&model, input)?;
    let is_recognizer = matches!(model.config, ModelConfig::Recognizer(_));
    ensure!(
        is_recognizer || !embedding_only,
        "--embedding-only goes with a recogniser; this is a {}",
        model.config.kind()
    );
    let model = if embedding_only { model.without_classifier() } else { model };
    let floats = if half { FloatKind::Half } else { FloatKind::Single };
    if is_stream(&output) {
        write_output(&to_bytes(&model, floats, input)?)?;
    } else {
        write_native(&model, floats, &output, force)?;
    }
    Ok(output)
}
