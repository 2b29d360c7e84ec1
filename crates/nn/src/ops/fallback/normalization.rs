//! Normalisations and their gradients.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::geometry::NORM_EPSILON;

/// Rows of values, each brought to mean 0 and deviation 1.
struct Normalised<B: Backend> {
    /// Values less their row's mean: `[rows, values]`.
    centred: FloatTensor<B>,
    /// The deviation without epsilon: `[rows, 1]`.
    deviation: FloatTensor<B>,
    /// What the centred values are multiplied with: `[rows, 1]`.
    inverse: FloatTensor<B>,
}

impl<B: Backend> Normalised<B> {
    /// Biased variance, epsilon inside the root.
    fn by_plane(images: FloatTensor<B>) -> Self {
        let [batch, channels, height, width] = images.shape().dims::<4>();
        let rows = B::float_reshape(images, Shape::from([batch * channels, height * width]));
        let centred = centred::<B>(rows);
        let variance = B::float_mean_dim(B::float_mul(centred.clone(), centred.clone()), 1);
        let deviation = B::float_sqrt(B::float_add_scalar(variance, NORM_EPSILON.into()));
        Self { inverse: B::float_recip(deviation.clone()), deviation, centred }
    }

    /// Unbiased variance, epsilon added to the deviation.
    fn by_image(images: FloatTensor<B>) -> Self {
        let [batch, channels, height, width] = images.shape().dims::<4>();
        let count = channels * height * width;
        let centred = centred::<B>(B::float_reshape(images, Shape::from([batch, count])));
        let squares = B::float_sum_dim(B::float_mul(centred.clone(), centred.clone()), 1);
        let variance = B::float_div_scalar(squares, (count as f64 - 1.0).max(1.0).into());
        let deviation = B::float_sqrt(variance);
        let inverse = B::float_recip(B::float_add_scalar(deviation.clone(), NORM_EPSILON.into()));
        Self { inverse, deviation, centred }
    }

    /// The normalised values as images, `[n, c, h * w]`.
    fn planes(&self, shape: [usize; 3]) -> FloatTensor<B> {
        B::float_reshape(B::float_mul(self.centred.clone(), self.inverse.clone()), Shape::from(shape))
    }
}

fn centred<B: Backend>(rows: FloatTensor<B>) -> FloatTensor<B> {
    let mean = B::float_mean_dim(rows.clone(), 1);
    B::float_sub(rows, mean)
}

/// `[n, c, h * w]`.
fn planes_of<B: Backend>(images: &FloatTensor<B>) -> [usize; 3] {
    let [batch, channels, height, width] = images.shape().dims::<4>();
    [batch, channels, height * width]
}

/// `planes * scale + shift`, cut at 0 with `relu`; scale and shift are `[n or 1, c]` flat.
fn affine<B: Backend>(
    planes: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    relu: bool,
) -> FloatTensor<B> {
    let channels = planes.shape()[1];
    let column = |values: FloatTensor<B>| {
        let rows = values.shape().num_elements() / channels;
        B::float_reshape(values, Shape::from([rows, channels, 1]))
    };
    let output = B::float_add(B::float_mul(planes, column(scale)), column(shift));
    if relu { B::relu(output) } else { output }
}

/// See [`NetworkOps::instance_norm`](crate::ops::NetworkOps::instance_norm).
pub fn instance_norm<B: Backend>(
    images: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    relu: bool,
) -> FloatTensor<B> {
    let (shape, planes) = (images.shape(), planes_of::<B>(&images));
    let normalised = Normalised::<B>::by_plane(images).planes(planes);
    B::float_reshape(affine::<B>(normalised, scale, shift, relu), shape)
}

/// See [`NetworkOps::instance_norm_add`](crate::ops::NetworkOps::instance_norm_add).
pub fn instance_norm_add<B: Backend>(
    images: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    residual: FloatTensor<B>,
    relu: bool,
) -> FloatTensor<B> {
    B::float_add(instance_norm::<B>(images, scale, shift, relu), residual)
}

