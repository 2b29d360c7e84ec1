//! Self-attention and the sum behind it.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::extension::NetworkOps;

/// Gradients of attention with respect to query, key and value.
#[derive(Debug)]
struct AttentionBackward;

/// What the backward pass needs. The attention probabilities are recomputed; their matrix is never stored.
#[derive(Clone, Debug)]
struct AttentionState<B: NetworkOps> {
    operands: [NodeId; 3],
    output: FloatTensor<B>,
    log_sum_exp: FloatTensor<B>,
}

impl<B: NetworkOps> Backward<B, 3> for AttentionBackward {
    type State = AttentionState<B>;

    fn backward(self, ops: Ops<AttentionState<B>, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        if ops.parents.iter().all(Option::is_none) {
            return;
        }
        let AttentionState { operands, output, log_sum_exp } = ops.state;
        let [query, key, value] = operands.map(|node| checkpointer.retrieve_node_output(node));
        let (query, key, value) = B::self_attention_gradient(query, key, value, output, log_sum_exp, output_gradient);
        for (parent, gradient) in ops.parents.into_iter().zip([query, key, value]) {
            if let Some(node) = parent {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

/// See [`NetworkOps::self_attention`].
pub(super) fn attend<B: NetworkOps, C: CheckpointStrategy>(
    operands: [FloatTensor<Autodiff<B, C>>; 3],
) -> FloatTensor<Autodiff<B, C>> {
    let [query, key, value] = &operands;
    match AttentionBackward.prepare::<C>([query.node(), key.node(), value.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let nodes = [query, key, value].map(|operand| preparation.checkpoint(operand));
            let [query, key, value] = operands.map(|operand| operand.into_primitive());
            let (output, log_sum_exp) = B::self_attention_with_sums(query, key, value);
            preparation.finish(AttentionState { operands: nodes, output: output.clone(), log_sum_exp }, output)
        }
        OpsKind::UnTracked(preparation) => {
            let [query, key, value] = operands.map(|operand| operand.into_primitive());
            preparation.finish(B::self_attention(query, key, value))
        }
    }
}

/// Gradients of a scaled sum with respect to change, factor and the other summand.
#[derive(Debug)]
struct SumBackward;

impl<B: NetworkOps> Backward<B, 3> for SumBackward {
    /// The nodes of change and factor.
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<[NodeId; 2], 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [change, factor, x] = ops.parents;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if change.is_some() || factor.is_some() {
            let [change_value, factor_value] = ops.state.map(|node| checkpointer.retrieve_node_output(node));
            let (of_change, of_factor) = B::scaled_sum_gradient(change_value, factor_value, output_gradient.clone());
            for (parent, gradient) in [(change, of_change), (factor, of_factor)] {
                if let Some(node) = parent {
                    gradients.register::<B>(node.id, gradient);
                }
            }
        }
        if let Some(node) = x {
            gradients.register::<B>(node.id, output_gradient);
        }
    }
}

/// See [`NetworkOps::scaled_sum`].
pub(super) fn scaled_sum<B: NetworkOps, C: CheckpointStrategy>(
    [change, factor, x]: [FloatTensor<Autodiff<B, C>>; 3],
) -> FloatTensor<Autodiff<B, C>> {
    let output = |[change, factor, x]: [FloatTensor<Autodiff<B, C>>; 3]| {
        B::scaled_sum(change.into_primitive(), factor.into_primitive(), x.into_primitive())
    };
    match SumBackward.prepare::<C>([change.node(), factor.node(), x.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut preparation) => {
            let state = [&change, &factor].map(|operand| preparation.checkpoint(operand));
            preparation.finish(state, output([change, factor, x]))
        }
        OpsKind::UnTracked(preparation) => preparation.finish(output([change, factor, x])),
    }
}
