//! `portraitist models`.

use std::path::Path;
use std::process::ExitCode;

use portraitist_nn::builtin::{self, BuiltIn};
use portraitist_nn::weights::{ModelConfig, ModelFile, sha256};
use serde::Serialize;

use crate::arguments::ModelsCommand;
use crate::output::{Console, advised};

/// What `models list --json` prints.
#[derive(Serialize)]
struct List {
    models: Vec<Model>,
}

/// A model, as `models list` and `models show` print it.
#[derive(Serialize)]
struct Model {
    name: &'static str,
    kind: &'static str,
    purpose: &'static str,
    /// Bytes of the file.
    size: usize,
    parameters: usize,
    made_by: &'static str,
    licence: &'static str,
    data: &'static str,
    date: &'static str,
    sha256: String,
    document: &'static str,
    /// Names of styles of drawings that the model knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    styles: Vec<String>,
}

/// What `models show --json` prints.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    model: Model,
    config: serde_json::Value,
}

/// Runs the command.
pub(crate) fn run(command: &ModelsCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        ModelsCommand::List => {
            let models: Vec<Model> =
                builtin::MODELS.iter().map(|model| Ok(read(model)?.model)).collect::<anyhow::Result<_>>()?;
            let text = models.iter().map(line).collect::<Vec<_>>().join("\n");
            console.result(&List { models }, &text)?;
        }
        ModelsCommand::Show { name } => {
            let shown = read(find(name)?)?;
            let text = described(&shown.model);
            console.result(&shown, &text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> anyhow::Result<&'static BuiltIn> {
    builtin::MODELS.iter().find(|model| model.name == name).ok_or_else(|| {
        let names: Vec<&str> = builtin::MODELS.iter().map(|model| model.name).collect();
        let found = format!("no built-in model {name:?}; there are {}", names.join(", "));
        let hint = if Path::new(name).exists() {
            "weights inspect shows what a file holds"
        } else {
            "models list shows what is built in"
        };
        advised(found, hint)
    })
}

fn read(model: &BuiltIn) -> anyhow::Result<Shown> {
    let file = ModelFile::from_bytes(model.bytes, model.name)?;
    let styles = match &file.config {
        ModelConfig::Translator(config) => config.styles.drawing.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let BuiltIn { name, purpose, made_by, licence, data, date, document, bytes } = *model;
    let model = Model {
        name,
        kind: file.config.kind(),
        purpose,
        size: bytes.len(),
        parameters: file.arrays.values().map(|array| array.values.len()).sum(),
        made_by,
        licence,
        data,
        date,
        sha256: sha256(bytes),
        document,
        styles,
    };
    Ok(Shown { model, config: file.config.to_json()? })
}

fn line(model: &Model) -> String {
    let megabytes = model.size as f64 / 1e6;
    format!("{:20} {megabytes:5.1} MB  {}  {} ({})", model.name, model.date, model.purpose, model.licence)
}

fn described(model: &Model) -> String {
    let rows = [
        ("for", model.purpose.to_owned()),
        ("kind", model.kind.to_owned()),
        ("size", format!("{} bytes, {} parameters", model.size, model.parameters)),
        ("made by", model.made_by.to_owned()),
        ("licence", model.licence.to_owned()),
        ("data", model.data.to_owned()),
        ("date", model.date.to_owned()),
        ("SHA-256", model.sha256.clone()),
        ("document", model.document.to_owned()),
    ];
    let styles = (!model.styles.is_empty()).then(|| ("styles", model.styles.join(", ")));
    let rows = rows.into_iter().chain(styles).map(|(name, value)| format!("{name:9} {value}"));
    format!("{}\n{}", model.name, rows.collect::<Vec<_>>().join("\n"))
}
