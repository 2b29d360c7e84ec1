//! `portraitist recognize embed`.

use std::process::ExitCode;

use anyhow::bail;
use indicatif::ProgressBar;
use portraitist_face::align::Fit;
use portraitist_face::files::write_atomically;
use portraitist_face::picture::{MAX_FILE_BYTES, read_file};
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::{Decoded, Picture};
use portraitist_nn::recognition::{EmbeddingOptions, Recognizer, RecognizerError};
use rayon::prelude::*;
use serde::Serialize;

use super::unfinished::{Unfinished, Way};
use crate::arguments::EmbedArguments;
use crate::inputs::{Failure, Input, expand, sentences, status};
use crate::interruption;
use crate::models::open_recognizer;
use crate::named::Named;
use crate::npy::npy;
use crate::output::{Console, is_there, refuse_done, refuse_input};
use crate::streams::{check_output, is_stream, read_input, write_output};
use crate::translation::similarity::face_pipeline;

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

/// What `--json` prints when all was done before.
#[derive(Serialize)]
struct Skipped {
    #[serde(flatten)]
    output: Named,
    skipped: bool,
}

/// What `--json` prints after an interruption.
#[derive(Serialize)]
struct Stopped {
    #[serde(flatten)]
    output: Named,
    /// The rows so far.
    #[serde(flatten)]
    unfinished: Option<Named>,
    pictures_done: usize,
    of: usize,
    failed: Vec<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &EmbedArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let to_stdout = is_stream(&arguments.out);
    check_output(&arguments.out, 1, console)?;
    if arguments.resume && !to_stdout && is_there(&arguments.out) {
        let text = format!("{}: is there already", arguments.out.display());
        console.result(&Skipped { output: Named::output(&arguments.out), skipped: true }, &text)?;
        return Ok(ExitCode::SUCCESS);
    }
    refuse_done([arguments.out.as_path()], arguments.force || to_stdout)?;
    let recognizer = open_recognizer(&arguments.model, "cpu")?.with_precision(arguments.precision.into());
    let options = EmbeddingOptions { mirrored: arguments.mirrored.into(), batch_size: arguments.batch as usize };
    let pipeline = face_pipeline(&recognizer, arguments.aligned, Fit::Reflective)?;
    let mut inputs = expand(&arguments.inputs, None);
    if !to_stdout {
        refuse_input(&arguments.out, inputs.pictures.iter().map(|input| input.path.as_path()))?;
    }
    let (failed, warnings) = inputs.told(console);
    let way = Way::new(recognizer.sha256(), options.mirrored.name(), arguments.aligned);
    let unfinished = if to_stdout { None } else { Some(Unfinished::open(&arguments.out, &way)?) };
    let count = inputs.pictures.len();
    let bar = console.progress(count as u64, "{bar:24} {pos}/{len} pictures  {per_sec}  {eta} left");
    let mut table = Table {
        recognizer: &recognizer,
        options,
        pipeline: &pipeline,
        bar: &bar,
        console,
        unfinished,
        values: Vec::new(),
        rows: Vec::new(),
        failed,
        warnings,
    };
    let done = table.embed_all(&inputs.pictures)?;
    bar.finish_and_clear();
    if done < count {
        return table.stopped(arguments, done, count);
    }
    table.finish(arguments)
}

/// Rows so far, and what makes more of them.
struct Table<'a> {
    recognizer: &'a Recognizer,
    options: EmbeddingOptions,
    pipeline: &'a FacePipeline,
    bar: &'a ProgressBar,
    console: &'a Console,
    unfinished: Option<Unfinished>,
    values: Vec<f32>,
    rows: Vec<Row>,
    failed: Vec<Failure>,
    warnings: Vec<String>,
}

/// A picture that can be embedded, or was.
enum Read {
    Known(Vec<f32>),
    Crop(String, Decoded),
}

