//! Division by a spectral norm.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::extension::{LatestVectors, NetworkOps};

#[derive(Debug)]
struct SpectralBackward;

#[derive(Clone, Debug)]
struct SpectralState {
    weight: NodeId,
    sigma: f32,
    latest: LatestVectors,
}

impl<B: NetworkOps> Backward<B, 1> for SpectralBackward {
    type State = SpectralState;

    /// `dW = G / sigma - sum(G * W) / sigma^2 * u v^T`.
    fn backward(self, ops: Ops<SpectralState, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [weight_node] = ops.parents;
        let SpectralState { weight, sigma, latest } = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let Some(node) = weight_node else { return };
        let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
        let [rows, columns] = weight.shape().dims();
        let device = weight.device();
        let (left, right) = latest.get();
        let left = B::float_reshape(B::float_from_data(left, &device), Shape::from([rows, 1]));
        let right = B::float_reshape(B::float_from_data(right, &device), Shape::from([1, columns]));
        let inner = B::float_sum(B::float_mul(gradient.clone(), weight));
        let inner = B::float_div_scalar(inner, (sigma * sigma).into());
        let outer = B::float_matmul(left, right);
        let through_sigma = B::float_mul(outer, B::float_reshape(inner, Shape::from([1, 1])));
        let direct = B::float_div_scalar(gradient, sigma.into());
        gradients.register::<B>(node.id, B::float_sub(direct, through_sigma));
    }
}

/// See [`NetworkOps::spectral_divide`].
pub(super) fn divide<B: NetworkOps, C: CheckpointStrategy>(
    weight: FloatTensor<Autodiff<B, C>>,
    sigma: f32,
    latest: LatestVectors,
) -> FloatTensor<Autodiff<B, C>> {
    match SpectralBackward.prepare::<C>([weight.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let state = SpectralState { weight: preparation.checkpoint(&weight), sigma, latest: latest.clone() };
            let output = B::spectral_divide(weight.into_primitive(), sigma, latest);
            preparation.finish(state, output)
        }
        OpsKind::UnTracked(preparation) => {
            preparation.finish(B::spectral_divide(weight.into_primitive(), sigma, latest))
        }
    }
}
