//! The forward calls of a generator step, each a segment of the tape.

use burn::tensor::Tensor;

use crate::losses::mean_absolute_error;
use crate::networks::Pair;
use crate::networks::munit::{Generator, Translator};

use super::tape::{Boundary, CodeBoundary, Tape};

/// What the decoders give for the codes of a batch.
pub(super) struct Decoded {
    /// Pictures from their own codes.
    pub(super) reconstructed: Pair<Boundary<4>>,
    /// Pictures of each domain from the other's content and random styles.
    pub(super) generated: Pair<Boundary<4>>,
}

/// Both domains' values, as leaves for one later segment.
pub(super) fn leaves<const D: usize>(boundaries: &Pair<Boundary<D>>) -> Pair<Tensor<D>> {
    Pair { drawing: boundaries.drawing.leaf(), photo: boundaries.photo.leaf() }
}

/// A part of both domains' codes, as leaves for one later segment.
pub(super) fn leaves_of<const D: usize>(
    codes: &Pair<CodeBoundary>,
    part: fn(&CodeBoundary) -> &Boundary<D>,
) -> Pair<Tensor<D>> {
    Pair { drawing: part(&codes.drawing).leaf(), photo: part(&codes.photo).leaf() }
}

/// Mean absolute differences.
pub(super) fn differences<const D: usize>(found: Pair<Tensor<D>>, expected: &Pair<Tensor<D>>) -> Pair<Tensor<1>> {
    Pair {
        drawing: mean_absolute_error(found.drawing, expected.drawing.clone()),
        photo: mean_absolute_error(found.photo, expected.photo.clone()),
    }
}

/// Content and style codes of pictures.
pub(super) fn encode(generators: &mut Translator, pictures: Pair<Tensor<4>>, tape: &mut Tape) -> Pair<CodeBoundary> {
    refresh(generators, Generator::refresh_encoder);
    tape.run(generators.as_ref(), pictures, |generator, pictures| generator.encode(pictures))
}

/// Pictures of each domain from its own content.
pub(super) fn reconstruct(
    generators: &mut Translator,
    codes: &Pair<CodeBoundary>,
    tape: &mut Tape,
) -> Pair<Boundary<4>> {
    let own = |code: &CodeBoundary| (code.content.leaf(), code.style.leaf());
    decode(generators, Pair { drawing: own(&codes.drawing), photo: own(&codes.photo) }, tape)
}

/// Pictures of each domain from the other's content.
pub(super) fn cross(
    generators: &mut Translator,
    codes: &Pair<CodeBoundary>,
    styles: Pair<Tensor<2>>,
    tape: &mut Tape,
) -> Pair<Boundary<4>> {
    let inputs = Pair {
        drawing: (codes.photo.content.leaf(), styles.drawing),
        photo: (codes.drawing.content.leaf(), styles.photo),
    };
    decode(generators, inputs, tape)
}

fn decode(generators: &mut Translator, inputs: Pair<(Tensor<4>, Tensor<2>)>, tape: &mut Tape) -> Pair<Boundary<4>> {
    refresh(generators, Generator::refresh_decoder);
    tape.run(generators.as_ref(), inputs, |generator, (content, style)| generator.decode(content, style))
}

/// [`reconstruct`] and [`cross`] in one forward call of each decoder: weights are read once.
pub(super) fn decode_combined(
    generators: &mut Translator,
    codes: &Pair<CodeBoundary>,
    styles: &Pair<Tensor<2>>,
    tape: &mut Tape,
) -> Decoded {
    let inputs = |own: &CodeBoundary, other: &CodeBoundary, style: &Tensor<2>| {
        let contents = Tensor::cat(vec![own.content.leaf(), other.content.leaf()], 0);
        (contents, Tensor::cat(vec![own.style.leaf(), style.clone()], 0))
    };
    let inputs = Pair {
        drawing: inputs(&codes.drawing, &codes.photo, &styles.drawing),
        photo: inputs(&codes.photo, &codes.drawing, &styles.photo),
    };
    refresh(generators, Generator::refresh_decoder);
    let decoded = tape.run(generators.as_ref(), inputs, |generator, (contents, styles)| {
        // As many of each domain.
        let count = contents.dims()[0] / 2;
        let pictures = generator.decode(contents, styles);
        (pictures.clone().narrow(0, 0, count), pictures.narrow(0, count, count))
    });
    let Pair { drawing: drawings, photo: photos } = decoded;
    Decoded {
        reconstructed: Pair { drawing: drawings.0, photo: photos.0 },
        generated: Pair { drawing: drawings.1, photo: photos.1 },
    }
}

/// Power iterations of both domains' networks.
fn refresh(generators: &mut Translator, part: fn(&mut Generator)) {
    let Pair { drawing, photo } = generators;
    rayon::join(|| part(drawing), || part(photo));
}
