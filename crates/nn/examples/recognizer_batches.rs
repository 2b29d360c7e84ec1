//! Writes what a recogniser's training starts from and sees: `start.safetensors` (weights by their published names) and
//! `batches.safetensors` (`crops`: `[steps * n, 3, 112, 96]`, BGR, `(grey level - 127.5) / 128`; `labels`: `[steps, n]`),
//! so that another program can do the same steps. `benches/peers/fine_tune.py` does.
//!
//!     cargo build --release --workspace --examples
//!     target/release/examples/recognizer_batches RUN.toml STEPS FOLDER

use std::error::Error;
use std::path::Path;

use portraitist_nn::Device;
use portraitist_nn::training::recognizer::{RunFile, Trainer};
use portraitist_nn::training::{Run, Task};
use portraitist_nn::weights::{Array, NamedArrays, collect};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, steps, folder] = arguments.as_slice() else {
        return Err("expected RUN.toml STEPS FOLDER".into());
    };
    let (run, steps, folder) = (RunFile::read(Path::new(run))?, steps.parse::<u64>()?, Path::new(folder));
    let sources = Trainer::find_sources(&run)?;
    let trainer = Trainer::build(&run, &sources, &Device::flex())?;
    std::fs::create_dir_all(folder)?;
    write(&collect(&trainer.classifier), &folder.join("start.safetensors"))?;
    let make = Trainer::batch_maker(&run, &sources);
    let (mut crops, mut labels) = (Vec::new(), Vec::new());
    for step in 0..steps {
        let batch = make(step)?;
        crops.extend(batch.planes);
        labels.extend(batch.labels.iter().map(|label| *label as f32));
    }
    let array = |shape: &[usize], values| Array { shape: shape.to_vec(), values, dtype: "F32" };
    let (steps, n) = (steps as usize, run.batch_size);
    let arrays = [
        ("crops".to_owned(), array(&[steps * n, 3, 112, 96], crops)),
        ("labels".to_owned(), array(&[steps, n], labels)),
    ];
    write(&arrays.into(), &folder.join("batches.safetensors"))?;
    Ok(())
}

fn write(arrays: &NamedArrays, path: &Path) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<(&String, &Array, Vec<u8>)> = arrays
        .iter()
        .map(|(name, array)| (name, array, array.values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views =
        bytes.iter().map(|(name, array, bytes)| Ok((name, TensorView::new(Dtype::F32, array.shape.clone(), bytes)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    Ok(safetensors::serialize_to_file(views, None, path)?)
}
