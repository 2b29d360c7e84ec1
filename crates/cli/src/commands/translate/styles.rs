//! Style codes from the command line.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use portraitist_face::Picture;
use portraitist_nn::config::Domain;
use portraitist_nn::random::style_code;
use portraitist_nn::translate::{Model, slerp};
use portraitist_nn::weights::read_arrays;

use crate::arguments::TranslateArguments;
use crate::output::advised;

/// A style and the seed that it came from, if it did.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) code: Vec<f32>,
    pub(crate) seed: Option<u64>,
}

/// The styles that a call asks for; `read_picture` prepares an example picture.
pub(crate) fn styles(
    arguments: &TranslateArguments,
    model: &Model,
    read_picture: impl Fn(&Path) -> anyhow::Result<Picture>,
) -> anyhow::Result<Vec<Style>> {
    let to: Domain = arguments.to.into();
    let mut styles = if arguments.style.as_os_str() == "random" {
        let least = if arguments.interpolate.is_some() { 2 } else { 1 };
        let seeds = (0..u64::from(arguments.count.max(least))).map(|index| arguments.seed.wrapping_add(index));
        let style_dim = model.config().generator.style_dim;
        seeds.map(|seed| Style { code: style_code(seed, style_dim), seed: Some(seed) }).collect()
    } else {
        ensure!(arguments.count == 1, "--count goes with --style random");
        match named(&arguments.style, model, to) {
            Some(code) => vec![Style { code, seed: None }],
            None => from_file(&arguments.style, model, to, read_picture)?,
        }
    };
    for style in &mut styles {
        model.check_style(&style.code).with_context(|| format!("the style {}", arguments.style.display()))?;
        style.code.iter_mut().for_each(|value| *value *= arguments.strength);
    }
    match arguments.interpolate {
        Some(frames) => interpolate(&styles, frames as usize),
        None => Ok(styles),
    }
}

/// The style that the model knows by a name.
fn named(name: &Path, model: &Model, to: Domain) -> Option<Vec<f32>> {
    model.config().styles.of(to).get(name.to_str()?).cloned()
}

fn from_file(
    path: &Path,
    model: &Model,
    to: Domain,
    read_picture: impl Fn(&Path) -> anyhow::Result<Picture>,
) -> anyhow::Result<Vec<Style>> {
    if !path.is_file() {
        let message = format!("no style at {}", path.display());
        let names: Vec<&str> = model.config().styles.of(to).keys().map(String::as_str).collect();
        let known =
            if names.is_empty() { String::new() } else { format!("a style of the model ({}), ", names.join(", ")) };
        let expected = format!("expected `random`, {known}a .npy or .safetensors file, or an example picture");
        return Err(advised(message, &expected));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let plain = |code: Vec<f32>| Style { code, seed: None };
    let (shape, values) = match ending {
        "npy" => read_npy(path)?,
        "safetensors" => {
            let arrays = read_arrays(path)?;
            let count = arrays.len();
            match arrays.into_values().next() {
                Some(array) if count == 1 => (array.shape, array.values),
                _ => bail!("{}: expected one array, found {count}", path.display()),
            }
        }
        _ => {
            let picture = read_picture(path).with_context(|| path.display().to_string())?;
            return Ok(vec![plain(model.style_of(&picture, to)?)]);
        }
    };
    let style_dim = *shape.last().unwrap_or(&0);
    let right = matches!(shape.len(), 1 | 2) && !values.is_empty();
    ensure!(right, "{}: expected [style_dim] or [n, style_dim], found {shape:?}", path.display());
    ensure!(values.iter().all(|value| value.is_finite()), "{}: holds NaN or infinity", path.display());
    Ok(values.chunks_exact(style_dim).map(|code| plain(code.to_vec())).collect())
}

/// Codes are a few numbers; larger files are not styles.
const LARGEST_STYLE_BYTES: u64 = 64 << 20;

fn read_npy(path: &Path) -> anyhow::Result<(Vec<usize>, Vec<f32>)> {
    let wrong = || format!("{}: not a readable .npy file", path.display());
    let size = std::fs::metadata(path).with_context(wrong)?.len();
    ensure!(size <= LARGEST_STYLE_BYTES, "{}: too large for style codes ({size} bytes)", path.display());
    let bytes = std::fs::read(path).with_context(wrong)?;
    let file = npyz::NpyFile::new(bytes.as_slice()).with_context(wrong)?;
    let shape: Vec<usize> = file.shape().iter().map(|size| *size as usize).collect();
    let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    ensure!(
        count.is_some_and(|count| count <= bytes.len()),
        "{}: the shape {shape:?} does not fit the file",
        path.display()
    );
    ensure!(file.order() == npyz::Order::C, "{}: expected C order, found Fortran order", path.display());
    let doubles = matches!(file.dtype(), npyz::DType::Plain(kind) if kind.to_string().ends_with("f8"));
    let values = if doubles {
        file.into_vec::<f64>().with_context(wrong)?.into_iter().map(|value| value as f32).collect()
    } else {
        file.into_vec::<f32>().with_context(wrong)?
    };
    Ok((shape, values))
}

/// `frames` styles evenly along the way through all styles, both ends included.
fn interpolate(styles: &[Style], frames: usize) -> anyhow::Result<Vec<Style>> {
    ensure!(styles.len() >= 2, "--interpolate needs two styles or more, found {}", styles.len());
    let legs = (styles.len() - 1) as f32;
    let frame = |index: usize| {
        let position = index as f32 / (frames - 1) as f32 * legs;
        let leg = (position as usize).min(styles.len() - 2);
        let code = slerp(&styles[leg].code, &styles[leg + 1].code, position - leg as f32);
        Style { code, seed: None }
    };
    Ok((0..frames).map(frame).collect())
}
