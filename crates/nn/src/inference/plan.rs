//! A network with prepared weights, and how it is run.

use std::sync::{Mutex, PoisonError};

use portraitist_kernels::{FeatureMap, FeatureMapShape, ShapeError};

use super::layers::{Call, Layer, PlannedNormalization};

/// Elements of feature maps (64 MB) that the pictures of one pass may take.
const ELEMENTS_AT_ONCE: usize = 16 << 20;
/// Pictures of one pass at most: more gain nothing.
const MOST_AT_ONCE: usize = 16;

/// One layer: reads slots, writes one.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) layer: Layer,
    pub(super) input: usize,
    /// Slot that is added to the layer's results, after their normalisation if there is one.
    pub(super) residual: Option<usize>,
    pub(super) normalization: Option<PlannedNormalization>,
    /// Slot that it writes; several layers write the channels of a concatenation.
    pub(super) output: usize,
    /// For a part of a concatenation, its first channel.
    pub(super) first_channel: Option<usize>,
}

impl Step {
    fn reads(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.input).chain(self.residual)
    }
}

/// A network with prepared weights, for pictures of one size.
#[derive(Debug)]
pub struct Plan {
    /// Of each slot.
    shapes: Vec<FeatureMapShape>,
    /// The pictures are slot 0; the last step writes the last slot that is needed.
    steps: Vec<Step>,
    /// Shapes of the buffers that are needed, and the buffer of each slot.
    buffers: Vec<FeatureMapShape>,
    buffer_of: Vec<usize>,
    /// AdaIN parameters of each picture.
    num_adain_parameters: usize,
    /// Pictures of one pass, at most.
    at_once: usize,
    /// The memory of the last call, unless another call uses it.
    spare: Mutex<Option<Memory>>,
}

/// What a call writes on the way.
#[derive(Debug, Default)]
struct Memory {
    buffers: Vec<FeatureMap>,
    /// For layers that want planes.
    planes: Vec<f32>,
}

impl Plan {
    /// A plan of prepared steps; `shapes` are those of its slots.
    pub(super) fn assemble(shapes: Vec<FeatureMapShape>, steps: Vec<Step>, num_adain_parameters: usize) -> Self {
        let (buffers, buffer_of) = assign_buffers(&shapes, &steps);
        let elements: usize = buffers.iter().map(FeatureMapShape::elements).sum();
        let at_once = (ELEMENTS_AT_ONCE / elements.max(1)).clamp(1, MOST_AT_ONCE);
        Self { shapes, steps, buffers, buffer_of, num_adain_parameters, at_once, spare: Mutex::new(None) }
    }

    /// Runs pictures `[n, c, h, w]` through the network; the number of pictures follows from the length.
    ///
    /// # Shapes
    /// - adain: `[n, num_adain_parameters]` as [`Graph`](crate::graph::Graph) counts them; empty where there are none
    /// - output: `[n, c', h', w']` of the last layer, flat
    ///
    /// # Errors
    /// [`ShapeError`] if these are no whole pictures, or there are not as many AdaIN parameters as they need.
    pub fn run(&self, pictures: &[f32], adain: &[f32]) -> Result<Vec<f32>, ShapeError> {
        let picture = self.shapes[0].channels() * self.shapes[0].plane();
        let result = self.result_len();
        let batch = pictures.len() / picture;
        let lengths = [
            ("pictures", batch * picture, pictures.len()),
            ("AdaIN parameters", batch * self.num_adain_parameters, adain.len()),
        ];
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
                let buffers = self.buffers.iter().map(|shape| FeatureMap::new(*shape, 0)).collect::<Result<_, _>>()?;
                Memory { buffers, ..Memory::default() }
            }
        };
        // Parts of nearly the same size.
        let part = batch.div_ceil(batch.div_ceil(self.at_once).max(1)).max(1);
        for (index, results) in results.chunks_mut(part * result).enumerate() {
            let pictures = &pictures[index * part * picture..][..results.len() / result * picture];
            let count = pictures.len() / picture;
            let adain = &adain[index * part * self.num_adain_parameters..][..count * self.num_adain_parameters];
            memory.buffers.iter_mut().try_for_each(|buffer| buffer.set_batch(count))?;
            memory.buffers[self.buffer_of[0]].fill(pictures)?;
            for index in 0..self.steps.len() {
                self.run_step(index, &mut memory, adain, results)?;
            }
        }
        *self.lock_spare() = Some(memory);
        Ok(results)
    }

    /// Values of one picture's result.
    fn result_len(&self) -> usize {
        let last = self.shapes[self.steps.last().map_or(0, |step| step.output)];
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
        adain: &[f32],
        results: &mut [f32],
    ) -> Result<(), ShapeError> {
        let step = &self.steps[index];
        let (padding, mode) = step.layer.padding();
        memory.buffers[self.buffer_of[step.input]].pad(padding, mode)?;
        let written = self.buffer_of[step.output];
        let (before, rest) = memory.buffers.split_at_mut(written);
        let [output, after @ ..] = rest else {
            unreachable!("every slot has a buffer");
        };
        // A buffer that is read is never the one that is written.
        let read = |slot: usize| {
            let buffer = self.buffer_of[slot];
            if buffer < written { &before[buffer] } else { &after[buffer - written - 1] }
        };
        let residual = step.residual.map(read);
        let own_residual = residual.filter(|_| step.normalization.is_none());
        let planes = &mut memory.planes;
        let (input, first_channel) = (read(step.input), step.first_channel);
        let call = Call { input, residual: own_residual, output, first_channel, planes, images: results };
        step.layer.run(call)?;
        if let Some(normalization) = &step.normalization {
            normalization.apply(output, residual, adain)?;
        }
        let is_last = index + 1 == self.steps.len();
        if is_last && step.layer.images_len().is_none() { output.write(results) } else { Ok(()) }
    }
}

/// The shapes of the buffers that are needed, and the buffer of each slot. A slot needs its buffer from the first step that writes
/// it to the last one that reads it.
fn assign_buffers(shapes: &[FeatureMapShape], steps: &[Step]) -> (Vec<FeatureMapShape>, Vec<usize>) {
    let mut lifetimes: Vec<[usize; 2]> = vec![[usize::MAX, 0]; shapes.len()];
    lifetimes[0] = [0, 0];
    for (index, step) in steps.iter().enumerate() {
        let time = index + 1;
        let [first, last] = &mut lifetimes[step.output];
        *first = time.min(*first);
        *last = time;
        step.reads().for_each(|slot| lifetimes[slot][1] = time);
    }
    let mut by_time: Vec<usize> = (0..shapes.len()).collect();
    by_time.sort_by_key(|slot| lifetimes[*slot][0]);
    let mut buffers: Vec<FeatureMapShape> = Vec::new();
    let mut buffer_of: Vec<Option<usize>> = vec![None; shapes.len()];
    for slot in by_time {
        let [first, _] = lifetimes[slot];
        let is_taken = |buffer: usize| {
            (0..shapes.len()).any(|other| buffer_of[other] == Some(buffer) && lifetimes[other][1] >= first)
        };
        let free = (0..buffers.len()).find(|buffer| buffers[*buffer] == shapes[slot] && !is_taken(*buffer));
        buffer_of[slot] = Some(free.unwrap_or_else(|| {
            buffers.push(shapes[slot]);
            buffers.len() - 1
        }));
    }
    (buffers, buffer_of.into_iter().flatten().collect())
}
