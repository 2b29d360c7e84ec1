//! The registers of AVX-512 and AVX2.

use super::vector::Vector;
use std::arch::x86_64::*;

/// Sixteen lanes of AVX-512F, with or without instructions for bf16.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Lanes<const BF16: bool>(__m512);

/// Sixteen lanes of AVX-512F.
pub(crate) type Avx512 = Avx512Lanes<false>;
/// Sixteen lanes of AVX-512F with AVX-512 BF16.
pub(crate) type Avx512Bf16 = Avx512Lanes<true>;

impl<const BF16: bool> Avx512Lanes<BF16> {
    /// The lanes of a register.
    #[inline(always)]
    pub(crate) fn of(register: __m512) -> Self {
        Self(register)
    }

    /// The register.
    #[inline(always)]
    pub(crate) fn register(self) -> __m512 {
        self.0
    }
}

// SAFETY of every block below: the trait's contract gives the instruction set and valid pointers.
impl<const BF16: bool> Vector for Avx512Lanes<BF16> {
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
pub(crate) struct Avx2(pub(crate) __m256);

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
