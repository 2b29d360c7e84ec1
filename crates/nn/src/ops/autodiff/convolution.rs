//! Convolutions.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};

use crate::ops::extension::NetworkOps;
use crate::ops::geometry::ConvGeometry;

/// What the backward pass of a convolution needs: its images and weight, where their gradients are
/// wanted.
#[derive(Clone, Debug)]
struct ConvState {
    images: Option<NodeId>,
    weight: Option<NodeId>,
    kind: ConvKind,
}

/// Which convolution.
#[derive(Clone, Copy, Debug)]
enum ConvKind {
    /// Of images with this height and width.
    Padded([usize; 2], ConvGeometry),
    /// Behind upsampling by two.
    Upsampled,
}

impl ConvKind {
    fn forward<B: NetworkOps>(
        self,
        images: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: FloatTensor<B>,
    ) -> FloatTensor<B> {
        match self {
            Self::Padded(_, geometry) => B::padded_conv2d(images, weight, bias, geometry),
            Self::Upsampled => B::upsampled_conv2d(images, weight, bias),
        }
    }

    fn input_gradient<B: NetworkOps>(self, weight: FloatTensor<B>, output_gradient: FloatTensor<B>) -> FloatTensor<B> {
        match self {
            Self::Padded(size, geometry) => B::padded_conv2d_input_gradient(weight, output_gradient, size, geometry),
            Self::Upsampled => B::upsampled_conv2d_input_gradient(weight, output_gradient),
        }
    }

    fn weight_gradient<B: NetworkOps>(self, images: FloatTensor<B>, output_gradient: FloatTensor<B>) -> FloatTensor<B> {
        match self {
            Self::Padded(_, geometry) => B::padded_conv2d_weight_gradient(images, output_gradient, geometry),
            Self::Upsampled => B::upsampled_conv2d_weight_gradient(images, output_gradient),
        }
    }

    /// Gradients with respect to images, weight and bias.
    fn gradients<B: NetworkOps>(
        self,
        [images, weight]: [FloatTensor<B>; 2],
        output_gradient: FloatTensor<B>,
    ) -> [FloatTensor<B>; 3] {
        let (images, weight, bias) = match self {
            Self::Padded(_, geometry) => B::padded_conv2d_gradients(images, weight, output_gradient, geometry),
            Self::Upsampled => B::upsampled_conv2d_gradients(images, weight, output_gradient),
        };
        [images, weight, bias]
    }
}

#[derive(Debug)]
struct ConvBackward;

impl<B: NetworkOps> Backward<B, 3> for ConvBackward {
    type State = ConvState;

    fn backward(self, ops: Ops<ConvState, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [images, weight, bias] = ops.parents;
        let ConvState { images: images_id, weight: weight_id, kind } = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let ([Some(images), Some(weight), Some(bias)], Some(images_id), Some(weight_id)) =
            ([&images, &weight, &bias], images_id, weight_id)
        {
            let operands = [images_id, weight_id].map(|id| checkpointer.retrieve_node_output(id));
            let [of_images, of_weight, of_bias] = kind.gradients::<B>(operands, output_gradient);
            gradients.register::<B>(images.id, of_images);
            gradients.register::<B>(weight.id, of_weight);
            gradients.register::<B>(bias.id, of_bias);
            return;
        }
        if let (Some(node), Some(weight_id)) = (images, weight_id) {
            let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight_id);
            let gradient = kind.input_gradient::<B>(weight, output_gradient.clone());
            gradients.register::<B>(node.id, gradient);
        }
        if let (Some(node), Some(images_id)) = (weight, images_id) {
            let images: FloatTensor<B> = checkpointer.retrieve_node_output(images_id);
            let gradient = kind.weight_gradient::<B>(images, output_gradient.clone());
            gradients.register::<B>(node.id, gradient);
        }
        if let Some(node) = bias {
            gradients.register::<B>(node.id, B::channel_sums(output_gradient));
        }
    }
}

/// Convolves, and records what the gradients need: each operand only for the gradient of the other one.
fn convolve<B: NetworkOps, C: CheckpointStrategy>(
    images: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    kind: ConvKind,
) -> FloatTensor<Autodiff<B, C>> {
    let (images_tracked, weight_tracked) = (images.is_tracked(), weight.is_tracked());
    match ConvBackward.prepare::<C>([images.node(), weight.node(), bias.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let state = ConvState {
                images: weight_tracked.then(|| preparation.checkpoint(&images)),
                weight: images_tracked.then(|| preparation.checkpoint(&weight)),
                kind,
            };
            let output = kind.forward::<B>(images.into_primitive(), weight.into_primitive(), bias.into_primitive());
            preparation.finish(state, output)
        }
        OpsKind::UnTracked(preparation) => preparation.finish(kind.forward::<B>(
            images.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        )),
    }
}

/// See [`NetworkOps::padded_conv2d`].
pub(super) fn padded<B: NetworkOps, C: CheckpointStrategy>(
    images: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    geometry: ConvGeometry,
) -> FloatTensor<Autodiff<B, C>> {
    let [_, _, height, width] = images.primitive().shape().dims();
    convolve::<B, C>(images, weight, bias, ConvKind::Padded([height, width], geometry))
}

/// See [`NetworkOps::upsampled_conv2d`].
pub(super) fn upsampled<B: NetworkOps, C: CheckpointStrategy>(
    images: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    convolve::<B, C>(images, weight, bias, ConvKind::Upsampled)
}
