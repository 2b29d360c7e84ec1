//! What a plan decides by looking at the readers of each result.

use portraitist_kernels::Precision;

use crate::graph::{Graph, Node, Operation, Slot};
use crate::layers::{ActivationKind, NormalizationKind};

/// Rows and columns around its input that upsampling reads.
pub(super) const UPSAMPLING_HALO: usize = 1;
/// Most channels of a convolution that makes pictures.
const MOST_PICTURE_CHANNELS: usize = 4;

/// Rows and columns around the feature map of each slot: the widest padding of the layers that read it. A sum lies in
/// memory as its residual does, so both have the halo that either needs.
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
        _ => 0,
    }
}

/// The precision of each node: high in front of the first AdaIN layers. AdaIN brings every channel to the scale that the
/// style asks for, layer after layer, and with it the error of what comes in: with F(4x4, 3x3) in the content encoder,
/// pictures are further than 1e-4 from PyTorch's. Errors that are made behind the first AdaIN layer hardly grow.
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

/// Whether a last node is computed as a convolution to few channels, which makes pictures.
pub(super) fn makes_pictures(node: &Node<'_>) -> bool {
    let Operation::Block { block, upsampled: false, residual: None, .. } = &node.operation else { return false };
    let has_form = matches!(block.activation.kind(), ActivationKind::None | ActivationKind::Tanh);
    let is_plain = block.normalization.kind() == NormalizationKind::None;
    let convolution = &block.convolution;
    has_form && is_plain && convolution.geometry().stride == 1 && convolution.channels_out() <= MOST_PICTURE_CHANNELS
}
