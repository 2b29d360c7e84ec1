//! A person before a camera: the posed model, its samples, its landmarks.

use super::raster::{Camera, Frame};
use super::shot::{Framing, Shot};
use crate::picture::Picture;
use crate::synthetic::appearance::hair::grows;
use crate::synthetic::identity::Identity;
use crate::synthetic::shape::mesh::{Mesh, Part, Stance};
use crate::synthetic::shape::model::Model;
use crate::synthetic::shape::points::{self, Points};

/// Samples along each side of a pixel.
pub(crate) const SAMPLES: usize = 2;

/// A picture and where its landmarks are.
#[derive(Clone, Debug)]
pub struct Portrait {
    /// The picture, square.
    pub picture: Picture,
    /// Landmarks in pixels of the picture.
    pub points: Points,
}

/// A person before a camera, ready to be coloured.
pub(crate) struct Scene<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) model: Model,
    pub(crate) camera: Camera,
    pub(crate) frame: Frame,
    pub(crate) side_px: usize,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(identity: &'a Identity, shot: &Shot, side_px: usize) -> Self {
        let [yaw, pitch, roll] = [shot.yaw_degrees, shot.pitch_degrees, shot.roll_degrees].map(f32::to_radians);
        let stance = Stance::new(yaw, pitch, roll);
        let model = Model::new(identity, shot.expression, stance);
        let side = side_px * SAMPLES;
        let camera = frame_camera(&shot.framing, side as f32).holding(side as f32, &points::landmarks(&model));
        let mut frame = Frame::new(side, side);
        frame.draw(|point| camera.project(point), &model.meshes, keeper(identity, &model));
        Self { identity, model, camera, frame, side_px }
    }

    pub(crate) fn points(&self) -> Points {
        points::project(&self.model, |point| self.camera.pixel(point, SAMPLES))
    }
}

/// Which samples of hair and beard are there.
pub(crate) fn keeper<'a>(identity: &Identity, model: &'a Model) -> impl Fn(&Mesh, [f32; 3]) -> bool + 'a {
    let seed = identity.texture_seed;
    let curl = model.cut.as_ref().map_or(0.0, |cut| cut.curl);
    move |mesh, attributes| match mesh.part {
        Part::Hair => grows(attributes, curl, seed),
        _ => grows(attributes, 0.0, seed ^ 0xB),
    }
}

fn frame_camera(framing: &Framing, side: f32) -> Camera {
    // The mean head is 2.25 high and its middle lies at the origin's height, less a little.
    const HEAD_HEIGHT: f32 = 2.25;
    let scale = framing.head_share * side / HEAD_HEIGHT;
    let center = [framing.center[0] * side, framing.center[1] * side - 0.03 * scale];
    Camera { distance: framing.distance, focal: scale * framing.distance, center }
}

/// Indices of the samples of the pixel at `x`, `y`, in a frame of `side` samples a row.
pub(crate) fn pixel_samples(x: usize, y: usize, side: usize) -> [usize; SAMPLES * SAMPLES] {
    std::array::from_fn(|sub| (y * SAMPLES + sub / SAMPLES) * side + x * SAMPLES + sub % SAMPLES)
}
