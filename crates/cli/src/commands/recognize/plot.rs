//! Curves as SVG and PNG.

use std::ops::Range;

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use portraitist_face::{Picture, edit};
use portraitist_nn::metrics::identification::IdentificationReport;
use portraitist_nn::metrics::verification::VerificationReport;

use super::origin::Origin;
use crate::arguments::PlotFormat;
use crate::plot_font::{FONT, prepare_font};

/// Width and height of a plot, in the units that its other sizes are in.
const SIZE: [u32; 2] = [720, 540];
/// Pixels of a PNG per unit.
const PNG_DENSITY: u32 = 2;
/// Before that, it is drawn this many times as large, so that reducing it smooths its lines.
const SMOOTHING: u32 = 2;
const LINE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const GREY: RGBColor = RGBColor(0x66, 0x66, 0x66);

/// The mean receiver operating characteristic with its deviation over folds, false accept rates on a logarithmic axis.
///
/// # Errors
/// If the drawing library fails.
pub(super) fn verification(
    report: &VerificationReport,
    origin: &Origin,
    format: PlotFormat,
) -> anyhow::Result<Vec<u8>> {
    let points: Vec<[f64; 3]> = report
        .roc
        .iter()
        .filter(|rates| rates.far > 0.0)
        .filter_map(|rates| Some([rates.far, rates.vr.mean?, rates.vr.std.unwrap_or(0.0)]))
        .collect();
    let left = points.first().map_or(1e-3, |[far, ..]| 0.999 * 10_f64.powf(far.log10().floor())).clamp(1e-6, 0.1);
    let num_folds = report.folds.len();
    let chart = Chart {
        title: format!("Verification: {}", origin.what),
        below: format!(
            "{num_folds} folds, {} pairs; mode {}; {}",
            report.num_pairs,
            report.mode.name(),
            remark_or(origin, "FAR of 0 is left of the axis")
        ),
        x: "false accept rate (FAR)",
        y: "verification rate (VR)",
        mean: if num_folds > 1 { "mean over folds" } else { "one fold" },
        points: &points,
        label: |far: f64| if far >= 0.01 { far.to_string() } else { format!("{far:.0e}") },
        num_labels: 8,
    };
    chart.render(format, || (left..1.0).log_scale())
}

/// Ranks that are drawn at most.
const MAX_RANKS: usize = 50;

/// The mean cumulative match characteristic with its deviation over sets.
///
/// # Errors
/// If the drawing library fails.
pub(super) fn identification(
    report: &IdentificationReport,
    origin: &Origin,
    format: PlotFormat,
) -> anyhow::Result<Vec<u8>> {
    let deviation = |index: usize| report.cmc_std.get(index).copied().unwrap_or(0.0);
    let points = report.cmc.iter().take(MAX_RANKS).enumerate();
    let points: Vec<[f64; 3]> = points.map(|(index, mean)| [(index + 1) as f64, *mean, deviation(index)]).collect();
    let num_sets = report.sets.len();
    let chart = Chart {
        title: format!("Identification: {}", origin.what),
        below: format!(
            "{num_sets} sets, the smallest gallery of {} people; {}",
            report.cmc.len(),
            remark_or(origin, "equals in every order equally often")
        ),
        x: "rank",
        y: "share of probes whose person is among the first",
        mean: if num_sets > 1 { "mean over sets" } else { "one set" },
        points: &points,
        label: |rank: f64| format!("{rank:.0}"),
        num_labels: points.len().clamp(2, 10),
    };
    let ranks: Range<f64> = 1.0..points.len().max(2) as f64;
    chart.render(format, || ranks.clone())
}

fn remark_or(origin: &Origin, otherwise: &str) -> String {
    let remark = origin.leak_remark();
    if remark.is_empty() { otherwise.to_owned() } else { remark }
}

/// A curve over an axis from 0 to 1, and the words around it.
struct Chart<'a, L> {
    title: String,
    below: String,
    x: &'static str,
    y: &'static str,
    /// What the line shows.
    mean: &'static str,
    /// `[x, mean, deviation]`.
    points: &'a [[f64; 3]],
    /// How a value on the x axis is written.
    label: L,
    /// About how many of them are.
    num_labels: usize,
}

type DrawingResult<'a> = Result<(), Box<dyn std::error::Error + 'a>>;

