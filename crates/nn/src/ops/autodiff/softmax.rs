//! Softmax.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::NetworkOps;

#[derive(Debug)]
struct SoftmaxBackward;

impl<B: NetworkOps> Backward<B, 1> for SoftmaxBackward {
    /// The output.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<FloatTensor<B>, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [scores] = ops.parents;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = scores {
            gradients.register::<B>(node.id, B::softmax_rows_gradient(ops.state, output_gradient));
        }
    }
}

/// See [`NetworkOps::softmax_rows`].
pub(super) fn rows<B: NetworkOps, C: CheckpointStrategy>(
    scores: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    match SoftmaxBackward.prepare::<C>([scores.node()]).compute_bound().stateful() {
        OpsKind::Tracked(preparation) => {
            let output = B::softmax_rows(scores.into_primitive());
            preparation.finish(output.clone(), output)
        }
        OpsKind::UnTracked(preparation) => preparation.finish(B::softmax_rows(scores.into_primitive())),
    }
}
