//! Encoders and decoder of one domain.

use burn::tensor::Tensor;

use crate::config::munit::GeneratorConfig;
use crate::layers::Initializer;
use crate::parameter::{Parameter, Parameterized, join};

use super::content_encoder::ContentEncoder;
use super::decoder::Decoder;
use super::style_encoder::StyleEncoder;
use super::style_mlp::StyleMlp;

/// The codes of pictures.
#[derive(Clone, Debug)]
pub struct Code {
    /// What it shows: `[n, c, h / 2^d, w / 2^d]`.
    pub content: Tensor<4>,
    /// How it is drawn: `[n, style_dim]`.
    pub style: Tensor<2>,
}

/// The generator of one domain. It encodes pictures of its domain, and decodes any content with a style of its
/// domain. A translation encodes with the generator of one domain and decodes with that of the other.
#[derive(Clone, Debug)]
pub struct Generator {
    style_encoder: StyleEncoder,
    content_encoder: ContentEncoder,
    decoder: Decoder,
    mlp: StyleMlp,
}

impl Generator {
    /// A generator for pictures with `channels`.
    pub fn new(channels: usize, config: &GeneratorConfig, init: &mut Initializer) -> Self {
        let style_encoder = StyleEncoder::new(channels, config, init);
        let content_encoder = ContentEncoder::new(channels, config, init);
        let decoder = Decoder::new(channels, config, init);
        let outputs = decoder.num_adain_parameters();
        let mlp = StyleMlp::new(config.style_dim, config.mlp_dim, outputs, config.activation, init);
        Self { style_encoder, content_encoder, decoder, mlp }
    }

    /// One power iteration of every spectrally normalised layer.
    pub fn refresh(&mut self) {
        self.content_encoder.refresh();
        self.decoder.refresh();
    }

    /// Content and style of pictures in `[-1, 1]`, `[n, channels, h, w]`.
    pub fn encode(&self, pictures: Tensor<4>) -> Code {
        Code { content: self.content_encoder.forward(pictures.clone()), style: self.encode_style(pictures) }
    }

    /// The content alone: `[n, c, h / 2^d, w / 2^d]`.
    pub fn encode_content(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.content_encoder.forward(pictures)
    }

    /// From pictures to styles.
    pub fn style_encoder(&self) -> &StyleEncoder {
        &self.style_encoder
    }

    /// From pictures to contents.
    pub fn content_encoder(&self) -> &ContentEncoder {
        &self.content_encoder
    }

    /// From codes to pictures.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// From styles to the decoder's AdaIN parameters.
    pub fn style_mlp(&self) -> &StyleMlp {
        &self.mlp
    }

    /// The style alone: `[n, style_dim]`.
    pub fn encode_style(&self, pictures: Tensor<4>) -> Tensor<2> {
        self.style_encoder.forward(pictures)
    }

    /// Pictures in `[-1, 1]`, `[n, channels, h, w]`, from content and style codes.
    pub fn decode(&self, content: Tensor<4>, style: Tensor<2>) -> Tensor<4> {
        self.decoder.forward(content, &self.mlp.forward(style))
    }

    /// One power iteration of the content encoder. In the original every encoding begins with it.
    pub fn refresh_encoder(&mut self) {
        self.content_encoder.refresh();
    }

    /// One power iteration of the decoder. In the original every decoding begins with it.
    pub fn refresh_decoder(&mut self) {
        self.decoder.refresh();
    }
}

impl Parameterized for Generator {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.style_encoder.visit_mut(&join(prefix, "enc_style"), visit);
        self.content_encoder.visit_mut(&join(prefix, "enc_content"), visit);
        self.decoder.visit_mut(&join(prefix, "dec"), visit);
        self.mlp.visit_mut(&join(prefix, "mlp"), visit);
    }
}
