//! Inception-v3, whose features FID compares.

use std::path::Path;

use burn::tensor::Device;
use portraitist_kernels::{Pool, PoolKind};

use crate::graph::{Graph, Slot};
use crate::layers::{BatchNormalized, FoldedConvolution, KernelGeometry};
use crate::weights::{Array, NamedArrays, WeightsError};

/// Which of the two Inception networks that FID has been computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InceptionKind {
    /// The network of the first FID, as pytorch-fid patches it: average pools do not count what lies beyond the edge, and the
    /// last block pools by maximum.
    Fid,
    /// torchvision's classifier.
    Torchvision,
}

/// Inception-v3 up to its 2,048 features, for inference: batch normalisation is folded into the convolutions. Szegedy et al. 2015,
/// <https://arxiv.org/abs/1512.00567>; behaviour of `mseitzer/pytorch-fid` 0.3 and of torchvision's `inception_v3`.
#[derive(Clone, Debug)]
pub struct Inception {
    kind: InceptionKind,
    stem: Vec<FoldedConvolution>,
    blocks: Vec<Mixed>,
}

/// A block of branches whose results are concatenated.
#[derive(Clone, Debug)]
struct Mixed {
    /// Chains of convolutions.
    branches: Vec<Branch>,
    pool: Pool,
    /// The convolution behind the pool; none in blocks that make the map smaller.
    pooled: Option<FoldedConvolution>,
}

/// Convolutions one behind the other; the last ones side by side.
#[derive(Clone, Debug)]
struct Branch {
    chain: Vec<FoldedConvolution>,
    ends: Vec<FoldedConvolution>,
}

/// Name, output channels, and how the kernel moves: height, width, stride, rows and columns of padding.
type Layer = (&'static str, usize, [usize; 5]);

/// Added to variances.
const BATCH_NORM_EPSILON: f64 = 1e-3;
/// Counters that PyTorch keeps and no result depends on.
const UNUSED_ENDING: &str = "num_batches_tracked";

const STEM: [Layer; 5] = [
    ("Conv2d_1a_3x3", 32, [3, 3, 2, 0, 0]),
    ("Conv2d_2a_3x3", 32, [3, 3, 1, 0, 0]),
    ("Conv2d_2b_3x3", 64, [3, 3, 1, 1, 1]),
    ("Conv2d_3b_1x1", 80, [1, 1, 1, 0, 0]),
    ("Conv2d_4a_3x3", 192, [3, 3, 1, 0, 0]),
];
/// The stem's convolutions behind which it pools.
const POOLED: [usize; 2] = [2, 4];
const STEM_POOL: Pool = Pool { kind: PoolKind::Max, window: 3, stride: 2, padding: 0 };

/// Takes arrays by name and keeps account of what is wrong.
struct Builder<'a> {
    arrays: NamedArrays,
    device: &'a Device,
    missing: Vec<String>,
    misshaped: Vec<String>,
    not_finite: Option<String>,
}

impl Inception {
    /// Height and width of the pictures that it takes.
    pub const SIDE: usize = 299;
    /// Features of a picture.
    pub const FEATURES: usize = 2048;

    /// Builds the network from the arrays of a published file. What lies behind the features (`fc`, and torchvision's auxiliary
    /// classifier) may be missing and is not used; an `fc` of another shape is that of another network.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] lists every array that is missing, unused or of another shape; [`WeightsError::NotFinite`].
    pub fn new(
        kind: InceptionKind,
        mut arrays: NamedArrays,
        path: &Path,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        arrays.retain(|name, _| !name.ends_with(UNUSED_ENDING));
        if kind == InceptionKind::Torchvision {
            arrays.retain(|name, _| !name.starts_with("AuxLogits."));
        }
        let mut builder = Builder { arrays, device, missing: Vec::new(), misshaped: Vec::new(), not_finite: None };
        let mut channels = 3;
        let stem = STEM.iter().map(|layer| builder.convolution("", layer, &mut channels)).collect();
        let blocks = builder.blocks(kind, &mut channels);
        let classes = if kind == InceptionKind::Fid { 1008 } else { 1000 };
        for (name, shape) in [("fc.weight", &[classes, Self::FEATURES][..]), ("fc.bias", &[classes])] {
            // Files of the features alone need no classifier.
            if builder.arrays.contains_key(name) {
                builder.take(name, shape);
            }
        }
        builder.finish(path)?;
        Ok(Self { kind, stem, blocks })
    }

    /// Which network it is.
    pub fn kind(&self) -> InceptionKind {
        self.kind
    }

