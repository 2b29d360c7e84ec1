//! One register of `f32` lanes on each instruction set.
//!
//! The generic kernels are written against [`Vector`] and are inlined into a function that enables the instruction
//! set, so each method becomes one instruction.

/// A register of `f32` lanes.
///
/// # Safety
/// Every method requires a processor with the instruction set of the implementing type, and pointers valid for the
/// lanes that are read or written (no alignment needed).
pub(crate) trait Vector: Copy {
    /// Lanes of a register.
    const LANES: usize;

    /// All lanes zero.
    unsafe fn zero() -> Self;
    /// All lanes `value`.
    unsafe fn splat(value: f32) -> Self;
    /// Reads all lanes.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes all lanes.
    unsafe fn store(self, to: *mut f32);
    /// Lane by lane `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// Lane by lane `self + left * right`.
    unsafe fn add_product(self, left: Self, right: Self) -> Self;

    /// Lane by lane `self * other`.
    unsafe fn multiply(self, other: Self) -> Self;
    /// Lane by lane `replacement` where `self` is below 0, else `self`: NaN stays.
    unsafe fn replace_negative(self, replacement: Self) -> Self;

    /// Reads the lanes whose bit is set in `mask`, the others are zero and their memory is not touched.
    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: u32) -> Self {
        let mut lanes = [0.0_f32; MAX_LANES];
        for (lane, value) in lanes.iter_mut().enumerate().take(Self::LANES) {
            if mask >> lane & 1 == 1 {
                // SAFETY: the caller vouches for the lanes in the mask; the pointer is only offset to those.
                *value = unsafe { from.wrapping_add(lane).read() };
            }
        }
        // SAFETY: the array has at least `LANES` elements.
        unsafe { Self::load(lanes.as_ptr()) }
    }

    /// Writes the lanes whose bit is set in `mask`, the memory of the others is not touched.
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: u32) {
        let mut lanes = [0.0_f32; MAX_LANES];
        // SAFETY: the array has at least `LANES` elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        for (lane, value) in lanes.iter().enumerate().take(Self::LANES) {
            if mask >> lane & 1 == 1 {
                // SAFETY: the caller vouches for the lanes in the mask; the pointer is only offset to those.
                unsafe { to.wrapping_add(lane).write(*value) };
            }
        }
    }

    /// Transposes a square of `LANES` rows, `from_stride` elements apart, to rows `to_stride` apart.
    #[inline(always)]
    unsafe fn transpose_square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for row in 0..Self::LANES {
            for column in 0..Self::LANES {
                // SAFETY: the caller vouches for all rows of both squares.
                unsafe { to.add(column * to_stride + row).write(from.add(row * from_stride + column).read()) };
            }
        }
    }

    /// Asks for a cache line that will be needed soon; any address is allowed.
    #[inline(always)]
    unsafe fn prefetch(_address: *const f32) {}
}

/// The widest register of any instruction set.
pub(crate) const MAX_LANES: usize = 16;

