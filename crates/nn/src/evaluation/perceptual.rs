//! Networks whose layers tell how different two pictures look.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use portraitist_face::Picture;
use portraitist_face::edit::resize;

use crate::builtin;
use crate::device::on_workers;
use crate::graph::{Graph, Slot, Value};
use crate::metrics::translation::LayerFeatures;
use crate::networks::Vgg16;
use crate::parameter::{from_values, to_values};
use crate::pixels::{to_recognition_planes, to_vgg_planes};
use crate::recognition::Recognizer;
use crate::weights::{WeightsError, sha256_of_file};

use super::error::EvaluationError;

/// Which network looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backbone {
    /// The built-in recogniser: the last layer of each size of feature maps, of the whole picture resized to the recogniser's crops.
    Likeness,
    /// VGG16: the last convolution of each stage, of the picture in its own size.
    Vgg16,
}

impl Backbone {
    /// Its name, which stands beside every distance.
    pub fn name(self) -> &'static str {
        match self {
            Self::Likeness => "likeness",
            Self::Vgg16 => "vgg16",
        }
    }
}

/// A network that says of a picture what its layers see.
#[derive(Debug)]
pub struct PerceptualNetwork {
    network: Network,
    sha256: String,
    device: Device,
}

#[derive(Debug)]
enum Network {
    Likeness(Box<Recognizer>),
    Vgg16(Box<Vgg16>),
}

impl PerceptualNetwork {
    /// VGG16 with the weights of a file (names as in MUNIT's or torchvision's), or without one the built-in recogniser.
    ///
    /// # Errors
    /// [`EvaluationError::Weights`] for a file that holds no VGG16.
    pub fn read(vgg16: Option<&Path>) -> Result<Self, EvaluationError> {
        let device = Device::flex();
        let (network, sha256) = match vgg16 {
            Some(path) => {
                let unread = |source| WeightsError::Read { path: path.to_path_buf(), source };
                let sha256 = sha256_of_file(path).map_err(unread)?;
                (Network::Vgg16(Box::new(Vgg16::read(path, &device)?)), sha256)
            }
            None => {
                let (name, bytes) = builtin::RECOGNIZERS[0];
                let recognizer = Recognizer::from_bytes(bytes, name, &device)?;
                let sha256 = recognizer.sha256().to_owned();
                (Network::Likeness(Box::new(recognizer)), sha256)
            }
        };
        Ok(Self { network, sha256, device })
    }

    /// Which network it is.
    pub fn backbone(&self) -> Backbone {
        match self.network {
            Network::Likeness(_) => Backbone::Likeness,
            Network::Vgg16(_) => Backbone::Vgg16,
        }
    }

    /// SHA-256 of the weights file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What the layers see of a picture, first layers first.
    ///
    /// # Errors
    /// [`EvaluationError::Picture`] if it cannot be resized.
    pub fn layers(&self, picture: &Picture) -> Result<Vec<LayerFeatures>, EvaluationError> {
        match &self.network {
            Network::Likeness(recognizer) => {
                let [height, width] = recognizer.architecture().crop_size();
                let planes = to_recognition_planes(&resize(picture, width, height)?, recognizer.architecture());
                let graph = recognizer.network().graph();
                let slots = last_of_each_size(&graph, [3, height, width]);
                Ok(self.values(&graph, planes, [height, width], &slots))
            }
            Network::Vgg16(vgg) => {
                let (graph, stages) = vgg.graph_with_stages();
                Ok(self.values(&graph, to_vgg_planes(picture), [picture.height(), picture.width()], &stages))
            }
        }
    }

    fn values(
        &self,
        graph: &Graph<'_>,
        planes: Vec<f32>,
        [height, width]: [usize; 2],
        slots: &[Slot],
    ) -> Vec<LayerFeatures> {
        let input: Tensor<4> = from_values(planes, &self.device).reshape([1, 3, height, width]);
        let values = on_workers(|| graph.forward_to(input, None, slots));
        let features = |value: Value| {
            let map = value.into_feature_map();
            LayerFeatures::new(map.dims()[1], to_values(map))
        };
        values.into_iter().map(features).collect()
    }
}

/// Of each size of feature maps, the last layer that has it; single pixels are no feature maps.
fn last_of_each_size(graph: &Graph<'_>, picture: [usize; 3]) -> Vec<Slot> {
    let shapes = graph.shapes(picture);
    let mut slots: Vec<Slot> = Vec::new();
    let mut size = [0, 0];
    for (index, [_, height, width]) in shapes.into_iter().enumerate().skip(1) {
        if height * width == 1 {
            break;
        }
        if [height, width] == size {
            slots.pop();
        }
        size = [height, width];
        slots.push(Slot(index));
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::translation::perceptual_distance;

    fn picture(seed: usize) -> Picture {
        let pixels = (0..3 * 60 * 70).map(|index| ((index / 3 % 60 * (seed + 2) + index / 180) % 251) as u8).collect();
        Picture::from_rgb(60, 70, pixels).expect("a picture")
    }

    #[test]
    fn the_recogniser_tells_pictures_apart() {
        let network = PerceptualNetwork::read(None).expect("built in");
        let layers = |picture: &Picture| network.layers(picture).expect("layers");
        let (one, other) = (layers(&picture(1)), layers(&picture(7)));
        assert!((4..=6).contains(&one.len()), "{} sizes", one.len());
        assert!(perceptual_distance(&one, &layers(&picture(1))) < 1e-9);
        assert!(perceptual_distance(&one, &other) > 0.01);
    }

    #[test]
    fn a_file_of_another_network_is_named() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("diary.pth");
        std::fs::write(&path, "dear diary").expect("written");
        let error = PerceptualNetwork::read(Some(&path)).expect_err("no weights").to_string();
        assert!(error.contains("diary.pth"), "{error}");
    }
}
