//! From a form's fields to what is asked for. Wrong ones are answered in this program's words.

use std::collections::BTreeMap;

use portraitist_face::Picture;
use portraitist_face::landmarks::mesh::five_of_ibug;
use portraitist_face::transform::Point;
use portraitist_nn::config::Domain;
use portraitist_nn::translate::Model;

use super::service::{OfferedModel, Style, TranslateRequest};
use crate::arguments::parse_exaggeration;
use crate::web::limits::MAX_QUOTE_LENGTH;
use crate::web::reply::Failure;

/// The fields of a translation.
pub(super) const TRANSLATE: [&str; 14] = [
    "model",
    "to",
    "style",
    "seed",
    "to_seed",
    "position",
    "strength",
    "exaggerate",
    "face",
    "points",
    "size",
    "whole",
    "in_picture",
    "name",
];

/// The fields of a search for faces.
pub(super) const DETECT: [&str; 1] = ["name"];

/// Longer sides of results in pixels, as `translate --size` takes them.
const SIZES: std::ops::RangeInclusive<usize> = 64..=1600;
/// Faces that may be counted.
const MOST_FACES: usize = 1000;

/// What the fields ask for; `has_example` where the form has a picture for `style=example`. The seed is given back, too.
///
/// # Errors
/// Names the field, what was expected and what was found.
pub(super) fn translate_request(
    fields: &BTreeMap<String, String>,
    has_example: bool,
) -> Result<(TranslateRequest, Option<u64>), Failure> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    let (style, seed) = style(fields, has_example)?;
    let exaggerate = get("exaggerate").filter(|text| !text.is_empty() && *text != "0").map(|text| {
        parse_exaggeration(text).map_err(|error| wrong("exaggerate", &error, text, "use a number from 0 to 2, or auto"))
    });
    let (points, shape) = get("points").map(parse_points).transpose()?.unzip();
    let request = TranslateRequest {
        model: get("model").filter(|name| !name.is_empty()).map(str::to_owned),
        to: get("to").map_or(Ok(Domain::Drawing), parse_domain)?,
        style,
        example: None,
        strength: number(fields, "strength", 1.0, 0.0..=100.0)? as f32,
        exaggerate: exaggerate.transpose()?,
        face: get("face").map_or(Ok(0), parse_face)?,
        points,
        shape: shape.flatten(),
        size: get("size").filter(|text| !text.is_empty()).map(parse_output_size).transpose()?,
        whole: flag(fields, "whole", false)?,
        most_pixels: Model::MAX_LARGE_PIXELS,
        in_picture: flag(fields, "in_picture", true)?,
    };
    Ok((request, seed))
}

fn style(fields: &BTreeMap<String, String>, has_example: bool) -> Result<(Style, Option<u64>), Failure> {
    let seed = |name: &str| fields.get(name).map(|text| parse_seed(name, text)).transpose();
    let from = seed("seed")?.unwrap_or(1);
    // Wrong ones are told even where they are not needed.
    let (to, position) = (seed("to_seed")?, number(fields, "position", 0.5, 0.0..=1.0)? as f32);
    match (fields.get("style").map_or("random", String::as_str), has_example) {
        ("random", false) => Ok((to.map_or(Style::Seed(from), |to| Style::Walk { from, to, position }), Some(from))),
        ("example", true) => Ok((Style::Example, None)),
        ("example", false) => {
            Err(Failure::bad_request("style=example needs a part \"style_picture\"", "send a form with both pictures"))
        }
        (_, true) => Err(Failure::bad_request("style_picture goes with style=example", "say style=example")),
        (name, false) => Ok((Style::Named(name.to_owned()), None)),
    }
}

/// Refuses models and styles that nobody has.
///
/// # Errors
/// Names what there is.
pub(super) fn check_names(models: &[OfferedModel], request: &TranslateRequest) -> Result<(), Failure> {
    let model = match &request.model {
        None => models.first(),
        Some(name) => Some(models.iter().find(|model| model.name == *name).ok_or_else(|| {
            let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
            let error = format!("model: there is no model \"{}\"", tidy(name));
            Failure::bad_request(error, format!("there are {}", names.join(", ")))
        })?),
    };
    match (&request.style, model) {
        (Style::Named(name), Some(model)) if !model.styles.of(request.to).contains(name) => {
            let styles = ["random".to_owned(), "example".to_owned()].into_iter();
            let known: Vec<String> = styles.chain(model.styles.of(request.to).iter().cloned()).collect();
            let hint = format!("of {} to {} there are {}", model.name, request.to, known.join(", "));
            Err(Failure::bad_request(format!("style: there is no style \"{}\"", tidy(name)), hint))
        }
        _ => Ok(()),
    }
}

