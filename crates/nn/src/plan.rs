//! Networks prepared for inference on the CPU: weights packed once, memory taken once.
//!
//! A network describes itself to a [`PlanBuilder`], layer by layer. The [`Plan`] holds the weights as the kernels of
//! `portraitist-kernels` read them, and assigns maps to layers so that a map is used again as soon as nothing reads it
//! any more. A picture's result depends neither on the pictures beside it nor on the number of threads.

use std::sync::{Mutex, PoisonError};

use portraitist_kernels::{Conv2d, Map, MapShape, OutputActivation, Padding, PreparedConvolution, ShapeError};

/// Elements of maps (64 MB) that pictures may take which go through a plan together.
const ELEMENTS_AT_ONCE: usize = 16 << 20;
/// Pictures beyond which going through together gains nothing.
const MOST_AT_ONCE: usize = 16;

/// A result of a layer, or the pictures that a plan is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// A convolution of a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlannedConvolution<'a> {
    /// `[out, in, kernel height, kernel width]`
    pub weight: &'a [f32],
    /// `[out]`
    pub bias: &'a [f32],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step of the kernel.
    pub stride: usize,
    /// Zeros around the picture.
    pub padding: usize,
    /// What is done to the outputs.
    pub activation: OutputActivation<'a>,
    /// Added to the outputs.
    pub residual: Option<Slot>,
}

/// One layer: reads slots, writes the slot of its own number.
#[derive(Debug)]
struct Step {
    convolution: PreparedConvolution,
    input: Slot,
    residual: Option<Slot>,
}

impl Step {
    fn reads(&self) -> impl Iterator<Item = Slot> {
        std::iter::once(self.input).chain(self.residual)
    }
}

/// Collects the layers of a network.
#[derive(Debug)]
pub struct PlanBuilder {
    margin: usize,
    /// Of each slot.
    shapes: Vec<MapShape>,
    /// Step `i` writes slot `i + 1`; the pictures are slot 0.
    steps: Vec<Step>,
}

impl PlanBuilder {
    /// The slot of the pictures.
    pub const PICTURES: Slot = Slot(0);

    /// A plan for pictures of one size; `margin` is the largest padding of its convolutions.
    pub fn new(channels: usize, [height, width]: [usize; 2], margin: usize) -> Self {
        Self { margin, shapes: vec![MapShape::pictures(channels, height, width, margin)], steps: Vec::new() }
    }

    /// Height and width of a slot.
    pub fn size(&self, slot: Slot) -> [usize; 2] {
        self.shapes[slot.0].size()
    }

    /// Adds a convolution.
    ///
    /// # Errors
    /// [`ShapeError`] if it does not fit its input or the margin.
    pub fn convolution(&mut self, input: Slot, planned: &PlannedConvolution<'_>) -> Result<Slot, ShapeError> {
        let shape = self.shapes[input.0];
        let [in_height, in_width] = shape.size();
        let convolution = Conv2d {
            batch: 1,
            in_channels: shape.channels(),
            in_height,
            in_width,
            out_channels: planned.bias.len(),
            kernel: planned.kernel,
            stride: planned.stride,
            padding: planned.padding,
            mode: Padding::Zero,
        };
        let prepared = PreparedConvolution::new(&convolution, shape, planned.weight, planned.bias, planned.activation)?;
        let output = prepared.output(self.margin);
        if let Some(residual) = planned.residual
            && self.shapes[residual.0] != output
        {
            return Err(ShapeError::Map { expected: output, found: self.shapes[residual.0] });
        }
        self.steps.push(Step { convolution: prepared, input, residual: planned.residual });
        self.shapes.push(output);
        Ok(Slot(self.steps.len()))
    }

