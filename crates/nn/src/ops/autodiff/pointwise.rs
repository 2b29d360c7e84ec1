//! Activations, PReLU with a trained weight among them, and absolute errors.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use portraitist_kernels::Pointwise;

use crate::ops::extension::NetworkOps;

#[derive(Debug)]
struct ActivationBackward;

impl<B: NetworkOps> Backward<B, 1> for ActivationBackward {
    /// The output, which the next layer stores anyway.
    type State = (FloatTensor<B>, Pointwise);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [x] = ops.parents;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = x {
            let (output, function) = ops.state;
            gradients.register::<B>(node.id, B::activate_gradient(output, output_gradient, function));
        }
    }
}

/// See [`NetworkOps::activate`].
pub(super) fn activate<B: NetworkOps, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    function: Pointwise,
) -> FloatTensor<Autodiff<B, C>> {
    match ActivationBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
        OpsKind::Tracked(preparation) => {
            let output = B::activate(x.into_primitive(), function);
            preparation.finish((output.clone(), function), output)
        }
        OpsKind::UnTracked(preparation) => preparation.finish(B::activate(x.into_primitive(), function)),
    }
}

/// Gradients of PReLU with respect to images and weight.
#[derive(Debug)]
struct PreluBackward;

impl<B: NetworkOps> Backward<B, 2> for PreluBackward {
    /// The nodes of images and weight. The output would not do: a negative weight hides the images' sign.
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<[NodeId; 2], 2>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        if ops.parents.iter().all(Option::is_none) {
            return;
        }
        let [images, weight] = ops.state.map(|node| checkpointer.retrieve_node_output(node));
        let (of_images, weight_gradient) = B::channel_prelu_gradient(images, weight, output_gradient);
        for (parent, gradient) in ops.parents.into_iter().zip([of_images, weight_gradient]) {
            if let Some(node) = parent {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

/// See [`NetworkOps::channel_prelu`].
pub(super) fn prelu<B: NetworkOps, C: CheckpointStrategy>(
    images: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    match PreluBackward.prepare::<C>([images.node(), weight.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let state = [&images, &weight].map(|operand| preparation.checkpoint(operand));
            preparation.finish(state, B::channel_prelu(images.into_primitive(), weight.into_primitive()))
        }
        OpsKind::UnTracked(preparation) => {
            preparation.finish(B::channel_prelu(images.into_primitive(), weight.into_primitive()))
        }
    }
}

#[derive(Debug)]
struct ErrorBackward;

impl<B: NetworkOps> Backward<B, 2> for ErrorBackward {
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<[NodeId; 2], 2>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [left, right] = ops.parents;
        let output_gradient = gradients.consume::<B>(&ops.node);
        let [left_value, right_value]: [FloatTensor<B>; 2] =
            ops.state.map(|node| checkpointer.retrieve_node_output(node));
        if let Some(node) = left {
            let (left, right) = (left_value.clone(), right_value.clone());
            gradients.register::<B>(node.id, B::mean_absolute_error_gradient(left, right, output_gradient.clone()));
        }
        if let Some(node) = right {
            let gradient = B::mean_absolute_error_gradient(right_value, left_value, output_gradient);
            gradients.register::<B>(node.id, gradient);
        }
    }
}

/// See [`NetworkOps::mean_absolute_error`].
pub(super) fn mean_absolute_error<B: NetworkOps, C: CheckpointStrategy>(
    left: FloatTensor<Autodiff<B, C>>,
    right: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    match ErrorBackward.prepare::<C>([left.node(), right.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let state = [&left, &right].map(|operand| preparation.checkpoint(operand));
            preparation.finish(state, B::mean_absolute_error(left.into_primitive(), right.into_primitive()))
        }
        OpsKind::UnTracked(preparation) => {
            preparation.finish(B::mean_absolute_error(left.into_primitive(), right.into_primitive()))
        }
    }
}
