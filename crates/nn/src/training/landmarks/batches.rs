//! Batches of windows, in an order that the seed fixes.

use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use portraitist_face::Picture;
use portraitist_face::landmarks::mesh::MIRRORED_IBUG;
use portraitist_face::landmarks::{MIRRORED_VERTICES, mesh};
use portraitist_face::transform::Point;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::weighted::WeightedIndex;
use rand_distr::{Distribution, StandardNormal};

use crate::config::Domain;
use crate::detection::Region;
use crate::networks::mediapipe::{FaceMesh, MeshNetwork};
use crate::parameter::from_values;
use crate::random::stream;
use crate::training::error::TrainingError;

use super::appearance::Look;
use super::faces::{Faces, MarkedFace};
use super::points::ibug_of;
use super::run::RunFile;
use super::settings::{DataConfig, Placement};
use super::trainer::Batch;
use super::warp::{Exaggeration, Warp, mean_face};

/// Side of a window by the side of the box around the mesh: as inference takes it.
const WINDOW: f64 = 1.5;
/// One window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// `[3, 193, 193]`, RGB in `[0, 1]`, the last row and column zero.
    pub planes: Vec<f32>,
    /// The mesh's 468 points or iBUG's 68, in pixels of the window.
    pub points: Vec<[f32; 2]>,
    /// Whether there is a face.
    pub face: bool,
    /// Whether it is drawn, where one can tell.
    pub drawn: Option<bool>,
    /// The picture, for error messages.
    pub file: PathBuf,
}

/// A batch on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBatch {
    /// The windows.
    pub windows: Vec<Window>,
}

impl HostBatch {
    /// Copies the batch to a device.
    pub fn to_device(&self, device: &Device) -> Batch {
        let count = self.windows.len();
        let tensor = |values: Vec<f32>| from_values(values, device);
        let flags = |truth: &dyn Fn(&Window) -> bool| -> Vec<f32> {
            self.windows.iter().map(|window| f32::from(u8::from(truth(window)))).collect()
        };
        let planes = self.windows.iter().flat_map(|window| window.planes.iter().copied()).collect();
        let whole = |window: &Window| window.face && window.points.len() == mesh::COUNT;
        let mesh = self.windows.iter().flat_map(|window| match whole(window) {
            true => window.points.clone(),
            false => vec![[0.0; 2]; mesh::COUNT],
        });
        let ibug = self.windows.iter().flat_map(|window| {
            let points: Vec<Point> = window.points.iter().map(|point| point.map(f64::from)).collect();
            ibug_of(&points).map(|point| point.map(|value| value as f32))
        });
        let side = MeshNetwork::PADDED_SIDE;
        Batch {
            images: tensor(planes).reshape([count, 3, side, side]),
            mesh: tensor(mesh.flatten().collect()).reshape([count, mesh::COUNT, 2]),
            ibug: tensor(ibug.flatten().collect()).reshape([count, 68, 2]),
            has_mesh: tensor(flags(&whole)).reshape([count, 1]),
            has_face: tensor(flags(&|window| window.face)),
            drawn: tensor(flags(&|window| window.drawn == Some(true))),
            has_kind: tensor(flags(&|window| window.face && window.drawn.is_some())),
            eye_distances: self.windows.iter().map(eye_distance).collect(),
            files: self.windows.iter().map(|window| window.file.clone()).collect(),
        }
    }
}

/// Distance of the outer eye corners, in pixels of the window; `None` without a face.
fn eye_distance(window: &Window) -> Option<f32> {
    let points: Vec<Point> = window.points.iter().map(|point| point.map(f64::from)).collect();
    let points = ibug_of(&points);
    let distance = (points[45][0] - points[36][0]).hypot(points[45][1] - points[36][1]);
    window.face.then_some(distance as f32)
}

/// Makes any window of a run. Clones share what has been decoded.
#[derive(Clone, Debug)]
pub(super) struct WindowMaker {
    pub(super) faces: Arc<Faces>,
    mean: Arc<[Point; 68]>,
    settings: Arc<DataConfig>,
    chances: Arc<WeightedIndex<f64>>,
    seed: u64,
    batch_size: usize,
}

impl WindowMaker {
    /// For the faces to learn from; the mean face is theirs.
    pub(super) fn new(run: &RunFile, faces: &Arc<Faces>) -> Self {
        let weights = faces.datasets.iter().map(|(_, weight)| *weight);
        Self {
            mean: Arc::new(mean_face(faces.faces.iter().map(|face| &face.points[..]))),
            chances: Arc::new(WeightedIndex::new(weights).expect("the run file's weights are above 0")),
            faces: Arc::clone(faces),
            settings: Arc::new(run.data.clone()),
            seed: run.seed,
            batch_size: run.batch_size,
        }
    }

