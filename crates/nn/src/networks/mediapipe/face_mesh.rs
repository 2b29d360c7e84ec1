//! The face mesh: Kartynnik, Ablavatski, Grishchenko, Grundmann 2019, "Real-time Facial Surface Geometry from Monocular Video on
//! Mobile GPUs", <https://arxiv.org/abs/1907.06724>. The layers are those of MediaPipe's model file.

use std::path::Path;

use portraitist_kernels::{DenseShape, ShapeError};

use super::error::NetworkError;
use crate::inference::dense::{
    Block, Dense, DenseActivation, DenseBuilder, DenseLayer, DenseMap, DenseMemory, trunk_map,
};
use crate::weights::NamedArrays;

/// Points of a face.
pub const MESH_POINTS: usize = 468;

/// Values of the branch that the network for drawings has on top: the logarithm of the expected error of each of iBUG's 68 points, then
/// the logit that the face is drawn.
pub const ERROR_OUTPUTS: usize = 69;

/// Channels and stride of the trunk's blocks.
pub(super) const TRUNK: [[usize; 2]; 14] = [
    [16, 1],
    [16, 1],
    [32, 2],
    [32, 1],
    [32, 1],
    [64, 2],
    [64, 1],
    [64, 1],
    [128, 2],
    [128, 1],
    [128, 1],
    [128, 2],
    [128, 1],
    [128, 1],
];

/// Finds the points of a face in a square image that it fills, upright.
#[derive(Debug)]
pub struct FaceMesh {
    input: DenseShape,
    stem: Dense,
    trunk: Vec<Block>,
    points: Branch,
    flag: Branch,
    errors: Option<Branch>,
}

/// What the face mesh says.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceMeshOutput {
    /// x and y in pixels of the input, and depth in the same unit: smaller is nearer, 0 the middle of the head.
    pub points: Vec<[f32; 3]>,
    /// Logit that there is a face.
    pub flag: f32,
    /// Of the network for drawings alone.
    pub drawn: Option<DrawnFace>,
}

/// What the network for drawings says more.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnFace {
    /// The expected error of each of iBUG's 68 points, in pixels of the input.
    pub errors: Vec<f32>,
    /// Logit that the face is drawn, not photographed.
    pub drawn: f32,
}

/// Blocks, a convolution to fewer channels, one more block, and a convolution over all of the map.
#[derive(Debug)]
struct Branch {
    blocks: Vec<Block>,
    reduce: Dense,
    last: Block,
    head: Dense,
}

impl FaceMesh {
    /// Height and width of the input.
    pub const SIDE: usize = 192;

    /// Length of what [`features`](Self::features) gives.
    pub const FEATURES: usize = TRUNK[TRUNK.len() - 1][0];

    /// Builds the network from the arrays of a model file; `path` names it in errors.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if arrays are missing, left over or of another shape.
    pub fn new(arrays: NamedArrays, path: &Path) -> Result<Self, NetworkError> {
        Self::build(arrays, path, false)
    }

