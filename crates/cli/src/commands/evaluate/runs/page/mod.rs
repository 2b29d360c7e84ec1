//! The report: one HTML file that opens from disk and asks for nothing else.

mod curves;
mod pictures;
mod tables;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::output::{MeasuredRun, RunsOutput};

/// Colours for light and dark, and one column on narrow screens.
const STYLE: &str = include_str!("style.css");

/// The page of some runs; `side_by_side` puts their numbers and pictures into the same tables.
///
/// # Errors
/// If a picture cannot be written, or a curve not be drawn.
pub(super) fn page(output: &RunsOutput, side_by_side: bool) -> anyhow::Result<String> {
    let title = if side_by_side { "Models compared" } else { "Models measured" };
    let body = if side_by_side { compared(output)? } else { measured(output)? };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.remark {
                    "Portraitist " (output.version) ", " (output.date) ", " (output.device) ", seed " (output.seed)
                    ". Intervals hold " (format!("{:.0}", 100.0 * output.level)) " % of draws. Pictures are the first by the seed unless a title says otherwise."
                }
                (body)
                @if !output.warnings.is_empty() || !output.failed.is_empty() {
                    h2 { "Remarks" }
                    ul {
                        @for warning in &output.warnings { li { (warning) } }
                        @for failure in &output.failed { li { "left out: " (failure.input.display()) ": " (failure.error) } }
                    }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn measured(output: &RunsOutput) -> anyhow::Result<Markup> {
    let runs = output.runs.iter().map(one_run).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! { @for run in runs { (run) } })
}

fn one_run(run: &MeasuredRun) -> anyhow::Result<Markup> {
    let directions = run.directions.iter().map(|direction| {
        Ok(html! {
            h3 { (pictures::way(direction.to)) }
            p.remark { (direction.inputs) " inputs, " (direction.references) " real pictures" }
            (tables::of_direction(direction))
            (pictures::grid(direction)?)
            (pictures::examples(direction)?)
            (pictures::neighbours(direction)?)
        })
    });
    let directions = directions.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! {
        section {
            h2 { (run.run.display()) }
            p.remark { (run.size[0]) "×" (run.size[1]) " pixels, weights " code { (run.model_sha256) } }
            @for direction in directions { (direction) }
            (curves::of_log(&run.log)?)
        }
    })
}

fn compared(output: &RunsOutput) -> anyhow::Result<Markup> {
    let grids = pictures::grids_side_by_side(&output.runs)?;
    let curves = output.runs.iter().map(|run| {
        let curves = curves::of_log(&run.log)?;
        Ok(html! { @if !run.log.is_empty() { h2 { (run.run.display()) } (curves) } })
    });
    let curves = curves.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! {
        (tables::side_by_side(output))
        (grids)
        @for curves in curves { (curves) }
    })
}
