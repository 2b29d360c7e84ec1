//! What graphs are made of.

use std::ops::Range;

use portraitist_kernels::Pool;

use crate::layers::{
    AVERAGE_POOL, Activation, ConvBlock, FoldedConvolution, Linear, MAX_POOL, Normalization, ResidualBlock,
    SelfAttention,
};

/// A value of a graph: the result of a node, or the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(pub(crate) usize);

/// Where the parameters of one AdaIN layer lie among the AdaIN parameters of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdainRange {
    /// Added to the channels after scaling.
    pub shift: Range<usize>,
    /// Multiplied with the normalised channels.
    pub scale: Range<usize>,
}

/// What a node computes.
#[derive(Clone, Debug)]
pub enum Operation<'a> {
    /// A convolution with everything behind it: normalisation, activation, residual.
    Block {
        /// Convolution, normalisation and activation.
        block: &'a ConvBlock,
        /// Whether nearest upsampling by two comes before the convolution.
        upsampled: bool,
        /// Where an adaptive normalisation finds its parameters.
        adain: Option<AdainRange>,
        /// Added at the very end.
        residual: Option<Slot>,
    },
    /// Self-attention, added to its input.
    Attention(&'a SelfAttention),
    /// A linear layer of all values of a picture.
    Linear(&'a Linear),
    /// An activation alone.
    Activation(&'a Activation),
    /// The mean over all pixels.
    GlobalMean,
    /// A pool.
    Pool(Pool),
    /// A convolution with everything behind it folded in.
    Folded(&'a FoldedConvolution),
    /// The channels of several feature maps, one behind the other.
    Concatenation(Vec<Slot>),
}

/// One layer of a graph; it writes the slot behind that of the node before it.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// What it computes.
    pub operation: Operation<'a>,
    /// What it reads; of a concatenation, the first part.
    pub input: Slot,
}

impl Node<'_> {
    /// What the results are added to.
    pub fn residual(&self) -> Option<Slot> {
        match self.operation {
            Operation::Block { residual, .. } => residual,
            Operation::Attention(_) => Some(self.input),
            _ => None,
        }
    }

    /// Every slot that it reads.
    pub fn reads(&self) -> Vec<Slot> {
        match &self.operation {
            Operation::Concatenation(parts) => parts.clone(),
            _ => std::iter::once(self.input).chain(self.residual()).collect(),
        }
    }

    /// Whether its normalisation takes AdaIN parameters.
    pub fn is_adain(&self) -> bool {
        matches!(self.operation, Operation::Block { adain: Some(_), .. })
    }
}

/// A network as a list of its layers, each behind those whose results it reads.
#[derive(Clone, Debug, Default)]
pub struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    num_adain_parameters: usize,
}

impl<'a> Graph<'a> {
    /// The slot of what the graph is given.
    pub const INPUT: Slot = Slot(0);

    /// The layers; node `i` writes slot `i + 1`.
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// The slot of the last node, or of the input where there is none.
    pub fn last(&self) -> Slot {
        Slot(self.nodes.len())
    }

    /// AdaIN parameters that each picture needs: per adaptive layer first all shifts, then all scales.
    pub fn num_adain_parameters(&self) -> usize {
        self.num_adain_parameters
    }

    /// Adds a block.
    pub fn block(&mut self, input: Slot, block: &'a ConvBlock) -> Slot {
        self.push_block(input, block, false, None)
    }

    /// Adds nearest upsampling by two and a block.
    pub fn upsampled_block(&mut self, input: Slot, block: &'a ConvBlock) -> Slot {
        self.push_block(input, block, true, None)
    }

    /// Adds a block and the sum of its results with `residual`.
    pub fn block_onto(&mut self, input: Slot, block: &'a ConvBlock, residual: Slot) -> Slot {
        self.push_block(input, block, false, Some(residual))
    }

    /// Adds two blocks and the sum of their results with their input.
    pub fn residual_block(&mut self, input: Slot, block: &'a ResidualBlock) -> Slot {
        let changed = self.block(input, &block.first);
        self.block_onto(changed, &block.second, input)
    }

    /// Adds self-attention.
    pub fn attention(&mut self, input: Slot, attention: &'a SelfAttention) -> Slot {
        self.push(input, Operation::Attention(attention))
    }

    /// Adds a linear layer of all values of a picture.
    pub fn linear(&mut self, input: Slot, linear: &'a Linear) -> Slot {
        self.push(input, Operation::Linear(linear))
    }

    /// Adds an activation.
    pub fn activation(&mut self, input: Slot, activation: &'a Activation) -> Slot {
        self.push(input, Operation::Activation(activation))
    }

    /// Adds the mean over all pixels.
    pub fn global_mean(&mut self, input: Slot) -> Slot {
        self.push(input, Operation::GlobalMean)
    }

    /// Adds a pool.
    pub fn pool(&mut self, input: Slot, pool: Pool) -> Slot {
        self.push(input, Operation::Pool(pool))
    }

    /// Adds a convolution with everything behind it folded in.
    pub fn folded(&mut self, input: Slot, convolution: &'a FoldedConvolution) -> Slot {
        self.push(input, Operation::Folded(convolution))
    }

    /// Adds the concatenation of the channels of feature maps of one size.
    ///
    /// # Panics
    /// If there are none.
    pub fn concatenate(&mut self, parts: Vec<Slot>) -> Slot {
        let first = *parts.first().expect("something is concatenated");
        self.push(first, Operation::Concatenation(parts))
    }

    /// Adds an average pool.
    pub fn average_pool(&mut self, input: Slot) -> Slot {
        self.pool(input, AVERAGE_POOL)
    }

    /// Adds a max pool.
    pub fn max_pool(&mut self, input: Slot) -> Slot {
        self.pool(input, MAX_POOL)
    }

    fn push_block(&mut self, input: Slot, block: &'a ConvBlock, upsampled: bool, residual: Option<Slot>) -> Slot {
        let adain = matches!(block.normalization, Normalization::Adaptive).then(|| {
            let (start, channels) = (self.num_adain_parameters, block.convolution.channels_out());
            self.num_adain_parameters += 2 * channels;
            AdainRange { shift: start..start + channels, scale: start + channels..start + 2 * channels }
        });
        self.push(input, Operation::Block { block, upsampled, adain, residual })
    }

    fn push(&mut self, input: Slot, operation: Operation<'a>) -> Slot {
        self.nodes.push(Node { operation, input });
        self.last()
    }
}
