//! What draws for the page.

use portraitist_face::Picture;
use portraitist_nn::config::Domain;
use portraitist_nn::random::style_code;
use portraitist_nn::recognition::Recognizer;

use crate::similarity::ReferenceEmbedding;
use crate::translator::FaceTranslator;
use crate::web::stylise::{StyliseError, StyliseRequest, Stylised, TranslatorService};

/// A translator, and a recogniser that looks at what was drawn.
pub(super) struct DemoService {
    pub(super) translator: FaceTranslator,
    pub(super) recognizer: Recognizer,
}

impl DemoService {
    /// How alike a drawing is to the crop that it was translated from; `None` where the recogniser has no usable
    /// embedding.
    fn similarity(&self, crop: &Picture, drawing: &Picture) -> Option<f32> {
        let frame = self.translator.model.template();
        let reference = ReferenceEmbedding::of(&self.recognizer, crop, &frame).ok()?;
        reference.similarity(drawing).ok().filter(|similarity| similarity.is_finite())
    }
}

impl TranslatorService for DemoService {
    fn stylise(&self, photo: &Picture, request: &StyliseRequest) -> Result<Stylised, StyliseError> {
        let unusable = |error: anyhow::Error| StyliseError::Unusable(format!("{error:#}"));
        let translator = &self.translator;
        let face = translator.face(photo, request.points).map_err(unusable)?.ok_or(StyliseError::NoFace)?;
        let style = style_code(request.seed, translator.model.config().generator.style_dim);
        let drawing = translator.translate(&face.crop, &style, Domain::Drawing).map_err(unusable)?.picture;
        let in_picture = translator.paste(photo, &face, &drawing).map_err(unusable)?;
        let similarity = self.similarity(&face.crop, &drawing);
        Ok(Stylised { points: face.points, crop: face.crop, drawing, in_picture: Some(in_picture), similarity })
    }
}
