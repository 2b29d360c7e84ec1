//! What pictures are translated with.

use portraitist_nn::recognition::Recognizer;

use crate::arguments::TranslateArguments;
use crate::exaggeration::Exaggerating;
use crate::translator::FaceTranslator;

/// What a picture is translated with.
pub(super) struct Tools<'a> {
    pub(super) translator: &'a FaceTranslator,
    pub(super) recognizer: Option<&'a Recognizer>,
    pub(super) exaggerating: &'a Exaggerating,
}

/// The translator, for crops of the size that is asked for.
pub(super) fn translator(arguments: &TranslateArguments) -> anyhow::Result<FaceTranslator> {
    let translator = FaceTranslator::open(&arguments.model, arguments.precision.into())?;
    Ok(match (arguments.size, arguments.whole) {
        (None, false) => translator,
        // Of a whole picture the size is not that of the crop.
        (size, whole) => translator.sized(size.filter(|_| !whole).map(|size| size as usize)),
    })
}
