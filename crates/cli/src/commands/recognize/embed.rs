//! `portraitist recognize embed`.

use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::align::Fit;
use portraitist_face::files::write_atomically;
use portraitist_nn::recognition::EmbeddingOptions;
use rayon::prelude::*;
use serde::Serialize;

use crate::arguments::EmbedArguments;
use crate::inputs::{Failure, expand, sentences, status};
use crate::models::open_recognizer;
use crate::named::Named;
use crate::npy::npy;
use crate::output::{Console, refuse_existing, refuse_input};
use crate::similarity::face_pipeline;

/// What `--json` prints.
#[derive(Serialize)]
struct EmbedOutput {
    embeddings: Vec<Row>,
    shape: [usize; 2],
    #[serde(flatten)]
    output: Named,
    model_sha256: String,
    failed: Vec<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    input: Named,
    row: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &EmbedArguments, console: &Console) -> anyhow::Result<ExitCode> {
    refuse_existing([arguments.out.as_path()], arguments.force)?;
    let recognizer = open_recognizer(&arguments.model, "cpu")?.with_precision(arguments.precision.into());
    let options = EmbeddingOptions { mirrored: arguments.mirrored.into(), batch_size: arguments.batch as usize };
    let pipeline = face_pipeline(arguments.aligned, Fit::Reflective)?;
    let mut inputs = expand(&arguments.inputs, None);
    refuse_input(&arguments.out, inputs.pictures.iter().map(|input| input.path.as_path()))?;
    let (mut failed, mut warnings) = inputs.told(console);
    let bar = console.progress(inputs.pictures.len() as u64, "{bar:24} {pos}/{len} pictures  {per_sec}  {eta} left");
    let mut values = Vec::new();
    let mut rows = Vec::new();
    for batch in inputs.pictures.chunks(options.batch_size) {
        let crops: Vec<_> = batch.par_iter().map(|input| pipeline.crop_file(&input.path)).collect();
        let mut good = Vec::with_capacity(crops.len());
        for (input, crop) in batch.iter().zip(crops) {
            match crop {
                Ok(crop) => {
                    let said: Vec<String> = sentences(&input.path, &crop.warnings).collect();
                    bar.suspend(|| said.iter().for_each(|warning| console.warn(warning)));
                    warnings.extend(said);
                    good.push(crop.picture);
                    rows.push(Row { input: Named::input(&input.path), row: rows.len() });
                }
                Err(error) => {
                    let error = error.into();
                    let failure = Failure::new(&input.path, &error);
                    bar.suspend(|| console.fail(&error));
                    failed.push(failure);
                }
            }
        }
        values.extend(recognizer.embed(&good, options)?.concat());
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    ensure!(!rows.is_empty(), "no face to embed: all {} inputs failed", failed.len());
    let shape = [rows.len(), recognizer.embedding_len(options.mirrored)];
    write_atomically(&arguments.out, &npy(&values, &shape.map(|length| length as u64))?, arguments.force)?;
    let status = status(&failed);
    let text = format!("{}: {} embeddings of {} dimensions", arguments.out.display(), shape[0], shape[1]);
    let (output, model_sha256) = (Named::output(&arguments.out), recognizer.sha256().to_owned());
    console.result(&EmbedOutput { embeddings: rows, shape, output, model_sha256, failed, warnings }, &text)?;
    Ok(status)
}
