//! The face mesh as a network of tensors, for training, with the branch of the network for drawings: the same layers and names of arrays
//! as [`FaceMesh::for_drawings`](super::FaceMesh::for_drawings), which runs what is trained here.

use burn::tensor::{Device, Tensor};

use super::face_mesh::{ERROR_OUTPUTS, MESH_POINTS, TRUNK};
use crate::layers::{MAX_POOL, pool};
use crate::ops::{ConvGeometry, Padding, conv2d, depthwise_conv2d, prelu};
use crate::parameter::{Parameter, Parameterized, join};
use crate::weights::NamedArrays;

/// Channels of the trunk's last map, and of those of the branches.
const TRUNK_CHANNELS: usize = 128;
const REDUCED_CHANNELS: usize = 32;
/// Height and width of the map that heads look at.
const HEAD: usize = 3;

/// The face mesh with the branch for expected errors.
#[derive(Clone, Debug)]
pub struct MeshNetwork {
    stem: Convolution,
    trunk: Vec<Block>,
    points: Branch,
    flag: Branch,
    errors: Branch,
}

/// What the network says about a batch of faces.
#[derive(Clone, Debug)]
pub struct MeshPrediction {
    /// `[n, 468, 2]`, x and y in pixels of the input.
    pub points: Tensor<3>,
    /// `[n, 68]`, logarithms of the expected errors of iBUG's 68 points, in the same unit.
    pub log_errors: Tensor<2>,
    /// `[n]`, logits that there is a face.
    pub flag: Tensor<1>,
    /// `[n]`, logits that it is drawn.
    pub drawn: Tensor<1>,
}

/// A convolution without padding, PReLU behind it where it has a weight.
#[derive(Clone, Debug)]
struct Convolution {
    weight: Parameter,
    bias: Parameter,
    prelu: Option<Parameter>,
    stride: usize,
}

/// Depthwise, pointwise, the sum with the input, PReLU.
#[derive(Clone, Debug)]
struct Block {
    depthwise_weight: Parameter,
    depthwise_bias: Parameter,
    pointwise: Convolution,
    prelu: Parameter,
    stride: usize,
}

/// Blocks, a convolution to fewer channels, one more block, and a convolution over all of the map.
#[derive(Clone, Debug)]
struct Branch {
    blocks: Vec<Block>,
    reduce: Convolution,
    last: Block,
    head: Convolution,
}

/// Parameters of zeros, which weights are put into.
fn zeros(shape: &[usize], device: &Device) -> Parameter {
    Parameter::weight(vec![0.0; shape.iter().product()], shape, device)
}

impl Convolution {
    fn new([inputs, outputs, kernel, stride]: [usize; 4], with_prelu: bool, device: &Device) -> Self {
        Self {
            weight: zeros(&[outputs, inputs, kernel, kernel], device),
            bias: zeros(&[outputs], device),
            prelu: with_prelu.then(|| zeros(&[outputs], device)),
            stride,
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let kernel = self.weight.shape()[2];
        let geometry = ConvGeometry { kernel, stride: self.stride, padding: 0, mode: Padding::Zero };
        let features = conv2d(x, self.weight.get(), self.bias.get(), geometry);
        match &self.prelu {
            Some(weight) => prelu(features, weight.get()),
            None => features,
        }
    }
}

impl Parameterized for Convolution {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.weight);
        visit(&join(prefix, "bias"), &mut self.bias);
        if let Some(weight) = &mut self.prelu {
            visit(&join(prefix, "prelu.weight"), weight);
        }
    }
}

impl Block {
    fn new(inputs: usize, [outputs, stride]: [usize; 2], device: &Device) -> Self {
        Self {
            depthwise_weight: zeros(&[inputs, 1, 3, 3], device),
            depthwise_bias: zeros(&[inputs], device),
            pointwise: Convolution::new([inputs, outputs, 1, 1], false, device),
            prelu: zeros(&[outputs], device),
            stride,
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (weight, bias) = (self.depthwise_weight.get(), self.depthwise_bias.get());
        let changed = self.pointwise.forward(depthwise_conv2d(x.clone(), weight, bias, self.stride));
        let shortcut = if self.stride == 2 { pool(x, MAX_POOL) } else { x };
        let ([n, outputs, h, w], inputs) = (changed.dims(), shortcut.dims()[1]);
        let shortcut = match outputs - inputs {
            0 => shortcut,
            more => {
                let device = shortcut.device();
                Tensor::cat(vec![shortcut, Tensor::zeros([n, more, h, w], &device)], 1)
            }
        };
        prelu(changed + shortcut, self.prelu.get())
    }
}

impl Parameterized for Block {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "depthwise.weight"), &mut self.depthwise_weight);
        visit(&join(prefix, "depthwise.bias"), &mut self.depthwise_bias);
        self.pointwise.visit_mut(&join(prefix, "pointwise"), visit);
        visit(&join(prefix, "prelu.weight"), &mut self.prelu);
    }
}