    /// The batch of step `step`, counted from 0.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that could not be read.
    pub(super) fn make(&self, step: u64) -> Result<HostBatch, TrainingError> {
        let first = step * self.batch_size as u64;
        let windows = (first..first + self.batch_size as u64).map(|sample| self.sample(sample));
        Ok(HostBatch { windows: windows.collect::<Result<_, _>>()? })
    }

    fn sample(&self, sample: u64) -> Result<Window, TrainingError> {
        let random = &mut stream(self.seed, "landmarks", sample);
        let (faces, _) = &self.faces.datasets[self.chances.sample(random)];
        let face = &self.faces.faces[random.random_range(faces.clone())];
        let Exaggeration { share, .. } = self.settings.exaggeration;
        // Weak ones as well: not every drawing is a caricature.
        let strength = if random.random_bool(share) { random.random_range(0.2_f64..1.25) } else { 0.0 };
        let flip = random.random_bool(self.settings.placement.flip);
        let mut window = self
            .faces
            .with(face, |picture| self.window(face, picture, (strength, flip), &self.settings.placement, random))?;
        let mut pixels = interleaved(&window.planes);
        let told = self.settings.appearance.apply(&mut Look { pixels: &mut pixels, side: FaceMesh::SIDE }, random);
        window.planes = planes(&pixels);
        window.drawn = window.drawn.filter(|_| told);
        Ok(window)
    }

    /// A window of a held-out face, exaggerated by a strength and otherwise as it is.
    ///
    /// # Errors
    /// As [`make`](Self::make).
    pub(super) fn held_out(
        &self,
        face: &MarkedFace,
        faces: &Faces,
        strength: f64,
        index: u64,
    ) -> Result<Window, TrainingError> {
        let random = &mut stream(self.seed, "held out", index);
        let placement = Placement { scale: 0.05, shift: 0.02, turn_degrees: 4.0, without_face: 0.0, flip: 0.0 };
        faces.with(face, |picture| self.window(face, picture, (strength, false), &placement, random))
    }

    fn window(
        &self,
        face: &MarkedFace,
        picture: &Picture,
        (strength, flip): (f64, bool),
        placement: &Placement,
        random: &mut ChaCha8Rng,
    ) -> Window {
        let warp = Warp::new(&face.points, &self.mean, &self.settings.exaggeration, strength, random);
        let (warp, carried) = match warp.carry(&face.points) {
            Some(points) if strength > 0.0 => (Some(warp), points),
            _ => (None, face.points.clone()),
        };
        let shows_face = !random.random_bool(placement.without_face);
        let region = place(&carried, shows_face, placement, random);
        let pixels = cut(picture, &region, warp.as_ref(), flip);
        let side = FaceMesh::SIDE as f64;
        let points: Vec<[f32; 2]> = carried
            .iter()
            .map(|point| {
                let [x, y] = inside(&region, *point);
                [(if flip { -x } else { x } + 0.5) * side, (y + 0.5) * side].map(|value| value as f32)
            })
            .collect();
        Window {
            planes: planes(&pixels),
            points: if flip { mirrored(&points) } else { points },
            face: shows_face,
            drawn: Some(face.kind == Domain::Drawing),
            file: face.path.clone(),
        }
    }
}

