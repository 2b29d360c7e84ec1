//! Exaggerating the person before drawing, and taking caricatures back to real faces: what the command line asks for, on crops.

use anyhow::{Context, ensure};
use portraitist_face::landmarks::FivePoints;
use portraitist_face::landmarks::mesh::MeshPoints;
use portraitist_face::shape::{Amounts, Exaggeration};
use portraitist_face::transform::Point;
use portraitist_face::{Decoded, Picture};
use portraitist_nn::builtin::RECOGNIZER;
use portraitist_nn::config::Domain;
use portraitist_nn::detection::FaceMeshDetector;
use portraitist_nn::translate::Translated;

use super::likeness::as_alike_percent;
use crate::arguments::{ExaggerationAmount, TranslateArguments};
use crate::faces::corrected::corrected;
use crate::output::advised;

/// What was asked for.
pub(crate) struct Exaggerating {
    amount: Option<ExaggerationAmount>,
    /// Whose difference from the mean grows, instead of the picture's own.
    example: Option<MeshPoints>,
    keep_shape: bool,
}

/// At this false accept rate the recogniser must still take `auto`'s result for the same person.
const FALSE_ACCEPT_RATE: f32 = 0.01;
/// Halvings of the range in which `auto` looks: strengths come in steps of 1/16.
const HALVINGS: u32 = 5;
/// Bends that move the landmarks by less than this share of the eyes' distance are left out.
const LEAST_MOVEMENT: f64 = 0.002;

/// The smallest false accept rate at which faces of this similarity are verified as the same person, for the built-in recogniser.
pub(crate) fn false_accept_rate(similarity: f32) -> f32 {
    as_alike_percent(similarity) / 100.0
}

impl Exaggerating {
    /// Reads what the command line names.
    ///
    /// # Errors
    /// For settings that exclude each other, and for an example without a face.
    pub(crate) fn of(arguments: &TranslateArguments) -> anyhow::Result<Self> {
        let to: Domain = arguments.to.into();
        let example = arguments.exaggerate_like.as_deref();
        let asked = arguments.exaggerate.is_some() || example.is_some();
        ensure!(!asked || to == Domain::Drawing, "--exaggerate goes with --to drawing");
        ensure!(!arguments.keep_shape || to == Domain::Photo, "--keep-shape goes with --to photo");
        let own = || ExaggerationAmount::Of(Amounts::all(1.0).unwrap_or_default());
        let amount = arguments.exaggerate.or_else(|| example.map(|_| own()));
        if amount == Some(ExaggerationAmount::Auto) && arguments.recognizer.as_os_str() != RECOGNIZER {
            let message = "--exaggerate auto needs a recogniser of which false accept rates were measured";
            return Err(advised(message, format!("leave --recognizer out: the built-in {RECOGNIZER} is one")));
        }
        let read = |path: &std::path::Path| {
            let points = mesh(&Decoded::open(path)?.picture)?;
            points.ok_or_else(|| {
                advised(format!("{}: no face found", path.display()), "name a drawing that shows a face")
            })
        };
        Ok(Self { amount, example: example.map(read).transpose()?, keep_shape: arguments.keep_shape })
    }

    /// The person by an amount; caricatures that become photos get a real face's shape unless it is kept.
    pub(crate) fn by(amount: Option<ExaggerationAmount>, keep_shape: bool) -> Self {
        Self { amount, example: None, keep_shape }
    }

    /// Whether similarities are needed.
    pub(crate) fn is_auto(&self) -> bool {
        self.amount == Some(ExaggerationAmount::Auto)
    }

