//! Convolution blocks and residual blocks.

use burn::tensor::Tensor;
use portraitist_kernels::OutputActivation;

use crate::inference::{NoPlan, Plan, PlanBuilder, PlannedAffine, PlannedNormalization, Slot};
use crate::ops::{ConvGeometry, Padding, Pointwise};
use crate::parameter::{Parameter, Parameterized, join};

use super::{
    Activation, ActivationKind, AdainParameters, Convolution, Epilogue, Initializer, Normalization, NormalizationKind,
};

/// The parts of a [`ConvBlock`].
#[derive(Clone, Copy, Debug)]
pub struct ConvBlockConfig {
    /// How the kernel moves.
    pub geometry: ConvGeometry,
    /// What follows the convolution.
    pub normalization: NormalizationKind,
    /// What follows the normalisation.
    pub activation: ActivationKind,
}

/// Padding, convolution, normalisation, activation.
#[derive(Clone, Debug)]
pub struct ConvBlock {
    convolution: Convolution,
    normalization: Normalization,
    activation: Activation,
}

impl ConvBlock {
    /// A block from `channels_in` to `channels_out`.
    pub fn new(channels_in: usize, channels_out: usize, config: ConvBlockConfig, init: &mut Initializer) -> Self {
        let spectral = config.normalization == NormalizationKind::Spectral;
        Self {
            convolution: Convolution::new(channels_in, channels_out, config.geometry, spectral, init),
            normalization: Normalization::new(config.normalization, channels_out, init),
            activation: Activation::new(config.activation, init.device()),
        }
    }

    /// One power iteration where the block is spectrally normalised.
    pub fn refresh(&mut self) {
        self.convolution.refresh();
    }

    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, h', w']`
    pub fn forward(&self, images: Tensor<4>, adain: Option<&AdainParameters>) -> Tensor<4> {
        self.epilogue(self.convolution.forward(images), adain, None)
    }

    /// [`forward`](Self::forward) after nearest upsampling by two.
    ///
    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, 2 h, 2 w]` where the block keeps the size
    pub fn upsampled_forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.epilogue(self.convolution.upsampled_forward(images), None, None)
    }

    /// [`forward`](Self::forward), plus `residual`, which has the output's shape.
    pub fn forward_onto(&self, images: Tensor<4>, adain: Option<&AdainParameters>, residual: Tensor<4>) -> Tensor<4> {
        self.epilogue(self.convolution.forward(images), adain, Some(residual))
    }

    /// Normalises, activates and adds, in one pass where the activation is none or ReLU.
    fn epilogue(&self, features: Tensor<4>, adain: Option<&AdainParameters>, residual: Option<Tensor<4>>) -> Tensor<4> {
        let relu = match self.activation.kind() {
            ActivationKind::None => false,
            ActivationKind::Relu => true,
            _ => {
                let activated =
                    self.activation.forward(self.normalization.forward(features, adain, Epilogue::default()));
                return residual.into_iter().fold(activated, |x, residual| x + residual);
            }
        };
        self.normalization.forward(features, adain, Epilogue { relu, residual })
    }
}

/// Blocks as layers of plans.
impl ConvBlock {
    /// Adds what [`forward`](Self::forward) or, with a residual, [`forward_onto`](Self::forward_onto) does to a plan.
    ///
    /// # Errors
    /// [`NoPlan`] if the block does not fit its input, or a part of it has no prepared form.
    pub fn plan(
        &self,
        plan: &mut PlanBuilder,
        input: Slot,
        style: Option<&PlannedAffine>,
        residual: Option<Slot>,
    ) -> Result<Slot, NoPlan> {
        let weights = self.convolution.current_weights();
        let normalization = self.planned_normalization(style)?;
        let activation = match (&normalization, self.activation.kind()) {
            (None, ActivationKind::Relu) => OutputActivation::Relu,
            _ => OutputActivation::None,
        };
        let slot = plan.convolution(input, &weights.planned(), activation, residual)?;
        normalization.into_iter().for_each(|normalization| plan.normalize(normalization));
        Ok(slot)
    }

