//! Work of fixed size to time the networks by: what `portraitist bench` and the benches run, and what
//! `benches/peers` runs in PyTorch under the same names.

mod arithmetic;

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::config::munit::{DiscriminatorConfig, GeneratorConfig, TranslatorConfig};
use crate::config::{Architecture, Domain, RecognizerConfig};
use crate::device::on_workers;
use crate::inference::InferencePrecision;
use crate::layers::{Initialization, Initializer};
use crate::losses::LossWeights;
use crate::networks::munit::{ContentEncoder, Decoder, Discriminators, StyleMlp, Translator};
use crate::networks::{Pair, SphereFace, Vgg16};
use crate::parameter::{from_values, to_values};
use crate::random::{normals, stream};
use crate::recognition::FrozenEmbedder;
use crate::training::NotFinite;
use crate::training::munit::{AuxiliaryNetworks, Batch, LossConfig, OptimizerConfig, Settings, StepNoise, Trainer};
use crate::translate::TranslationPlan;

use arithmetic::Passes;

/// What is done with the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Drawings become photos with given styles: content encoder of the one domain, decoder of the other.
    Translate,
    /// One iteration of training: discriminators, generators and Adam, with every loss of the original but the
    /// recogniser's, and new random styles each time.
    Train,
    /// The same with activation checkpointing.
    TrainCheckpointed,
    /// Features of VGG16 at `relu5_3`.
    Vgg,
    /// Embeddings of crops by SphereFace-20.
    Recognize,
}

/// One size of one task. The networks are the original's but for `dim`, their weights are random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What is done.
    pub task: Task,
    /// The pictures' height.
    pub height: usize,
    /// The pictures' width.
    pub width: usize,
    /// Pictures of each domain at a time.
    pub batch: usize,
    /// Channels of the first layer of generators and discriminators; 64 for VGG16 and SphereFace-20.
    pub dim: usize,
}

/// The networks of one direction of a translator.
struct Networks {
    encoder: ContentEncoder,
    decoder: Decoder,
    style_mlp: StyleMlp,
}

/// Fixes weights, pictures and styles.
const SEED: u64 = 1;
/// Larger pictures than this many pixels are there for their memory, not for their time.
const MOST_TIMED_PIXELS: usize = 256 * 256;

/// Height and width of a recogniser's crops.
const CROP: [usize; 2] = Architecture::SphereFace.crop_size();

const fn workload(task: Task, [height, width]: [usize; 2], batch: usize, dim: usize) -> Workload {
    Workload { task, height, width, batch, dim }
}

impl Workload {
    /// Every workload.
    pub const ALL: [Self; 14] = [
        workload(Task::Translate, [128, 112], 1, 32),
        workload(Task::Translate, [224, 192], 1, 64),
        workload(Task::Translate, [256, 256], 1, 64),
        workload(Task::Translate, [512, 512], 1, 64),
        workload(Task::Translate, [1024, 1024], 1, 64),
        workload(Task::Train, [64, 64], 4, 16),
        workload(Task::Train, [128, 112], 1, 32),
        workload(Task::Train, [224, 192], 1, 64),
        workload(Task::TrainCheckpointed, [128, 112], 1, 32),
        workload(Task::TrainCheckpointed, [224, 192], 1, 64),
        workload(Task::Vgg, [224, 224], 1, 64),
        workload(Task::Vgg, [224, 224], 8, 64),
        workload(Task::Recognize, CROP, 1, 64),
        workload(Task::Recognize, CROP, 32, 64),
    ];

    /// Its name, such as `train 128x112 batch 1 dim 32`: height, then width.
    pub fn name(&self) -> String {
        let Self { height, width, batch, dim, .. } = self;
        match self.task {
            Task::Translate => format!("translate {height}x{width} dim {dim}"),
            Task::Train => format!("train {height}x{width} batch {batch} dim {dim}"),
            Task::TrainCheckpointed => format!("checkpointing {height}x{width} batch {batch} dim {dim}"),
            Task::Vgg => format!("vgg {height}x{width} batch {batch}"),
            Task::Recognize => format!("recognize {height}x{width} batch {batch}"),
        }
    }

    /// Height and width as they stand in the name.
    pub fn size(&self) -> String {
        format!("{}x{}", self.height, self.width)
    }

    /// Whether it is there to show how memory grows with the picture.
    pub fn is_large(&self) -> bool {
        self.height * self.width > MOST_TIMED_PIXELS
    }

