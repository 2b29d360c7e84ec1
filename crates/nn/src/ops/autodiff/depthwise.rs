//! Depthwise convolutions.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};

use crate::ops::extension::NetworkOps;

/// Gradients with respect to images, weight and bias.
#[derive(Debug)]
struct DepthwiseBackward;

/// What the gradients need; each operand only for the gradient of the other one.
#[derive(Clone, Debug)]
struct DepthwiseState {
    images: Option<NodeId>,
    weight: Option<NodeId>,
    size: [usize; 2],
    stride: usize,
}

impl<B: NetworkOps> Backward<B, 3> for DepthwiseBackward {
    type State = DepthwiseState;

    fn backward(self, ops: Ops<DepthwiseState, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [images, weight, bias] = ops.parents;
        let DepthwiseState { images: images_id, weight: weight_id, size, stride } = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let (Some(node), Some(weight_id)) = (images, weight_id) {
            let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight_id);
            let gradient = B::depthwise_conv2d_input_gradient(weight, output_gradient.clone(), size, stride);
            gradients.register::<B>(node.id, gradient);
        }
        if let (Some(node), Some(images_id)) = (weight, images_id) {
            let images: FloatTensor<B> = checkpointer.retrieve_node_output(images_id);
            let gradient = B::depthwise_conv2d_weight_gradient(images, output_gradient.clone(), stride);
            gradients.register::<B>(node.id, gradient);
        }
        if let Some(node) = bias {
            gradients.register::<B>(node.id, B::channel_sums(output_gradient));
        }
    }
}

/// See [`NetworkOps::depthwise_conv2d`].
pub(super) fn convolve<B: NetworkOps, C: CheckpointStrategy>(
    images: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    stride: usize,
) -> FloatTensor<Autodiff<B, C>> {
    let [_, _, height, width] = images.primitive().shape().dims();
    let (images_tracked, weight_tracked) = (images.is_tracked(), weight.is_tracked());
    let nodes = [images.node(), weight.node(), bias.node()];
    match DepthwiseBackward.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let state = DepthwiseState {
                images: weight_tracked.then(|| preparation.checkpoint(&images)),
                weight: images_tracked.then(|| preparation.checkpoint(&weight)),
                size: [height, width],
                stride,
            };
            let [images, weight, bias] = [images, weight, bias].map(|operand| operand.into_primitive());
            preparation.finish(state, B::depthwise_conv2d(images, weight, bias, stride))
        }
        OpsKind::UnTracked(preparation) => {
            let [images, weight, bias] = [images, weight, bias].map(|operand| operand.into_primitive());
            preparation.finish(B::depthwise_conv2d(images, weight, bias, stride))
        }
    }
}
