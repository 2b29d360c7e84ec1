//! The register of NEON.

use super::vector::Vector;
use std::arch::aarch64::*;

/// Four lanes of NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t);

// SAFETY of every block below: the trait's contract gives the instruction set and valid pointers.
impl Vector for Neon {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above.
        Self(unsafe { vdupq_n_f32(0.0) })
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { vdupq_n_f32(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { vld1q_f32(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see above.
        unsafe { vst1q_f32(to, self.0) };
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn add_product(self, left: Self, right: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vfmaq_f32(self.0, left.0, right.0) })
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn replace_negative(self, replacement: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vbslq_f32(vcltzq_f32(self.0), replacement.0, self.0) })
    }
}
