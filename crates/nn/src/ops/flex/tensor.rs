//! Contiguous tensors of the CPU backend, and how gradients of one operation share the threads.

use burn::backend::TensorMetadata;
use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};

/// A contiguous tensor filled by `fill`.
pub(super) fn filled(shape: &[usize], fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut values = vec![0f32; shape.iter().product()];
    fill(&mut values);
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape.to_vec())), DType::F32)
}

/// A contiguous tensor of `values`.
pub(super) fn tensor(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape), DType::F32)
}

/// A contiguous tensor of the same values. Unlike `to_contiguous` alone it holds no second handle, which would make a
/// later change of the values copy them first.
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    tensor.to_contiguous()
}

/// The number in a contiguous tensor of one.
pub(super) fn scalar(tensor: &FlexTensor) -> f32 {
    tensor.storage()[0]
}

/// Elements of an output up to which the gradients of a convolution are computed at the same time: one of them alone has
/// too few tasks for all threads. Larger ones keep all threads busy and would only need more memory at once.
const CONCURRENT_ELEMENTS: usize = 1 << 18;

/// Gradients of one convolution with respect to input, weight and bias, from that of its output.
pub(super) fn concurrently<T: Send>(
    output_gradient: &FlexTensor,
    input: impl FnOnce() -> T + Send,
    weight: impl FnOnce() -> T + Send,
    bias: impl FnOnce() -> T + Send,
) -> (T, T, T) {
    if output_gradient.shape().num_elements() > CONCURRENT_ELEMENTS {
        return (input(), weight(), bias());
    }
    let (input, (weight, bias)) = rayon::join(input, || (weight(), bias()));
    (input, weight, bias)
}
