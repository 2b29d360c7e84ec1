//! BlazeFace: Bazarevsky, Kartynnik, Vakunov, Raveendran, Grundmann 2019, "BlazeFace: Sub-millisecond Neural Face Detection on
//! Mobile GPUs", <https://arxiv.org/abs/1907.05047>.
//!
//! MediaPipe's two versions, whose layers are those of its model files: the short range one differs from the paper in 3x3
//! instead of 5x5 kernels and single blocks; the full range one has double blocks and a feature pyramid of three levels
//! that ends at a quarter of the input's size.

use std::path::Path;

use portraitist_kernels::{DenseShape, ShapeError};

use super::error::NetworkError;
use crate::inference::dense::{Block, Dense, DenseActivation, DenseBuilder, DenseLayer, DenseMap, DenseMemory};
use crate::weights::NamedArrays;

/// Which of the two networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Range {
    /// Faces from about a sixth of the input on.
    Short,
    /// Smaller faces, too.
    Full,
}

impl Range {
    /// Height and width of the input.
    pub fn side(self) -> usize {
        match self {
            Self::Short => 128,
            Self::Full => 192,
        }
    }
}

/// Numbers for each anchor: middle, width and height of the box, then six points.
const BOX_NUMBERS: usize = 16;

/// Finds faces in a square image.
#[derive(Debug)]
pub struct BlazeFace {
    range: Range,
    input: DenseShape,
    stem: Dense,
    blocks: Vec<Block>,
    pyramid: Vec<Level>,
    /// Scores and boxes of each grid of anchors.
    heads: Vec<[Dense; 2]>,
}

/// What BlazeFace says about each anchor, unordered.
#[derive(Clone, Debug, PartialEq)]
pub struct BlazeFaceOutput {
    /// Logits that there is a face.
    pub scores: Vec<f32>,
    /// In pixels of the input and relative to the anchor: middle (x, y), width and height of the box; then right eye, left
    /// eye, tip of the nose, mouth, right and left ear (the person's).
    pub boxes: Vec<[f32; BOX_NUMBERS]>,
}

/// A level of the feature pyramid: a coarser map joined with one of the same size from the trunk.
#[derive(Debug)]
struct Level {
    coarse: Dense,
    lateral: Dense,
    blocks: Vec<Block>,
}

/// Channels and stride of the short range network's blocks.
const SHORT_BLOCKS: [[usize; 2]; 16] = [
    [24, 1],
    [28, 1],
    [32, 2],
    [36, 1],
    [42, 1],
    [48, 2],
    [56, 1],
    [64, 1],
    [72, 1],
    [80, 1],
    [88, 1],
    [96, 2],
    [96, 1],
    [96, 1],
    [96, 1],
    [96, 1],
];
/// The blocks whose outputs its heads read, and the anchors at each pixel there.
const SHORT_HEADS: [(usize, usize); 2] = [(10, 2), (15, 6)];

/// Channels, hidden channels and stride of the full range network's blocks.
const FULL_BLOCKS: [[usize; 3]; 15] = [
    [32, 8, 1],
    [32, 8, 1],
    [48, 12, 2],
    [48, 12, 1],
    [64, 16, 1],
    [96, 24, 2],
    [128, 32, 1],
    [128, 32, 1],
    [144, 36, 2],
    [192, 48, 1],
    [256, 64, 1],
    [384, 96, 2],
    [384, 96, 1],
    [384, 96, 1],
    [384, 96, 1],
];
/// Its pyramid from coarse to fine: the block of the trunk that is joined, channels, hidden channels, blocks.
const FULL_PYRAMID: [[usize; 4]; 3] = [[10, 96, 48, 2], [7, 64, 32, 2], [4, 48, 24, 1]];

impl BlazeFace {
    /// Builds the network from the arrays of a model file; `path` names it in errors.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if arrays are missing, left over or of another shape.
    pub fn new(range: Range, arrays: NamedArrays, path: &Path) -> Result<Self, NetworkError> {
        let mut builder = DenseBuilder::new(arrays);
        let network = match range {
            Range::Short => Self::short(&mut builder)?,
            Range::Full => Self::full(&mut builder)?,
        };
        builder.finish(path)?;
        Ok(network)
    }

    fn short(builder: &mut DenseBuilder) -> Result<Self, ShapeError> {
        // TensorFlow's padding: one row before, two behind.
        let input = DenseShape::image([Range::Short.side() + 3; 2], 3);
        let stem = DenseLayer { name: "stem", channels: 24, kernel: 5, stride: 2, activation: DenseActivation::Relu };
        let stem = builder.convolution(input, stem)?;
        let mut shape = stem.output();
        let mut blocks = Vec::new();
        for (index, sizes) in SHORT_BLOCKS.into_iter().enumerate() {
            let block = builder.block(shape, &format!("blocks.{index}"), sizes, DenseActivation::Relu)?;
            shape = block.output();
            blocks.push(block);
        }
        let mut heads = Vec::new();
        for (index, (block, anchors)) in SHORT_HEADS.into_iter().enumerate() {
            let [scores, boxes] = [format!("scores.{index}"), format!("boxes.{index}")];
            heads.push(head(builder, blocks[block].output(), [&scores, &boxes], anchors)?);
        }
        Ok(Self { range: Range::Short, input, stem, blocks, pyramid: Vec::new(), heads })
    }

