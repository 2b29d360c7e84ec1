//! A network with prepared weights, and how it is run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use portraitist_kernels::{FeatureMap, FeatureMapShape, PreparedFewOutputs, ShapeError};

use super::layers::{Call, Layer, PlannedNormalization};
use super::memory::{Need, Sharing, share};

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

/// What a plan returns: what a slot holds, or what the output convolution makes of that.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) slot: usize,
    pub(super) convolution: Option<PreparedFewOutputs>,
}

/// A network with prepared weights, for pictures of one size.
#[derive(Debug)]
pub struct Plan {
    /// Of each slot.
    shapes: Vec<FeatureMapShape>,
    /// The pictures are slot 0.
    steps: Vec<Step>,
    results: Results,
    /// Elements of each buffer for a picture, and the buffer of each slot.
    buffers: Vec<usize>,
    buffer_of: Vec<usize>,
    /// The buffer that each step works in, beside those that it reads and writes.
    workspace_of: Vec<usize>,
    /// AdaIN parameters of each picture.
    num_adain_parameters: usize,
    /// Pictures of one pass, at most.
    at_once: usize,
    /// The memory of the last call, unless another call uses it.
    spare: Mutex<Option<Memory>>,
}

/// What a call writes on the way.
#[derive(Debug)]
struct Memory {
    buffers: Vec<FeatureMap>,
    /// Pictures that there is room for.
    room: usize,
}

impl Plan {
    /// A plan of prepared steps; `shapes` are those of its slots.
    pub(super) fn assemble(
        shapes: Vec<FeatureMapShape>,
        steps: Vec<Step>,
        results: Results,
        num_adain_parameters: usize,
    ) -> Self {
        let Sharing { buffers, mut buffer_of } = share(&needs(&shapes, &steps, &results));
        let workspace_of = buffer_of.split_off(shapes.len());
        let elements: usize = buffers.iter().sum();
        let at_once = (ELEMENTS_AT_ONCE / elements.max(1)).clamp(1, MOST_AT_ONCE);
        let spare = Mutex::new(None);
        Self { shapes, steps, results, buffers, buffer_of, workspace_of, num_adain_parameters, at_once, spare }
    }

    /// Bytes that the feature maps of one picture take.
    pub fn bytes_per_picture(&self) -> usize {
        self.buffers.iter().sum::<usize>() * size_of::<f32>()
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
        // Parts of nearly the same size.
        let part = batch.div_ceil(batch.div_ceil(self.at_once).max(1)).max(1);
        let mut memory = self.memory(part)?;
        for (index, results) in results.chunks_mut(part * result).enumerate() {
            let pictures = &pictures[index * part * picture..][..results.len() / result * picture];
            let count = pictures.len() / picture;
            let adain = &adain[index * part * self.num_adain_parameters..][..count * self.num_adain_parameters];
            let input = &mut memory.buffers[self.buffer_of[0]];
            input.hold(self.shapes[0], count)?;
            input.fill(pictures)?;
            for index in 0..self.steps.len() {
                self.run_step(index, &mut memory, adain, count)?;
            }
            let last = &mut memory.buffers[self.buffer_of[self.results.slot]];
            match &self.results.convolution {
                None => last.write(results)?,
                Some(convolution) => {
                    let (padding, mode) = convolution.padding();
                    last.pad(padding, mode)?;
                    convolution.forward(last, results)?;
                }
            }
        }
        *self.lock_spare() = Some(memory);
        Ok(results)
    }

    /// Values of one picture's result.
    fn result_len(&self) -> usize {
        let Results { slot, convolution } = &self.results;
        match convolution {
            None => self.shapes[*slot].channels() * self.shapes[*slot].plane(),
            Some(convolution) => convolution.out_channels() * convolution.out_size().iter().product::<usize>(),
        }
    }

    /// Frees the feature maps that are kept for the next call.
    pub fn let_memory_go(&self) {
        self.lock_spare().take();
    }

    fn lock_spare(&self) -> MutexGuard<'_, Option<Memory>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory for some pictures: that of the last call, if it is large enough.
    fn memory(&self, pictures: usize) -> Result<Memory, ShapeError> {
        let spare = self.lock_spare().take();
        if let Some(memory) = spare.filter(|memory| memory.room >= pictures) {
            return Ok(memory);
        }
        let buffers = self.buffers.iter().map(|elements| FeatureMap::with_room(pictures, *elements));
        Ok(Memory { buffers: buffers.collect::<Result<_, _>>()?, room: pictures })
    }

    /// Runs a layer of some pictures.
    fn run_step(&self, index: usize, memory: &mut Memory, adain: &[f32], count: usize) -> Result<(), ShapeError> {
        let step = &self.steps[index];
        let (padding, mode) = step.layer.padding();
        memory.buffers[self.buffer_of[step.input]].pad(padding, mode)?;
        // What is written or worked in is never read as something else: it has buffers of its own.
        let mut buffers: Vec<Option<&mut FeatureMap>> = memory.buffers.iter_mut().map(Some).collect();
        let workspace_len = count * step.layer.workspace(self.shapes[step.input]);
        let workspace = if workspace_len > 0 { buffers[self.workspace_of[index]].take() } else { None };
        let workspace = workspace.map(|buffer| buffer.lend(workspace_len)).unwrap_or_default();
        let output = buffers[self.buffer_of[step.output]].take();
        let read = |slot: usize| buffers[self.buffer_of[slot]].as_deref();
        let (Some(input), Some(output)) = (read(step.input), output) else {
            unreachable!("what is read is not written");
        };
        output.hold(self.shapes[step.output], count)?;
        let residual = step.residual.and_then(read);
        let own_residual = residual.filter(|_| step.normalization.is_none());
        step.layer.run(Call { input, residual: own_residual, output, first_channel: step.first_channel, workspace })?;
        match &step.normalization {
            Some(normalization) => normalization.apply(output, residual, adain),
            None => Ok(()),
        }
    }
}

/// The memory of each slot, then that which each step works in. A slot needs its memory from the first step that writes it to
/// the last one that reads it.
fn needs(shapes: &[FeatureMapShape], steps: &[Step], results: &Results) -> Vec<Need> {
    let slot = |shape: &FeatureMapShape| Need { elements: shape.elements(), first: usize::MAX, last: 0 };
    let mut needs: Vec<Need> = shapes.iter().map(slot).collect();
    needs[0].first = 0;
    for (index, step) in steps.iter().enumerate() {
        let time = index + 1;
        let output = &mut needs[step.output];
        (output.first, output.last) = (time.min(output.first), time);
        step.reads().for_each(|slot| needs[slot].last = time);
    }
    needs[results.slot].last = steps.len() + 1;
    let workspace = |(index, step): (usize, &Step)| {
        let elements = step.layer.workspace(shapes[step.input]);
        Need { elements, first: index + 1, last: index + 1 }
    };
    needs.extend(steps.iter().enumerate().map(workspace));
    needs
}
