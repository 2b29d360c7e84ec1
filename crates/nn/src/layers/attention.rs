//! Self-attention over the positions of a feature map.

use burn::tensor::Tensor;

use crate::ops::{self, ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

use super::{Convolution, Initializer};

/// Every position becomes a weighted sum over all positions. Zhang et al. 2018, <https://arxiv.org/abs/1805.08318>.
///
/// `y = gamma * k(x) attention^T + x`, with `attention = softmax(f(x)^T g(x))` over its last index
/// and no scaling; `f` and `g` have an eighth of the channels; `gamma` starts at 0.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    gamma: Parameter,
    query: Convolution,
    key: Convolution,
    value: Convolution,
}

/// The query and key have this many times fewer channels.
const REDUCTION: usize = 8;

impl SelfAttention {
    /// Attention over feature maps of `channels`, which must be at least 8.
    pub fn new(channels: usize, spectral: bool, init: &mut Initializer) -> Self {
        let geometry = ConvGeometry { kernel: 1, stride: 1, padding: 0, mode: Padding::Zero };
        let mut convolution = |out| Convolution::new(channels, out, geometry, spectral, init);
        let query = convolution(channels / REDUCTION);
        let key = convolution(channels / REDUCTION);
        let value = convolution(channels);
        Self { gamma: init.constant(0.0, 1), query, key, value }
    }

    /// One power iteration of each of its convolutions.
    pub fn refresh(&mut self) {
        self.query.refresh();
        self.key.refresh();
        self.value.refresh();
    }

    /// # Shapes
    /// - x and output: `[n, c, h, w]`; on the CPU memory grows with `n c h w`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [n, c, h, w] = x.dims();
        let positions = |features: Tensor<4>| {
            let channels = features.dims()[1];
            features.reshape([n, channels, h * w])
        };
        let query = positions(self.query.forward(x.clone()));
        let key = positions(self.key.forward(x.clone()));
        let value = positions(self.value.forward(x.clone()));
        let attended = ops::self_attention(query, key, value).reshape([n, c, h, w]);
        ops::scaled_sum(attended, self.gamma.get(), x)
    }
}

/// Weights of self-attention as they are used now, for one 1x1 convolution that makes queries, keys and values.
#[derive(Clone, Debug)]
pub struct AttentionWeights {
    /// `[queries + keys + values, in, 1, 1]`; `gamma` is part of the values' weights.
    pub weight: Vec<f32>,
    /// `[queries + keys + values]`
    pub bias: Vec<f32>,
    /// Channels of queries, keys and values.
    pub channels: [usize; 3],
}

impl SelfAttention {
    /// Channels of queries, keys and values.
    pub fn channels(&self) -> [usize; 3] {
        [&self.query, &self.key, &self.value].map(Convolution::channels_out)
    }

    /// Copies the weights to the host; see [`Convolution::current_weights`].
    pub fn current_weights(&self) -> AttentionWeights {
        let gamma = self.gamma.to_vec()[0];
        let [query, key, mut value] = [&self.query, &self.key, &self.value].map(Convolution::current_weights);
        value.weight.iter_mut().chain(&mut value.bias).for_each(|number| *number *= gamma);
        AttentionWeights {
            weight: [query.weight, key.weight, value.weight].concat(),
            bias: [query.bias, key.bias, value.bias].concat(),
            channels: self.channels(),
        }
    }
}

impl Parameterized for SelfAttention {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "gamma"), &mut self.gamma);
        self.query.visit_mut(&join(prefix, "f_conv"), visit);
        self.key.visit_mut(&join(prefix, "g_conv"), visit);
        self.value.visit_mut(&join(prefix, "k_conv"), visit);
    }
}
