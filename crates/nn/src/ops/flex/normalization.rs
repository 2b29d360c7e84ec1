//! What both normalisations have in common.

use burn::backend::TensorMetadata;
use burn_flex::FlexTensor;
use portraitist_kernels as kernels;

use super::shapes::normalization;
use super::tensor::{contiguous, filled, tensor};

/// The gradients of a normalisation with respect to images, scale and shift.
pub(super) fn norm_gradient(
    [images, scale, shift, output_gradient]: [FlexTensor; 4],
    relu: bool,
    statistics: StatisticsKernel,
    gradient: GradientKernel,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let [images, scale, shift, output_gradient] = [images, scale, shift, output_gradient].map(contiguous);
    let norm = normalization(&images, relu);
    let mut sums = None;
    let input_gradient = filled(&images.shape(), |input_gradient| {
        let done = statistics(&norm, images.storage()).and_then(|statistics| {
            let affine = Some((scale.storage(), shift.storage()));
            gradient(&norm, images.storage(), affine, &statistics, output_gradient.storage(), input_gradient)
        });
        sums = Some(done.unwrap_or_else(|error| panic!("gradient of a normalisation: {error}")));
    });
    let sums = sums.expect("`filled` has called its argument");
    (input_gradient, tensor(sums.scale, scale.shape()), tensor(sums.shift, shift.shape()))
}

type StatisticsKernel = fn(&kernels::Normalization, &[f32]) -> Result<kernels::Statistics, kernels::ShapeError>;
type GradientKernel = fn(
    &kernels::Normalization,
    &[f32],
    Option<(&[f32], &[f32])>,
    &kernels::Statistics,
    &[f32],
    &mut [f32],
) -> Result<kernels::AffineGradient, kernels::ShapeError>;

/// Instance normalisation with everything that can follow it.
pub(super) fn instance_norm(
    images: FlexTensor,
    scale: FlexTensor,
    shift: FlexTensor,
    residual: Option<FlexTensor>,
    relu: bool,
) -> FlexTensor {
    let [images, scale, shift] = [images, scale, shift].map(contiguous);
    let residual = residual.map(|residual| residual.to_contiguous());
    filled(&images.shape(), |output| {
        let affine = Some((scale.storage(), shift.storage()));
        let residual = residual.as_ref().map(|residual| residual.storage());
        kernels::instance_norm(&normalization(&images, relu), images.storage(), affine, residual, output)
            .unwrap_or_else(|error| panic!("instance normalisation: {error}"));
    })
}
