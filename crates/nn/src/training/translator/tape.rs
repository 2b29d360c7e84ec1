//! The backward pass of a step, in pieces.
//!
//! A step uses each network several times. Every use has a graph of its own: it reads leaves, and what it makes is read
//! through leaves again, so that gradients are handed on from use to use. Uses of both domains' networks are independent
//! of each other; a thread each keeps its own network's features close, forward and backward.
//!
//! A graph keeps the features of all layers until its backward pass. Instead of the graphs, a tape may keep what the uses
//! read, and run each again when its turn comes: Chen et al. 2016, <https://arxiv.org/abs/1604.06174>.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Gradients, Tensor};

use crate::losses::IdentityTerm;
use crate::networks::{Code, Pair};
use crate::parameter::Parameterized;
use crate::training::NamedGradients;

/// What a use of a network made, for other uses to read.
#[derive(Clone, Debug)]
pub struct Joint<const D: usize> {
    value: Tensor<D>,
    /// One for each use that reads it, in their order; none where nothing is learned.
    leaves: Option<Arc<Mutex<Vec<Tensor<D>>>>>,
}

impl<const D: usize> Joint<D> {
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
    fn pull(&self, gradients: &mut [Gradients]) -> Option<Tensor<1>>;
}

impl<const D: usize> Output for (Tensor<D>, Joint<D>) {
    fn pull(&self, gradients: &mut [Gradients]) -> Option<Tensor<1>> {
        let (made, joint) = self;
        let leaves = joint.leaves.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let of_leaf = |leaf: &Tensor<D>| gradients.iter_mut().find_map(|gradients| leaf.grad_remove(gradients));
        let gradient = leaves.iter().filter_map(of_leaf).reduce(|sum, gradient| sum + gradient)?;
        Some((made.clone() * gradient).sum())
    }
}

/// What a use of a network gives.
pub trait Made: Send + Sized {
    /// The same for those who read it.
    type Joints: Clone + Send + 'static;

    /// Joints for those who read it.
    fn joints(&self, learns: bool) -> Self::Joints;

    /// Keeps the outputs with their graph for the backward pass; `joints` are those through which they were read.
    fn keep(self, joints: &Self::Joints, outputs: &mut Outputs);
}

/// Outputs of one use.
#[derive(Default)]
pub struct Outputs(Vec<Box<dyn Output>>);

impl<const D: usize> Made for Tensor<D> {
    type Joints = Joint<D>;

    fn joints(&self, learns: bool) -> Joint<D> {
        Joint { value: self.clone().without_autodiff(), leaves: learns.then(Arc::default) }
    }

    fn keep(self, joint: &Joint<D>, outputs: &mut Outputs) {
        outputs.0.push(Box::new((self, joint.clone())));
    }
}

impl<A: Made, B: Made> Made for (A, B) {
    type Joints = (A::Joints, B::Joints);

    fn joints(&self, learns: bool) -> Self::Joints {
        (self.0.joints(learns), self.1.joints(learns))
    }

    fn keep(self, joints: &Self::Joints, outputs: &mut Outputs) {
        self.0.keep(&joints.0, outputs);
        self.1.keep(&joints.1, outputs);
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

    fn joints(&self, learns: bool) -> CodeJoints {
        CodeJoints { content: self.content.joints(learns), style: self.style.joints(learns) }
    }

    fn keep(self, joints: &CodeJoints, outputs: &mut Outputs) {
        self.content.keep(&joints.content, outputs);
        self.style.keep(&joints.style, outputs);
    }
}

impl Made for IdentityTerm {
    type Joints = (Joint<1>, Option<f32>);

    fn joints(&self, learns: bool) -> Self::Joints {
        (self.loss.joints(learns), self.accuracy)
    }

    fn keep(self, joints: &Self::Joints, outputs: &mut Outputs) {
        self.loss.keep(&joints.0, outputs);
    }
}

/// What a use of a network reads.
pub trait Inputs: Clone + Send + Sync + 'static {
    /// The values alone.
    fn without_graph(&self) -> Self;
}

impl<const D: usize> Inputs for Tensor<D> {
    fn without_graph(&self) -> Self {
        self.clone().without_autodiff()
    }
}

impl<A: Inputs, B: Inputs> Inputs for (A, B) {
    fn without_graph(&self) -> Self {
        (self.0.without_graph(), self.1.without_graph())
    }
}

/// What a tape keeps of each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing: there will be no backward pass.
    Nothing,
    /// The graph with the features of all layers.
    Graphs,
    /// What the use read, where it can be run again.
    Inputs,
}

