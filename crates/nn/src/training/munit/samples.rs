//! Grids of sample translations, always of the same inputs and styles.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use portraitist_face::Picture;
use portraitist_face::edit::grid;

use crate::config::munit::TranslatorConfig;
use crate::config::{Domain, PictureConfig};
use crate::layers::Initialization;
use crate::networks::Pair;
use crate::networks::munit::Translator;
use crate::parameter::{Parameterized, from_values, to_values};
use crate::pixels::from_planes;
use crate::random::{normals, stream};
use crate::training::error::TrainingError;

use super::pictures::PictureSet;

/// Styles that each sample is translated with.
const NUM_STYLES: usize = 3;

/// Fixed inputs and styles.
#[derive(Debug)]
pub(super) struct Samples {
    inputs: Pair<Vec<Tensor<4>>>,
    styles: Pair<Vec<Tensor<2>>>,
    networks: TranslatorConfig,
    device: Device,
}

impl Samples {
    /// Reads `count` pictures of each domain.
    pub(super) fn read(
        sets: &Pair<PictureSet>,
        networks: &TranslatorConfig,
        count: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let config = &networks.picture;
        let inputs = |domain: Domain| {
            let shape = [1, config.channels(domain), config.height, config.width];
            let planes = sets.of(domain).fixed(count)?;
            Ok::<_, TrainingError>(
                planes.into_iter().map(|planes| from_values(planes, device).reshape(shape)).collect(),
            )
        };
        let styles = |domain: Domain| {
            let dim = networks.generator.style_dim;
            let mut random = stream(seed, &format!("samples {domain}"), 0);
            (0..NUM_STYLES).map(|_| from_values(normals(&mut random, dim), device).reshape([1, dim])).collect()
        };
        Ok(Self {
            inputs: Pair { drawing: inputs(Domain::Drawing)?, photo: inputs(Domain::Photo)? },
            styles: Pair { drawing: styles(Domain::Drawing), photo: styles(Domain::Photo) },
            networks: networks.clone(),
            device: device.clone(),
        })
    }

    /// Writes a grid with a row for each picture: the picture, its reconstruction, and a translation with each style.
    /// Photos come first, drawings below. The networks' state is not changed.
    pub(super) fn write(&self, translator: &Translator, path: &Path) -> Result<(), TrainingError> {
        let wrong = |reason: String| TrainingError::Write { path: path.to_path_buf(), reason };
        let translator = refreshed_copy(translator, &self.networks, &self.device);
        let mut pictures = Vec::new();
        for from in [Domain::Photo, Domain::Drawing] {
            for input in self.inputs.of(from) {
                let own = translator.of(from);
                let code = own.encode(input.clone());
                pictures.push(self.picture(input.clone()));
                pictures.push(self.picture(own.decode(code.content.clone(), code.style)));
                for style in self.styles.of(from.other()) {
                    let generated = translator.of(from.other()).decode(code.content.clone(), style.clone());
                    pictures.push(self.picture(generated));
                }
            }
        }
        let pictures = pictures.into_iter().collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let sheet = grid(&pictures, NUM_STYLES + 2, 2, [255; 3]).map_err(|error| wrong(error.to_string()))?;
        sheet.save(path, true).map_err(|error| wrong(error.to_string()))
    }

    fn picture(&self, planes: Tensor<4>) -> Result<Picture, String> {
        let PictureConfig { width, height, .. } = self.networks.picture;
        from_planes(width, height, &to_values(planes)).map_err(|error| error.to_string())
    }
}

/// Networks with the same weights, refreshed. Not a clone: a clone shares the vectors that a spectral layer stores for
/// its gradient, and the other networks may be in the middle of a training step.
pub(super) fn refreshed_copy(translator: &Translator, networks: &TranslatorConfig, device: &Device) -> Translator {
    let mut twin = Translator::new(networks, Initialization::Default, 0, device);
    let parameters = translator.parameters();
    twin.visit_mut("", &mut |name, parameter| parameter.set(parameters[name].flat()));
    twin.refresh();
    twin
}