    /// Floating-point operations that the direct algorithms need, a multiplication and an addition
    /// counting as two: convolutions, linear layers and the matrix products of self-attention, and in training
    /// the gradients that the iteration uses. Normalisation, activations, pools, spectral norm and Adam
    /// are not counted; neither is anything that the original computes and does not use. What an
    /// implementation saves (Winograd, shared results) does not lower the count.
    ///
    /// The networks are made on the CPU for it, so that what is counted is what runs.
    pub fn floating_point_operations(&self) -> f64 {
        let (config, device, size) = (self.networks(), Device::flex(), [self.height, self.width]);
        let (scheme, picture) = (Initialization::Default, [3, self.height, self.width]);
        let one = match self.task {
            Task::Translate => {
                let Networks { encoder, decoder, style_mlp } = self.translating_networks(&device);
                arithmetic::translation(&encoder, &decoder, &style_mlp, picture)
            }
            Task::Train | Task::TrainCheckpointed => {
                let generators = Translator::new(&config, scheme, SEED, &device);
                let discriminators = Discriminators::new(&config, SEED, &device);
                arithmetic::iteration(&generators, &discriminators, &LossWeights::default(), size)
            }
            Task::Vgg => Passes::count(&Vgg16::new(&device).graph(), picture, false).forward(),
            Task::Recognize => {
                let network = SphereFace::new(&RecognizerConfig::default(), scheme, SEED, &device);
                Passes::count(&network.graph(), picture, false).forward()
            }
        };
        one * self.batch as f64
    }

    /// Makes networks and pictures; each call of the result does the work once, to its end. Translation and recognition are
    /// in the precision given, the rest in `f32`.
    pub fn prepare(&self, device: &Device, precision: InferencePrecision) -> Box<dyn FnMut() -> Result<(), NotFinite>> {
        match self.task {
            Task::Translate => self.prepare_translation(device, precision),
            Task::Train | Task::TrainCheckpointed => self.prepare_iteration(device),
            Task::Vgg => {
                let (network, pictures) = (Vgg16::new(device), self.pictures(Domain::Photo, device));
                Box::new(move || {
                    on_workers(|| to_values(network.forward(pictures.clone())));
                    Ok(())
                })
            }
            Task::Recognize => {
                let network = SphereFace::new(&RecognizerConfig::default(), Initialization::Default, SEED, device);
                let (embedder, crops) =
                    (FrozenEmbedder::new(network, device), to_values(self.pictures(Domain::Photo, device)));
                Box::new(move || {
                    embedder.embed(&crops, precision);
                    Ok(())
                })
            }
        }
    }

    fn prepare_translation(
        &self,
        device: &Device,
        precision: InferencePrecision,
    ) -> Box<dyn FnMut() -> Result<(), NotFinite>> {
        let Networks { mut encoder, mut decoder, style_mlp } = self.translating_networks(device);
        encoder.refresh();
        decoder.refresh();
        let style_dim = self.networks().generator.style_dim;
        let pictures = self.pictures(Domain::Drawing, device);
        let count = self.batch * style_dim;
        let styles = from_values(normals(&mut stream(SEED, "bench style", 0), count), device);
        let styles: Tensor<2> = styles.reshape([self.batch, style_dim]);
        if *device == Device::flex() {
            let size = [self.height, self.width];
            let plan = TranslationPlan::of_networks(&encoder, &decoder, &style_mlp, size, precision)
                .expect("the pictures are large enough");
            let pictures = to_values(pictures);
            return Box::new(move || {
                plan.run(&pictures, styles.clone()).expect("the plan is made for these pictures");
                Ok(())
            });
        }
        Box::new(move || {
            let adain = style_mlp.forward(styles.clone());
            to_values(decoder.forward(encoder.forward(pictures.clone()), &adain));
            Ok(())
        })
    }

    fn prepare_iteration(&self, device: &Device) -> Box<dyn FnMut() -> Result<(), NotFinite>> {
        let settings = Settings {
            networks: self.networks(),
            augmentation: None,
            initialization: Initialization::default(),
            losses: LossConfig::default(),
            optimizer: OptimizerConfig {
                activation_checkpointing: self.task == Task::TrainCheckpointed,
                ..OptimizerConfig::default()
            },
            ema_decay: None,
            seed: SEED,
        };
        let style_dim = settings.networks.generator.style_dim;
        let mut trainer = Trainer::new(settings, AuxiliaryNetworks::default(), device);
        let drawing = self.pictures(Domain::Drawing, device);
        let photo = self.pictures(Domain::Photo, device);
        let batch = Batch {
            pictures: Pair { drawing, photo },
            same_person: vec![false; self.batch],
            labels: Pair::default(),
            files: vec![PathBuf::from("random pictures")],
        };
        let num_samples = self.batch;
        Box::new(move || {
            let noise = StepNoise::draw(SEED, trainer.step, num_samples, style_dim, trainer.device());
            trainer.train(&batch, &noise).map(|_| ())
        })
    }

    /// What one direction needs, as the peer holds it.
    fn translating_networks(&self, device: &Device) -> Networks {
        let config = self.networks();
        let (generator, picture) = (&config.generator, &config.picture);
        let mut init = Initializer::new(Initialization::default(), SEED, device);
        let encoder = ContentEncoder::new(picture.drawing_channels, generator, &mut init);
        let decoder = Decoder::new(picture.photo_channels, generator, &mut init);
        let outputs = decoder.num_adain_parameters();
        let style_mlp = StyleMlp::new(generator.style_dim, generator.mlp_dim, outputs, generator.activation, &mut init);
        Networks { encoder, decoder, style_mlp }
    }

