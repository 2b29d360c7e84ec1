//! State dicts that PyTorch saved. The pickle inside is read as data and never executed.

use std::path::Path;

use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};

use super::arrays::{Array, NamedArrays};
use super::error::WeightsError;

/// Reads every floating-point tensor of a `.pt` or `.pth` file under its dotted name.
///
/// # Errors
/// [`WeightsError::Format`] if the file is not a PyTorch checkpoint, is cut short, or holds no tensors.
pub fn read_pytorch(path: &Path) -> Result<NamedArrays, WeightsError> {
    let not_state_dict = |found: String| WeightsError::Format {
        path: path.to_path_buf(),
        expected: "a PyTorch state dict or a safetensors file",
        found,
    };
    // Opened first, so that a missing file is reported as such and not as a bad checkpoint.
    let file = std::fs::File::open(path).and_then(|file| file.metadata());
    let file_bytes = file.map_err(|source| WeightsError::Read { path: path.to_path_buf(), source })?.len();
    let reader = PytorchReader::new(path).map_err(|error| not_state_dict(format!("something else ({error})")))?;
    let tensors = reader.tensors().iter();
    let sizes = tensors.map(|(name, tensor)| (name.as_str(), tensor.shape(), tensor.dtype().size()));
    check_sizes(sizes, file_bytes).map_err(not_state_dict)?;
    let mut arrays = NamedArrays::new();
    for (name, tensor) in reader.tensors() {
        let values = read_values(tensor).map_err(|error| not_state_dict(format!("{name} unreadable ({error})")))?;
        if let Some((values, dtype)) = values {
            arrays.insert(name.clone(), Array { shape: tensor.shape().to_vec(), values, dtype });
        }
    }
    if arrays.is_empty() {
        return Err(not_state_dict("a pickle without tensors".to_owned()));
    }
    Ok(arrays)
}

/// Arrays may share numbers of the file, as tied weights do, but not each of them all.
const MOST_SHARED: u64 = 4;
/// Files this small may share all they want.
const ALWAYS_ALLOWED_BYTES: u64 = 16 << 20;

/// Refuses tensors that repeat the few numbers of a small file until they fill the memory, before any is taken.
fn check_sizes<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a [usize], usize)>,
    file_bytes: u64,
) -> Result<(), String> {
    let limit = file_bytes.saturating_mul(MOST_SHARED).max(ALWAYS_ALLOWED_BYTES);
    let mut total = 0u64;
    for (name, shape, number_bytes) in tensors {
        let size = shape.iter().fold(number_bytes as u64, |size, side| size.saturating_mul(*side as u64));
        total = total.saturating_add(size);
        if total > limit {
            return Err(format!(
                "tensors of more than {limit} bytes in a file of {file_bytes} bytes ({name} has the shape {shape:?}): they repeat the same numbers"
            ));
        }
    }
    Ok(())
}

/// The values of a floating-point tensor; `None` for counters and masks, which no network here uses.
fn read_values(tensor: &Tensor) -> std::io::Result<Option<(Vec<f32>, &'static str)>> {
    fn numbers<const N: usize>(bytes: &[u8], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let (chunks, _) = bytes.as_chunks::<N>();
        chunks.iter().map(|chunk| convert(*chunk)).collect()
    }
    let decode: fn(&[u8]) -> Vec<f32> = match tensor.dtype() {
        DType::F32 => |bytes| numbers(bytes, f32::from_le_bytes),
        DType::F64 => |bytes| numbers(bytes, |chunk| f64::from_le_bytes(chunk) as f32),
        DType::F16 => |bytes| numbers(bytes, |chunk| f16::from_le_bytes(chunk).to_f32()),
        DType::BF16 => |bytes| numbers(bytes, |chunk| bf16::from_le_bytes(chunk).to_f32()),
        _ => return Ok(None),
    };
    let name = match tensor.dtype() {
        DType::F64 => "F64",
        DType::F16 => "F16",
        DType::BF16 => "BF16",
        _ => "F32",
    };
    Ok(Some((decode(&tensor.read()?), name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_that_repeat_a_small_file_are_refused() {
        let huge: (&str, &[usize], usize) = ("layer.weight", &[1 << 16, 1 << 14], 4);
        let error = check_sizes([("bias", &[4][..], 4), huge], 1600).expect_err("4 GiB of 1,600 bytes");
        assert!(error.contains("layer.weight") && error.contains("1600"), "{error}");
        assert_eq!(check_sizes([huge], 1 << 30), Ok(()), "as many bytes as a quarter of them says");
        let half: (&str, &[usize], usize) = ("half", &[2 << 20], 4);
        assert_eq!(check_sizes([half, half], 1600), Ok(()), "16 MiB may be shared");
        assert!(check_sizes([half, half, ("one more", &[1], 4)], 1600).is_err());
        let beyond: (&str, &[usize], usize) = ("beyond", &[usize::MAX, usize::MAX], 8);
        assert!(check_sizes([beyond], 1 << 40).is_err(), "sizes that overflow are not small");
    }
}