impl<L: Fn(f64) -> String> Chart<'_, L> {
    /// Draws the chart as a file of some format.
    fn render<X>(&self, format: PlotFormat, x_axis: impl Fn() -> X) -> anyhow::Result<Vec<u8>>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        prepare_font();
        let undrawable = |error: Box<dyn std::error::Error + '_>| anyhow!("cannot draw the curve: {error}");
        match format {
            PlotFormat::Svg => {
                let mut svg = String::new();
                let area = SVGBackend::with_string(&mut svg, (SIZE[0], SIZE[1])).into_drawing_area();
                self.draw(&area, 1, x_axis()).map_err(undrawable)?;
                drop(area);
                Ok(svg.into_bytes())
            }
            PlotFormat::Png => {
                let unit = PNG_DENSITY * SMOOTHING;
                let [width, height] = SIZE.map(|side| unit * side);
                let mut pixels = vec![0; 3 * (width * height) as usize];
                let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
                self.draw(&area, unit, x_axis()).map_err(undrawable)?;
                drop(area);
                let large = Picture::from_rgb(width as usize, height as usize, pixels)?;
                let [width, height] = SIZE.map(|side| (PNG_DENSITY * side) as usize);
                edit::resize(&large, width, height)?.encode_png().context("cannot write the curve")
            }
        }
    }

    /// Draws with `unit` pixels per unit.
    fn draw<'a, B, X>(&self, area: &DrawingArea<B, Shift>, unit: u32, x: X) -> DrawingResult<'a>
    where
        B: DrawingBackend,
        B::ErrorType: 'a,
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        area.fill(&WHITE)?;
        self.draw_words(area, unit)?;
        let mut chart = ChartBuilder::on(area)
            .margin(12 * unit)
            .margin_top(60 * unit)
            .margin_right(24 * unit)
            .x_label_area_size(50 * unit)
            .y_label_area_size(60 * unit)
            .build_cartesian_2d(x, 0.0..1.0)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GREY.mix(0.25).stroke_width(unit))
            .axis_style(GREY.stroke_width(unit))
            .x_labels(self.num_labels)
            .x_desc(self.x)
            .y_desc(self.y)
            .x_label_formatter(&|x| (self.label)(*x))
            .label_style((FONT, 13 * unit))
            .axis_desc_style((FONT, 15 * unit))
            .set_all_tick_mark_size(4 * unit)
            .draw()?;
        let at = |[x, mean, std]: &[f64; 3], side: f64| (*x, (mean + side * std).clamp(0.0, 1.0));
        let band = LINE.mix(0.18);
        let (half, side) = (6 * unit as i32, 24 * unit as i32);
        if self.points.iter().any(|[.., std]| *std > 0.0) {
            let upper = self.points.iter().map(|point| at(point, 1.0));
            let lower = self.points.iter().rev().map(|point| at(point, -1.0));
            let outline = upper.chain(lower).collect::<Vec<_>>();
            chart
                .draw_series(std::iter::once(Polygon::new(outline, band)))?
                .label("± one deviation")
                .legend(move |(x, y)| Rectangle::new([(x, y - half), (x + side, y + half)], band.filled()));
        }
        let stroke = LINE.stroke_width(2 * unit);
        chart
            .draw_series(LineSeries::new(self.points.iter().map(|point| at(point, 0.0)), stroke))?
            .label(self.mean)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + side, y)], stroke));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .margin(12 * unit)
            .legend_area_size(32 * unit)
            .label_font((FONT, 13 * unit))
            .background_style(WHITE.mix(0.85))
            .border_style(GREY.mix(0.4).stroke_width(unit))
            .draw()?;
        area.present()?;
        Ok(())
    }

    /// The title and the line below it, smaller where they would not fit otherwise.
    fn draw_words<'a, B>(&self, area: &DrawingArea<B, Shift>, unit: u32) -> DrawingResult<'a>
    where
        B: DrawingBackend,
        B::ErrorType: 'a,
    {
        let (width, _) = area.dim_in_pixel();
        let middle = Pos::new(HPos::Center, VPos::Top);
        for (text, size, colour, top) in [(&self.title, 19, BLACK, 10), (&self.below, 13, GREY, 37)] {
            let style = |size: f64| (FONT, size).into_font().color(&colour).pos(middle);
            let size = f64::from(size * unit);
            let (wide, _) = area.estimate_text_size(text, &style(size))?;
            let room = f64::from(width - 24 * unit);
            let size = size * (room / f64::from(wide.max(1))).min(1.0);
            area.draw_text(text, &style(size), (width as i32 / 2, top * unit as i32))?;
        }
        Ok(())
    }
}