    fn networks(&self) -> TranslatorConfig {
        TranslatorConfig {
            generator: GeneratorConfig { dim: self.dim, ..GeneratorConfig::default() },
            discriminator: DiscriminatorConfig { dim: self.dim, ..DiscriminatorConfig::default() },
            ..TranslatorConfig::default()
        }
    }

    /// Random pictures in `[-1, 1]`, `[batch, 3, height, width]`.
    fn pictures(&self, domain: Domain, device: &Device) -> Tensor<4> {
        let shape = [self.batch, 3, self.height, self.width];
        let mut random = stream(SEED, &format!("bench {domain}"), 0);
        let values = (0..shape.iter().product()).map(|_| random.random_range(-1.0..1.0)).collect();
        from_values(values, device).reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(name: &str) -> f64 {
        let found = Workload::ALL.iter().find(|workload| workload.name() == name);
        found.expect("there is such a workload").floating_point_operations()
    }

    /// What `torch.utils.flop_counter` counts for content encoder and decoder of `benches/peers`.
    #[test]
    fn translation_has_the_operations_that_pytorch_counts() {
        assert_eq!(operations("translate 128x112 dim 32"), 3_514_957_824.0 + 5_982_654_464.0);
        assert_eq!(operations("translate 224x192 dim 64"), 42_757_521_408.0 + 72_355_287_040.0);
    }

    /// What it counts for both steps of `benches/peers`, less what no result depends on: the style codes in
    /// the discriminators' step, and in the generators' step the gradients of the discriminators' weights, each of which
    /// costs as much as its layer.
    #[test]
    fn training_has_the_operations_that_pytorch_counts_less_the_unused_ones() {
        let expect = |name: &str, counted: [f64; 2], style_encoder: f64, discriminator_layers: f64| {
            let unused = 2.0 * (style_encoder + discriminator_layers);
            assert_eq!(operations(name), counted[0] + counted[1] - unused, "{name}");
        };
        let counted = [6_884_173_312.0, 46_374_486_784.0];
        expect("train 64x64 batch 4 dim 16", counted, 253_235_200.0, 77_779_968.0);
        let counted = [23_498_660_864.0, 159_874_209_280.0];
        expect("train 128x112 batch 1 dim 32", counted, 751_437_824.0, 252_972_032.0);
        let counted = [282_694_778_368.0, 1_928_944_393_984.0];
        expect("train 224x192 batch 1 dim 64", counted, 8_207_994_880.0, 2_998_692_864.0);
    }

    #[test]
    fn vgg16_has_the_operations_of_its_thirteen_convolutions() {
        // Multiplications per position of the picture: nine taps, then 1/4, 1/16 and 1/64 of the positions.
        let full = 9.0 * (3.0 * 64.0 + 64.0 * 64.0);
        let half = 9.0 * (64.0 * 128.0 + 128.0 * 128.0) / 4.0;
        let quarter = 9.0 * (128.0 * 256.0 + 2.0 * 256.0 * 256.0) / 16.0;
        let eighth = 9.0 * (256.0 * 512.0 + 5.0 * 512.0 * 512.0) / 64.0;
        let expected = 2.0 * 224.0 * 224.0 * (full + half + quarter + eighth);
        assert_eq!(operations("vgg 224x224 batch 1"), expected);
        assert_eq!(operations("vgg 224x224 batch 8"), 8.0 * expected);
    }

    #[test]
    fn sphereface_has_the_operations_of_its_layers() {
        // Multiplications of a 3x3 convolution of c channels at half the picture's size; each stage has a quarter of the
        // positions and twice the channels, so that it costs the same but for the convolution that halves the size.
        let residual = 9.0 * 64.0 * 64.0 * 56.0 * 48.0;
        let halving = 9.0 * (3.0 * 64.0 * 56.0 * 48.0 + 3.0 * 64.0 * 128.0 * 28.0 * 24.0);
        let expected = 2.0 * (16.0 * residual + halving + 512.0 * 7.0 * 6.0 * 512.0);
        assert_eq!(operations("recognize 112x96 batch 1"), expected);
        assert_eq!(operations("recognize 112x96 batch 32"), 32.0 * expected);
    }

    #[test]
    fn names_differ_and_large_pictures_are_told_apart() {
        let mut names: Vec<String> = Workload::ALL.iter().map(Workload::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), Workload::ALL.len());
        let large: Vec<String> =
            Workload::ALL.iter().filter(|workload| workload.is_large()).map(Workload::size).collect();
        assert_eq!(large, ["512x512", "1024x1024"]);
    }

    #[test]
    fn work_can_be_done_again_and_again() {
        let device = crate::device::parse("cpu").expect("there is always a CPU");
        for (task, side) in [(Task::Translate, 16), (Task::Train, 64), (Task::Vgg, 16)] {
            let mut work = workload(task, [side, side], 2, 8).prepare(&device, InferencePrecision::F32);
            work().expect("the first time");
            work().expect("the second time");
        }
        let mut work = workload(Task::Recognize, CROP, 2, 64).prepare(&device, InferencePrecision::F32);
        work().expect("the first time");
        work().expect("the second time");
    }
}
