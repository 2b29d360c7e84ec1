//! The iris network: Ablavatski, Vakunov, Grishchenko, Raveendran, Zhdanovich 2020, "Real-time Pupil Tracking from Monocular Video
//! for Digital Puppetry", <https://arxiv.org/abs/2006.11341>. The layers are those of MediaPipe's model file.

use std::path::Path;

use portraitist_kernels::{DenseShape, ShapeError};

use super::error::NetworkError;
use crate::inference::dense::{
    Block, Dense, DenseActivation, DenseBuilder, DenseLayer, DenseMap, DenseMemory, trunk_map,
};
use crate::weights::NamedArrays;

/// Points around an eye, up to the eyebrow.
pub const OUTLINE_POINTS: usize = 71;
/// Points of an iris: the middle, then four of its rim.
pub const RIM_POINTS: usize = 5;

/// Stride of the blocks, each with 128 channels where it is below the first halving.
const TRUNK: [usize; 10] = [1, 1, 1, 1, 2, 1, 1, 1, 1, 2];
const BRANCH: [usize; 8] = [1, 1, 2, 1, 1, 2, 1, 1];

/// Finds the outline and the iris of an eye in a square image. The eye's outer corner is on the left.
#[derive(Debug)]
pub struct Iris {
    input: DenseShape,
    stem: Dense,
    trunk: Vec<Block>,
    eye: Branch,
    iris: Branch,
}

/// What the iris network says, in pixels of the input: x, y and depth.
#[derive(Clone, Debug, PartialEq)]
pub struct IrisOutput {
    /// Around the eye: outer corner, lower lid, inner corner (8), upper lid from outside (9 to 15), then rings around these.
    pub outline: Vec<[f32; 3]>,
    /// Middle of the iris, then four points of its rim.
    pub iris: Vec<[f32; 3]>,
}

/// Blocks and a convolution over all of the map.
#[derive(Debug)]
struct Branch {
    blocks: Vec<Block>,
    head: Dense,
}

impl Iris {
    /// Height and width of the input.
    pub const SIDE: usize = 64;

    /// Builds the network from the arrays of a model file; `path` names it in errors.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if arrays are missing, left over or of another shape.
    pub fn new(arrays: NamedArrays, path: &Path) -> Result<Self, NetworkError> {
        let mut builder = DenseBuilder::new(arrays);
        // TensorFlow's padding: a row and a column behind.
        let input = DenseShape::image([Self::SIDE + 1; 2], 3);
        let stem = DenseLayer { name: "stem", channels: 64, kernel: 3, stride: 2, activation: DenseActivation::Prelu };
        let stem = builder.convolution(input, stem)?;
        let mut shape = stem.output();
        let mut trunk = Vec::new();
        let mut channels = 64;
        for (index, stride) in TRUNK.into_iter().enumerate() {
            channels = if stride == 2 { 128 } else { channels };
            // A block that halves the map reduces it to 64 channels; others to half of theirs.
            let hidden = if stride == 2 { 64 } else { channels / 2 };
            let block = builder.bottleneck(shape, &format!("trunk.{index}"), [channels, hidden, stride])?;
            shape = block.output();
            trunk.push(block);
        }
        let eye = Branch::new(&mut builder, shape, "eye", 3 * OUTLINE_POINTS)?;
        let iris = Branch::new(&mut builder, shape, "iris", 3 * RIM_POINTS)?;
        builder.finish(path)?;
        Ok(Self { input, stem, trunk, eye, iris })
    }

    /// Runs the network on one image.
    ///
    /// # Shapes
    /// - pixels: `[64, 64, 3]`, RGB in `[0, 1]`
    ///
    /// # Errors
    /// [`ShapeError`] if there are other than `3 * 64 * 64` values.
    pub fn forward(&self, pixels: &[f32], memory: &mut DenseMemory) -> Result<IrisOutput, ShapeError> {
        let map = trunk_map(self.input, &self.stem, &self.trunk, pixels, memory)?;
        let outline = self.eye.run(&map, memory)?;
        let iris = self.iris.run(&map, memory)?;
        memory.give(map);
        Ok(IrisOutput { outline, iris })
    }
}

impl Branch {
    fn new(builder: &mut DenseBuilder, input: DenseShape, name: &str, outputs: usize) -> Result<Self, ShapeError> {
        let mut shape = input;
        let mut blocks = Vec::new();
        for (index, stride) in BRANCH.into_iter().enumerate() {
            let block = builder.bottleneck(shape, &format!("{name}.blocks.{index}"), [128, 64, stride])?;
            shape = block.output();
            blocks.push(block);
        }
        let head = format!("{name}.head");
        let head = DenseLayer {
            name: &head,
            channels: outputs,
            kernel: shape.size()[0],
            stride: 1,
            activation: DenseActivation::Linear,
        };
        let head = builder.convolution(shape, head)?;
        Ok(Self { blocks, head })
    }

    fn run(&self, map: &DenseMap, memory: &mut DenseMemory) -> Result<Vec<[f32; 3]>, ShapeError> {
        let (first, rest) = self.blocks.split_first().ok_or(ShapeError::Zero { field: "blocks of a branch" })?;
        let first = first.run_beside(map, memory)?;
        let map = rest.iter().try_fold(first, |map, block| block.run(map, memory))?;
        let output = self.head.run(&map, memory)?;
        let values: Vec<f32> = output.pixels().flatten().copied().collect();
        memory.give(map);
        memory.give(output);
        Ok(values.as_chunks::<3>().0.to_vec())
    }
}
