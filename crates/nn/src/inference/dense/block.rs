//! Layers, and blocks with a shortcut.

use portraitist_kernels::{DenseConvolution, DenseShape, DepthwiseConvolution, ShapeError, shortcut};

use super::map::{DenseMap, DenseMemory};

/// What a layer of a block does.
#[derive(Debug)]
pub(super) enum Layer {
    Convolution(DenseConvolution),
    Depthwise(DepthwiseConvolution),
}

/// One convolution.
#[derive(Debug)]
pub struct Dense(pub(super) DenseConvolution);

impl Dense {
    /// The shape of its outputs.
    pub fn output(&self) -> DenseShape {
        self.0.output()
    }

    /// Its outputs.
    ///
    /// # Errors
    /// [`ShapeError`] if the map has another shape.
    pub fn run(&self, map: &DenseMap, memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        let mut output = memory.take(self.0.output());
        self.0.forward(&map.values, &mut output.values, false)?;
        Ok(output)
    }
}

/// Layers whose outputs are added to their input, before an activation. Where they halve the map, the largest of four
/// pixels is added; channels that the input lacks count as zero.
#[derive(Debug)]
pub struct Block {
    pub(super) input: DenseShape,
    pub(super) stride: usize,
    pub(super) layers: Vec<Layer>,
    pub(super) last: DenseConvolution,
}

impl Block {
    /// The shape of its outputs.
    pub fn output(&self) -> DenseShape {
        self.last.output()
    }

    /// Its outputs; the input's memory goes to later maps.
    ///
    /// # Errors
    /// [`ShapeError`] if the map has another shape.
    pub fn run(&self, map: DenseMap, memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        let hidden = self.run_layers(&map, memory)?;
        // In place, where the sum lies as the input does.
        let mut output = if self.stride == 1 && self.last.output() == self.input {
            map
        } else {
            let output = self.shortcut(&map, memory)?;
            memory.give(map);
            output
        };
        self.last.forward(&hidden.values, &mut output.values, true)?;
        memory.give(hidden);
        Ok(output)
    }

    /// As [`run`](Self::run), for an input that others need, too.
    ///
    /// # Errors
    /// [`ShapeError`] if the map has another shape.
    pub fn run_beside(&self, map: &DenseMap, memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        let hidden = self.run_layers(map, memory)?;
        let mut output = self.shortcut(map, memory)?;
        self.last.forward(&hidden.values, &mut output.values, true)?;
        memory.give(hidden);
        Ok(output)
    }

    fn shortcut(&self, map: &DenseMap, memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        let mut output = memory.take(self.last.output());
        shortcut(self.input, &map.values, self.stride, self.last.output().channels(), &mut output.values)?;
        Ok(output)
    }

    /// All layers but the last.
    fn run_layers(&self, map: &DenseMap, memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        let mut current: Option<DenseMap> = None;
        for layer in &self.layers {
            let input = current.as_ref().unwrap_or(map);
            let output = match layer {
                Layer::Convolution(layer) => {
                    let mut output = memory.take(layer.output());
                    layer.forward(&input.values, &mut output.values, false)?;
                    output
                }
                Layer::Depthwise(layer) => {
                    let mut output = memory.take(layer.output());
                    layer.forward(&input.values, &mut output.values)?;
                    output
                }
            };
            if let Some(before) = current.replace(output) {
                memory.give(before);
            }
        }
        current.ok_or(ShapeError::Zero { field: "layers before the last of a block" })
    }
}

/// The feature map of a square image, `[side, side, 3]`, after a first convolution and blocks. `input` is the image with a row and a
/// column of zeros behind it, as TensorFlow pads it.
///
/// # Errors
/// [`ShapeError`] if there are other than `3 * side * side` values.
pub fn trunk_map(
    input: DenseShape,
    stem: &Dense,
    blocks: &[Block],
    pixels: &[f32],
    memory: &mut DenseMemory,
) -> Result<DenseMap, ShapeError> {
    let expected = 3 * input.size().iter().map(|side| side - 1).product::<usize>();
    if pixels.len() != expected {
        return Err(ShapeError::Length { argument: "pixels", expected, found: pixels.len() });
    }
    let image = memory.image(input, 0, pixels);
    let map = stem.run(&image, memory)?;
    memory.give(image);
    blocks.iter().try_fold(map, |map, block| block.run(map, memory))
}
