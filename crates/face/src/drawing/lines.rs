//! Lines: the flow-based extended difference of Gaussians.
//!
//! Winnemöller, Kyprianidis, Olsen 2012, equations 5, 7 and section 2.6: a difference of Gaussians across the flow, sharpened by `p`, smoothed along
//! the flow, then softly thresholded.

use super::flow::Flow;
use super::noise;
use super::plane::Plane;
use super::style::LineStyle;

/// Ratio of the two Gaussians' deviations; 1.6 comes close to the Laplacian of Gaussian (Marr and Hildreth 1980).
const RATIO: f32 = 1.6;

/// How dark the lines are, 0 (none) to 1.
///
/// `kept` is 1 where dark masses are filled as `style` says and falls to 0 where only lines are drawn; `unit` is the number of pixels
/// per style unit (1/448 of the height).
pub(super) fn draw_lines(luma: &Plane, flow: &Flow, kept: &Plane, style: &LineStyle, unit: f32, seed: u64) -> Plane {
    let difference = difference_across(luma, flow, kept, style, unit);
    let difference = flow.smooth_along(&difference, style.flow_length * unit);
    let threshold = style.threshold;
    let ink =
        difference.map(|value| if value >= threshold { 0.0 } else { -(style.softness * (value - threshold)).tanh() });
    // A second pass along the flow joins what the threshold has frayed.
    let ink = flow.smooth_along(&ink, 0.4 * style.flow_length * unit);
    let (width, height) = (ink.width, ink.height);
    // A hand's unsteadiness is slow against pixels.
    let slow = |seed: u64, period: f32| {
        Plane::slowly(width, height, 4, |x, y| {
            noise::fractal(seed, x as f32 / (period * unit), y as f32 / (period * unit), 2)
        })
    };
    let (right, down, pressure) = (slow(seed ^ 0x11, 24.0), slow(seed ^ 0x12, 24.0), slow(seed ^ 0x13, 40.0));
    let wobble = 2.0 * style.wobble * unit;
    Plane::from_fn(width, height, |x, y| {
        let (shift_x, shift_y) = (wobble * (right.at(x, y) - 0.5), wobble * (down.at(x, y) - 0.5));
        let pressure = 1.0 - style.variation * pressure.at(x, y);
        (ink.sample(x as f32 + shift_x, y as f32 + shift_y) * pressure * style.strength).clamp(0.0, 1.0)
    })
}

/// `fill * G1 + (1 - fill) + p (G1 - G2)` with both Gaussians taken across the flow: 1 on paper, small in lines and dark masses.
fn difference_across(luma: &Plane, flow: &Flow, kept: &Plane, style: &LineStyle, unit: f32) -> Plane {
    let sigma = style.width * unit;
    let reach = (2.5 * RATIO * sigma).ceil() as i32;
    let weight = |offset: i32, sigma: f32| (-0.5 * (offset as f32 / sigma).powi(2)).exp();
    let taps: Vec<(f32, f32, f32)> =
        (-reach..=reach).map(|i| (i as f32, weight(i, sigma), weight(i, RATIO * sigma))).collect();
    let narrow_total: f32 = taps.iter().map(|tap| tap.1).sum();
    let wide_total: f32 = taps.iter().map(|tap| tap.2).sum();
    Plane::from_fn(luma.width, luma.height, |x, y| {
        let (dx, dy) = flow.across(x, y);
        let (mut narrow, mut wide) = (0.0, 0.0);
        for &(offset, narrow_weight, wide_weight) in &taps {
            let value = luma.sample(x as f32 + offset * dx, y as f32 + offset * dy);
            narrow += narrow_weight * value;
            wide += wide_weight * value;
        }
        let (narrow, wide) = (narrow / narrow_total, wide / wide_total);
        let fill = style.fill * kept.at(x, y);
        fill * narrow + (1.0 - fill) + style.sharpness * (narrow - wide)
    })
}