fn mirrored(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let order: &[usize] = if points.len() == mesh::COUNT { &MIRRORED_VERTICES } else { &MIRRORED_IBUG };
    order.iter().map(|index| points[*index]).collect()
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

/// The window around a face, moved at random; or one that misses it.
fn place(points: &[Point], shows_face: bool, placement: &Placement, random: &mut ChaCha8Rng) -> Region {
    let ibug = ibug_of(points);
    let angle = (ibug[45][1] - ibug[36][1]).atan2(ibug[45][0] - ibug[36][0]);
    let mut region = Region::around(points.iter().copied(), angle, WINDOW);
    if points.len() < mesh::COUNT {
        // iBUG's points end at the brows, the mesh at the hairline.
        region = region.moved([0.0, -0.1], 1.15, 0.0);
    }
    let shift = [0, 1].map(|_| placement.shift * normal(random));
    let scale = (placement.scale * normal(random)).clamp(-0.7, 0.7).exp();
    let turn = (placement.turn_degrees * normal(random)).clamp(-70.0, 70.0).to_radians();
    let region = region.moved(shift, scale, turn);
    if shows_face {
        return region;
    }
    // Beside the face, far too large, far too small, or on its head.
    let direction = random.random_range(0.0..std::f64::consts::TAU);
    match random.random_range(0..4) {
        0 => region.moved([0.3 * direction.cos(), 0.3 * direction.sin()], random.random_range(2.2..3.5), 0.0),
        1 => region.moved([0.2 * direction.cos(), 0.2 * direction.sin()], random.random_range(0.2..0.4), 0.0),
        2 => region.moved([0.0; 2], 1.0, random.random_range(1.6..4.7)),
        _ => {
            let distance = random.random_range(0.5..1.0);
            region.moved([distance * direction.cos(), distance * direction.sin()], random.random_range(0.6..1.4), 0.0)
        }
    }
}

/// The place in a square, in shares of its side from its middle, of a place in the picture.
fn inside(region: &Region, [x, y]: Point) -> Point {
    let (sin, cos) = region.angle.sin_cos();
    let (dx, dy) = (x - region.middle[0], y - region.middle[1]);
    [(dx * cos + dy * sin) / region.side, (dy * cos - dx * sin) / region.side]
}

/// The pixels of a window, exaggerated, `[192, 192, 3]`: taken where inference takes them, the picture's edge goes on outside. A window
/// that shrinks the picture takes the mean of several places for each pixel.
fn cut(picture: &Picture, region: &Region, warp: Option<&Warp>, flip: bool) -> Vec<f32> {
    let side = FaceMesh::SIDE;
    let samples = ((region.side / side as f64).round() as usize).clamp(1, 4);
    let mut pixels = Vec::with_capacity(3 * side * side);
    for index in 0..side * side {
        let mut sum = [0.0; 3];
        for sample in 0..samples * samples {
            let offset = |number: usize| (number as f64 + 0.5) / samples as f64 - 0.5;
            let across = ((index % side) as f64 + offset(sample % samples)) / side as f64 - 0.5;
            let down = ((index / side) as f64 + offset(sample / samples)) / side as f64 - 0.5;
            let target = region.place([if flip { -across } else { across }, down]);
            let source = warp.map_or(target, |warp| warp.source(target));
            let colour = bilinear(picture, source);
            sum = std::array::from_fn(|channel| sum[channel] + colour[channel]);
        }
        pixels.extend(sum.map(|value| value / (255.0 * (samples * samples) as f32)));
    }
    pixels
}

fn bilinear(picture: &Picture, [x, y]: Point) -> [f32; 3] {
    let (width, height) = (picture.width(), picture.height());
    let (x, y) = (x.clamp(0.0, (width - 1) as f64) as f32, y.clamp(0.0, (height - 1) as f64) as f32);
    let (left, top) = (x as usize, y as usize);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let pixel = |x: usize, y: usize| {
        let start = 3 * (y * width + x);
        let bytes = &picture.pixels()[start..start + 3];
        [f32::from(bytes[0]), f32::from(bytes[1]), f32::from(bytes[2])]
    };
    let [a, b, c, d] = [pixel(left, top), pixel(right, top), pixel(left, bottom), pixel(right, bottom)];
    std::array::from_fn(|channel| {
        let (upper, lower) = (a[channel] + fx * (b[channel] - a[channel]), c[channel] + fx * (d[channel] - c[channel]));
        upper + fy * (lower - upper)
    })
}

/// `[192, 192, 3]` to `[3, 193, 193]` with zeros behind.
fn planes(pixels: &[f32]) -> Vec<f32> {
    let (side, padded) = (FaceMesh::SIDE, MeshNetwork::PADDED_SIDE);
    let mut planes = vec![0.0; 3 * padded * padded];
    for (index, rgb) in pixels.as_chunks::<3>().0.iter().enumerate() {
        let place = index / side * padded + index % side;
        rgb.iter().enumerate().for_each(|(channel, value)| planes[channel * padded * padded + place] = *value);
    }
    planes
}

/// The reverse of [`planes`].
fn interleaved(planes: &[f32]) -> Vec<f32> {
    let (side, padded) = (FaceMesh::SIDE, MeshNetwork::PADDED_SIDE);
    (0..side * side)
        .flat_map(|index| {
            let place = index / side * padded + index % side;
            (0..3).map(move |channel| planes[channel * padded * padded + place])
        })
        .collect()
}

/// A whole picture whose face is exaggerated, and iBUG's 68 points in it; to measure with. The same index gives the same picture.
///
/// # Errors
/// [`TrainingError::Data`] if the field cannot carry the points.
pub fn exaggerated(
    picture: &Picture,
    face: &MarkedFace,
    mean_of: &Faces,
    settings: &Exaggeration,
    strength: f64,
    index: u64,
) -> Result<(Picture, [Point; 68]), TrainingError> {
    let mean = mean_face(mean_of.faces.iter().map(|face| &face.points[..]));
    let warp = Warp::new(&face.points, &mean, settings, strength, &mut stream(0, "exaggerated", index));
    let wrong = |reason: String| TrainingError::Data { path: face.path.clone(), reason };
    let points = warp.carry(&face.points).ok_or_else(|| wrong("the points cannot be carried along".to_owned()))?;
    let (width, height) = (picture.width(), picture.height());
    let mut pixels = Vec::with_capacity(3 * width * height);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let colour = bilinear(picture, warp.source([x as f64, y as f64]));
        pixels.extend(colour.map(|value| value.round() as u8));
    }
    let picture = Picture::from_rgb(width, height, pixels).map_err(|error| wrong(error.to_string()))?;
    Ok((picture, ibug_of(&points)))
}