    fn full(builder: &mut DenseBuilder) -> Result<Self, ShapeError> {
        let input = DenseShape::image([Range::Full.side() + 1; 2], 3);
        let stem = DenseLayer { name: "stem", channels: 32, kernel: 3, stride: 2, activation: DenseActivation::Relu };
        let stem = builder.convolution(input, stem)?;
        let mut shape = stem.output();
        let mut blocks: Vec<Block> = Vec::new();
        for (index, sizes) in FULL_BLOCKS.into_iter().enumerate() {
            let block = builder.double_block(shape, &format!("blocks.{index}"), sizes)?;
            shape = block.output();
            blocks.push(block);
        }
        let mut pyramid = Vec::new();
        for (index, [block, channels, hidden, count]) in FULL_PYRAMID.into_iter().enumerate() {
            let [coarse, lateral] = ["coarse", "lateral"].map(|part| format!("pyramid.{index}.{part}"));
            let layer = |name| DenseLayer::pointwise(name, channels, DenseActivation::Relu);
            let coarse = builder.convolution(shape, layer(&coarse))?;
            let lateral = builder.convolution(blocks[block].output(), layer(&lateral))?;
            shape = lateral.output();
            let name = |block| format!("pyramid.{index}.blocks.{block}");
            let blocks = (0..count).map(|block| builder.double_block(shape, &name(block), [channels, hidden, 1]));
            pyramid.push(Level { coarse, lateral, blocks: blocks.collect::<Result<_, _>>()? });
        }
        let heads = vec![head(builder, shape, ["scores", "boxes"], 1)?];
        Ok(Self { range: Range::Full, input, stem, blocks, pyramid, heads })
    }

    /// Which network it is.
    pub fn range(&self) -> Range {
        self.range
    }

    /// The anchors, in the order of the outputs: middles as shares of the input's side.
    pub fn anchors(&self) -> Vec<[f32; 2]> {
        let mut anchors = Vec::new();
        for [scores, _] in &self.heads {
            let [height, width] = scores.output().size();
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let middle = [(x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32];
                anchors.extend(std::iter::repeat_n(middle, scores.output().channels()));
            }
        }
        anchors
    }

    /// Runs the network on one image.
    ///
    /// # Shapes
    /// - pixels: `[side, side, 3]`, RGB in `[-1, 1]`
    ///
    /// # Errors
    /// [`ShapeError`] if there are other than `3 * side * side` values.
    pub fn forward(&self, pixels: &[f32], memory: &mut DenseMemory) -> Result<BlazeFaceOutput, ShapeError> {
        let side = self.range.side();
        if pixels.len() != 3 * side * side {
            return Err(ShapeError::Length { argument: "pixels", expected: 3 * side * side, found: pixels.len() });
        }
        let before = (self.input.size()[0] - side) / 2;
        let image = memory.image(self.input, before, pixels);
        let mut map = self.stem.run(&image, memory)?;
        memory.give(image);
        // The outputs of blocks that are read again.
        let mut kept: Vec<(usize, DenseMap)> = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let next = if self.is_kept(index) {
                let next = block.run_beside(&map, memory)?;
                kept.push((index - 1, map));
                next
            } else {
                block.run(map, memory)?
            };
            map = next;
        }
        for (level, [block, ..]) in self.pyramid.iter().zip(FULL_PYRAMID) {
            map = level.run(map, kept.iter().find(|(index, _)| *index == block).map(|(_, map)| map), memory)?;
        }
        let mut output = BlazeFaceOutput { scores: Vec::new(), boxes: Vec::new() };
        for (index, [scores, boxes]) in self.heads.iter().enumerate() {
            let last = index + 1 == self.heads.len();
            let source = if last { &map } else { kept.first().map_or(&map, |(_, map)| map) };
            let [scores, boxes] = [scores.run(source, memory)?, boxes.run(source, memory)?];
            output.scores.extend(scores.pixels().flatten());
            output.boxes.extend(boxes.pixels().flat_map(|pixel| pixel.as_chunks::<BOX_NUMBERS>().0));
            memory.give(scores);
            memory.give(boxes);
        }
        kept.into_iter().for_each(|(_, map)| memory.give(map));
        memory.give(map);
        Ok(output)
    }

    /// Whether the input of a block is read by others, too.
    fn is_kept(&self, block: usize) -> bool {
        match self.range {
            Range::Short => SHORT_HEADS.iter().any(|(kept, _)| kept + 1 == block),
            Range::Full => FULL_PYRAMID.iter().any(|[kept, ..]| kept + 1 == block),
        }
    }
}

/// The two convolutions that say of each anchor of a grid whether and where there is a face.
fn head(
    builder: &mut DenseBuilder,
    input: DenseShape,
    [scores, boxes]: [&str; 2],
    anchors: usize,
) -> Result<[Dense; 2], ShapeError> {
    let layer = |name, channels| DenseLayer::pointwise(name, channels, DenseActivation::Linear);
    let scores = builder.convolution(input, layer(scores, anchors))?;
    Ok([scores, builder.convolution(input, layer(boxes, anchors * BOX_NUMBERS))?])
}

impl Level {
    fn run(&self, map: DenseMap, lateral: Option<&DenseMap>, memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        let coarse = self.coarse.run(&map, memory)?;
        let lateral = lateral.ok_or(ShapeError::Zero { field: "maps for the pyramid" })?;
        let mut joined = self.lateral.run(lateral, memory)?;
        joined.add_upsampled(&coarse)?;
        memory.give(map);
        memory.give(coarse);
        self.blocks.iter().try_fold(joined, |map, block| block.run(map, memory))
    }
}
