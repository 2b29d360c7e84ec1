//! Normalisations.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::extension::NetworkOps;

/// What is brought to mean 0 and deviation 1.
#[derive(Clone, Copy, Debug)]
enum Scope {
    Plane,
    Image,
}

/// What the backward pass needs: the operands alone, since statistics are cheaper to recompute than to store.
#[derive(Clone, Debug)]
struct NormState {
    images: NodeId,
    scale: NodeId,
    shift: NodeId,
    scope: Scope,
    relu: bool,
}

/// Gradients of a normalisation with respect to images, scale and shift.
#[derive(Debug)]
struct NormBackward;

/// Gradients of a normalisation that adds a residual, with respect to images, scale, shift and residual.
#[derive(Debug)]
struct NormAddBackward;

impl NormState {
    fn register<B: NetworkOps>(
        self,
        parents: [Option<NodeId>; 3],
        output_gradient: FloatTensor<B>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        if parents.iter().all(Option::is_none) {
            return;
        }
        let mut operand = |node| -> FloatTensor<B> { checkpointer.retrieve_node_output(node) };
        let (images, scale, shift) = (operand(self.images), operand(self.scale), operand(self.shift));
        let (images, scale, shift) = match self.scope {
            Scope::Plane => B::instance_norm_gradient(images, scale, shift, output_gradient, self.relu),
            Scope::Image => B::layer_norm_chw_gradient(images, scale, shift, output_gradient, self.relu),
        };
        for (parent, gradient) in parents.into_iter().zip([images, scale, shift]) {
            if let Some(node) = parent {
                gradients.register::<B>(node, gradient);
            }
        }
    }
}

impl<B: NetworkOps> Backward<B, 3> for NormBackward {
    type State = NormState;

    fn backward(self, ops: Ops<NormState, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        ops.state.register::<B>(
            ops.parents.map(|parent| parent.map(|node| node.id)),
            output_gradient,
            gradients,
            checkpointer,
        );
    }
}

impl<B: NetworkOps> Backward<B, 4> for NormAddBackward {
    type State = NormState;

    fn backward(self, ops: Ops<NormState, 4>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [images, scale, shift, residual] = ops.parents;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = residual {
            gradients.register::<B>(node.id, output_gradient.clone());
        }
        let parents = [images, scale, shift].map(|parent| parent.map(|node| node.id));
        ops.state.register::<B>(parents, output_gradient, gradients, checkpointer);
    }
}

fn normalize<B: NetworkOps, C: CheckpointStrategy>(
    [images, scale, shift]: [FloatTensor<Autodiff<B, C>>; 3],
    scope: Scope,
    relu: bool,
) -> FloatTensor<Autodiff<B, C>> {
    let output = |images, scale, shift| match scope {
        Scope::Plane => B::instance_norm(images, scale, shift, relu),
        Scope::Image => B::layer_norm_chw(images, scale, shift, relu),
    };
    match NormBackward.prepare::<C>([images.node(), scale.node(), shift.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let [images_id, scale_id, shift_id] = [&images, &scale, &shift].map(|x| preparation.checkpoint(x));
            let state = NormState { images: images_id, scale: scale_id, shift: shift_id, scope, relu };
            preparation.finish(state, output(images.into_primitive(), scale.into_primitive(), shift.into_primitive()))
        }
        OpsKind::UnTracked(preparation) => {
            preparation.finish(output(images.into_primitive(), scale.into_primitive(), shift.into_primitive()))
        }
    }
}

/// See [`NetworkOps::instance_norm`].
pub(super) fn instance<B: NetworkOps, C: CheckpointStrategy>(
    operands: [FloatTensor<Autodiff<B, C>>; 3],
    relu: bool,
) -> FloatTensor<Autodiff<B, C>> {
    normalize::<B, C>(operands, Scope::Plane, relu)
}

/// See [`NetworkOps::layer_norm_chw`].
pub(super) fn layer_chw<B: NetworkOps, C: CheckpointStrategy>(
    operands: [FloatTensor<Autodiff<B, C>>; 3],
    relu: bool,
) -> FloatTensor<Autodiff<B, C>> {
    normalize::<B, C>(operands, Scope::Image, relu)
}

/// See [`NetworkOps::instance_norm_add`].
pub(super) fn instance_add<B: NetworkOps, C: CheckpointStrategy>(
    [images, scale, shift, residual]: [FloatTensor<Autodiff<B, C>>; 4],
    relu: bool,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [images.node(), scale.node(), shift.node(), residual.node()];
    let output = |operands: [FloatTensor<Autodiff<B, C>>; 4]| {
        let [images, scale, shift, residual] = operands.map(|operand| operand.into_primitive());
        B::instance_norm_add(images, scale, shift, residual, relu)
    };
    match NormAddBackward.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let [images_id, scale_id, shift_id] = [&images, &scale, &shift].map(|x| preparation.checkpoint(x));
            let state = NormState { images: images_id, scale: scale_id, shift: shift_id, scope: Scope::Plane, relu };
            preparation.finish(state, output([images, scale, shift, residual]))
        }
        OpsKind::UnTracked(preparation) => preparation.finish(output([images, scale, shift, residual])),
    }
}
