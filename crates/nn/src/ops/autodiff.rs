//! The gradients of the operations, written by hand.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use super::extension::{ConvGeometry, LatestVectors, NetworkOps};

/// What the backward pass of a convolution needs: its images and weight, where their gradients are
/// wanted.
#[derive(Clone, Debug)]
struct ConvState {
    images: Option<NodeId>,
    weight: Option<NodeId>,
    size: [usize; 2],
    geometry: ConvGeometry,
}

#[derive(Debug)]
struct ConvBackward;

impl<B: NetworkOps> Backward<B, 3> for ConvBackward {
    type State = ConvState;

    fn backward(self, ops: Ops<ConvState, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [images, weight, bias] = ops.parents;
        let ConvState { images: images_id, weight: weight_id, size, geometry } = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let (Some(node), Some(weight_id)) = (images, weight_id) {
            let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight_id);
            let gradient = B::padded_conv2d_input_gradient(weight, output_gradient.clone(), size, geometry);
            gradients.register::<B>(node.id, gradient);
        }
        if let (Some(node), Some(images_id)) = (weight, images_id) {
            let images: FloatTensor<B> = checkpointer.retrieve_node_output(images_id);
            let gradient = B::padded_conv2d_weight_gradient(images, output_gradient.clone(), geometry);
            gradients.register::<B>(node.id, gradient);
        }
        if let Some(node) = bias {
            let channels = output_gradient.shape()[1];
            let summed = [0, 2, 3].into_iter().fold(output_gradient, B::float_sum_dim);
            gradients.register::<B>(node.id, B::float_reshape(summed, Shape::from([channels])));
        }
    }
}

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

impl<B: NetworkOps, C: CheckpointStrategy> NetworkOps for Autodiff<B, C> {
    fn padded_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let [_, _, height, width] = images.primitive().shape().dims();
        // Each operand is kept only for the gradient of the other one.
        let (images_tracked, weight_tracked) = (images.is_tracked(), weight.is_tracked());
        let output = |images: FloatTensor<B>, weight, bias| B::padded_conv2d(images, weight, bias, geometry);
        match ConvBackward.prepare::<C>([images.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut preparation) => {
                let state = ConvState {
                    images: weight_tracked.then(|| preparation.checkpoint(&images)),
                    weight: images_tracked.then(|| preparation.checkpoint(&weight)),
                    size: [height, width],
                    geometry,
                };
                let output = output(images.into_primitive(), weight.into_primitive(), bias.into_primitive());
                preparation.finish(state, output)
            }
            OpsKind::UnTracked(preparation) => {
                preparation.finish(output(images.into_primitive(), weight.into_primitive(), bias.into_primitive()))
            }
        }
    }

    fn spectral_divide(weight: FloatTensor<Self>, sigma: f32, latest: LatestVectors) -> FloatTensor<Self> {
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
}
