//! The curves of a run's log, as SVG in the page.

use std::collections::BTreeMap;

use anyhow::anyhow;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use serde_json::{Map, Value};

use crate::plot_font::{FONT, prepare_font};

/// Width and height of a plot in pixels: as wide as a telephone.
const SIZE: (u32, u32) = (350, 190);
/// Plots in all.
const MOST_CURVES: usize = 32;
/// Points of a curve: steps beyond are averaged.
const MOST_POINTS: usize = 300;
/// Stands for the colour of the text, which the page chooses.
const INK: RGBColor = RGBColor(1, 2, 3);
/// A blue that is seen on light and on dark.
const LINE: RGBColor = RGBColor(0x3b, 0x82, 0xd6);
/// Fields that say when and how fast.
const NOT_DRAWN: [&str; 5] = ["step", "seconds", "seconds_waiting", "seconds_between", "pictures_per_second"];

/// A plot for each field of a log.
///
/// # Errors
/// If the drawing library fails.
pub(super) fn of_log(log: &[Map<String, Value>]) -> anyhow::Result<Markup> {
    let curves = curves(log);
    let left_out = curves.len().saturating_sub(MOST_CURVES);
    let plots = curves
        .into_iter()
        .take(MOST_CURVES)
        .map(|(name, points)| Ok(html! { figure { figcaption { (name) } (PreEscaped(plot(&thinned(&points))?)) } }))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! {
        @if !plots.is_empty() {
            h3 { "Training" }
            div.curves { @for plot in plots { (plot) } }
            @if left_out > 0 { p.remark { (left_out) " further fields of the log are not drawn" } }
        }
    })
}

/// `[step, value]` by field; totals first.
fn curves(log: &[Map<String, Value>]) -> Vec<(String, Vec<[f64; 2]>)> {
    let mut curves: BTreeMap<(bool, String), Vec<[f64; 2]>> = BTreeMap::new();
    for line in log {
        let Some(step) = line.get("step").and_then(Value::as_f64) else { continue };
        for (name, value) in line.iter().filter(|(name, _)| !NOT_DRAWN.contains(&name.as_str())) {
            if let Some(value) = value.as_f64().filter(|value| value.is_finite()) {
                curves.entry((!name.ends_with(".total"), name.clone())).or_default().push([step, value]);
            }
        }
    }
    curves.into_iter().filter(|(_, points)| points.len() > 1).map(|((_, name), points)| (name, points)).collect()
}

/// Means of neighbouring points, where there are too many.
fn thinned(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mean =
        |some: &[[f64; 2]]| [0, 1].map(|axis| some.iter().map(|point| point[axis]).sum::<f64>() / some.len() as f64);
    points.chunks(points.len().div_ceil(MOST_POINTS).max(1)).map(mean).collect()
}

fn plot(points: &[[f64; 2]]) -> anyhow::Result<String> {
    prepare_font();
    let mut svg = String::new();
    draw(&mut svg, points).map_err(|error| anyhow!("cannot draw a curve: {error}"))?;
    Ok(svg.replace("\"#010203\"", "\"currentColor\""))
}

fn draw<'a>(svg: &'a mut String, points: &[[f64; 2]]) -> Result<(), Box<dyn std::error::Error + 'a>> {
    let range = |axis: usize| {
        let values = points.iter().map(|point| point[axis]);
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let room = if axis == 0 { 0.0 } else { 0.05 * (high - low) };
        let least = if high > low { room } else { 0.5 * high.abs().max(1e-6) };
        (low - least)..(high + least)
    };
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin(6)
        .margin_right(14)
        .x_label_area_size(24)
        .y_label_area_size(52)
        .build_cartesian_2d(range(0), range(1))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.15))
        .axis_style(INK.mix(0.5))
        .x_labels(4)
        .y_labels(4)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|value| short(*value))
        .label_style((FONT, 12).into_font().color(&INK))
        .draw()?;
    chart.draw_series(LineSeries::new(points.iter().map(|[step, value]| (*step, *value)), LINE.stroke_width(2)))?;
    area.present()?;
    Ok(())
}

/// A number of few letters.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.1e}")
    } else {
        format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64, value: f64) -> Map<String, Value> {
        let mut line = Map::new();
        line.insert("step".to_owned(), step.into());
        line.insert("generator.total".to_owned(), value.into());
        line.insert("a".to_owned(), 1.into());
        line.insert("seconds".to_owned(), 2.into());
        line
    }

    #[test]
    fn curves_are_drawn_in_the_colour_of_the_text_and_totals_come_first() {
        let log: Vec<_> = (1..1000).map(|step| line(step, 1.0 / step as f64)).collect();
        let names: Vec<String> = curves(&log).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["generator.total", "a"]);
        let svg = plot(&thinned(&curves(&log)[0].1)).expect("a plot");
        assert!(svg.contains("currentColor") && !svg.contains("#010203") && svg.contains("#3B82D6"), "{svg}");
        assert!(!svg.contains("NaN") && svg.matches("http").count() == 1, "{svg}");
        assert!(thinned(&curves(&log)[0].1).len() <= MOST_POINTS);
        // One line is no curve.
        assert!(curves(&log[..1]).is_empty());
    }

    #[test]
    fn numbers_on_an_axis_are_short() {
        assert_eq!([0.0, 0.25, 1.5, 20_000.0, 3e-7, 4e9].map(short), ["0", "0.25", "1.5", "20000", "3.0e-7", "4.0e9"]);
    }
}
