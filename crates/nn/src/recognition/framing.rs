//! From the frame of one network's crops to that of another's, differentiably.

use burn::tensor::{Device, Tensor};
use portraitist_face::template::Template;

use crate::parameter::from_values;

/// Resamples crops of one frame to another, so that the faces lie where the other has them. Frames are upright, so it is a scale and
/// a shift (least squares over the five points) along each axis: two products with constant matrices. Beyond the edge, its pixels
/// are repeated.
#[derive(Clone, Debug)]
pub struct Framing {
    /// `[height of the other, height]`
    rows: Tensor<2>,
    /// `[width, width of the other]`
    columns: Tensor<2>,
}

impl Framing {
    /// From crops of `from` to crops of `to`.
    pub fn new(from: &Template, to: &Template, device: &Device) -> Self {
        let mean =
            |template: &Template, axis: usize| template.points.iter().map(|point| point[axis]).sum::<f64>() / 5.0;
        let (mut product, mut square) = (0.0, 0.0);
        for axis in 0..2 {
            let (middle, other_middle) = (mean(from, axis), mean(to, axis));
            for (point, other) in from.points.iter().zip(&to.points) {
                product += (point[axis] - middle) * (other[axis] - other_middle);
                square += (point[axis] - middle).powi(2);
            }
        }
        let scale = product / square;
        let shift = |axis: usize| mean(to, axis) - scale * mean(from, axis);
        let rows = weights(from.height, to.height, scale, shift(1));
        let columns = weights(from.width, to.width, scale, shift(0));
        let columns = from_values(columns, device).reshape([to.width, from.width]).transpose();
        Self { rows: from_values(rows, device).reshape([to.height, from.height]), columns }
    }

    /// # Shapes
    /// - crops: `[n, c, h, w]` of the one frame
    /// - output: `[n, c, h', w']` of the other
    pub fn forward(&self, crops: Tensor<4>) -> Tensor<4> {
        let [n, channels, ..] = crops.dims();
        let whole = |matrix: &Tensor<2>| {
            let [rows, columns] = matrix.dims();
            matrix.clone().reshape([1, 1, rows, columns]).expand([n, channels, rows, columns])
        };
        whole(&self.rows).matmul(crops).matmul(whole(&self.columns))
    }
}

/// How much each pixel of a line counts for each pixel of the other, which lies `scale` times as far from the start, plus `shift`.
/// Linear between two pixels; a shrunk line is averaged over as many pixels as fall on one.
fn weights(length: usize, other: usize, scale: f64, shift: f64) -> Vec<f32> {
    let reach = (1.0 / scale).max(1.0);
    let mut weights = Vec::with_capacity(length * other);
    for pixel in 0..other {
        let place = (pixel as f64 - shift) / scale;
        let mut row = vec![0.0; length];
        for source in (place - reach).ceil() as i64..=(place + reach).floor() as i64 {
            let weight = 1.0 - (source as f64 - place).abs() / reach;
            row[source.clamp(0, length as i64 - 1) as usize] += weight;
        }
        let sum: f64 = row.iter().sum();
        weights.extend(row.iter().map(|weight| (weight / sum) as f32));
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::to_values;

    #[test]
    fn every_point_of_a_ramp_comes_to_its_place() {
        let device = Device::flex();
        let (from, to) = (Template::SPHEREFACE.resized(192, 224), Template::DLIB);
        let at = |axis: usize| move |index| [index % 192, index / 192][axis] as f32;
        let ramp = |axis: usize| (0..224 * 192).map(at(axis)).collect::<Vec<f32>>();
        let planes: Vec<f32> = [ramp(0), ramp(1)].concat();
        let moved = Framing::new(&from, &to, &device).forward(from_values(planes, &device).reshape([1, 2, 224, 192]));
        let moved = to_values(moved);
        // The templates do not agree about the shape of a face: SphereFace's corners of the mouth are closer together.
        let tolerances = [4.0, 4.0, 4.0, 9.0, 9.0];
        for ((point, target), tolerance) in from.points.iter().zip(&to.points).zip(tolerances) {
            let [x, y] = target.map(|place| place.round() as usize);
            for axis in 0..2 {
                let found = moved[axis * 150 * 150 + y * 150 + x];
                assert!((f64::from(found) - point[axis]).abs() < tolerance, "{found} {point:?}");
            }
        }
        // Beyond the edge below, the last row is repeated; a mean stays a mean.
        assert!(moved[150 * 150..].iter().all(|value| (-1e-3..=223.001).contains(value)));
        assert!((moved[2 * 150 * 150 - 1] - 223.0).abs() < 1e-3);
    }

    #[test]
    fn a_frame_of_itself_changes_nothing() {
        let device = Device::flex();
        let values: Vec<f32> = (0..3 * 112 * 96).map(|index| (index * 31 % 255) as f32).collect();
        let crops = from_values(values.clone(), &device).reshape([1, 3, 112, 96]);
        let same = Framing::new(&Template::SPHEREFACE, &Template::SPHEREFACE, &device).forward(crops);
        assert!(to_values(same).iter().zip(&values).all(|(found, value)| (found - value).abs() < 1e-3));
    }
}
