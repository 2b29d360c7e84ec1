//! Networks prepared for inference on the CPU: weights packed once, memory taken once.
//!
//! A network describes itself to a [`PlanBuilder`], layer by layer. The [`Plan`] holds the weights as the kernels of
//! `portraitist-kernels` read them, and assigns maps to layers so that a map is used again as soon as nothing reads it
//! any more. A picture's result depends neither on the pictures beside it nor on the number of threads.

mod builder;
mod layers;

pub use builder::{PlanBuilder, PlannedConvolution, Slot};
pub use layers::{PlannedAffine, PlannedNormalization};

use std::sync::{Mutex, PoisonError};

use portraitist_kernels::{FeatureMap, FeatureMapShape, ShapeError};

use layers::{Call, Layer};

/// Elements of maps (64 MB) that pictures may take which go through a plan together.
const ELEMENTS_AT_ONCE: usize = 16 << 20;
/// Pictures beyond which going through together gains nothing.
const MOST_AT_ONCE: usize = 16;

/// Why a network has no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// The network does not fit pictures of this size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There are no kernels for a layer with weights that stay.
    #[error("there is no prepared form of {0}")]
    Layer(&'static str),
}

/// One layer: reads slots, writes the slot of its own number.
#[derive(Debug)]
struct Step {
    layer: Layer,
    input: Slot,
    /// Added to the layer's results, or to what they are normalised to.
    residual: Option<Slot>,
    normalization: Option<PlannedNormalization>,
}

impl Step {
    fn reads(&self) -> impl Iterator<Item = Slot> {
        std::iter::once(self.input).chain(self.residual)
    }
}

/// A network with prepared weights, for pictures of one size.
#[derive(Debug)]
pub struct Plan {
    /// Of each slot.
    shapes: Vec<FeatureMapShape>,
    /// Step `i` writes slot `i + 1`; the pictures are slot 0.
    steps: Vec<Step>,
    /// Shapes of the maps that are needed, and the map of each slot.
    maps: Vec<FeatureMapShape>,
    places: Vec<usize>,
    /// Numbers that steer normalisations, for each picture.
    num_styles: usize,
    /// Pictures that go through together, at most.
    at_once: usize,
    /// The memory of the last call, unless another call uses it.
    spare: Mutex<Option<Memory>>,
}

/// What a call writes on the way.
#[derive(Debug, Default)]
struct Memory {
    maps: Vec<FeatureMap>,
    /// For layers that want planes.
    planes: Vec<f32>,
}

impl Plan {
    fn new(shapes: Vec<FeatureMapShape>, steps: Vec<Step>, num_styles: usize) -> Self {
        let (maps, places) = assign_maps(&shapes, &steps);
        let elements: usize = maps.iter().map(FeatureMapShape::elements).sum();
        let at_once = (ELEMENTS_AT_ONCE / elements.max(1)).clamp(1, MOST_AT_ONCE);
        Self { shapes, steps, maps, places, num_styles, at_once, spare: Mutex::new(None) }
    }

    /// Runs pictures `[n, c, h, w]` through the network; the number of pictures follows from the length.
    ///
    /// # Shapes
    /// - styles: `[n, num_styles]`, what steers the normalisations; empty where nothing is steered
    /// - output: `[n, c', h', w']` of the last layer, flat
    ///
    /// # Errors
    /// [`ShapeError`] if these are no whole pictures, or there is another number of styles.
    pub fn run(&self, pictures: &[f32], styles: &[f32]) -> Result<Vec<f32>, ShapeError> {
        let picture = self.shapes[0].channels() * self.shapes[0].plane();
        let result = self.result_len();
        let batch = pictures.len() / picture;
        let lengths =
            [("pictures", batch * picture, pictures.len()), ("styles", batch * self.num_styles, styles.len())];
        for (argument, expected, found) in lengths {
            if expected != found {
                return Err(ShapeError::Length { argument, expected, found });
            }
        }
        let mut results = vec![0.0; batch * result];
        let spare = self.lock_spare().take();
        let mut memory = match spare {
            Some(memory) => memory,
            None => {
                let maps = self.maps.iter().map(|shape| FeatureMap::new(*shape, 0)).collect::<Result<_, _>>()?;
                Memory { maps, ..Memory::default() }
            }
        };
        // Parts of nearly the same size.
        let part = batch.div_ceil(batch.div_ceil(self.at_once).max(1)).max(1);
        for (index, results) in results.chunks_mut(part * result).enumerate() {
            let pictures = &pictures[index * part * picture..][..results.len() / result * picture];
            let count = pictures.len() / picture;
            let styles = &styles[index * part * self.num_styles..][..count * self.num_styles];
            memory.maps.iter_mut().try_for_each(|map| map.set_batch(count))?;
            memory.maps[self.places[0]].fill(pictures)?;
            for index in 0..self.steps.len() {
                self.run_step(index, &mut memory, styles, results)?;
            }
        }
        *self.lock_spare() = Some(memory);
        Ok(results)
    }

    /// Numbers of a picture's result.
    fn result_len(&self) -> usize {
        let last = self.shapes[self.shapes.len() - 1];
        let last_layer = self.steps.last().and_then(|step| step.layer.images_len());
        last_layer.unwrap_or(last.channels() * last.plane())
    }

    fn lock_spare(&self) -> std::sync::MutexGuard<'_, Option<Memory>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a layer; the last one writes the results.
    fn run_step(
        &self,
        index: usize,
        memory: &mut Memory,
        styles: &[f32],
        results: &mut [f32],
    ) -> Result<(), ShapeError> {
        let step = &self.steps[index];
        let (padding, mode) = step.layer.padding();
        memory.maps[self.places[step.input.0]].pad(padding, mode)?;
        let place = self.places[index + 1];
        let (before, rest) = memory.maps.split_at_mut(place);
        let [output, after @ ..] = rest else {
            unreachable!("every slot has a map");
        };
        // A map that is read is never the one that is written.
        let read = |slot: Slot| {
            let map = self.places[slot.0];
            if map < place { &before[map] } else { &after[map - place - 1] }
        };
        let residual = step.residual.map(read);
        let own_residual = residual.filter(|_| step.normalization.is_none());
        let planes = &mut memory.planes;
        let call = Call { input: read(step.input), residual: own_residual, output, planes, images: results };
        step.layer.run(call)?;
        if let Some(normalization) = &step.normalization {
            normalization.apply(output, residual, styles)?;
        }
        let is_last = index + 1 == self.steps.len();
        if is_last && step.layer.images_len().is_none() { output.write(results) } else { Ok(()) }
    }
}

/// The shapes of the maps that are needed, and the map of each slot.
fn assign_maps(shapes: &[FeatureMapShape], steps: &[Step]) -> (Vec<FeatureMapShape>, Vec<usize>) {
    let mut last_read: Vec<usize> = (0..shapes.len()).collect();
    for (index, step) in steps.iter().enumerate() {
        step.reads().for_each(|slot| last_read[slot.0] = index + 1);
    }
    let mut maps: Vec<FeatureMapShape> = Vec::new();
    let mut places: Vec<usize> = Vec::new();
    for (slot, shape) in shapes.iter().enumerate() {
        // Maps of slots that are read by this step or later are taken.
        let is_taken = |map: usize| (0..slot).any(|other| places[other] == map && last_read[other] >= slot);
        let free = (0..maps.len()).find(|map| maps[*map] == *shape && !is_taken(*map));
        places.push(free.unwrap_or_else(|| {
            maps.push(*shape);
            maps.len() - 1
        }));
    }
    (maps, places)
}
