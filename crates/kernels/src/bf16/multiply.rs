//! The choice between tiles of AMX and registers.

use super::gemm::PairGemm;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::{amx, unit::Bf16Unit};
use crate::simd::dispatch::Kernels;

impl Kernels {
    /// Computes a GEMM.
    ///
    /// # Safety
    /// Inputs, weights and targets are valid for the counts given, bias, PReLU weight and residual for as many channels; no
    /// other thread touches the targets.
    pub(crate) unsafe fn pair_gemm(&self, gemm: &PairGemm) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if self.bf16() == Bf16Unit::Amx && amx::fits(gemm) {
            // SAFETY: the caller's promise; the unit is only chosen where it may be used.
            unsafe { amx::gemm(gemm) };
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { self.registers_gemm(gemm) };
    }
}
