//! From content and style codes to a picture.

use burn::tensor::Tensor;

use crate::config::munit::GeneratorConfig;
use crate::inference::{NoPlan, Plan, PlanBuilder, PlannedAffine, Slot};
use crate::layers::{
    ActivationKind, AdainParameters, ConvBlock, ConvBlockConfig, Initializer, NormalizationKind, ResidualBlock,
    SelfAttention,
};
use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

/// The decoder of MUNIT: residual blocks with AdaIN, whose parameters come from the style; then nearest
/// upsampling and 5x5 convolutions with layer normalisation; then a 7x7 convolution to the picture.
/// The original puts self-attention and one more residual block with AdaIN behind the first ones.
#[derive(Clone, Debug)]
pub struct Decoder {
    residual: Vec<ResidualBlock>,
    attention: Option<(SelfAttention, ResidualBlock)>,
    upsampling: Vec<ConvBlock>,
    head: ConvBlock,
    channels: usize,
}

/// The last convolution, but for what it pads with.
const HEAD: ConvGeometry = ConvGeometry { kernel: 7, stride: 1, padding: 3, mode: Padding::Zero };

impl Decoder {
    /// A decoder to pictures with `channels`.
    pub fn new(channels: usize, config: &GeneratorConfig, init: &mut Initializer) -> Self {
        let (mode, activation) = (config.padding.into(), config.activation);
        let wide = config.content_channels();
        let adaptive = NormalizationKind::Adaptive;
        let residual =
            (0..config.num_residual).map(|_| ResidualBlock::new(wide, adaptive, activation, mode, init)).collect();
        let attention = config.attention.then(|| {
            let attention = SelfAttention::new(wide, true, init);
            (attention, ResidualBlock::new(wide, adaptive, activation, mode, init))
        });
        let doubling = ConvBlockConfig {
            geometry: ConvGeometry { kernel: 5, stride: 1, padding: 2, mode },
            normalization: NormalizationKind::Layer,
            activation,
        };
        let upsampling = (0..config.num_downsample)
            .map(|level| ConvBlock::new(wide >> level, wide >> (level + 1), doubling, init))
            .collect();
        let head = ConvBlockConfig {
            geometry: ConvGeometry { mode, ..HEAD },
            normalization: NormalizationKind::None,
            activation: ActivationKind::Tanh,
        };
        Self { residual, attention, upsampling, head: ConvBlock::new(config.dim, channels, head, init), channels: wide }
    }

    /// How many AdaIN parameters a style becomes: a scale and a shift per channel of every
    /// convolution with AdaIN.
    pub fn num_adain_parameters(&self) -> usize {
        let blocks = self.residual.len() + usize::from(self.attention.is_some());
        blocks * 2 * 2 * self.channels
    }

    /// One power iteration of the attention's convolutions.
    pub fn refresh(&mut self) {
        if let Some((attention, _)) = &mut self.attention {
            attention.refresh();
        }
    }

    /// # Shapes
    /// - content: `[n, dim * 2^d, h / 2^d, w / 2^d]`
    /// - adain: `[n, num_adain_parameters]`, per convolution with AdaIN first all shifts, then all scales
    /// - output: `[n, channels, h, w]` in `[-1, 1]`
    pub fn forward(&self, content: Tensor<4>, adain: Tensor<2>) -> Tensor<4> {
        let mut adain = self.split_adain(adain).into_iter();
        let mut run = |x, block: &ResidualBlock| {
            let of_block = adain.next().expect("there are AdaIN parameters for each residual block");
            block.forward(x, Some(&of_block))
        };
        let mut features = content;
        for block in &self.residual {
            features = run(features, block);
        }
        if let Some((attention, block)) = &self.attention {
            features = run(attention.forward(features), block);
        }
        let features = self.upsampling.iter().fold(features, |x, block| block.upsampled_forward(x));
        self.head.forward(features, None)
    }

    /// Ends a plan with what [`forward`](Self::forward) computes; the numbers that steer it are `adaptive`.
    ///
    /// # Errors
    /// [`NoPlan`] if the network does not fit the content, or a layer has no prepared form.
    pub fn plan(&self, mut plan: PlanBuilder, content: Slot) -> Result<Plan, NoPlan> {
        if self.upsampling.is_empty() {
            return Err(NoPlan::Layer("a decoder that does not enlarge"));
        }
        let mut layer = 0;
        let mut styles = || {
            [0, 1].map(|_| {
                let start = 2 * layer * self.channels;
                layer += 1;
                let [shift, scale] = [start, start + self.channels].map(|start| start..start + self.channels);
                PlannedAffine::Styled { shift, scale }
            })
        };
        let mut x = content;
        for block in &self.residual {
            x = block.plan(&mut plan, x, Some(&styles()))?;
        }
        if let Some((attention, block)) = &self.attention {
            let attended = attention.plan(&mut plan, x)?;
            x = block.plan(&mut plan, attended, Some(&styles()))?;
        }
        for (index, block) in self.upsampling.iter().enumerate() {
            if index + 1 == self.upsampling.len() {
                plan.set_margin(HEAD.padding);
            }
            x = block.upsampled_plan(&mut plan, x)?;
        }
        self.head.plan_pictures(plan, x)
    }

    /// The parameters of both convolutions of each residual block.
    fn split_adain(&self, adain: Tensor<2>) -> Vec<[AdainParameters; 2]> {
        let [n, total] = adain.dims();
        let layer = |index: usize| {
            let part = |offset: usize| {
                let start = (2 * index + offset) * self.channels;
                adain.clone().slice([0..n, start..start + self.channels])
            };
            AdainParameters { shift: part(0), scale: part(1) }
        };
        let num_blocks = total / (4 * self.channels);
        (0..num_blocks).map(|block| [layer(2 * block), layer(2 * block + 1)]).collect()
    }
}

impl Parameterized for Decoder {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        let layer = |index: usize| join(prefix, &format!("model.{index}"));
        for (index, block) in self.residual.iter_mut().enumerate() {
            block.visit_mut(&join(&layer(0), &format!("model.{index}")), visit);
        }
        let mut next = 1;
        if let Some((attention, residual)) = &mut self.attention {
            attention.visit_mut(&layer(1), visit);
            residual.visit_mut(&layer(2), visit);
            next = 3;
        }
        for block in &mut self.upsampling {
            // The layer before each block is the upsampling, which has no parameters.
            block.visit_mut(&layer(next + 1), visit);
            next += 2;
        }
        self.head.visit_mut(&layer(next), visit);
    }
}
