//! Numbers, each with how it was measured.

use maud::{Markup, html};

use super::super::direction::Direction;
use super::super::measure::{Measure, rounded, words};
use super::super::output::{MeasuredRun, RunsOutput};

fn value(measure: &Measure) -> Markup {
    html! {
        b { (rounded(measure.value)) }
        @if let Some([low, high]) = measure.interval {
            " " span.interval { "[" (rounded(low)) ", " (rounded(high)) "]" }
        }
    }
}

/// The first digits of a hash; all of them stand in the title.
fn hash(measure: &Measure) -> Markup {
    html! {
        @match &measure.weights_sha256 {
            Some(sha256) => code title=(sha256) { (sha256.get(..12).unwrap_or(sha256)) },
            None => "–",
        }
    }
}

/// Everything that was measured of a direction.
pub(super) fn of_direction(direction: &Direction) -> Markup {
    html! {
        div.wide {
            table {
                thead { tr { th { "measure" } th { "value" } th { "real pictures" } th { "mode" } th { "count" } th { "weights" } th { "device" } th { "date" } } }
                tbody {
                    @for measure in &direction.measures {
                        tr {
                            th scope="row" { (measure.title()) div.meaning { (words(measure.name)[1]) } }
                            td { (value(measure)) }
                            td { @if let Some(real) = measure.real { (rounded(real)) } @else { "–" } }
                            td { (measure.mode) }
                            td { (measure.count) }
                            td { (hash(measure)) }
                            td { (measure.device) }
                            td { (measure.date) }
                        }
                    }
                }
            }
        }
    }
}

/// A column for each run.
pub(super) fn side_by_side(output: &RunsOutput) -> Markup {
    let rows = output.rows();
    html! {
        @for to in ["drawing", "photo"] {
            @if rows.iter().any(|row| row.to == to) {
                h2 { "To " (to) "s: numbers" }
                div.wide {
                    table {
                        thead {
                            tr {
                                th { "measure" }
                                @for run in &output.runs { th { (run.run.display()) } }
                                th { "mode" } th { "count" } th { "weights" } th { "device" } th { "date" }
                            }
                        }
                        tbody {
                            @for row in rows.iter().filter(|row| row.to == to) {
                                @let found: Vec<Option<&Measure>> = output.runs.iter().map(|run| row.of(run)).collect();
                                tr {
                                    th scope="row" { (row.title) div.meaning { (words(row.name)[1]) } }
                                    @for found in &found {
                                        td { @if let Some(measure) = found { (value(measure)) } @else { "–" } }
                                    }
                                    td { (row.mode) }
                                    td { (counts(&found)) }
                                    @if let Some(measure) = found.iter().flatten().next() {
                                        td { (hash(measure)) } td { (measure.device) } td { (measure.date) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        h2 { "Models" }
        ul { @for run in &output.runs { li { (model(run)) } } }
    }
}

fn model(run: &MeasuredRun) -> Markup {
    html! { (run.run.display()) ": " (run.size[0]) "×" (run.size[1]) " pixels, weights " code { (run.model_sha256) } }
}

/// One number where all runs have the same.
fn counts(found: &[Option<&Measure>]) -> String {
    let mut counts: Vec<String> = found.iter().flatten().map(|measure| measure.count.to_string()).collect();
    counts.dedup();
    counts.join(", ")
}
