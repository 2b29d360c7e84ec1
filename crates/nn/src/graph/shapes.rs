//! The sizes of what a graph computes.

use super::nodes::{Graph, Operation};

/// Channels, height and width.
pub type Shape = [usize; 3];

impl Graph<'_> {
    /// The shape of every slot's value, for an input of the shape given. Rows of features have height and width 1.
    pub fn shapes(&self, input: Shape) -> Vec<Shape> {
        let mut shapes = vec![input];
        for node in self.nodes() {
            let [channels, height, width] = shapes[node.input.0];
            shapes.push(match &node.operation {
                Operation::Block { block, upsampled, .. } => {
                    let scale = if *upsampled { 2 } else { 1 };
                    let [height, width] = block.convolution.geometry().output_size([scale * height, scale * width]);
                    [block.convolution.channels_out(), height, width]
                }
                Operation::Attention(_) | Operation::Activation(_) => [channels, height, width],
                Operation::Linear(linear) => [linear.features_out(), 1, 1],
                Operation::GlobalMean => [channels, 1, 1],
                Operation::Pool(pool) => {
                    // A pool that does not fit is an error of the plan, and a panic of the tensors.
                    let [height, width] = pool.output_size([height, width]).unwrap_or_default();
                    [channels, height, width]
                }
                Operation::Folded(convolution) => {
                    let [height, width] = convolution.geometry().output_size([height, width]);
                    [convolution.channels_out(), height, width]
                }
                Operation::Concatenation(parts) => [parts.iter().map(|part| shapes[part.0][0]).sum(), height, width],
            });
        }
        shapes
    }
}
