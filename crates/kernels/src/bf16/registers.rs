//! One register of pairs of bf16 values on each instruction set.

use crate::simd::vector::{MAX_LANES, Portable, Vector};
#[cfg(target_arch = "x86_64")]
use crate::simd::x86::{Avx2, Avx512, Avx512Bf16};

/// The bf16 value nearest to `value`: of two nearest the even one, zero for subnormal numbers; NaN stays NaN.
#[inline(always)]
pub(crate) fn round(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = match bits >> 23 & 0xff {
        0 => bits & 0x8000_0000,
        0xff if value.is_nan() => bits | 0x40_0000,
        _ => bits.wrapping_add(0x7fff + (bits >> 16 & 1)),
    };
    (rounded >> 16) as u16
}

/// A bf16 value as it is.
#[cfg(test)]
#[inline(always)]
pub(crate) fn widen(value: u16) -> f32 {
    f32::from_bits(u32::from(value) << 16)
}

/// A register of `f32` lanes that takes products of pairs of bf16 values. A pair is the first value in the lower half of
/// 32 bits and the second in the upper half.
///
/// # Safety
/// As of [`Vector`].
pub(crate) trait PairVector: Vector {
    /// As many pairs as lanes.
    type Pairs: Copy;
    /// Rows of a GEMM's register tile that leave registers for the operands.
    const ROWS: usize;

    /// Reads a pair for each lane.
    unsafe fn load_pairs(from: *const u16) -> Self::Pairs;
    /// Reads one pair for all lanes.
    unsafe fn splat_pair(from: *const u16) -> Self::Pairs;
    /// Lane by lane `(self + left.second * right.second) + left.first * right.first`.
    unsafe fn add_pair_products(self, left: Self::Pairs, right: Self::Pairs) -> Self;

    /// Rounds and writes all lanes.
    #[inline(always)]
    unsafe fn round_to(self, to: *mut u16) {
        let mut lanes = [0.0_f32; MAX_LANES];
        // SAFETY: the array has at least `LANES` elements; the caller vouches for as many of the target.
        unsafe {
            self.store(lanes.as_mut_ptr());
            for (lane, value) in lanes.iter().enumerate().take(Self::LANES) {
                to.add(lane).write(round(*value));
            }
        }
    }
}

/// Rounds two registers and writes their lanes as pairs.
///
/// # Safety
/// As of [`Vector::store`], for as many pairs as lanes.
#[inline(always)]
pub(crate) unsafe fn store_pairs<V: PairVector>(first: V, second: V, to: *mut u16) {
    let mut halves = [[0_u16; MAX_LANES]; 2];
    // SAFETY: the arrays have at least `LANES` elements; the caller vouches for the target, which needs no alignment.
    unsafe {
        first.round_to(halves[0].as_mut_ptr());
        second.round_to(halves[1].as_mut_ptr());
        let [first, second] = &halves;
        for (lane, (first, second)) in first.iter().zip(second).enumerate().take(V::LANES) {
            let pair = u32::from(*first) | u32::from(*second) << 16;
            to.add(2 * lane).cast::<u32>().write_unaligned(pair);
        }
    }
}