    /// Adds a linear layer of all values of a picture, with `weight` `[out, channels * height * width]`.
    ///
    /// # Errors
    /// [`ShapeError`] if a slice has another length.
    pub fn linear(&mut self, input: Slot, weight: &[f32], bias: &[f32]) -> Result<Slot, ShapeError> {
        let (kernel, activation) = (self.size(input), OutputActivation::None);
        let planned = PlannedConvolution { weight, bias, kernel, stride: 1, padding: 0, activation, residual: None };
        self.convolution(input, &planned)
    }

    /// The plan; its results are those of the last layer.
    pub fn finish(self) -> Plan {
        let (maps, places) = self.assign_maps();
        let elements: usize = maps.iter().map(MapShape::elements).sum();
        let at_once = (ELEMENTS_AT_ONCE / elements.max(1)).clamp(1, MOST_AT_ONCE);
        Plan { shapes: self.shapes, steps: self.steps, maps, places, at_once, spare: Mutex::new(None) }
    }

    /// The shapes of the maps that are needed, and the map of each slot.
    fn assign_maps(&self) -> (Vec<MapShape>, Vec<usize>) {
        let mut last_read: Vec<usize> = (0..self.shapes.len()).collect();
        for (index, step) in self.steps.iter().enumerate() {
            step.reads().for_each(|slot| last_read[slot.0] = index + 1);
        }
        let mut maps: Vec<MapShape> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (slot, shape) in self.shapes.iter().enumerate() {
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
}

/// A network with prepared weights, for pictures of one size.
#[derive(Debug)]
pub struct Plan {
    shapes: Vec<MapShape>,
    steps: Vec<Step>,
    maps: Vec<MapShape>,
    places: Vec<usize>,
    at_once: usize,
    /// The maps of the last call, unless another call uses them.
    spare: Mutex<Option<Vec<Map>>>,
}

impl Plan {
    /// Runs pictures `[n, c, h, w]` through the network; the number of pictures follows from the length.
    ///
    /// # Shapes
    /// - output: `[n, c', h', w']` of the last layer, flat
    ///
    /// # Errors
    /// [`ShapeError`] if these are no whole pictures.
    pub fn run(&self, pictures: &[f32]) -> Result<Vec<f32>, ShapeError> {
        let (input, output) = (self.shapes[0], self.shapes[self.shapes.len() - 1]);
        let [picture, result] = [input, output].map(|shape| shape.channels() * shape.plane());
        let batch = pictures.len() / picture;
        if !pictures.len().is_multiple_of(picture) {
            let found = pictures.len();
            return Err(ShapeError::Length { argument: "pictures", expected: batch * picture, found });
        }
        let mut results = vec![0.0; batch * result];
        let spare = self.lock_spare().take();
        let mut maps = match spare {
            Some(maps) => maps,
            None => self.maps.iter().map(|shape| Map::new(*shape, 0)).collect::<Result<_, _>>()?,
        };
        // Parts of nearly the same size.
        let part = batch.div_ceil(batch.div_ceil(self.at_once).max(1)).max(1);
        for (pictures, results) in pictures.chunks(part * picture).zip(results.chunks_mut(part * result)) {
            maps.iter_mut().try_for_each(|map| map.set_batch(pictures.len() / picture))?;
            maps[self.places[0]].fill(pictures)?;
            for index in 0..self.steps.len() {
                self.run_step(index, &mut maps)?;
            }
            maps[self.places[self.steps.len()]].write(results)?;
        }
        *self.lock_spare() = Some(maps);
        Ok(results)
    }

    fn lock_spare(&self) -> std::sync::MutexGuard<'_, Option<Vec<Map>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_step(&self, index: usize, maps: &mut [Map]) -> Result<(), ShapeError> {
        let step = &self.steps[index];
        let place = self.places[index + 1];
        let (before, rest) = maps.split_at_mut(place);
        let [output, after @ ..] = rest else {
            unreachable!("every slot has a map");
        };
        // A map that is read is never the one that is written.
        let read = |slot: Slot| {
            let map = self.places[slot.0];
            if map < place { &before[map] } else { &after[map - place - 1] }
        };
        step.convolution.forward(read(step.input), step.residual.map(read), output)
    }
}
