//! A face and what is drawn of it, in any number of styles: the one way for `translate` and the page.

use std::borrow::Cow;

use portraitist_face::Picture;
use portraitist_face::edit::resize;
use portraitist_face::landmarks::FivePoints;
use portraitist_face::template::Template;
use portraitist_face::transform::Point;
use portraitist_nn::config::Domain;
use portraitist_nn::recognition::Recognizer;
use portraitist_nn::translate::Translated;

use super::exaggeration::{Exaggerating, Shaped};
use super::similarity::ReferenceEmbedding;
use super::translator::FaceTranslator;
use crate::output::describe;

/// What faces are drawn with.
#[derive(Clone, Copy)]
pub(crate) struct Tools<'a> {
    pub(crate) translator: &'a FaceTranslator,
    pub(crate) recognizer: Option<&'a Recognizer>,
    pub(crate) exaggerating: &'a Exaggerating,
}

/// What is translated: the crop of a face, or the whole picture around it.
pub(crate) struct View<'a> {
    pub(crate) picture: Cow<'a, Picture>,
    /// Where the face lies in it.
    pub(crate) frame: Template,
    /// Where iBUG's 68 points are in it, if somebody knows better than the network.
    pub(crate) points: Option<[Point; 68]>,
}

/// A face that is about to be drawn.
pub(crate) struct Subject<'a> {
    tools: Tools<'a>,
    view: &'a View<'a>,
    to: Domain,
    /// An error where the recogniser cannot look at the face.
    reference: Option<anyhow::Result<ReferenceEmbedding<'a>>>,
    shaped: Shaped,
}

/// A face of at most this many times the model's own size is drawn as often as `auto` needs.
const LARGEST_FOR_AUTO: f64 = 1.4;

impl<'a> Subject<'a> {
    /// Looks at the face as far as that is needed.
    ///
    /// # Errors
    /// If it is to be exaggerated and no face is found.
    pub(crate) fn new(tools: Tools<'a>, view: &'a View<'a>, to: Domain) -> anyhow::Result<Self> {
        let View { picture, frame, points } = view;
        let reference = tools.recognizer.map(|recognizer| ReferenceEmbedding::of(recognizer, picture, frame));
        let shaped = tools.exaggerating.shape(picture, &frame.points, points.as_ref(), to)?;
        Ok(Self { tools, view, to, reference, shaped })
    }

    /// Translates the face, and says how far it was exaggerated: 0 to 2. `begin` is called before each drawing, of which `auto` needs several,
    /// and may end the work.
    ///
    /// # Errors
    /// Those of `begin`, and what cannot be translated.
    pub(crate) fn translate(
        &self,
        style: &[f32],
        begin: &dyn Fn() -> anyhow::Result<()>,
    ) -> anyhow::Result<(Translated, f64)> {
        let draw = |picture: &Picture| {
            begin()?;
            self.tools.translator.translate(picture, style, self.to)
        };
        let picture = self.view.picture.as_ref();
        match self.settled(style, begin)? {
            Some(strength) => self.shaped.translate_at(strength, picture, draw),
            None => self.shaped.translate(picture, draw, |drawn| self.similarity(&drawn.picture).ok().flatten()),
        }
    }

    /// How alike the face and a drawing of it are, -1 to 1; `None` without a recogniser.
    ///
    /// # Errors
    /// If the recogniser cannot look at one of them.
    pub(crate) fn similarity(&self, drawing: &Picture) -> anyhow::Result<Option<f32>> {
        match &self.reference {
            Some(Ok(reference)) => Ok(Some(reference.similarity(drawing)?)),
            Some(Err(error)) => Err(anyhow::anyhow!("{}", describe(error))),
            None => Ok(None),
        }
    }

    /// The strength that `auto` settles on for a face larger than the model's own, seen at the model's own size: `auto` draws seven times, which
    /// would take long at a large one. `None` where there is nothing to settle.
    fn settled(&self, style: &[f32], begin: &dyn Fn() -> anyhow::Result<()>) -> anyhow::Result<Option<f64>> {
        let View { picture, frame, points } = self.view;
        let own = self.tools.translator.model.template();
        let scale = eye_distance(&frame.points) / eye_distance(&own.points);
        if !self.tools.exaggerating.is_auto() || scale <= LARGEST_FOR_AUTO {
            return Ok(None);
        }
        let [width, height] =
            [picture.width(), picture.height()].map(|side| ((side as f64 / scale).round() as usize).max(1));
        let small = View {
            picture: Cow::Owned(resize(picture, width, height)?),
            frame: frame.resized(width, height),
            points: points.map(|points| points.map(|point| point.map(|place| place / scale))),
        };
        let (_, strength) = Subject::new(self.tools, &small, self.to)?.translate(style, begin)?;
        Ok(Some(strength))
    }
}

fn eye_distance(points: &FivePoints) -> f64 {
    let [[left_x, left_y], [right_x, right_y], ..] = *points;
    (right_x - left_x).hypot(right_y - left_y)
}
