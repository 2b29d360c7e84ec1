//! What a plan decides by looking at the readers of each result.

use portraitist_kernels::Precision;

use crate::graph::{Graph, Node, Operation, Shape, Slot};
use crate::layers::{ActivationKind, Normalization};

/// Rows and columns around its input that upsampling reads.
pub(super) const UPSAMPLING_HALO: usize = 1;
/// Most output channels of a network's output convolution that is computed by `PreparedFewOutputs`.
const MOST_OUTPUT_CHANNELS: usize = 4;

/// The halo of each slot's feature map: the widest padding of the layers that read it. A sum and its residual have the
/// same memory layout, so both get the larger of their halos.
pub(super) fn halos(graph: &Graph<'_>) -> Vec<usize> {
    // The first of the slots that are sums with each other.
    let mut origins = vec![Graph::INPUT];
    for node in graph.nodes() {
        origins.push(node.residual().map_or(Slot(origins.len()), |residual| origins[residual.0]));
    }
    let mut halos = vec![0; origins.len()];
    for node in graph.nodes() {
        let halo = &mut halos[origins[node.input.0].0];
        *halo = (*halo).max(padding(&node.operation));
    }
    origins.iter().map(|origin| halos[origin.0]).collect()
}

fn padding(operation: &Operation<'_>) -> usize {
    match operation {
        Operation::Block { upsampled: true, .. } => UPSAMPLING_HALO,
        Operation::Block { block, .. } => block.convolution.geometry().padding,
        Operation::Folded(convolution) => convolution.geometry().padding.into_iter().max().unwrap_or(0),
        _ => 0,
    }
}

/// Where slots lie that one concatenation alone reads: the concatenation's slot, and their first channel in it. Such parts are
/// written to their place and never copied.
pub(super) fn parts(graph: &Graph<'_>, shapes: &[Shape]) -> Vec<Option<(Slot, usize)>> {
    let mut readers = vec![0; shapes.len()];
    graph.nodes().iter().flat_map(Node::reads).for_each(|slot| readers[slot.0] += 1);
    let mut places = vec![None; shapes.len()];
    for (index, node) in graph.nodes().iter().enumerate() {
        let Operation::Concatenation(parts) = &node.operation else { continue };
        let mut first_channel = 0;
        for part in parts {
            if readers[part.0] == 1 {
                places[part.0] = Some((Slot(index + 1), first_channel));
            }
            first_channel += shapes[part.0][0];
        }
    }
    places
}

/// The precision of each node: high for what AdaIN layers read that is not normalised by AdaIN itself. In a translator
/// that is the content encoder. Its errors grow through all layers behind it: with F(4x4, 3x3) there, pictures differ
/// from PyTorch's by more than 1e-4. Errors that the decoder makes hardly grow.
pub(super) fn precisions(graph: &Graph<'_>) -> Vec<Precision> {
    let nodes = graph.nodes();
    // Whether a slot is read by an AdaIN layer, directly or through other layers.
    let mut reaches_adain = vec![false; nodes.len() + 1];
    for (index, node) in nodes.iter().enumerate().rev() {
        let reaches = node.is_adain() || reaches_adain[index + 1];
        for slot in std::iter::once(node.input).chain(node.residual()) {
            reaches_adain[slot.0] |= reaches;
        }
    }
    let precision = |(node, reaches): (&Node<'_>, &bool)| {
        if *reaches && !node.is_adain() { Precision::High } else { Precision::Standard }
    };
    nodes.iter().zip(&reaches_adain[1..]).map(precision).collect()
}

/// Whether a network's last node is a plain convolution to few channels, which has a kernel of its own.
pub(super) fn is_few_output_convolution(node: &Node<'_>) -> bool {
    let Operation::Block { block, upsampled: false, residual: None, .. } = &node.operation else { return false };
    let has_form = matches!(block.activation.kind(), ActivationKind::None | ActivationKind::Tanh);
    let is_plain = matches!(block.normalization, Normalization::None);
    let convolution = &block.convolution;
    has_form && is_plain && convolution.geometry().stride == 1 && convolution.channels_out() <= MOST_OUTPUT_CHANNELS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RecognizerConfig;
    use crate::config::munit::{GeneratorConfig, TranslatorConfig};
    use crate::layers::Initialization;
    use crate::networks::SphereFace;
    use crate::networks::munit::Translator;
    use burn::tensor::Device;

    fn translator(num_downsample: usize) -> Translator {
        let generator = GeneratorConfig { dim: 8, num_residual: 1, num_downsample, ..GeneratorConfig::default() };
        let config = TranslatorConfig { generator, ..TranslatorConfig::default() };
        Translator::new(&config, Initialization::Default, 1, &Device::flex())
    }

    fn graph(translator: &Translator) -> Graph<'_> {
        let mut graph = Graph::default();
        let content = translator.photo.content_encoder().add(&mut graph, Graph::INPUT);
        translator.drawing.decoder().add(&mut graph, content);
        graph
    }

    #[test]
    fn halos_are_as_wide_as_the_readers_need_and_the_same_for_sums() {
        // Pictures for 7x7; features for 4x4, 3x3 or upsampling; inner features of residual blocks for 3x3; features
        // that attention alone reads with those that they are added to; the last ones for 7x7.
        let (usual, flat) = (translator(1), translator(0));
        assert_eq!(halos(&graph(&usual)), [3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 0]);
        // All sums of residual blocks up to the 7x7 convolution at the end.
        assert_eq!(halos(&graph(&flat)), [3, 3, 1, 3, 3, 1, 3, 1, 3, 3, 1, 3, 0]);
    }

    #[test]
    fn the_content_encoder_is_precise() {
        let translator = translator(1);
        let precisions = precisions(&graph(&translator));
        let encoder = translator.photo.content_encoder().graph().nodes().len();
        assert!(precisions[..encoder].iter().all(|precision| *precision == Precision::High));
        // 1x1 convolutions of the decoder's attention stand before its last AdaIN layers; they are direct in any case.
        let decoder = precisions[encoder..].iter().map(|precision| *precision == Precision::High);
        assert_eq!(decoder.collect::<Vec<_>>(), [false, false, true, false, false, false, false]);
        let recognizer = SphereFace::new(&RecognizerConfig::default(), Initialization::Default, 1, &Device::flex());
        assert!(super::precisions(&recognizer.graph()).iter().all(|precision| *precision == Precision::Standard));
    }

    #[test]
    fn only_a_plain_convolution_to_few_channels_is_a_few_output_convolution() {
        let translator = translator(1);
        let graph = graph(&translator);
        let found: Vec<bool> = graph.nodes().iter().map(is_few_output_convolution).collect();
        assert_eq!(found.iter().position(|is_found| *is_found), Some(found.len() - 1));
    }
}
