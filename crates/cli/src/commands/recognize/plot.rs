//! Curves as SVG.

use anyhow::anyhow;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use portraitist_nn::metrics::identification::IdentificationReport;
use portraitist_nn::metrics::verification::VerificationReport;

use super::report::Origin;

const SIZE_PX: (u32, u32) = (720, 540);
const LINE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const GREY: RGBColor = RGBColor(0x77, 0x77, 0x77);
const FONT: &str = "sans-serif";

/// The mean receiver operating characteristic with its deviation over folds, false accept rates on a logarithmic axis.
///
/// # Errors
/// If the drawing library fails.
pub(super) fn verification(report: &VerificationReport, origin: &Origin) -> anyhow::Result<String> {
    let points: Vec<[f64; 3]> = report
        .roc
        .iter()
        .filter(|rates| rates.far > 0.0)
        .filter_map(|rates| Some([rates.far, rates.vr.mean?, rates.vr.std.unwrap_or(0.0)]))
        .collect();
    let left = points.first().map_or(1e-3, |[far, ..]| 0.999 * 10_f64.powf(far.log10().floor())).clamp(1e-6, 0.1);
    let captions = Captions {
        title: format!("Verification: {}", origin.what),
        below: format!(
            "{} folds, {} pairs; mean and deviation; mode {}; {}",
            report.folds.len(),
            report.num_pairs,
            report.mode.name(),
            remark_or(origin, "FAR of 0 is left of the axis")
        ),
        x: "false accept rate (FAR)",
        y: "verification rate (VR)",
    };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE_PX).into_drawing_area();
        draw(&area, &captions, (left..1.0).log_scale(), &points, |far| {
            if *far >= 0.01 { far.to_string() } else { format!("{far:.0e}") }
        })
        .map_err(|error| anyhow!("cannot draw the curve: {error}"))?;
    }
    Ok(svg)
}

/// Ranks that are drawn at most.
const MAX_RANKS: usize = 50;

/// The mean cumulative match characteristic with its deviation over sets.
///
/// # Errors
/// If the drawing library fails.
pub(super) fn identification(report: &IdentificationReport, origin: &Origin) -> anyhow::Result<String> {
    let deviation = |index: usize| report.cmc_std.get(index).copied().unwrap_or(0.0);
    let points = report.cmc.iter().take(MAX_RANKS).enumerate();
    let points: Vec<[f64; 3]> = points.map(|(index, mean)| [(index + 1) as f64, *mean, deviation(index)]).collect();
    let captions = Captions {
        title: format!("Identification: {}", origin.what),
        below: format!(
            "{} sets, the smallest gallery of {} people; mean and deviation; {}",
            report.sets.len(),
            report.cmc.len(),
            remark_or(origin, "equals in every order equally often")
        ),
        x: "rank",
        y: "share of probes whose person is among the first",
    };
    let last = points.len().max(2) as f64;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE_PX).into_drawing_area();
        draw(&area, &captions, 1.0..last, &points, |rank| format!("{rank:.0}"))
            .map_err(|error| anyhow!("cannot draw the curve: {error}"))?;
    }
    Ok(svg)
}

fn remark_or(origin: &Origin, otherwise: &str) -> String {
    let remark = origin.leak_remark();
    if remark.is_empty() { otherwise.to_owned() } else { remark }
}

/// Words around a curve.
struct Captions {
    title: String,
    below: String,
    x: &'static str,
    y: &'static str,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Draws `points` of `[x, mean, deviation]` over an axis from 0 to 1.
fn draw<'a, X>(
    area: &Area<'a>,
    captions: &Captions,
    x: X,
    points: &[[f64; 3]],
    label: impl Fn(&f64) -> String,
) -> Result<(), Box<dyn std::error::Error + 'a>>
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    area.fill(&WHITE)?;
    let (width, _) = area.dim_in_pixel();
    let middle = plotters::style::text_anchor::Pos::new(
        plotters::style::text_anchor::HPos::Center,
        plotters::style::text_anchor::VPos::Top,
    );
    let style = |size: u32, colour: &RGBColor| (FONT, size).into_font().color(colour).pos(middle);
    area.draw_text(&captions.title, &style(19, &BLACK), (width as i32 / 2, 10))?;
    area.draw_text(&captions.below, &style(13, &GREY), (width as i32 / 2, 36))?;
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_top(60)
        .margin_right(24)
        .x_label_area_size(48)
        .y_label_area_size(58)
        .build_cartesian_2d(x, 0.0..1.0)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.25))
        .x_desc(captions.x)
        .y_desc(captions.y)
        .x_label_formatter(&label)
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 15))
        .draw()?;
    let upper = points.iter().map(|[x, mean, std]| (*x, (mean + std).min(1.0)));
    let lower = points.iter().rev().map(|[x, mean, std]| (*x, (mean - std).max(0.0)));
    chart.draw_series(std::iter::once(Polygon::new(upper.chain(lower).collect::<Vec<_>>(), LINE.mix(0.15))))?;
    chart.draw_series(LineSeries::new(points.iter().map(|[x, mean, _]| (*x, *mean)), LINE.stroke_width(2)))?;
    area.present()?;
    Ok(())
}
