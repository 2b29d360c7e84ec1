//! Arrays for numpy.

use npyz::WriterBuilder;

/// Values of a shape, in row-major order, as the bytes of an `.npy` file.
pub(crate) fn npy(values: &[f32], shape: &[u64]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::<f32>::new().default_dtype().shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}
