//! Convolutions with their padding, plain and spectrally normalised.

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, TensorData};

use crate::ops::{ConvGeometry, LatestVectors, Padding, conv2d, power_step, spectral_divide, upsampled_conv2d};
use crate::parameter::{Parameter, Parameterized, join, to_values};

use super::Initializer;

/// A convolution with bias.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Parameter,
    bias: Parameter,
    geometry: ConvGeometry,
}

impl Conv2d {
    /// A convolution from `channels_in` to `channels_out`.
    pub fn new(channels_in: usize, channels_out: usize, geometry: ConvGeometry, init: &mut Initializer) -> Self {
        let (weight, bias) = init.weight_and_bias(&[channels_out, channels_in, geometry.kernel, geometry.kernel]);
        Self { weight, bias, geometry }
    }

    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, h', w']`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        conv2d(images, self.weight.get(), self.bias.get(), self.geometry)
    }
}

impl Parameterized for Conv2d {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.weight);
        visit(&join(prefix, "bias"), &mut self.bias);
    }
}

/// A convolution whose weight is divided by its largest singular value, estimated by one step of
/// power iteration per forward call. Miyato et al. 2018, <https://arxiv.org/abs/1802.05957>.
///
/// As in the original, [`refresh`](Self::refresh) is called before every forward call in training:
/// `v = n(W^T u)`, `u = n(W v)`, `sigma = u . W v`, with `n(z) = z / (|z| + 1e-12)`.
/// Translation refreshes once, when a model is loaded, so that a picture's result does not depend on
/// the pictures before it.
#[derive(Clone, Debug)]
pub struct SpectralConv2d {
    weight_bar: Parameter,
    weight_u: Parameter,
    weight_v: Parameter,
    bias: Parameter,
    geometry: ConvGeometry,
    latest: LatestVectors,
    normalised: Option<Tensor<4>>,
}

impl SpectralConv2d {
    /// A convolution from `channels_in` to `channels_out`. Its weight starts as PyTorch starts it,
    /// whatever the network's initialization is, because the original's does not reach it.
    pub fn new(channels_in: usize, channels_out: usize, geometry: ConvGeometry, init: &mut Initializer) -> Self {
        let shape = [channels_out, channels_in, geometry.kernel, geometry.kernel];
        let (weight_bar, bias) = init.default_weight_and_bias(&shape);
        Self {
            weight_bar,
            weight_u: init.unit_vector(channels_out),
            weight_v: init.unit_vector(channels_in * geometry.kernel * geometry.kernel),
            bias,
            geometry,
            latest: LatestVectors::default(),
            normalised: None,
        }
    }

    /// One step of power iteration; the next forward calls use the weight that it gives.
    pub fn refresh(&mut self) {
        let shape: [usize; 4] = self.weight_bar.get::<4>().dims();
        let (rows, columns) = (shape[0], shape[1] * shape[2] * shape[3]);
        let weight: Tensor<2> = self.weight_bar.flat().reshape([rows, columns]);
        let ([u, v], sigma) = power_step(weight.clone().without_autodiff(), self.weight_u.flat());
        let sigma = to_values(sigma)[0];
        self.weight_u.set(u);
        self.weight_v.set(v);
        self.latest.set(data(&self.weight_u), data(&self.weight_v));
        self.normalised = Some(spectral_divide(weight, sigma, self.latest.clone()).reshape(shape));
    }

    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, h', w']`
    ///
    /// # Panics
    /// If [`refresh`](Self::refresh) was never called.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let weight = self.normalised.clone().expect("a network is refreshed before it is used");
        // A view that records nothing may come from a network that did when it was refreshed.
        let weight = if self.weight_bar.is_tracked() { weight } else { weight.without_autodiff() };
        conv2d(images, weight, self.bias.get(), self.geometry)
    }
}

fn data(parameter: &Parameter) -> TensorData {
    parameter.flat().into_data()
}

impl Parameterized for SpectralConv2d {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "module.bias"), &mut self.bias);
        visit(&join(prefix, "module.weight_u"), &mut self.weight_u);
        visit(&join(prefix, "module.weight_v"), &mut self.weight_v);
        visit(&join(prefix, "module.weight_bar"), &mut self.weight_bar);
    }
}

