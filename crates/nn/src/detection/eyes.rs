//! Eyelids and irises.

use portraitist_face::landmarks::mesh::{self, Eye, Point3};
use portraitist_face::transform::Point;
use portraitist_kernels::ShapeError;

use super::memory::MemoryPool;
use super::pyramid::{Pyramid, Sampling};
use super::region::{Region, angle_between};
use crate::networks::mediapipe::Iris;

/// Side of the square around an eye, in distances of its corners, as MediaPipe has it.
const AROUND_EYE: f64 = 2.3;

/// Looks at eyes through the iris network.
pub(super) struct EyeLooker<'a> {
    pub(super) network: &'a Iris,
    pub(super) memory: &'a MemoryPool,
    pub(super) pyramid: &'a Pyramid<'a>,
}

impl EyeLooker<'_> {
    /// The eyelids, in the order of [`Eye::outline`], and the iris of an eye: its middle, then four points of its rim; in
    /// pixels of the picture.
    pub(super) fn look(&self, eye: Eye, points: &[Point3]) -> Result<(Vec<Point>, [Point; 5]), ShapeError> {
        let flat = |index: usize| -> Point { [points[index][0], points[index][1]] };
        let [left, right] = eye.corners().map(flat);
        let region = Region {
            middle: [f64::midpoint(left[0], right[0]), f64::midpoint(left[1], right[1])],
            side: AROUND_EYE * (right[0] - left[0]).hypot(right[1] - left[1]).max(1e-6),
            angle: angle_between(left, right),
        };
        // The network knows eyes whose outer corner is on the left. Offset 0.5 fits pupils placed by hand.
        let mirrored = eye == Eye::Right;
        let side = Iris::SIDE;
        let sampling = Sampling { side, offset: 0.5, range: [0.0, 1.0], mirrored, continued: true };
        let pixels = self.pyramid.sample(&region, &sampling);
        let output = self.memory.with(|memory| self.network.forward(&pixels, memory))?;
        let place = |[x, y, _]: &[f32; 3]| {
            let [x, y] = [x, y].map(|value| f64::from(*value) / side as f64 - 0.5);
            region.place([if mirrored { -x } else { x }, y])
        };
        let outline = output.outline[..mesh::EYE_POINTS].iter().map(place).collect();
        Ok((outline, std::array::from_fn(|index| place(&output.iris[index]))))
    }
}