    /// The network as a graph, from pictures `[n, 3, 299, 299]`, RGB, to features `[n, 2048]`.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        let mut x = Graph::INPUT;
        for (index, convolution) in self.stem.iter().enumerate() {
            x = graph.folded(x, convolution);
            if POOLED.contains(&index) {
                x = graph.pool(x, STEM_POOL);
            }
        }
        for block in &self.blocks {
            x = block.add(&mut graph, x);
        }
        graph.global_mean(x);
        graph
    }
}

impl Mixed {
    fn add<'a>(&'a self, graph: &mut Graph<'a>, input: Slot) -> Slot {
        let mut parts = Vec::new();
        for branch in &self.branches {
            let x = branch.chain.iter().fold(input, |x, convolution| graph.folded(x, convolution));
            if branch.ends.is_empty() {
                parts.push(x);
            }
            parts.extend(branch.ends.iter().map(|end| graph.folded(x, end)));
        }
        let pooled = graph.pool(input, self.pool);
        parts.push(match &self.pooled {
            Some(convolution) => graph.folded(pooled, convolution),
            None => pooled,
        });
        graph.concatenate(parts)
    }
}

impl Builder<'_> {
    /// The values of an array; zeros, and a note for [`finish`](Self::finish), where it does not fit.
    fn take(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let zeros = || vec![0.0; shape.iter().product()];
        match self.arrays.remove(name) {
            None => {
                self.missing.push(name.to_owned());
                zeros()
            }
            Some(array) if array.shape != shape => {
                self.misshaped.push(format!("{name} (expected {shape:?}, found {:?})", array.shape));
                zeros()
            }
            Some(Array { values, .. }) => {
                if !values.iter().all(|value| value.is_finite()) {
                    self.not_finite.get_or_insert_with(|| name.to_owned());
                }
                values
            }
        }
    }

    /// A convolution of `channels`, which become its output's.
    fn convolution(&mut self, block: &str, (name, out, sizes): &Layer, channels: &mut usize) -> FoldedConvolution {
        let &[height, width, stride, rows, columns] = sizes;
        let prefix = if block.is_empty() { (*name).to_owned() } else { format!("{block}.{name}") };
        let channels_in = std::mem::replace(channels, *out);
        let weight = self.take(&format!("{prefix}.conv.weight"), &[*out, channels_in, height, width]);
        let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| self.take(&format!("{prefix}.bn.{part}"), &[*out]));
        let arrays = BatchNormalized {
            weight: &weight,
            gamma: &gamma,
            beta: &beta,
            mean: &mean,
            variance: &variance,
            epsilon: BATCH_NORM_EPSILON,
        };
        let geometry = KernelGeometry { kernel: [height, width], stride, padding: [rows, columns] };
        FoldedConvolution::new(arrays, [channels_in, *out], geometry, self.device)
    }

    /// A branch of a chain and ends side by side.
    fn branch(&mut self, block: &str, mut channels: usize, chain: &[Layer], ends: &[Layer]) -> Branch {
        let chain = chain.iter().map(|layer| self.convolution(block, layer, &mut channels)).collect();
        let ends = ends.iter().map(|layer| self.convolution(block, layer, &mut channels.clone())).collect();
        Branch { chain, ends }
    }

    fn blocks(&mut self, kind: InceptionKind, channels: &mut usize) -> Vec<Mixed> {
        let mean = if kind == InceptionKind::Fid { PoolKind::Mean } else { PoolKind::MeanOfPadded };
        let around = |kind| Pool { kind, window: 3, stride: 1, padding: 1 };
        let last = if kind == InceptionKind::Fid { PoolKind::Max } else { mean };
        let mut blocks = Vec::new();
        for (name, pooled) in [("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)] {
            blocks.push(self.block_a(name, channels, around(mean), pooled));
        }
        blocks.push(self.block_b("Mixed_6a", channels));
        for (name, inner) in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)] {
            blocks.push(self.block_c(name, channels, around(mean), inner));
        }
        blocks.push(self.block_d("Mixed_7a", channels));
        blocks.push(self.block_e("Mixed_7b", channels, around(mean)));
        blocks.push(self.block_e("Mixed_7c", channels, around(last)));
        blocks
    }

    fn block_a(&mut self, name: &str, channels: &mut usize, pool: Pool, pooled: usize) -> Mixed {
        let from = *channels;
        let branches = vec![
            self.branch(name, from, &[("branch1x1", 64, [1, 1, 1, 0, 0])], &[]),
            self.branch(name, from, &[("branch5x5_1", 48, [1, 1, 1, 0, 0]), ("branch5x5_2", 64, [5, 5, 1, 2, 2])], &[]),
            self.branch(
                name,
                from,
                &[
                    ("branch3x3dbl_1", 64, [1, 1, 1, 0, 0]),
                    ("branch3x3dbl_2", 96, [3, 3, 1, 1, 1]),
                    ("branch3x3dbl_3", 96, [3, 3, 1, 1, 1]),
                ],
                &[],
            ),
        ];
        *channels = 64 + 64 + 96 + pooled;
        let pooled = self.convolution(name, &("branch_pool", pooled, [1, 1, 1, 0, 0]), &mut from.clone());
        Mixed { branches, pool, pooled: Some(pooled) }
    }

    fn block_b(&mut self, name: &str, channels: &mut usize) -> Mixed {
        let from = *channels;
        let branches = vec![
            self.branch(name, from, &[("branch3x3", 384, [3, 3, 2, 0, 0])], &[]),
            self.branch(
                name,
                from,
                &[
                    ("branch3x3dbl_1", 64, [1, 1, 1, 0, 0]),
                    ("branch3x3dbl_2", 96, [3, 3, 1, 1, 1]),
                    ("branch3x3dbl_3", 96, [3, 3, 2, 0, 0]),
                ],
                &[],
            ),
        ];
        *channels = 384 + 96 + from;
        Mixed { branches, pool: STEM_POOL, pooled: None }
    }

    fn block_c(&mut self, name: &str, channels: &mut usize, pool: Pool, inner: usize) -> Mixed {
        let from = *channels;
        let (across, down) = ([1, 7, 1, 0, 3], [7, 1, 1, 3, 0]);
        let branches = vec![
            self.branch(name, from, &[("branch1x1", 192, [1, 1, 1, 0, 0])], &[]),
            self.branch(
                name,
                from,
                &[("branch7x7_1", inner, [1, 1, 1, 0, 0]), ("branch7x7_2", inner, across), ("branch7x7_3", 192, down)],
                &[],
            ),
            self.branch(
                name,
                from,
                &[
                    ("branch7x7dbl_1", inner, [1, 1, 1, 0, 0]),
                    ("branch7x7dbl_2", inner, down),
                    ("branch7x7dbl_3", inner, across),
                    ("branch7x7dbl_4", inner, down),
                    ("branch7x7dbl_5", 192, across),
                ],
                &[],
            ),
        ];
        *channels = 4 * 192;
        let pooled = self.convolution(name, &("branch_pool", 192, [1, 1, 1, 0, 0]), &mut from.clone());
        Mixed { branches, pool, pooled: Some(pooled) }
    }

    fn block_d(&mut self, name: &str, channels: &mut usize) -> Mixed {
        let from = *channels;
        let branches = vec![
            self.branch(
                name,
                from,
                &[("branch3x3_1", 192, [1, 1, 1, 0, 0]), ("branch3x3_2", 320, [3, 3, 2, 0, 0])],
                &[],
            ),
            self.branch(
                name,
                from,
                &[
                    ("branch7x7x3_1", 192, [1, 1, 1, 0, 0]),
                    ("branch7x7x3_2", 192, [1, 7, 1, 0, 3]),
                    ("branch7x7x3_3", 192, [7, 1, 1, 3, 0]),
                    ("branch7x7x3_4", 192, [3, 3, 2, 0, 0]),
                ],
                &[],
            ),
        ];
        *channels = 320 + 192 + from;
        Mixed { branches, pool: STEM_POOL, pooled: None }
    }

    fn block_e(&mut self, name: &str, channels: &mut usize, pool: Pool) -> Mixed {
        let from = *channels;
        let (across, down) = ([1, 3, 1, 0, 1], [3, 1, 1, 1, 0]);
        let branches = vec![
            self.branch(name, from, &[("branch1x1", 320, [1, 1, 1, 0, 0])], &[]),
            self.branch(
                name,
                from,
                &[("branch3x3_1", 384, [1, 1, 1, 0, 0])],
                &[("branch3x3_2a", 384, across), ("branch3x3_2b", 384, down)],
            ),
            self.branch(
                name,
                from,
                &[("branch3x3dbl_1", 448, [1, 1, 1, 0, 0]), ("branch3x3dbl_2", 384, [3, 3, 1, 1, 1])],
                &[("branch3x3dbl_3a", 384, across), ("branch3x3dbl_3b", 384, down)],
            ),
        ];
        *channels = 320 + 4 * 384 + 192;
        let pooled = self.convolution(name, &("branch_pool", 192, [1, 1, 1, 0, 0]), &mut from.clone());
        Mixed { branches, pool, pooled: Some(pooled) }
    }

    fn finish(self, path: &Path) -> Result<(), WeightsError> {
        let Self { arrays, missing, misshaped, not_finite, .. } = self;
        let unused = arrays.into_keys().collect::<Vec<_>>();
        let path = path.to_path_buf();
        if !(missing.is_empty() && unused.is_empty() && misshaped.is_empty()) {
            return Err(WeightsError::Mismatch { path, missing, unused, misshaped });
        }
        not_finite.map_or(Ok(()), |name| Err(WeightsError::NotFinite { path, name }))
    }
}