/// See [`NetworkOps::layer_norm_chw`](crate::ops::NetworkOps::layer_norm_chw).
pub fn layer_norm_chw<B: Backend>(
    images: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    relu: bool,
) -> FloatTensor<B> {
    let (shape, planes) = (images.shape(), planes_of::<B>(&images));
    let normalised = Normalised::<B>::by_image(images).planes(planes);
    B::float_reshape(affine::<B>(normalised, scale, shift, relu), shape)
}

/// See [`NetworkOps::instance_norm_gradient`](crate::ops::NetworkOps::instance_norm_gradient).
pub fn instance_norm_gradient<B: Backend>(
    images: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    relu: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let (shape, planes) = (images.shape(), planes_of::<B>(&images));
    let [batch, channels, plane] = planes;
    let normalised = Normalised::<B>::by_plane(images);
    let values = normalised.planes(planes);
    let gradient = passed::<B>(&values, &scale, shift, B::float_reshape(output_gradient, Shape::from(planes)), relu);
    let weighted = B::float_mul(gradient.clone(), values.clone());
    let [shift_gradient, scale_gradient] = [&gradient, &weighted].map(|term| B::float_sum_dim(term.clone(), 2));
    let mean = B::float_div_scalar(shift_gradient.clone(), (plane as f64).into());
    let slope = B::float_div_scalar(scale_gradient.clone(), (plane as f64).into());
    let centred = B::float_sub(B::float_sub(gradient, mean), B::float_mul(values, slope));
    let per_plane = Shape::from([batch, channels, 1]);
    let factor =
        B::float_mul(B::float_reshape(scale, per_plane.clone()), B::float_reshape(normalised.inverse, per_plane));
    let flat = |gradient| B::float_reshape(gradient, Shape::from([batch, channels]));
    (B::float_reshape(B::float_mul(centred, factor), shape), flat(scale_gradient), flat(shift_gradient))
}

/// See [`NetworkOps::layer_norm_chw_gradient`](crate::ops::NetworkOps::layer_norm_chw_gradient).
pub fn layer_norm_chw_gradient<B: Backend>(
    images: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    relu: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let (shape, planes) = (images.shape(), planes_of::<B>(&images));
    let [batch, channels, plane] = planes;
    let count = channels * plane;
    let normalised = Normalised::<B>::by_image(images);
    let values = normalised.planes(planes);
    let gradient = passed::<B>(&values, &scale, shift, B::float_reshape(output_gradient, Shape::from(planes)), relu);
    let weighted = B::float_mul(gradient.clone(), values);
    let [shift_gradient, scale_gradient] = [&gradient, &weighted].map(|term| {
        let summed = B::float_sum_dim(B::float_sum_dim(term.clone(), 2), 0);
        B::float_reshape(summed, Shape::from([channels]))
    });
    let scaled = B::float_mul(gradient, B::float_reshape(scale, Shape::from([1, channels, 1])));
    let scaled = B::float_reshape(scaled, Shape::from([batch, count]));
    let Normalised { centred, deviation, inverse } = normalised;
    let mean = B::float_mean_dim(scaled.clone(), 1);
    let inner = B::float_sum_dim(B::float_mul(scaled.clone(), centred.clone()), 1);
    // Where there is no deviation the centred values are zero, and so is their term.
    let divisor = B::float_mul_scalar(
        B::float_clamp_min(deviation, f32::MIN_POSITIVE.into()),
        (count as f64 - 1.0).max(1.0).into(),
    );
    let through_deviation = B::float_mul(centred, B::float_div(B::float_mul(inner, inverse.clone()), divisor));
    let input = B::float_mul(B::float_sub(B::float_sub(scaled, mean), through_deviation), inverse);
    (B::float_reshape(input, shape), scale_gradient, shift_gradient)
}

/// What of the gradient passes the activation.
fn passed<B: Backend>(
    values: &FloatTensor<B>,
    scale: &FloatTensor<B>,
    shift: FloatTensor<B>,
    gradient: FloatTensor<B>,
    relu: bool,
) -> FloatTensor<B> {
    if relu { B::relu_backward(affine::<B>(values.clone(), scale.clone(), shift, false), gradient) } else { gradient }
}
