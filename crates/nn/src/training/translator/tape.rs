//! The backward pass of a step, in pieces.
//!
//! A step uses each network several times. Every use has a graph of its own: it reads leaves, and what it makes is read
//! through leaves again, so that gradients are handed on from use to use. Uses of both domains' networks are independent
//! of each other; a thread each keeps its own network's features close, forward and backward.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Gradients, Tensor};

use crate::losses::IdentityTerm;
use crate::networks::{Code, Pair};
use crate::parameter::Parameter;

/// What a use of a network made, for other uses to read.
#[derive(Clone, Debug)]
pub struct Joint<const D: usize> {
    value: Tensor<D>,
    /// One for each use that reads it, in their order; none where nothing is learned.
    leaves: Option<Arc<Mutex<Vec<Tensor<D>>>>>,
}

impl<const D: usize> Joint<D> {
    fn new(value: Tensor<D>, learns: bool) -> Self {
        Self { value, leaves: learns.then(Arc::default) }
    }

    /// The value without what came before; for one use, whose gradient is handed on.
    ///
    /// Gradients are added in the order of the calls, which must not depend on threads.
    pub fn leaf(&self) -> Tensor<D> {
        let Some(leaves) = &self.leaves else { return self.value.clone() };
        let leaf = self.value.clone().autodiff().require_grad();
        leaves.lock().unwrap_or_else(PoisonError::into_inner).push(leaf.clone());
        leaf
    }

    /// The value, for uses that nothing is learned by.
    pub fn value(&self) -> Tensor<D> {
        self.value.clone()
    }
}

/// An output of a use with its graph, and the joint through which it is read.
trait Output: Send {
    /// What is as steep in the output as the losses are; none where no loss depends on it.
    fn pull(&self, gradients: &StepGradients) -> Option<Tensor<1>>;
}

impl<const D: usize> Output for (Tensor<D>, Joint<D>) {
    fn pull(&self, gradients: &StepGradients) -> Option<Tensor<1>> {
        let (made, joint) = self;
        let leaves = joint.leaves.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let found = leaves.iter().flat_map(|leaf| gradients.0.iter().filter_map(|gradients| leaf.grad(gradients)));
        let gradient = found.map(Tensor::without_autodiff).reduce(|sum, gradient| sum + gradient)?;
        Some((made.clone() * gradient).sum())
    }
}

/// What a use of a network gives.
pub trait Made: Send + Sized {
    /// The same for those who read it.
    type Joints;

    /// Cuts what was made from its graph; the outputs are kept for the backward pass.
    #[doc(hidden)]
    fn cut(self, learns: bool, keep: &mut Outputs) -> Self::Joints;
}

/// Outputs of one use.
#[derive(Default)]
pub struct Outputs(Vec<Box<dyn Output>>);

impl std::fmt::Debug for Outputs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} outputs", self.0.len())
    }
}

impl<const D: usize> Made for Tensor<D> {
    type Joints = Joint<D>;

    fn cut(self, learns: bool, keep: &mut Outputs) -> Joint<D> {
        if !learns {
            return Joint::new(self, false);
        }
        let joint = Joint::new(self.clone().without_autodiff(), true);
        keep.0.push(Box::new((self, joint.clone())));
        joint
    }
}

impl<A: Made, B: Made> Made for (A, B) {
    type Joints = (A::Joints, B::Joints);

    fn cut(self, learns: bool, keep: &mut Outputs) -> Self::Joints {
        (self.0.cut(learns, keep), self.1.cut(learns, keep))
    }
}

/// A [`Code`] for those who read it.
#[derive(Clone, Debug)]
pub struct CodeJoints {
    /// What a picture shows.
    pub content: Joint<4>,
    /// How it is drawn.
    pub style: Joint<2>,
}

impl Made for Code {
    type Joints = CodeJoints;

    fn cut(self, learns: bool, keep: &mut Outputs) -> CodeJoints {
        CodeJoints { content: self.content.cut(learns, keep), style: self.style.cut(learns, keep) }
    }
}

impl Made for IdentityTerm {
    type Joints = (Joint<1>, Option<f32>);

    fn cut(self, learns: bool, keep: &mut Outputs) -> Self::Joints {
        (self.loss.cut(learns, keep), self.accuracy)
    }
}

/// The uses of networks so far.
#[derive(Debug)]
pub struct Tape {
    learns: bool,
    uses: Vec<Pair<Outputs>>,
}

impl Tape {
    /// A tape for a backward pass.
    pub fn new() -> Self {
        Self { learns: true, uses: Vec::new() }
    }

    /// A tape that records nothing.
    pub fn without_gradients() -> Self {
        Self { learns: false, uses: Vec::new() }
    }

    /// Uses a network of each domain, at the same time. Leaves must be taken before: their order counts.
    pub fn run<T: Made>(
        &mut self,
        drawing: impl FnOnce() -> T + Send,
        photo: impl FnOnce() -> T + Send,
    ) -> Pair<T::Joints> {
        let (drawing, photo) = rayon::join(drawing, photo);
        let mut outputs = Pair::default();
        let drawing = drawing.cut(self.learns, &mut outputs.drawing);
        let photo = photo.cut(self.learns, &mut outputs.photo);
        self.uses.push(outputs);
        Pair { drawing, photo }
    }

    /// The gradients of a loss that was computed from leaves.
    pub fn backward(self, loss: &Tensor<1>) -> StepGradients {
        let mut gradients = StepGradients(vec![loss.backward()]);
        for Pair { drawing, photo } in self.uses.into_iter().rev() {
            let pull = |outputs: Outputs| {
                let pulls = outputs.0.iter().filter_map(|output| output.pull(&gradients));
                pulls.reduce(|sum, pull| sum + pull)
            };
            let [drawing, photo] = [pull(drawing), pull(photo)];
            let backward = |pull: Option<Tensor<1>>| pull.map(|pull| pull.backward());
            let (drawing, photo) = rayon::join(|| backward(drawing), || backward(photo));
            gradients.0.extend(drawing.into_iter().chain(photo));
        }
        gradients
    }
}

/// The gradients of one step, of all uses of its networks.
pub struct StepGradients(Vec<Gradients>);

impl std::fmt::Debug for StepGradients {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "gradients of {} backward passes", self.0.len())
    }
}

impl StepGradients {
    /// The gradient of a parameter, flat, if it took part.
    pub fn of(&self, parameter: &Parameter) -> Option<Tensor<1>> {
        let found = self.0.iter().filter_map(|gradients| parameter.gradient(gradients));
        found.map(Tensor::without_autodiff).reduce(|sum, gradient| sum + gradient)
    }
}
