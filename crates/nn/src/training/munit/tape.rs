//! The backward pass of a step, segment by segment.
//!
//! A step calls each network several times. Every such pair of forward calls is a graph segment of its own. A segment
//! reads its inputs as leaves, and its outputs are read by later segments through leaves again. The backward pass goes
//! through the segments from the last to the first and hands upstream gradients on at the boundaries. The two domains'
//! networks of a segment are independent of each other, so each runs on a thread of its own.
//!
//! A graph stores the activations of all layers until its backward pass. With activation checkpointing a tape stores only
//! the inputs of each segment and recomputes the rest: Chen et al. 2016, <https://arxiv.org/abs/1604.06174>.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Gradients, Tensor};

use crate::losses::IdentityTerm;
use crate::networks::Pair;
use crate::networks::munit::Code;
use crate::parameter::Parameterized;
use crate::training::optimizer::NamedGradients;

/// A segment's output as later segments read it.
#[derive(Clone, Debug)]
pub struct Boundary<const D: usize> {
    value: Tensor<D>,
    /// One leaf for each later segment that reads the value, in their order. None if no gradient is wanted.
    leaves: Option<Arc<Mutex<Vec<Tensor<D>>>>>,
}

impl<const D: usize> Boundary<D> {
    /// The value as a new leaf, for one later segment. The leaf's gradient becomes a part of the upstream gradient.
    ///
    /// Gradients are added in the order of the calls, which must not depend on threads.
    pub fn leaf(&self) -> Tensor<D> {
        let Some(leaves) = &self.leaves else { return self.value.clone() };
        let leaf = self.value.clone().autodiff().require_grad();
        leaves.lock().unwrap_or_else(PoisonError::into_inner).push(leaf.clone());
        leaf
    }

    /// The value alone, for readers that hand no gradient back.
    pub fn value(&self) -> Tensor<D> {
        self.value.clone()
    }
}

/// An output of a segment with its graph, and the boundary through which it is read.
trait Output: Send {
    /// The inner product of the output and its upstream gradient. Its backward pass is the vector–Jacobian product of the
    /// segment. None if no loss depends on the output.
    fn surrogate(&self, gradients: &mut [Gradients]) -> Option<Tensor<1>>;
}

impl<const D: usize> Output for (Tensor<D>, Boundary<D>) {
    fn surrogate(&self, gradients: &mut [Gradients]) -> Option<Tensor<1>> {
        let (output, boundary) = self;
        let leaves = boundary.leaves.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let of_leaf = |leaf: &Tensor<D>| gradients.iter_mut().find_map(|gradients| leaf.grad_remove(gradients));
        let upstream = leaves.iter().filter_map(of_leaf).reduce(|sum, gradient| sum + gradient)?;
        Some((output.clone() * upstream).sum())
    }
}

/// What a segment returns.
pub trait SegmentOutput: Send + Sized {
    /// The same as later segments read it.
    type Boundary: Clone + Send + 'static;

    /// The boundary of these outputs, with or without gradients.
    fn boundary(&self, with_gradients: bool) -> Self::Boundary;

    /// Stores the outputs with their graph for the backward pass. `boundary` is the one through which they were read.
    fn store(self, boundary: &Self::Boundary, outputs: &mut Outputs);
}

/// Outputs of one segment.
#[derive(Default)]
pub struct Outputs(Vec<Box<dyn Output>>);

impl<const D: usize> SegmentOutput for Tensor<D> {
    type Boundary = Boundary<D>;

    fn boundary(&self, with_gradients: bool) -> Boundary<D> {
        Boundary { value: self.clone().without_autodiff(), leaves: with_gradients.then(Arc::default) }
    }

    fn store(self, boundary: &Boundary<D>, outputs: &mut Outputs) {
        outputs.0.push(Box::new((self, boundary.clone())));
    }
}

impl<A: SegmentOutput, B: SegmentOutput> SegmentOutput for (A, B) {
    type Boundary = (A::Boundary, B::Boundary);

    fn boundary(&self, with_gradients: bool) -> Self::Boundary {
        (self.0.boundary(with_gradients), self.1.boundary(with_gradients))
    }

    fn store(self, boundary: &Self::Boundary, outputs: &mut Outputs) {
        self.0.store(&boundary.0, outputs);
        self.1.store(&boundary.1, outputs);
    }
}

/// A [`Code`] as later segments read it.
#[derive(Clone, Debug)]
pub struct CodeBoundary {
    /// What a picture shows.
    pub content: Boundary<4>,
    /// How it is drawn.
    pub style: Boundary<2>,
}

impl SegmentOutput for Code {
    type Boundary = CodeBoundary;

    fn boundary(&self, with_gradients: bool) -> CodeBoundary {
        CodeBoundary { content: self.content.boundary(with_gradients), style: self.style.boundary(with_gradients) }
    }

    fn store(self, boundary: &CodeBoundary, outputs: &mut Outputs) {
        self.content.store(&boundary.content, outputs);
        self.style.store(&boundary.style, outputs);
    }
}

/// A number that was read on the way and has no gradient.
impl SegmentOutput for f32 {
    type Boundary = Self;

    fn boundary(&self, _with_gradients: bool) -> Self {
        *self
    }

    fn store(self, _boundary: &Self, _outputs: &mut Outputs) {}
}

impl<T: SegmentOutput> SegmentOutput for Option<T> {
    type Boundary = Option<T::Boundary>;

    fn boundary(&self, with_gradients: bool) -> Self::Boundary {
        self.as_ref().map(|output| output.boundary(with_gradients))
    }

    fn store(self, boundary: &Self::Boundary, outputs: &mut Outputs) {
        if let (Some(output), Some(boundary)) = (self, boundary) {
            output.store(boundary, outputs);
        }
    }
}

