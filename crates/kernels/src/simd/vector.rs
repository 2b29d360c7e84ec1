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