    /// Looks at the face of a picture that lies where `frame` has its points, as far as that is needed; `known` are iBUG's points in the
    /// picture, if somebody knows better than the network.
    ///
    /// # Errors
    /// If a face is to be exaggerated and none is found.
    pub(crate) fn shape(
        &self,
        crop: &Picture,
        frame: &FivePoints,
        known: Option<&[Point; 68]>,
        to: Domain,
    ) -> anyhow::Result<Shaped> {
        let mesh = || {
            let found = mesh_in(crop, frame)?;
            anyhow::Ok(match known {
                Some(points) => found.map(|found| corrected(&found, points)),
                None => found,
            })
        };
        let way = match (self.amount, to) {
            (Some(amount), _) => {
                let points = mesh()?.ok_or_else(no_shape)?;
                let shape = match &self.example {
                    Some(example) => Exaggeration::like(&points, example),
                    None => Exaggeration::of(&points),
                };
                Way::Grow(Box::new(shape.ok_or_else(no_shape)?), amount)
            }
            (None, Domain::Photo) if !self.keep_shape => {
                let back = mesh()?.and_then(|points| Exaggeration::undone(&points));
                match back.filter(|back| back.movement > LEAST_MOVEMENT) {
                    Some(back) => Way::Bent(back.bend.apply(crop)?),
                    None => Way::AsItIs,
                }
            }
            (None, _) => Way::AsItIs,
        };
        Ok(Shaped(way))
    }
}

/// A picture whose face, which lies where `frame` has its points, has grown by some amounts.
///
/// # Errors
/// If there is no face.
pub(crate) fn exaggerated(picture: &Picture, frame: &FivePoints, amounts: &Amounts) -> anyhow::Result<Picture> {
    let shape = mesh_in(picture, frame)?.and_then(|points| Exaggeration::of(&points)).ok_or_else(no_shape)?;
    Ok(shape.grown(amounts).bend.apply(picture)?)
}

fn mesh(picture: &Picture) -> anyhow::Result<Option<MeshPoints>> {
    Ok(FaceMeshDetector::shared()?.find(picture)?.into_iter().next().map(|face| face.points))
}

/// Of several faces the one whose five points are nearest to those of `frame`: others may be larger, or seen beside it.
fn mesh_in(picture: &Picture, frame: &FivePoints) -> anyhow::Result<Option<MeshPoints>> {
    let faces = FaceMeshDetector::shared()?.find(picture)?.into_iter().map(|face| face.points);
    let apart = |face: &MeshPoints| -> f64 {
        let pairs = face.five_points().into_iter().zip(frame);
        pairs.map(|(found, expected)| (found[0] - expected[0]).hypot(found[1] - expected[1])).sum()
    };
    Ok(faces.min_by(|one, other| apart(one).total_cmp(&apart(other))))
}

fn no_shape() -> anyhow::Error {
    advised("no face found whose shape could be exaggerated", "leave --exaggerate out for this picture")
}

/// A crop whose face is known.
pub(crate) struct Shaped(Way);

enum Way {
    AsItIs,
    Bent(Picture),
    Grow(Box<Exaggeration>, ExaggerationAmount),
}

impl Shaped {
    /// Translates the crop as it was asked for; `draw` translates a crop, `similarity` compares the result with the picture. Returns
    /// the strength, too: 0 without exaggeration.
    ///
    /// # Errors
    /// Those of `draw`.
    pub(crate) fn translate(
        &self,
        crop: &Picture,
        draw: impl Fn(&Picture) -> anyhow::Result<Translated>,
        similarity: impl Fn(&Translated) -> Option<f32>,
    ) -> anyhow::Result<(Translated, f64)> {
        match &self.0 {
            Way::AsItIs => Ok((draw(crop)?, 0.0)),
            Way::Bent(bent) => Ok((draw(bent)?, 0.0)),
            Way::Grow(shape, ExaggerationAmount::Of(amounts)) => grown(shape, amounts, crop, draw),
            Way::Grow(shape, ExaggerationAmount::Auto) => {
                let is_verified = |drawn: &Translated| {
                    similarity(drawn).is_some_and(|similarity| false_accept_rate(similarity) <= FALSE_ACCEPT_RATE)
                };
                let strength = |strength: f64| grown(shape, &Amounts::all(strength)?, crop, &draw);
                strongest(strength, |(drawn, _)| is_verified(drawn))
            }
        }
    }

