//! Networks as graphs of layers: each network describes itself once, and everything else is read from that.
//!
//! A network adds its layers to a [`Graph`] in the order in which they are computed; the graph refers to the network's
//! parameters. [`Graph::forward`] computes it with tensors, which can be differentiated; [`Plan`](crate::inference::Plan)
//! prepares it for inference with constant weights; [`workload`](crate::workload) counts its arithmetic.

mod forward;
mod nodes;
mod shapes;

pub use forward::Value;
pub use nodes::{AdainRange, Graph, Node, Operation, Slot};
pub use shapes::Shape;
