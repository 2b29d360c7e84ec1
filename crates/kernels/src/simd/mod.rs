//! What depends on the processor: instruction sets, registers and the register tiles that everything else feeds.
//!
//! `vector.rs` is the register that generic kernels are written against. `dispatch.rs` makes one version of a kernel for
//! each instruction set. A new kernel is a function and its line in a `kernel_methods!` list, in the file of its family;
//! a new processor is a file like `arm.rs`, and its lines in `isa.rs` and `dispatch.rs`.

#[cfg(target_arch = "aarch64")]
pub(crate) mod arm;
pub(crate) mod convolution_tile;
pub(crate) mod dispatch;
pub(crate) mod epilogue;
pub(crate) mod gemm;
pub(crate) mod isa;
pub(crate) mod math;
pub(crate) mod outer_product;
pub(crate) mod sums;
pub(crate) mod transpose;
pub(crate) mod vector;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;