impl PairVector for Portable {
    type Pairs = [Self; 2];
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> [Self; 2] {
        // SAFETY: the caller vouches for four pairs; the read needs no alignment.
        unsafe { halves::<Self>(from.cast::<[u32; 4]>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> [Self; 2] {
        // SAFETY: the caller vouches for the pair; the read needs no alignment.
        unsafe { halves::<Self>([from.cast::<u32>().read_unaligned(); 4]) }
    }
    #[inline(always)]
    unsafe fn add_pair_products(self, left: [Self; 2], right: [Self; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe { self.add_product(left[1], right[1]).add_product(left[0], right[0]) }
    }
}

/// First and second values of four pairs.
///
/// # Safety
/// The processor has `V`'s instruction set, which has four lanes.
#[inline(always)]
unsafe fn halves<V: Vector>(pairs: [u32; 4]) -> [V; 2] {
    let first = pairs.map(|pair| f32::from_bits(pair << 16));
    let second = pairs.map(|pair| f32::from_bits(pair & 0xffff_0000));
    // SAFETY: the caller's promise.
    unsafe { [V::load(first.as_ptr()), V::load(second.as_ptr())] }
}

#[cfg(target_arch = "aarch64")]
impl PairVector for crate::simd::arm::Neon {
    type Pairs = [Self; 2];
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> [Self; 2] {
        // SAFETY: the caller vouches for four pairs; the read needs no alignment.
        unsafe { halves::<Self>(from.cast::<[u32; 4]>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> [Self; 2] {
        // SAFETY: the caller vouches for the pair; the read needs no alignment.
        unsafe { halves::<Self>([from.cast::<u32>().read_unaligned(); 4]) }
    }
    #[inline(always)]
    unsafe fn add_pair_products(self, left: [Self; 2], right: [Self; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe { self.add_product(left[1], right[1]).add_product(left[0], right[0]) }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Avx2, Avx512, Avx512Bf16, PairVector, Vector};
    use std::arch::x86_64::*;

    // SAFETY of every block below: the trait's contract gives the instruction set and valid pointers.
    impl PairVector for Avx2 {
        type Pairs = [Self; 2];
        const ROWS: usize = 4;

        #[inline(always)]
        unsafe fn load_pairs(from: *const u16) -> [Self; 2] {
            // SAFETY: see above.
            unsafe { avx2_halves(_mm256_loadu_si256(from.cast())) }
        }
        #[inline(always)]
        unsafe fn splat_pair(from: *const u16) -> [Self; 2] {
            // SAFETY: see above.
            unsafe { avx2_halves(_mm256_set1_epi32(from.cast::<i32>().read_unaligned())) }
        }
        #[inline(always)]
        unsafe fn add_pair_products(self, left: [Self; 2], right: [Self; 2]) -> Self {
            // SAFETY: see above.
            unsafe { self.add_product(left[1], right[1]).add_product(left[0], right[0]) }
        }
    }

    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn avx2_halves(pairs: __m256i) -> [Avx2; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let second = _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff_0000_u32 as i32));
            [Avx2(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs))), Avx2(_mm256_castsi256_ps(second))]
        }
    }

    impl PairVector for Avx512 {
        type Pairs = [Self; 2];
        const ROWS: usize = 4;

        #[inline(always)]
        unsafe fn load_pairs(from: *const u16) -> [Self; 2] {
            // SAFETY: see above.
            unsafe { avx512_halves(_mm512_loadu_si512(from.cast())) }
        }
        #[inline(always)]
        unsafe fn splat_pair(from: *const u16) -> [Self; 2] {
            // SAFETY: see above.
            unsafe { avx512_halves(_mm512_set1_epi32(from.cast::<i32>().read_unaligned())) }
        }
        #[inline(always)]
        unsafe fn add_pair_products(self, left: [Self; 2], right: [Self; 2]) -> Self {
            // SAFETY: see above.
            unsafe { self.add_product(left[1], right[1]).add_product(left[0], right[0]) }
        }
    }

    /// # Safety
    /// The processor has AVX-512F.
    #[inline(always)]
    unsafe fn avx512_halves(pairs: __m512i) -> [Avx512; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let second = _mm512_and_si512(pairs, _mm512_set1_epi32(0xffff_0000_u32 as i32));
            [Avx512::of(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs))), Avx512::of(_mm512_castsi512_ps(second))]
        }
    }

    impl PairVector for Avx512Bf16 {
        type Pairs = __m512bh;
        const ROWS: usize = 6;

        #[inline(always)]
        unsafe fn load_pairs(from: *const u16) -> __m512bh {
            // SAFETY: see above; the read needs no alignment, and all bits are bf16 values.
            unsafe { from.cast::<__m512bh>().read_unaligned() }
        }
        #[inline(always)]
        unsafe fn splat_pair(from: *const u16) -> __m512bh {
            // SAFETY: see above; both types have the same size, and all bits are bf16 values.
            unsafe { std::mem::transmute(_mm512_set1_epi32(from.cast::<i32>().read_unaligned())) }
        }
        #[inline(always)]
        unsafe fn add_pair_products(self, left: __m512bh, right: __m512bh) -> Self {
            // SAFETY: see above.
            Self::of(unsafe { _mm512_dpbf16_ps(self.register(), left, right) })
        }
        #[inline(always)]
        unsafe fn round_to(self, to: *mut u16) {
            // SAFETY: see above; the write needs no alignment.
            unsafe { to.cast::<__m256bh>().write_unaligned(_mm512_cvtneps_pbh(self.register())) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_the_nearest_and_ties_to_even() {
        let cases = [
            (1.0, 0x3f80),
            (-1.0, 0xbf80),
            // Half a step above 1 and above the next value.
            (1.0 + 1.0 / 256.0, 0x3f80),
            (1.0 + 3.0 / 256.0, 0x3f82),
            (1.0 + 1.0 / 256.0 + 1e-6, 0x3f81),
            (f32::MAX, 0x7f80),
            (f32::NEG_INFINITY, 0xff80),
            (1e-40, 0),
            (-1e-40, 0x8000),
            (0.0, 0),
        ];
        for (value, expected) in cases {
            assert_eq!(round(value), expected, "{value:e}");
        }
        assert!(widen(round(f32::NAN)).is_nan());
        // A NaN whose upper bits alone would be infinity.
        assert!(widen(round(f32::from_bits(0x7f80_0001))).is_nan());
        assert!((0..=u16::MAX).all(|bits| {
            let value = widen(bits);
            value.is_nan() || value.is_subnormal() || round(value) == bits
        }));
    }
}
