//! Counts the floating-point operations of networks by their graphs. All counts are for one picture; see
//! [`Workload::floating_point_operations`](super::Workload::floating_point_operations) for the rules.

use std::ops::Add;

use crate::config::Domain;
use crate::graph::{Graph, Operation, Shape};
use crate::losses::LossWeights;
use crate::networks::munit::{ContentEncoder, Decoder, Discriminators, StyleMlp, Translator};

/// The operations of a network's forward pass, by what their gradients need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Passes {
    /// Layers whose input needs no gradient, because no layer with weights comes before it.
    first: f64,
    /// Layers whose input needs a gradient.
    inner: f64,
    /// GEMMs of two activations (self-attention), which have no weights.
    attention_gemms: f64,
}

impl Add for Passes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            first: self.first + other.first,
            inner: self.inner + other.inner,
            attention_gemms: self.attention_gemms + other.attention_gemms,
        }
    }
}

impl Passes {
    /// Counts a graph. `is_learned` says whether its input is the result of trained layers, so that it needs a
    /// gradient.
    pub(super) fn count(graph: &Graph<'_>, input: Shape, is_learned: bool) -> Self {
        let shapes = graph.shapes(input);
        let mut learned = vec![is_learned];
        let mut passes = Self::default();
        for (node, [_, height, width]) in graph.nodes().iter().zip(&shapes[1..]) {
            let [channels, in_height, in_width] = shapes[node.input.0];
            let positions = (height * width) as f64;
            let layers = match &node.operation {
                Operation::Block { block, .. } => {
                    let (kernel, channels_out) =
                        (block.convolution.geometry().kernel, block.convolution.channels_out());
                    2.0 * (channels * channels_out * kernel * kernel) as f64 * positions
                }
                Operation::Folded(convolution) => {
                    let [kernel_height, kernel_width] = convolution.geometry().kernel;
                    2.0 * (channels * convolution.channels_out() * kernel_height * kernel_width) as f64 * positions
                }
                Operation::Attention(attention) => {
                    let [queries, keys, values] = attention.channels();
                    passes.attention_gemms += 2.0 * positions * positions * (keys + values) as f64;
                    2.0 * (channels * (queries + keys + values)) as f64 * positions
                }
                Operation::Linear(linear) => 2.0 * (channels * in_height * in_width * linear.features_out()) as f64,
                _ => 0.0,
            };
            let is_learned = learned[node.input.0];
            *(if is_learned { &mut passes.inner } else { &mut passes.first }) += layers;
            learned.push(is_learned || layers > 0.0);
        }
        passes
    }

    /// The forward pass.
    pub(super) fn forward(self) -> f64 {
        self.first + self.inner + self.attention_gemms
    }

    /// Forward, and backward to the weights. The gradient of a layer's input costs as much as the layer, so does that
    /// of its weight; an attention GEMM has two input gradients.
    fn learned(self) -> f64 {
        self.forward() + self.first + 2.0 * (self.inner + self.attention_gemms)
    }

    /// [`learned`](Self::learned), and backward to the input.
    fn learned_through(self) -> f64 {
        self.learned() + self.first
    }

    /// Forward, and backward to the input alone.
    fn passed_through(self) -> f64 {
        self.forward() + self.first + self.inner + 2.0 * self.attention_gemms
    }
}

/// A decoder with the network that makes its AdaIN parameters. The content always needs its gradient.
fn count_decoder(decoder: &Decoder, style_mlp: &StyleMlp, content: Shape) -> Passes {
    Passes::count(&style_mlp.graph(), [style_mlp.style_dim(), 1, 1], false)
        + Passes::count(&decoder.graph(), content, true)
}

/// The shape of the content of pictures.
fn content_shape(encoder: &ContentEncoder, picture: Shape) -> Shape {
    let graph = encoder.graph();
    graph.shapes(picture)[graph.nodes().len()]
}

/// From a picture to a picture.
pub(super) fn translation(encoder: &ContentEncoder, decoder: &Decoder, style_mlp: &StyleMlp, picture: Shape) -> f64 {
    let content = content_shape(encoder, picture);
    Passes::count(&encoder.graph(), picture, false).forward() + count_decoder(decoder, style_mlp, content).forward()
}

/// Both steps of the original's iteration, each with forward passes of its own.
pub(super) fn iteration(
    generators: &Translator,
    discriminators: &Discriminators,
    weights: &LossWeights,
    [height, width]: [usize; 2],
) -> f64 {
    let of_domain = |domain: Domain| {
        let generator = generators.of(domain);
        let encoder = generator.content_encoder();
        let picture = [encoder.picture_channels(), height, width];
        let content = Passes::count(&encoder.graph(), picture, false);
        let style = Passes::count(&generator.style_encoder().graph(), picture, false);
        let decoder = count_decoder(generator.decoder(), generator.style_mlp(), content_shape(encoder, picture));
        let discriminator = Passes::count(&discriminators.of(domain).graph().0, picture, false);
        // A generated and a real picture are scored; only the discriminator learns.
        let discriminator_step = content.forward() + decoder.forward() + 2.0 * discriminator.learned();
        // Real pictures' codes, those pictures again, generated ones of given style, and their codes and scores.
        let generator_step = content.learned()
            + style.learned()
            + decoder.learned_through()
            + decoder.learned()
            + content.learned_through()
            + style.learned_through()
            + discriminator.passed_through();
        let cycle = if weights.cycle > 0.0 { decoder.learned_through() } else { 0.0 };
        discriminator_step + generator_step + cycle
    };
    Domain::BOTH.into_iter().map(of_domain).sum()
}
