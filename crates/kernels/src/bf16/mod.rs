//! Products of bf16 values, summed in `f32`: half the bytes and twice the arithmetic of `f32` on processors that have
//! instructions for it, at two to three decimal digits.
//!
//! **What is computed** is the same on every processor. Operands are rounded to bf16, to the nearest and of two nearest to
//! the even one; subnormal numbers become zero. A product of two bf16 values is exact in `f32`. Sums run over pairs of
//! neighbouring inputs, the second of a pair before the first, and are rounded to `f32` at each addition: the order of
//! `vdpbf16ps`. So results have the same bits with these instructions and without, except on AMX, which sums first and
//! second products of up to 16 pairs apart.
//!
//! `unit.rs` says what the processor has, `permission.rs` asks the system for tiles. `registers.rs` is the register of
//! pairs, `gemm.rs` the GEMM that everything here comes down to, `amx.rs` the same on tiles of AMX; `multiply.rs` chooses.
//! `weights.rs` and `values.rs` are what is kept rounded.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
pub(crate) mod gemm;
mod multiply;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod permission;
pub(crate) mod registers;
pub(crate) mod unit;
pub(crate) mod values;
pub(crate) mod weights;