    /// Adds what [`upsampled_forward`](Self::upsampled_forward) does to a plan.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn upsampled_plan(&self, plan: &mut PlanBuilder, input: Slot) -> Result<Slot, NoPlan> {
        let weights = self.convolution.current_weights();
        if !weights.can_be_upsampling() {
            return Err(NoPlan::Layer("an enlargement and a convolution that is not 5x5 with reflecting borders"));
        }
        let normalization = self.planned_normalization(None)?;
        let normalization = normalization.ok_or(NoPlan::Layer("an enlargement that is not normalised"))?;
        let slot = plan.upsampling(input, &weights.weight, &weights.bias)?;
        plan.normalize(normalization);
        Ok(slot)
    }

    /// Ends a plan with this block, which makes the pictures.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn plan_pictures(&self, plan: PlanBuilder, input: Slot) -> Result<Plan, NoPlan> {
        let weights = self.convolution.current_weights();
        let activation = match (&self.normalization, self.activation.kind()) {
            (Normalization::None, ActivationKind::None) => None,
            (Normalization::None, ActivationKind::Tanh) => Some(Pointwise::Tanh),
            _ => return Err(NoPlan::Layer("a last layer with normalisation or an activation other than tanh")),
        };
        Ok(plan.finish_with_few_outputs(input, &weights.planned(), activation)?)
    }

    /// Normalisation and activation; none where the convolution is not normalised.
    fn planned_normalization(&self, style: Option<&PlannedAffine>) -> Result<Option<PlannedNormalization>, NoPlan> {
        let relu = match self.activation.kind() {
            ActivationKind::None => false,
            ActivationKind::Relu => true,
            _ => return Err(NoPlan::Layer("an activation other than ReLU")),
        };
        self.normalization.planned(style, relu)
    }
}

impl Parameterized for ConvBlock {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.normalization.visit_mut(&join(prefix, "norm"), visit);
        self.activation.visit_mut(&join(prefix, "activation"), visit);
        self.convolution.visit_mut(&join(prefix, "conv"), visit);
    }
}

/// Two 3x3 blocks whose output is added to their input; no activation follows the sum.
#[derive(Clone, Debug)]
pub struct ResidualBlock {
    first: ConvBlock,
    second: ConvBlock,
}

impl ResidualBlock {
    /// A block that keeps `channels`.
    pub fn new(
        channels: usize,
        normalization: NormalizationKind,
        activation: ActivationKind,
        mode: Padding,
        init: &mut Initializer,
    ) -> Self {
        let geometry = ConvGeometry { kernel: 3, stride: 1, padding: 1, mode };
        let first = ConvBlockConfig { geometry, normalization, activation };
        let second = ConvBlockConfig { activation: ActivationKind::None, ..first };
        Self {
            first: ConvBlock::new(channels, channels, first, init),
            second: ConvBlock::new(channels, channels, second, init),
        }
    }

    /// # Shapes
    /// - x and output: `[n, c, h, w]`
    /// - adain: one per convolution where the normalisation is adaptive, else `None`
    pub fn forward(&self, x: Tensor<4>, adain: Option<&[AdainParameters; 2]>) -> Tensor<4> {
        let [first, second] = match adain {
            Some([first, second]) => [Some(first), Some(second)],
            None => [None, None],
        };
        let changed = self.first.forward(x.clone(), first);
        self.second.forward_onto(changed, second, x)
    }
}

impl ResidualBlock {
    /// Adds what [`forward`](Self::forward) does to a plan.
    ///
    /// # Errors
    /// [`NoPlan`] if the block does not fit its input, or a part of it has no prepared form.
    pub fn plan(
        &self,
        plan: &mut PlanBuilder,
        input: Slot,
        styles: Option<&[PlannedAffine; 2]>,
    ) -> Result<Slot, NoPlan> {
        let changed = self.first.plan(plan, input, styles.map(|[first, _]| first), None)?;
        self.second.plan(plan, changed, styles.map(|[_, second]| second), Some(input))
    }
}

impl Parameterized for ResidualBlock {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.first.visit_mut(&join(prefix, "model.0"), visit);
        self.second.visit_mut(&join(prefix, "model.1"), visit);
    }
}
