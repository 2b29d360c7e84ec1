//! The program as people use it: command lines in, files, text and exit codes out.
#![expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]

#[path = "suite/bad_input.rs"]
mod bad_input;
#[path = "suite/bad_models.rs"]
mod bad_models;
#[path = "suite/bench.rs"]
mod bench;
#[path = "suite/datasets.rs"]
mod datasets;
#[path = "suite/demo.rs"]
mod demo;
#[path = "suite/discriminator_options.rs"]
mod discriminator_options;
#[path = "suite/documents.rs"]
mod documents;
#[path = "suite/drawing.rs"]
mod drawing;
#[path = "suite/evaluating.rs"]
mod evaluating;
#[path = "suite/exaggerating.rs"]
mod exaggerating;
#[path = "suite/faults.rs"]
mod faults;
#[path = "suite/finding_faces.rs"]
mod finding_faces;
#[path = "suite/going_on.rs"]
mod going_on;
#[path = "suite/identity_losses.rs"]
mod identity_losses;
#[path = "suite/inputs.rs"]
mod inputs;
#[path = "suite/interruption.rs"]
mod interruption;
#[path = "suite/json.rs"]
mod json;
#[path = "suite/models.rs"]
mod models;
#[path = "suite/older_files.rs"]
mod older_files;
#[path = "suite/program.rs"]
mod program;
#[path = "suite/readme.rs"]
mod readme;
#[path = "suite/recognizer_training.rs"]
mod recognizer_training;
#[path = "suite/recognizing.rs"]
mod recognizing;
#[path = "suite/resuming.rs"]
mod resuming;
#[path = "suite/serve.rs"]
mod serve;
#[path = "suite/shell.rs"]
mod shell;
#[path = "suite/streams.rs"]
mod streams;
#[path = "suite/styles.rs"]
mod styles;
#[path = "suite/synth.rs"]
mod synth;
#[path = "suite/training.rs"]
mod training;
#[path = "suite/translating.rs"]
mod translating;
#[path = "suite/weights.rs"]
mod weights;