/// Either kind of convolution.
#[derive(Clone, Debug)]
pub enum Convolution {
    /// Weights as they are.
    Plain(Box<Conv2d>),
    /// Weights divided by their spectral norm.
    Spectral(Box<SpectralConv2d>),
}

impl Convolution {
    /// A convolution, spectrally normalised if `spectral`.
    pub fn new(
        channels_in: usize,
        channels_out: usize,
        geometry: ConvGeometry,
        spectral: bool,
        init: &mut Initializer,
    ) -> Self {
        if spectral {
            Self::Spectral(Box::new(SpectralConv2d::new(channels_in, channels_out, geometry, init)))
        } else {
            Self::Plain(Box::new(Conv2d::new(channels_in, channels_out, geometry, init)))
        }
    }

    /// See [`SpectralConv2d::refresh`]; nothing for a plain convolution.
    pub fn refresh(&mut self) {
        if let Self::Spectral(convolution) = self {
            convolution.refresh();
        }
    }

    /// How the kernel moves.
    pub fn geometry(&self) -> ConvGeometry {
        match self {
            Self::Plain(convolution) => convolution.geometry,
            Self::Spectral(convolution) => convolution.geometry,
        }
    }

    /// Channels of the output.
    pub fn channels_out(&self) -> usize {
        match self {
            Self::Plain(convolution) => convolution.weight.shape()[0],
            Self::Spectral(convolution) => convolution.weight_bar.shape()[0],
        }
    }

    /// Copies the weights to the host; where they are spectrally normalised, as the last
    /// [`refresh`](Self::refresh) left them.
    ///
    /// # Panics
    /// If a spectrally normalised convolution was never refreshed.
    pub fn current_weights(&self) -> ConvolutionWeights {
        let (weight, bias, geometry) = match self {
            Self::Plain(convolution) => (convolution.weight.get(), &convolution.bias, convolution.geometry),
            Self::Spectral(convolution) => {
                let weight = convolution.normalised.clone().expect("a network is refreshed before it is used");
                (weight, &convolution.bias, convolution.geometry)
            }
        };
        ConvolutionWeights { weight: to_values::<4>(weight), bias: bias.to_vec(), geometry }
    }

    /// See [`Conv2d::forward`].
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Plain(convolution) => convolution.forward(images),
            Self::Spectral(convolution) => convolution.forward(images),
        }
    }

    /// [`forward`](Self::forward) of the images upsampled by two, every pixel becoming four.
    ///
    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, h', w']`, of images of `[2 h, 2 w]`
    pub fn upsampled_forward(&self, images: Tensor<4>) -> Tensor<4> {
        let [_, _, h, w] = images.dims();
        match self {
            Self::Plain(convolution) if convolution.geometry == FUSED_UPSAMPLING && h.min(w) > 1 => {
                upsampled_conv2d(images, convolution.weight.get(), convolution.bias.get())
            }
            _ => {
                let nearest = InterpolateOptions::new(InterpolateMode::Nearest).with_output_size([2 * h, 2 * w]);
                self.forward(interpolate(images, nearest))
            }
        }
    }
}

/// Weights of a convolution as they are used now.
#[derive(Clone, Debug)]
pub struct ConvolutionWeights {
    /// `[out, in, k, k]`
    pub weight: Vec<f32>,
    /// `[out]`
    pub bias: Vec<f32>,
    /// How the kernel moves.
    pub geometry: ConvGeometry,
}

impl ConvolutionWeights {
    /// Whether there is one operation for the convolution and upsampling before it.
    pub fn fits_upsampling(&self) -> bool {
        self.geometry == FUSED_UPSAMPLING
    }
}

/// The convolution for which there is one operation with the upsampling before it.
const FUSED_UPSAMPLING: ConvGeometry = ConvGeometry { kernel: 5, stride: 1, padding: 2, mode: Padding::Reflect };

impl Parameterized for Convolution {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        match self {
            Self::Plain(convolution) => convolution.visit_mut(prefix, visit),
            Self::Spectral(convolution) => convolution.visit_mut(prefix, visit),
        }
    }
}
