//! Passes over one plane of pixels: plain loops that the compiler turns into vectors of whichever instruction set they
//! are inlined for.

use crate::simd::dispatch::kernel_methods;
use crate::simd::sums::sum_of;

kernel_methods! {
    fn affine(affine: &Affine, input: &[f32], residual: Option<&[f32]>, output: &mut [f32]);
    fn gradient_sums(affine: &Affine, input: &[f32], output_gradient: &[f32]) -> [f64; 2];
    fn gradient(
        affine: &Affine,
        terms: [f32; 3],
        input: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    );
}

/// A normalised, scaled and shifted plane: `(x - mean) * inverse_deviation * scale + shift`, cut at 0 with `relu`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine {
    pub(crate) mean: f32,
    pub(crate) inverse_deviation: f32,
    pub(crate) scale: f32,
    pub(crate) shift: f32,
    pub(crate) relu: bool,
}

impl Affine {
    #[inline(always)]
    fn slope(&self) -> f32 {
        self.inverse_deviation * self.scale
    }

    /// What of a gradient passes the activation at `input`.
    #[inline(always)]
    fn passed(&self, slope: f32, input: f32, gradient: f32) -> f32 {
        let passes = !self.relu || (input - self.mean) * slope + self.shift > 0.0;
        if passes { gradient } else { 0.0 }
    }
}

/// Writes the normalised plane, with `residual` added after the activation.
#[inline(always)]
pub(crate) fn affine(affine: &Affine, input: &[f32], residual: Option<&[f32]>, output: &mut [f32]) {
    let slope = affine.slope();
    let floor = if affine.relu { 0.0 } else { f32::NEG_INFINITY };
    let value = |input: f32| {
        let value = (input - affine.mean) * slope + affine.shift;
        // Not `max`, which would turn NaN into 0.
        if value < floor { floor } else { value }
    };
    match residual {
        None => output.iter_mut().zip(input).for_each(|(output, input)| *output = value(*input)),
        Some(residual) => {
            for ((output, input), residual) in output.iter_mut().zip(input).zip(residual) {
                *output = value(*input) + residual;
            }
        }
    }
}

/// With g what passes the activation: `[Σ g, Σ g * (x - mean) * inverse_deviation]`, the gradients of shift and scale.
#[inline(always)]
pub(crate) fn gradient_sums(affine: &Affine, input: &[f32], output_gradient: &[f32]) -> [f64; 2] {
    let slope = affine.slope();
    let passed = |input, gradient| affine.passed(slope, input, gradient);
    let shift = sum_of(input, output_gradient, passed);
    let scale = sum_of(input, output_gradient, |input, gradient| passed(input, gradient) * (input - affine.mean));
    [shift, scale * f64::from(affine.inverse_deviation)]
}

/// With g what passes the activation: `terms[0] * g + terms[1] + terms[2] * (x - mean)`.
#[inline(always)]
pub(crate) fn gradient(
    affine: &Affine,
    terms: [f32; 3],
    input: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) {
    let slope = affine.slope();
    let [passed, constant, centered] = terms;
    for ((result, input), gradient) in input_gradient.iter_mut().zip(input).zip(output_gradient) {
        let gradient = affine.passed(slope, *input, *gradient);
        *result = passed * gradient + constant + centered * (input - affine.mean);
    }
}