/// Four lanes in plain Rust; the compiler uses what every processor of the target has (SSE2 on x86-64).
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Vector for Portable {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([0.0; 4])
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for four readable elements; the read needs no alignment.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for four writable elements; the write needs no alignment.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) };
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
    // Not `mul_add`: without the instruction it is a slow library call.
    #[inline(always)]
    unsafe fn add_product(self, left: Self, right: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + left.0[lane] * right.0[lane]))
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * other.0[lane]))
    }
    #[inline(always)]
    unsafe fn replace_negative(self, replacement: Self) -> Self {
        Self(std::array::from_fn(|lane| if self.0[lane] < 0.0 { replacement.0[lane] } else { self.0[lane] }))
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    /// Sixteen lanes of AVX-512F.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    // SAFETY of every block below: the trait's contract gives the instruction set and valid pointers.
    impl Vector for Avx512 {
        const LANES: usize = 16;

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_setzero_ps() })
        }
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_set1_ps(value) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above.
            unsafe { _mm512_storeu_ps(to, self.0) };
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn add_product(self, left: Self, right: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_fmadd_ps(left.0, right.0, self.0) })
        }
        #[inline(always)]
        unsafe fn multiply(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn replace_negative(self, replacement: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, _mm512_setzero_ps());
                Self(_mm512_mask_mov_ps(self.0, below, replacement.0))
            }
        }
        #[inline(always)]
        unsafe fn load_masked(from: *const f32, mask: u32) -> Self {
            // SAFETY: see above; masked lanes are not accessed.
            Self(unsafe { _mm512_maskz_loadu_ps(mask as __mmask16, from) })
        }
        #[inline(always)]
        unsafe fn store_masked(self, to: *mut f32, mask: u32) {
            // SAFETY: see above; masked lanes are not accessed.
            unsafe { _mm512_mask_storeu_ps(to, mask as __mmask16, self.0) };
        }
        #[inline(always)]
        unsafe fn transpose_square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            // SAFETY: see above.
            unsafe {
                let mut quads = [_mm512_setzero_ps(); 16];
                for group in 0..4 {
                    // Loops and no closures: those would not be inlined, for want of the instruction set.
                    let mut rows = [_mm512_setzero_ps(); 4];
                    for (index, row) in rows.iter_mut().enumerate() {
                        *row = _mm512_loadu_ps(from.add((4 * group + index) * from_stride));
                    }
                    let [a, b, c, d] = rows;
                    let low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
                    let high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
                    let low_2 = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
                    let high_2 = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
                    // Quad k: in each quarter q the four rows' elements of column 4 q + k.
                    quads[4 * group] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, low_2));
                    quads[4 * group + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, low_2));
                    quads[4 * group + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, high_2));
                    quads[4 * group + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, high_2));
                }
                for column in 0..4 {
                    let [a, b, c, d] = [quads[column], quads[4 + column], quads[8 + column], quads[12 + column]];
                    let even = [_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d)];
                    let odd = [_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d)];
                    let to = to.add(column * to_stride);
                    _mm512_storeu_ps(to, _mm512_shuffle_f32x4::<0x88>(even[0], even[1]));
                    _mm512_storeu_ps(to.add(4 * to_stride), _mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]));
                    _mm512_storeu_ps(to.add(8 * to_stride), _mm512_shuffle_f32x4::<0xdd>(even[0], even[1]));
                    _mm512_storeu_ps(to.add(12 * to_stride), _mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]));
                }
            }
        }
        #[inline(always)]
        unsafe fn prefetch(address: *const f32) {
            // SAFETY: a prefetch never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
        }
    }

    /// Eight lanes of AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256);

    // SAFETY of every block below: the trait's contract gives the instruction set and valid pointers.
    impl Vector for Avx2 {
        const LANES: usize = 8;

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_setzero_ps() })
        }
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_set1_ps(value) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above.
            unsafe { _mm256_storeu_ps(to, self.0) };
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn add_product(self, left: Self, right: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_fmadd_ps(left.0, right.0, self.0) })
        }
        #[inline(always)]
        unsafe fn multiply(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn replace_negative(self, replacement: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let below = _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, _mm256_setzero_ps());
                Self(_mm256_blendv_ps(self.0, replacement.0, below))
            }
        }
        #[inline(always)]
        unsafe fn transpose_square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            // SAFETY: see above.
            unsafe {
                let mut quads = [_mm256_setzero_ps(); 8];
                for group in 0..2 {
                    // Loops and no closures: those would not be inlined, for want of the instruction set.
                    let mut rows = [_mm256_setzero_ps(); 4];
                    for (index, row) in rows.iter_mut().enumerate() {
                        *row = _mm256_loadu_ps(from.add((4 * group + index) * from_stride));
                    }
                    let [a, b, c, d] = rows;
                    let low = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
                    let high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
                    let low_2 = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
                    let high_2 = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
                    // Quad k: in each half h the four rows' elements of column 4 h + k.
                    quads[4 * group] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, low_2));
                    quads[4 * group + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, low_2));
                    quads[4 * group + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high, high_2));
                    quads[4 * group + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high, high_2));
                }
                for column in 0..4 {
                    let [a, b] = [quads[column], quads[4 + column]];
                    _mm256_storeu_ps(to.add(column * to_stride), _mm256_permute2f128_ps::<0x20>(a, b));
                    _mm256_storeu_ps(to.add((column + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(a, b));
                }
            }
        }
        #[inline(always)]
        unsafe fn prefetch(address: *const f32) {
            // SAFETY: a prefetch never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub(crate) use arm::Neon;

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Vector;
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
}