impl Branch {
    fn new(strides: &[usize], outputs: usize, device: &Device) -> Self {
        let blocks =
            strides.iter().map(|stride| Block::new(TRUNK_CHANNELS, [TRUNK_CHANNELS, *stride], device)).collect();
        Self {
            blocks,
            reduce: Convolution::new([TRUNK_CHANNELS, REDUCED_CHANNELS, 1, 1], true, device),
            last: Block::new(REDUCED_CHANNELS, [REDUCED_CHANNELS, 1], device),
            head: Convolution::new([REDUCED_CHANNELS, outputs, HEAD, 1], false, device),
        }
    }

    /// `[n, outputs]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        let x = self.last.forward(self.reduce.forward(x));
        self.head.forward(x).flatten(1, 3)
    }
}

impl Parameterized for Branch {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, block) in self.blocks.iter_mut().enumerate() {
            block.visit_mut(&join(prefix, &format!("blocks.{index}")), visit);
        }
        self.reduce.visit_mut(&join(prefix, "reduce"), visit);
        self.last.visit_mut(&join(prefix, &format!("blocks.{}", self.blocks.len())), visit);
        self.head.visit_mut(&join(prefix, "head"), visit);
    }
}

impl MeshNetwork {
    /// Height and width of the input: a row and a column of zeros lie behind the image's 192, as TensorFlow pads it.
    pub const PADDED_SIDE: usize = super::FaceMesh::SIDE + 1;

    /// A network of zeros, which weights are put into.
    pub fn new(device: &Device) -> Self {
        let mut channels = TRUNK[0][0];
        let stem = Convolution::new([3, channels, 3, 2], true, device);
        let block = |sizes: [usize; 2]| {
            let block = Block::new(channels, sizes, device);
            channels = sizes[0];
            block
        };
        Self {
            stem,
            trunk: TRUNK.into_iter().map(block).collect(),
            points: Branch::new(&[2, 1, 1], 3 * MESH_POINTS, device),
            flag: Branch::new(&[2], 1, device),
            errors: Branch::new(&[2, 1, 1], ERROR_OUTPUTS, device),
        }
    }

    /// The arrays of the mesh for photos, with those of the branch that it lacks: that branch starts as a copy of the points' one, with
    /// a head that says the same expected error, in pixels, of every face.
    #[must_use]
    pub fn arrays_from_photos(mut arrays: NamedArrays, error_px: f32) -> NamedArrays {
        let own =
            |name: &String| name.strip_prefix("points.").map(|rest| (format!("errors.{rest}"), arrays[name].clone()));
        let mut errors: NamedArrays = arrays.keys().filter_map(own).collect();
        for (name, value) in [("errors.head.weight", 0.0), ("errors.head.bias", error_px.ln())] {
            if let Some(array) = errors.get_mut(name) {
                array.shape[0] = ERROR_OUTPUTS;
                array.values = vec![value; array.shape.iter().product()];
            }
        }
        // The last output is the logit of a drawing.
        if let Some(last) = errors.get_mut("errors.head.bias").and_then(|array| array.values.last_mut()) {
            *last = 0.0;
        }
        arrays.append(&mut errors);
        arrays
    }

    /// Runs the network.
    ///
    /// # Shapes
    /// - images: `[n, 3, 193, 193]`, RGB in `[0, 1]`, the last row and column zero
    pub fn forward(&self, images: Tensor<4>) -> MeshPrediction {
        let count = images.dims()[0];
        let map = self.trunk.iter().fold(self.stem.forward(images), |map, block| block.forward(map));
        let points = self.points.forward(map.clone()).reshape([count, MESH_POINTS, 3]);
        let errors = self.errors.forward(map.clone());
        let num_errors = ERROR_OUTPUTS - 1;
        MeshPrediction {
            points: points.slice([0..count, 0..MESH_POINTS, 0..2]),
            log_errors: errors.clone().slice([0..count, 0..num_errors]),
            drawn: errors.slice([0..count, num_errors..ERROR_OUTPUTS]).reshape([count]),
            flag: self.flag.forward(map).reshape([count]),
        }
    }
}

impl Parameterized for MeshNetwork {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.stem.visit_mut(&join(prefix, "stem"), visit);
        for (index, block) in self.trunk.iter_mut().enumerate() {
            block.visit_mut(&join(prefix, &format!("trunk.{index}")), visit);
        }
        self.points.visit_mut(&join(prefix, "points"), visit);
        self.flag.visit_mut(&join(prefix, "flag"), visit);
        self.errors.visit_mut(&join(prefix, "errors"), visit);
    }
}