impl SegmentOutput for IdentityTerm {
    type Boundary = (Boundary<1>, Option<f32>);

    fn boundary(&self, with_gradients: bool) -> Self::Boundary {
        (self.loss.boundary(with_gradients), self.accuracy)
    }

    fn store(self, boundary: &Self::Boundary, outputs: &mut Outputs) {
        self.loss.store(&boundary.0, outputs);
    }
}

/// What a segment reads.
pub trait SegmentInput: Clone + Send + Sync + 'static {
    /// The values alone.
    fn without_graph(&self) -> Self;
}

impl<const D: usize> SegmentInput for Tensor<D> {
    fn without_graph(&self) -> Self {
        self.clone().without_autodiff()
    }
}

impl<A: SegmentInput, B: SegmentInput> SegmentInput for (A, B) {
    fn without_graph(&self) -> Self {
        (self.0.without_graph(), self.1.without_graph())
    }
}

/// What a tape stores of each segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing: there will be no backward pass.
    Nothing,
    /// The graph with the activations of all layers.
    Activations,
    /// The inputs alone, where the segment can be recomputed: activation checkpointing.
    Inputs,
}

/// One segment until its backward pass.
enum Segment {
    Stored(Outputs),
    Checkpointed(Box<dyn FnOnce() -> Outputs + Send>),
}

/// The segments so far.
pub struct Tape {
    stored: Stored,
    segments: Vec<Pair<Segment>>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "tape of {} pairs of segments, storing {:?}", self.segments.len(), self.stored)
    }
}

impl Tape {
    /// A tape before the first segment.
    pub fn new(stored: Stored) -> Self {
        Self { stored, segments: Vec::new() }
    }

    /// Calls `forward` with a network of each domain, at the same time. With activation checkpointing it is called once
    /// more in the backward pass. Leaves among the inputs must have been taken before: their order counts.
    pub fn run<N, I, T, F>(&mut self, networks: Pair<&N>, inputs: Pair<I>, forward: F) -> Pair<T::Boundary>
    where
        N: Parameterized + Send + Sync + 'static,
        I: SegmentInput,
        T: SegmentOutput,
        F: Fn(&N, I) -> T + Copy + Send + Sync + 'static,
    {
        let Pair { drawing, photo } = networks;
        if self.stored != Stored::Inputs {
            return self.run_once(|| forward(drawing, inputs.drawing), || forward(photo, inputs.photo));
        }
        let begin = |network: &N, inputs: I| {
            let boundary = forward(&network.untracked(), inputs.without_graph()).boundary(true);
            let (network, read) = (network.clone(), boundary.clone());
            let recompute = move || {
                let mut outputs = Outputs::default();
                forward(&network, inputs).store(&read, &mut outputs);
                outputs
            };
            (boundary, Segment::Checkpointed(Box::new(recompute)))
        };
        let (drawing, photo) = rayon::join(|| begin(drawing, inputs.drawing), || begin(photo, inputs.photo));
        self.segments.push(Pair { drawing: drawing.1, photo: photo.1 });
        Pair { drawing: drawing.0, photo: photo.0 }
    }

    /// As [`run`](Self::run), for calls that cannot be repeated: their activations are stored.
    pub fn run_once<T: SegmentOutput>(
        &mut self,
        drawing: impl FnOnce() -> T + Send,
        photo: impl FnOnce() -> T + Send,
    ) -> Pair<T::Boundary> {
        let (drawing, photo) = rayon::join(drawing, photo);
        let with_gradients = self.stored != Stored::Nothing;
        let boundary = Pair { drawing: drawing.boundary(with_gradients), photo: photo.boundary(with_gradients) };
        if with_gradients {
            let mut outputs = Pair::<Outputs>::default();
            drawing.store(&boundary.drawing, &mut outputs.drawing);
            photo.store(&boundary.photo, &mut outputs.photo);
            self.segments
                .push(Pair { drawing: Segment::Stored(outputs.drawing), photo: Segment::Stored(outputs.photo) });
        }
        boundary
    }

    /// The gradients of a loss that was computed from leaves, for the tracked view of the networks that were called.
    pub fn backward(self, loss: &Tensor<1>, tracked: &impl Parameterized) -> NamedGradients {
        let parameters = tracked.parameters();
        let mut named = NamedGradients::default();
        let mut all = vec![loss.backward()];
        for pair in self.segments.into_iter().rev() {
            let found = match pair {
                Pair { drawing: Segment::Stored(drawing), photo: Segment::Stored(photo) } => {
                    let [drawing, photo] = [drawing, photo].map(|outputs| outputs.surrogate(&mut all));
                    let (drawing, photo) = rayon::join(|| backward(drawing), || backward(photo));
                    [drawing, photo]
                }
                // One after the other: memory is what is to be saved.
                Pair { drawing, photo } => {
                    [drawing, photo].map(|segment| backward(segment.outputs().surrogate(&mut all)))
                }
            };
            for mut gradients in found.into_iter().flatten() {
                named.add(&parameters, &mut gradients);
                all.push(gradients);
            }
        }
        named
    }
}

impl Segment {
    fn outputs(self) -> Outputs {
        match self {
            Self::Stored(outputs) => outputs,
            Self::Checkpointed(recompute) => recompute(),
        }
    }
}

impl Outputs {
    /// The sum of the surrogates of all outputs. None if no loss depends on any.
    fn surrogate(self, gradients: &mut [Gradients]) -> Option<Tensor<1>> {
        let surrogates = self.0.iter().filter_map(|output| output.surrogate(gradients));
        surrogates.reduce(|sum, surrogate| sum + surrogate)
    }
}

fn backward(surrogate: Option<Tensor<1>>) -> Option<Gradients> {
    surrogate.map(|surrogate| surrogate.backward())
}
