//! Where the networks run.

use burn::tensor::Device;

/// A device that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("unknown device {name:?}: this program was built for {}", supported().join(", "))]
pub struct UnknownDevice {
    name: String,
}

/// The names that [`parse`] takes in this build.
pub fn supported() -> Vec<&'static str> {
    let mut names = vec!["cpu"];
    if cfg!(feature = "cuda") {
        names.push("cuda[:index]");
    }
    if cfg!(feature = "wgpu") {
        names.push("wgpu");
    }
    names
}

/// Runs `work` on one of the threads that compute. From any other thread each single operation has to wake them and to
/// wait for them, which takes a fifth of the time of a small training step.
pub fn on_workers<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

/// The instruction set that the CPU's kernels use: `avx512`, `avx2`, `neon` or `portable`.
pub fn instruction_set() -> &'static str {
    portraitist_kernels::isa().name()
}

/// The device of a name: `cpu`, and where the program was built with them `cuda`, `cuda:1`, `wgpu`.
///
/// # Errors
/// [`UnknownDevice`] lists what this build has.
pub fn parse(name: &str) -> Result<Device, UnknownDevice> {
    let unknown = || UnknownDevice { name: name.to_owned() };
    match name.split_once(':').unwrap_or((name, "")) {
        ("cpu", "") => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        ("cuda", index) if index.is_empty() || index.parse::<usize>().is_ok() => {
            Ok(Device::cuda(index.parse().unwrap_or(0)))
        }
        #[cfg(feature = "wgpu")]
        ("wgpu", "") => Ok(Device::wgpu(burn::tensor::DeviceKind::default())),
        _ => Err(unknown()),
    }
}
