//! `portraitist demo`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use portraitist_face::{Picture, bundled_portrait};
use portraitist_nn::builtin;
use portraitist_nn::config::Domain;
use portraitist_nn::random::style_code;
use portraitist_nn::recognition::Recognizer;
use serde::Serialize;

use crate::arguments::DemoArguments;
use crate::demo::{Stylist, StylizeError, StylizeRequest, Stylized, serve};
use crate::inputs::Failure;
use crate::output::{Console, advised};
use crate::portrait::Studio;
use crate::recognizer::{Likeness, open_recognizer};

/// Styles that `--once` draws each photo in.
const STYLES_PER_PHOTO: u64 = 3;
/// How long a drawing in the making may take when the program ends.
const LAST_DRAWING: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Once {
    outputs: Vec<Drawn>,
    failed: Vec<Failure>,
}

#[derive(Serialize)]
struct Drawn {
    input: String,
    output: PathBuf,
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(arguments: &DemoArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let studio = Studio::open(&arguments.model)?;
    match &arguments.once {
        Some(folder) => once(&studio, folder, arguments, console),
        None => open_page(studio, arguments, console),
    }
}

/// Draws the bundled portrait and the photos given.
fn once(studio: &Studio, folder: &Path, arguments: &DemoArguments, console: &Console) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (mut outputs, mut failed) = (Vec::new(), Vec::new());
    let mut draw = |name: &str, photo: anyhow::Result<Picture>, stem: &str| {
        let drawn = photo.and_then(|photo| draw_photo(studio, &photo, folder, stem, arguments.force));
        match drawn {
            Ok(drawn) => {
                let drawn = drawn.into_iter().map(|(seed, output)| Drawn { input: name.to_owned(), output, seed });
                outputs.extend(drawn);
            }
            Err(error) => {
                failed.push(Failure::new(name, &error));
                console.fail(&error.context(name.to_owned()));
            }
        }
    };
    draw("bundled portrait", Picture::decode("bundled portrait", bundled_portrait()).map_err(Into::into), "portrait");
    for path in &arguments.photos {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        draw(&path.display().to_string(), Picture::open(path).map_err(Into::into), &stem);
    }
    let text = outputs.iter().map(|drawn| drawn.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    console.result(&Once { outputs, failed }, &text)?;
    Ok(status)
}

fn draw_photo(
    studio: &Studio,
    photo: &Picture,
    folder: &Path,
    stem: &str,
    overwrite: bool,
) -> anyhow::Result<Vec<(u64, PathBuf)>> {
    let face = studio.require_face(photo, None)?;
    face.crop.save(folder.join(format!("{stem}-photo.png")), overwrite)?;
    let mut drawn = Vec::new();
    for seed in 1..=STYLES_PER_PHOTO {
        let style = style_code(seed, studio.model.config().generator.style_dim);
        let drawing = studio.translate(&face.crop, &style, Domain::Drawing)?.picture;
        let path = folder.join(format!("{stem}-drawing-{seed}.png"));
        drawing.save(&path, overwrite)?;
        if seed == 1 {
            let whole = studio.paste(photo, &face, &drawing)?;
            whole.save(folder.join(format!("{stem}-in-picture.png")), overwrite)?;
        }
        drawn.push((seed, path));
    }
    Ok(drawn)
}

/// Draws for the page, and looks at what was drawn.
struct Artist {
    studio: Studio,
    recognizer: Recognizer,
}

impl Artist {
    /// How alike a drawing is to the crop it was made of; `None` where the recogniser sees nothing to compare.
    fn similarity(&self, crop: &Picture, drawing: &Picture) -> Option<f32> {
        let frame = self.studio.model.template();
        let likeness = Likeness::of(&self.recognizer, crop, &frame).ok()?;
        likeness.to(drawing).ok().filter(|similarity| similarity.is_finite())
    }
}

impl Stylist for Artist {
    fn stylize(&self, photo: &Picture, request: &StylizeRequest) -> Result<Stylized, StylizeError> {
        let unusable = |error: anyhow::Error| StylizeError::Unusable(format!("{error:#}"));
        let studio = &self.studio;
        let face = studio.face(photo, request.points).map_err(unusable)?.ok_or(StylizeError::NoFace)?;
        let style = style_code(request.seed, studio.model.config().generator.style_dim);
        let drawing = studio.translate(&face.crop, &style, Domain::Drawing).map_err(unusable)?.picture;
        let in_picture = studio.paste(photo, &face, &drawing).map_err(unusable)?;
        let similarity = self.similarity(&face.crop, &drawing);
        Ok(Stylized { points: face.points, crop: face.crop, drawing, in_picture: Some(in_picture), similarity })
    }
}

fn open_page(studio: Studio, arguments: &DemoArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let address = arguments.addr;
    ensure!(address.ip().is_loopback(), "--addr must be on loopback, such as 127.0.0.1:7878, found {address}");
    let artist = Artist { studio, recognizer: open_recognizer(builtin::RECOGNIZER, "cpu")? };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => listener,
            // The usual port is taken, by another demo perhaps: any free one will do.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && address.port() == 7878 => {
                tokio::net::TcpListener::bind((address.ip(), 0)).await?
            }
            Err(error) => return Err(advised(format!("cannot listen on {address}: {error}"), "choose another --addr")),
        };
        let page = format!("http://{}/", listener.local_addr()?);
        console.say(&format!("the demo is at {page} (Ctrl-C ends it)"));
        if !arguments.no_open && webbrowser::open(&page).is_err() {
            console.say("no browser could be opened; open the address yourself");
        }
        serve(listener, Arc::new(artist), asked_to_end()).await.context("the page cannot be served")
    })?;
    runtime.shutdown_timeout(LAST_DRAWING);
    Ok(ExitCode::SUCCESS)
}

/// Ready when Ctrl-C was pressed or the system asks the program to end.
async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    // Without a way to listen, only the end of the process ends the page.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