fn parse_domain(text: &str) -> Result<Domain, Failure> {
    match text {
        "drawing" => Ok(Domain::Drawing),
        "photo" => Ok(Domain::Photo),
        _ => Err(wrong("to", "expected drawing or photo", text, "leave it out for drawings")),
    }
}

fn parse_seed(name: &str, text: &str) -> Result<u64, Failure> {
    let expected = format!("expected a whole number from 0 to {}", u64::MAX);
    text.parse().map_err(|_| wrong(name, &expected, text, "leave the seed out, or use one like 42"))
}

fn number(
    fields: &BTreeMap<String, String>,
    name: &str,
    usual: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Result<f64, Failure> {
    let Some(text) = fields.get(name) else { return Ok(usual) };
    let expected = format!("expected a number from {} to {}", range.start(), range.end());
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| wrong(name, &expected, text, &format!("leave it out for {usual}")))
}

fn parse_face(text: &str) -> Result<usize, Failure> {
    let number: Option<usize> = text.parse().ok().filter(|number| (1..=MOST_FACES).contains(number));
    let number = number.ok_or_else(|| {
        wrong("face", &format!("expected a number from 1 to {MOST_FACES}"), text, "leave it out for the first")
    });
    Ok(number? - 1)
}

fn flag(fields: &BTreeMap<String, String>, name: &str, usual: bool) -> Result<bool, Failure> {
    let Some(text) = fields.get(name) else { return Ok(usual) };
    text.parse().map_err(|_| wrong(name, "expected true or false", text, &format!("leave it out for {usual}")))
}

fn parse_output_size(text: &str) -> Result<usize, Failure> {
    let expected = format!("expected pixels from {} to {}", SIZES.start(), SIZES.end());
    let size = text.parse().ok().filter(|size| SIZES.contains(size));
    size.ok_or_else(|| wrong("size", &expected, text, "leave it out for the model's own size"))
}

/// Five points, and the 68 that they come from.
type Points = ([Point; 5], Option<Box<[Point; 68]>>);

fn parse_points(text: &str) -> Result<Points, Failure> {
    let numbers: Vec<f64> = text
        .split(',')
        .map_while(|number| number.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
        .collect();
    let complete = text.split(',').count() == numbers.len() && numbers.len().is_multiple_of(2);
    let points: Vec<Point> = numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    let found = match points.len() {
        5 => points.try_into().ok().map(|five| (five, None)),
        68 => <[Point; 68]>::try_from(points).ok().map(|all| (five_of_ibug(&all), Some(Box::new(all)))),
        _ => None,
    };
    found.filter(|_| complete).ok_or_else(|| {
        let hint = "give x,y of the left eye, right eye, nose tip, left and right mouth corner, or of iBUG's 68 points";
        wrong("points", "expected 10 or 136 numbers separated by commas", text, hint)
    })
}

/// Points may lie outside a picture that cuts the face, but not far from it.
///
/// # Errors
/// Names the first that does.
pub(super) fn check_points(request: &TranslateRequest, picture: &Picture) -> Result<(), Failure> {
    let (width, height) = (picture.width() as f64, picture.height() as f64);
    let is_near = |value: f64, side: f64| (-side / 2.0..=side * 1.5).contains(&value);
    let all = request.points.iter().flatten().chain(request.shape.iter().flat_map(|shape| shape.iter()));
    let stray = all.into_iter().find(|[x, y]| !is_near(*x, width) || !is_near(*y, height));
    match stray {
        None => Ok(()),
        Some([x, y]) => {
            let error = format!("points: expected points in a picture of {width}x{height} pixels, found ({x}, {y})");
            Err(Failure::bad_request(error, "place the points on the picture again"))
        }
    }
}

fn wrong(field: &str, expected: &str, found: &str, hint: &str) -> Failure {
    Failure::bad_request(format!("{field}: {expected}, found \"{}\"", tidy(found)), hint)
}

/// What somebody wrote, fit for a message.
fn tidy(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_QUOTE_LENGTH).collect()
}
