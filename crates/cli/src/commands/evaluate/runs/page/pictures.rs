//! Pictures of the report: grids, examples, neighbours.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use portraitist_face::Picture;
use portraitist_face::edit::resize;
use portraitist_nn::config::Domain;

use super::super::direction::{Direction, Example};
use super::super::measure::rounded;
use super::super::output::MeasuredRun;

/// Width of a picture in the report, at most.
const WIDTH: usize = 224;
const JPEG_QUALITY: u8 = 88;

/// What a direction is called.
pub(super) fn way(to: Domain) -> &'static str {
    match to {
        Domain::Drawing => "Photos to drawings",
        Domain::Photo => "Drawings to photos",
    }
}

/// A picture in the file itself.
fn picture(picture: &Picture, description: &str) -> anyhow::Result<Markup> {
    let (width, height) = (picture.width(), picture.height());
    let small;
    let shown = if width > WIDTH {
        small = resize(picture, WIDTH, (height * WIDTH / width).max(1))?;
        &small
    } else {
        picture
    };
    let address = format!("data:image/jpeg;base64,{}", STANDARD.encode(shown.encode_jpeg(JPEG_QUALITY)?));
    Ok(html! { img src=(address) alt=(description) width=(shown.width()) height=(shown.height()); })
}

/// The first inputs with the first styles.
pub(super) fn grid(direction: &Direction) -> anyhow::Result<Markup> {
    let rows = direction.grid.iter().map(|row| {
        let outputs =
            row.outputs.iter().map(|output| self::picture(output, "output")).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(html! { div.row { (self::picture(&row.input, "input")?) @for output in outputs { (output) } } })
    });
    let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! {
        @if !rows.is_empty() {
            h4 { "The first inputs, with random styles" }
            div.grid { @for row in rows { (row) } }
        }
    })
}

/// The outputs in which the person is kept best and worst.
pub(super) fn examples(direction: &Direction) -> anyhow::Result<Markup> {
    let [best, worst] = [&direction.best, &direction.worst].map(|examples| {
        let cards = examples.iter().map(example).collect::<anyhow::Result<Vec<_>>>()?;
        Ok::<_, anyhow::Error>(html! { div.cards { @for card in cards { (card) } } })
    });
    Ok(html! {
        @if !direction.best.is_empty() {
            h4 { "Where the person is kept best" } (best?)
            h4 { "Where the person is kept worst" } (worst?)
        }
    })
}

fn example(example: &Example) -> anyhow::Result<Markup> {
    let [input, output] = &example.pictures;
    Ok(html! {
        figure {
            (picture(input, "input")?) (picture(output, "output")?)
            figcaption { "cosine " (rounded(example.cosine)) }
        }
    })
}

/// The outputs that are nearest to the training.
pub(super) fn neighbours(direction: &Direction) -> anyhow::Result<Markup> {
    let cards = direction.nearest.iter().map(|nearest| {
        let neighbour = Picture::open(&nearest.path).with_context(|| nearest.path.display().to_string())?;
        Ok(html! {
            figure {
                (picture(&nearest.output, "output")?) (picture(&neighbour, "picture of the training")?)
                figcaption { "distance " (rounded(nearest.distance)) }
            }
        })
    });
    let cards = cards.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! {
        @if !cards.is_empty() {
            h4 { "Outputs that are nearest to a picture of the training" }
            div.cards { @for card in cards { (card) } }
        }
    })
}

/// The same inputs and styles in every run: a row an input, the input of the first run, then two outputs of each run.
pub(super) fn grids_side_by_side(runs: &[MeasuredRun]) -> anyhow::Result<Markup> {
    const OUTPUTS: usize = 2;
    let mut parts = Vec::new();
    for to in [Domain::Drawing, Domain::Photo] {
        let of_runs: Vec<Option<&Direction>> =
            runs.iter().map(|run| run.directions.iter().find(|direction| direction.to == to)).collect();
        let Some(first) = of_runs.iter().flatten().next() else { continue };
        let mut rows = Vec::new();
        for (index, row) in first.grid.iter().enumerate() {
            let mut cells = vec![html! { td { (picture(&row.input, "input")?) } }];
            for direction in &of_runs {
                let row = direction.and_then(|direction| direction.grid.get(index));
                let outputs = row.map_or(&[][..], |row| &row.outputs[..OUTPUTS.min(row.outputs.len())]);
                let outputs =
                    outputs.iter().map(|output| picture(output, "output")).collect::<anyhow::Result<Vec<_>>>()?;
                cells.push(html! { td { @for output in outputs { (output) } } });
            }
            rows.push(html! { tr { @for cell in cells { (cell) } } });
        }
        parts.push(html! {
            h2 { (way(to)) ": the first inputs, the same styles" }
            div.wide {
                table.pictures {
                    thead { tr { th { "input" } @for run in runs { th { (run.run.display()) } } } }
                    tbody { @for row in rows { (row) } }
                }
            }
        });
    }
    Ok(html! { @for part in parts { (part) } })
}