    /// As [`translate`](Self::translate), where `auto` has settled on a strength already.
    ///
    /// # Errors
    /// Those of `draw`.
    pub(crate) fn translate_at(
        &self,
        strength: f64,
        crop: &Picture,
        draw: impl Fn(&Picture) -> anyhow::Result<Translated>,
    ) -> anyhow::Result<(Translated, f64)> {
        match &self.0 {
            Way::Grow(shape, _) => grown(shape, &Amounts::all(strength)?, crop, draw),
            Way::AsItIs | Way::Bent(_) => self.translate(crop, draw, |_| None),
        }
    }
}

/// Translates a crop whose face has grown, and says how far it has.
fn grown(
    shape: &Exaggeration,
    amounts: &Amounts,
    crop: &Picture,
    draw: impl Fn(&Picture) -> anyhow::Result<Translated>,
) -> anyhow::Result<(Translated, f64)> {
    let grown = shape.grown(amounts);
    let bent = grown.bend.apply(crop).context("cannot bend the picture")?;
    Ok((draw(&bent)?, amounts.largest() * grown.share))
}

/// The strongest of 0 to 2 that is verified, as if what is verified at a strength were at all weaker ones; 0 where nothing is.
fn strongest<T>(draw: impl Fn(f64) -> anyhow::Result<T>, is_verified: impl Fn(&T) -> bool) -> anyhow::Result<T> {
    let most = draw(2.0)?;
    if is_verified(&most) {
        return Ok(most);
    }
    let (mut best, mut low, mut high) = (draw(0.0)?, 0.0, 2.0);
    if !is_verified(&best) {
        return Ok(best);
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let drawn = draw(middle)?;
        if is_verified(&drawn) {
            (best, low) = (drawn, middle);
        } else {
            high = middle;
        }
    }
    Ok(best)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use portraitist_face::bundled_portrait;
    use portraitist_face::edit::resize;

    use super::*;

    /// A large face on the left, which is found first, and a smaller one on the right.
    #[test]
    fn of_several_faces_the_one_that_is_meant_is_exaggerated() {
        let portrait = Picture::decode("portrait", bundled_portrait()).unwrap();
        let [large, small] = [300, 200].map(|side| resize(&portrait, side, side).unwrap());
        let (width, height) = (large.width() + small.width(), large.height());
        let pixel = |x: usize, y: usize| match x.checked_sub(large.width()) {
            None => large.pixel(x, y).unwrap(),
            Some(x) => small.pixel(x, y).unwrap_or([128; 3]),
        };
        let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        let picture = Picture::from_rgb(width, height, pixels).unwrap();
        let faces = FaceMeshDetector::shared().unwrap().find(&picture).unwrap();
        let frame =
            faces.iter().map(|face| face.points.five_points()).max_by(|a, b| a[2][0].total_cmp(&b[2][0])).unwrap();
        assert!(faces.len() == 2 && frame[2][0] > large.width() as f64 && faces[0].points.five_points() != frame);
        let grown = exaggerated(&picture, &frame, &Amounts::all(1.0).unwrap()).unwrap();
        let changed = |columns: std::ops::Range<usize>| -> f64 {
            let places = (0..height).flat_map(|y| columns.clone().map(move |x| (x, y)));
            let difference = |(x, y)| {
                let [before, after] = [&picture, &grown].map(|picture| picture.pixel(x, y).unwrap());
                before.iter().zip(after).map(|(before, after)| f64::from(before.abs_diff(after))).sum::<f64>()
            };
            places.map(difference).sum::<f64>() / (columns.len() * height) as f64
        };
        let [left, right] = [changed(0..large.width()), changed(large.width()..width)];
        assert!(right > 5.0 * left, "left {left}, right {right}");
    }

    #[test]
    fn the_strongest_that_is_verified_is_found() {
        for limit in [0.0, 0.3, 1.0, 1.7, 5.0] {
            let found = strongest(Ok, |strength| *strength <= limit).expect("a strength");
            assert!(found <= limit.min(2.0) && limit.min(2.0) - found <= 1.0 / 16.0, "{found} of {limit}");
        }
        assert_eq!(strongest(Ok, |_| false).expect("a strength"), 0.0);
    }
}