/// One use, as it waits for its backward pass.
enum Use {
    Kept(Outputs),
    Again(Box<dyn FnOnce() -> Outputs + Send>),
}

/// The uses of networks so far.
pub struct Tape {
    keeping: Keeping,
    uses: Vec<Pair<Use>>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "tape of {} pairs of uses, keeping {:?}", self.uses.len(), self.keeping)
    }
}

impl Tape {
    /// A tape before the first use.
    pub fn new(keeping: Keeping) -> Self {
        Self { keeping, uses: Vec::new() }
    }

    /// Does `work` with a network of each domain, at the same time. It may be done again. Leaves among the inputs must
    /// have been taken before: their order counts.
    pub fn run<N, I, T, F>(&mut self, networks: Pair<&N>, inputs: Pair<I>, work: F) -> Pair<T::Joints>
    where
        N: Parameterized + Send + Sync + 'static,
        I: Inputs,
        T: Made,
        F: Fn(&N, I) -> T + Copy + Send + Sync + 'static,
    {
        let Pair { drawing, photo } = networks;
        if self.keeping != Keeping::Inputs {
            return self.run_once(|| work(drawing, inputs.drawing), || work(photo, inputs.photo));
        }
        let begin = |network: &N, inputs: I| {
            let joints = work(&network.untracked(), inputs.without_graph()).joints(true);
            let (network, read) = (network.clone(), joints.clone());
            let again = move || {
                let mut outputs = Outputs::default();
                work(&network, inputs).keep(&read, &mut outputs);
                outputs
            };
            (joints, Use::Again(Box::new(again)))
        };
        let (drawing, photo) = rayon::join(|| begin(drawing, inputs.drawing), || begin(photo, inputs.photo));
        self.uses.push(Pair { drawing: drawing.1, photo: photo.1 });
        Pair { drawing: drawing.0, photo: photo.0 }
    }

    /// As [`run`](Self::run), for what cannot be done again: its graph is kept.
    pub fn run_once<T: Made>(
        &mut self,
        drawing: impl FnOnce() -> T + Send,
        photo: impl FnOnce() -> T + Send,
    ) -> Pair<T::Joints> {
        let (drawing, photo) = rayon::join(drawing, photo);
        let learns = self.keeping != Keeping::Nothing;
        let joints = Pair { drawing: drawing.joints(learns), photo: photo.joints(learns) };
        if learns {
            let mut outputs = Pair::<Outputs>::default();
            drawing.keep(&joints.drawing, &mut outputs.drawing);
            photo.keep(&joints.photo, &mut outputs.photo);
            self.uses.push(Pair { drawing: Use::Kept(outputs.drawing), photo: Use::Kept(outputs.photo) });
        }
        joints
    }

    /// The gradients of a loss that was computed from leaves, for the tracked view of the networks that were used.
    pub fn backward(self, loss: &Tensor<1>, tracked: &impl Parameterized) -> NamedGradients {
        let parameters = tracked.parameters();
        let mut named = NamedGradients::default();
        let mut all = vec![loss.backward()];
        for pair in self.uses.into_iter().rev() {
            let found = match pair {
                Pair { drawing: Use::Kept(drawing), photo: Use::Kept(photo) } => {
                    let [drawing, photo] = [drawing, photo].map(|outputs| outputs.pull(&mut all));
                    let (drawing, photo) = rayon::join(|| backward(drawing), || backward(photo));
                    [drawing, photo]
                }
                // One after the other: memory is what is to be saved.
                Pair { drawing, photo } => [drawing, photo].map(|one| backward(one.outputs().pull(&mut all))),
            };
            for mut gradients in found.into_iter().flatten() {
                named.add(&parameters, &mut gradients);
                all.push(gradients);
            }
        }
        named
    }
}

impl Use {
    fn outputs(self) -> Outputs {
        match self {
            Self::Kept(outputs) => outputs,
            Self::Again(again) => again(),
        }
    }
}

impl Outputs {
    /// What is as steep in all outputs as the losses are; none where no loss depends on them.
    fn pull(self, gradients: &mut [Gradients]) -> Option<Tensor<1>> {
        let pulls = self.0.iter().filter_map(|output| output.pull(gradients));
        pulls.reduce(|sum, pull| sum + pull)
    }
}

fn backward(pull: Option<Tensor<1>>) -> Option<Gradients> {
    pull.map(|pull| pull.backward())
}