impl Table<'_> {
    /// Embeds pictures until the program is asked to end; gives how many it has looked at.
    fn embed_all(&mut self, pictures: &[Input]) -> anyhow::Result<usize> {
        let _looking_at_each = interruption::Loop::begin();
        let mut done = 0;
        for batch in pictures.chunks(self.options.batch_size) {
            if interruption::stops_here() {
                break;
            }
            self.embed_batch(batch)?;
            done += batch.len();
            self.bar.inc(batch.len() as u64);
        }
        Ok(done)
    }

    fn embed_batch(&mut self, batch: &[Input]) -> anyhow::Result<()> {
        let read: Vec<anyhow::Result<Read>> = batch.par_iter().map(|input| self.read(input)).collect();
        let mut rows: Vec<Option<Vec<f32>>> = vec![None; batch.len()];
        let (mut places, mut crops, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for (place, read) in read.into_iter().enumerate() {
            match read {
                Ok(Read::Known(row)) => rows[place] = Some(row),
                Ok(Read::Crop(key, Decoded { picture, warnings })) => {
                    self.say(sentences(&batch[place].path, &warnings).collect());
                    places.push(place);
                    crops.push(picture);
                    keys.push(key);
                }
                Err(error) => self.fail(&batch[place], &error),
            }
        }
        let fresh = self.embed_crops(batch, &mut places, &mut crops, &mut keys)?;
        if let Some(unfinished) = &mut self.unfinished {
            unfinished.add(keys.iter().map(String::as_str).zip(fresh.iter().map(Vec::as_slice)))?;
        }
        places.into_iter().zip(fresh).for_each(|(place, row)| rows[place] = Some(row));
        for (input, row) in batch.iter().zip(rows) {
            let Some(row) = row else { continue };
            self.rows.push(Row { input: Named::input(&input.path), row: self.rows.len() });
            self.values.extend(row);
        }
        Ok(())
    }

    /// The rows of crops; one that the recogniser sees nothing in is taken out, and is the failure of its picture alone.
    fn embed_crops(
        &mut self,
        batch: &[Input],
        places: &mut Vec<usize>,
        crops: &mut Vec<Picture>,
        keys: &mut Vec<String>,
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        while !crops.is_empty() {
            match self.recognizer.embed(crops, self.options) {
                Ok(rows) => return Ok(rows),
                Err(error @ RecognizerError::Degenerate { index, .. }) if index < crops.len() => {
                    let input = &batch[places.remove(index)];
                    crops.remove(index);
                    keys.remove(index);
                    self.fail(input, &anyhow::Error::from(error).context(input.path.display().to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Vec::new())
    }

    fn read(&self, input: &Input) -> anyhow::Result<Read> {
        let is_stdin = is_stream(&input.path);
        let file = if is_stdin { read_input(MAX_FILE_BYTES)? } else { read_file(&input.path)? };
        let key = Unfinished::key(&file);
        if let Some(row) = self.unfinished.as_ref().and_then(|unfinished| unfinished.row(&key)) {
            return Ok(Read::Known(row.to_vec()));
        }
        Ok(Read::Crop(key, self.pipeline.crop_bytes(&input.path, &file)?))
    }

    fn say(&mut self, said: Vec<String>) {
        self.bar.suspend(|| said.iter().for_each(|warning| self.console.warn(warning)));
        self.warnings.extend(said);
    }

    fn fail(&mut self, input: &Input, error: &anyhow::Error) {
        self.failed.push(Failure::new(&input.path, error));
        self.bar.suspend(|| self.console.fail(error));
    }

    /// Tells what was done before an interruption.
    fn stopped(self, arguments: &EmbedArguments, done: usize, count: usize) -> anyhow::Result<ExitCode> {
        let kept = self.unfinished.as_ref().map_or_else(String::new, |unfinished| {
            format!("; the same call goes on with what is in {}", unfinished.path().display())
        });
        self.console.say(&format!("interrupted: {done} of {count} pictures were embedded{kept}"));
        let stopped = Stopped {
            output: Named::output(&arguments.out),
            unfinished: self.unfinished.as_ref().map(|unfinished| Named::new("unfinished", unfinished.path())),
            pictures_done: done,
            of: count,
            failed: self.failed,
            warnings: self.warnings,
        };
        self.console.result(&stopped, "")?;
        Ok(ExitCode::FAILURE)
    }

    fn finish(self, arguments: &EmbedArguments) -> anyhow::Result<ExitCode> {
        let Self { rows, values, failed, warnings, unfinished, recognizer, console, .. } = self;
        if rows.is_empty() {
            unfinished.into_iter().for_each(Unfinished::remove);
            bail!("no face to embed: all {} inputs failed", failed.len());
        }
        let shape = [rows.len(), recognizer.embedding_len(self.options.mirrored)];
        let bytes = npy(&values, &shape.map(|length| length as u64))?;
        let text = format!("{}: {} embeddings of {} dimensions", arguments.out.display(), shape[0], shape[1]);
        let status = status(&failed);
        if is_stream(&arguments.out) {
            write_output(&bytes)?;
            return Ok(status);
        }
        write_atomically(&arguments.out, &bytes, arguments.force)?;
        unfinished.into_iter().for_each(Unfinished::remove);
        let (output, model_sha256) = (Named::output(&arguments.out), recognizer.sha256().to_owned());
        console.result(&EmbedOutput { embeddings: rows, shape, output, model_sha256, failed, warnings }, &text)?;
        Ok(status)
    }
}
