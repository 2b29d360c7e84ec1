//! How far `--exaggerate auto` goes in a picture larger than the model's own.

use portraitist_face::Picture;
use portraitist_face::edit::resize;
use portraitist_face::landmarks::FivePoints;
use portraitist_face::template::Template;
use portraitist_nn::config::Domain;

use super::styles::Style;
use super::tools::Tools;
use crate::similarity::ReferenceEmbedding;

/// A face of at most this many times the model's own size is drawn as often as `auto` needs.
const LARGEST: f64 = 1.4;

/// The strength that `auto` settles on for a crop whose face lies where `frame` has it, seen at the model's own size: it draws seven times, which would take
/// long at a large one. `None` where there is nothing to settle.
pub(super) fn settled(
    Tools { translator, recognizer, exaggerating }: &Tools<'_>,
    crop: &Picture,
    frame: &Template,
    style: &Style,
    to: Domain,
) -> anyhow::Result<Option<f64>> {
    let scale = eye_distance(&frame.points) / eye_distance(&translator.model.template().points);
    if !exaggerating.is_auto() || scale <= LARGEST {
        return Ok(None);
    }
    let [width, height] = [crop.width(), crop.height()].map(|side| ((side as f64 / scale).round() as usize).max(1));
    let small = resize(crop, width, height)?;
    let frame = frame.resized(width, height);
    let reference = recognizer.and_then(|recognizer| ReferenceEmbedding::of(recognizer, &small, &frame).ok());
    let draw = |crop: &Picture| translator.translate(crop, &style.code, to);
    let (_, strength) = exaggerating
        .shape(&small, &frame.points, to)?
        .translate(&small, draw, |drawn| reference.as_ref()?.similarity(&drawn.picture).ok())?;
    Ok(Some(strength))
}

fn eye_distance(points: &FivePoints) -> f64 {
    let [[left_x, left_y], [right_x, right_y], ..] = *points;
    (right_x - left_x).hypot(right_y - left_y)
}