    /// As [`new`](Self::new), for the network for drawings, which has one more branch.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_drawings(arrays: NamedArrays, path: &Path) -> Result<Self, NetworkError> {
        Self::build(arrays, path, true)
    }

    fn build(arrays: NamedArrays, path: &Path, with_errors: bool) -> Result<Self, NetworkError> {
        let mut builder = DenseBuilder::new(arrays);
        // TensorFlow's padding: a row and a column behind.
        let input = DenseShape::image([Self::SIDE + 1; 2], 3);
        let stem = DenseLayer { name: "stem", channels: 16, kernel: 3, stride: 2, activation: DenseActivation::Prelu };
        let stem = builder.convolution(input, stem)?;
        let mut shape = stem.output();
        let mut trunk = Vec::new();
        for (index, sizes) in TRUNK.into_iter().enumerate() {
            let block = builder.block(shape, &format!("trunk.{index}"), sizes, DenseActivation::Prelu)?;
            shape = block.output();
            trunk.push(block);
        }
        let points = Branch::new(&mut builder, shape, "points", &[2, 1, 1], 3 * MESH_POINTS)?;
        let flag = Branch::new(&mut builder, shape, "flag", &[2], 1)?;
        let errors = match with_errors {
            true => Some(Branch::new(&mut builder, shape, "errors", &[2, 1, 1], ERROR_OUTPUTS)?),
            false => None,
        };
        builder.finish(path)?;
        Ok(Self { input, stem, trunk, points, flag, errors })
    }

    /// Runs the network on one image.
    ///
    /// # Shapes
    /// - pixels: `[192, 192, 3]`, RGB in `[0, 1]`
    ///
    /// # Errors
    /// [`ShapeError`] if there are other than `3 * 192 * 192` values.
    pub fn forward(&self, pixels: &[f32], memory: &mut DenseMemory) -> Result<FaceMeshOutput, ShapeError> {
        let map = self.trunk(pixels, memory)?;
        let points = self.points.run(&map, memory)?;
        let flag = self.flag.run(&map, memory)?;
        let errors = self.errors.as_ref().map(|errors| errors.run(&map, memory)).transpose()?;
        memory.give(map);
        let drawn = errors.map(|mut values| {
            let drawn = values.pop().unwrap_or_default();
            DrawnFace { errors: values.into_iter().map(f32::exp).collect(), drawn }
        });
        let points = points.as_chunks::<3>().0.to_vec();
        Ok(FaceMeshOutput { points, flag: flag.first().copied().unwrap_or(f32::NEG_INFINITY), drawn })
    }

    /// The means of the last feature map's channels, before the branches: what the network knows of a face.
    ///
    /// # Shapes
    /// - pixels: as for [`forward`](Self::forward)
    /// - output: `[128]`
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn features(&self, pixels: &[f32], memory: &mut DenseMemory) -> Result<Vec<f32>, ShapeError> {
        let map = self.trunk(pixels, memory)?;
        let mut means = vec![0.0; Self::FEATURES];
        let mut count = 0.0;
        for pixel in map.pixels() {
            means.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
            count += 1.0;
        }
        means.iter_mut().for_each(|sum| *sum /= count);
        memory.give(map);
        Ok(means)
    }

    /// The feature map that the branches read.
    fn trunk(&self, pixels: &[f32], memory: &mut DenseMemory) -> Result<DenseMap, ShapeError> {
        trunk_map(self.input, &self.stem, &self.trunk, pixels, memory)
    }
}

impl Branch {
    /// A branch with blocks of some strides.
    fn new(
        builder: &mut DenseBuilder,
        input: DenseShape,
        name: &str,
        strides: &[usize],
        outputs: usize,
    ) -> Result<Self, ShapeError> {
        let activation = DenseActivation::Prelu;
        let mut shape = input;
        let mut blocks = Vec::new();
        for (index, stride) in strides.iter().enumerate() {
            let block = builder.block(shape, &format!("{name}.blocks.{index}"), [128, *stride], activation)?;
            shape = block.output();
            blocks.push(block);
        }
        let reduce = builder.convolution(shape, DenseLayer::pointwise(&format!("{name}.reduce"), 32, activation))?;
        let last = format!("{name}.blocks.{}", strides.len());
        let last = builder.block(reduce.output(), &last, [32, 1], activation)?;
        let head = format!("{name}.head");
        let head = DenseLayer {
            name: &head,
            channels: outputs,
            kernel: last.output().size()[0],
            stride: 1,
            activation: DenseActivation::Linear,
        };
        let head = builder.convolution(last.output(), head)?;
        Ok(Self { blocks, reduce, last, head })
    }

    fn run(&self, map: &DenseMap, memory: &mut DenseMemory) -> Result<Vec<f32>, ShapeError> {
        let (first, rest) = self.blocks.split_first().ok_or(ShapeError::Zero { field: "blocks of a branch" })?;
        let first = first.run_beside(map, memory)?;
        let map = rest.iter().try_fold(first, |map, block| block.run(map, memory))?;
        let reduced = self.reduce.run(&map, memory)?;
        memory.give(map);
        let map = self.last.run(reduced, memory)?;
        let output = self.head.run(&map, memory)?;
        let values = output.pixels().flatten().copied().collect();
        memory.give(map);
        memory.give(output);
        Ok(values)
    }
}
