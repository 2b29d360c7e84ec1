//! Memory that holds bf16 values, and how `f32` values become such.

use super::registers::{PairVector, store_pairs};
use crate::memory::scratch::{Aligned, Scratch};
use crate::simd::dispatch::{Kernels, kernel_methods};
use rayon::prelude::*;
use std::ops::{Deref, DerefMut};

kernel_methods! {
    paired unsafe fn round_values<V>(values: &[f32], target: *mut u16);
    paired unsafe fn pair_rows<V>(rows: &[f32], width: usize, target: *mut u16);
}

/// Values of a task.
const VALUES_PER_TASK: usize = 1 << 14;

/// bf16 values that start at a cache line, in memory of a kind.
#[derive(Debug)]
pub(crate) struct Bf16Values<M> {
    memory: M,
    len: usize,
}

impl Bf16Values<Scratch> {
    /// Room for `len` values; holds stale ones until it is written.
    pub(crate) fn scratch(len: usize) -> Self {
        Self { memory: Scratch::new(len.div_ceil(2)), len }
    }

    /// The values rounded, with a pair of zeros behind them.
    pub(crate) fn rounded(kernels: &Kernels, values: &[f32]) -> Self {
        let mut rounded = Self::scratch(values.len() + 2);
        rounded[values.len()..].fill(0);
        let targets = rounded.par_chunks_mut(VALUES_PER_TASK);
        // SAFETY: each target has room for as many values.
        values.par_chunks(VALUES_PER_TASK).zip(targets).for_each(|(values, target)| unsafe {
            kernels.round_values(values, target.as_mut_ptr());
        });
        rounded
    }
}

impl Bf16Values<Aligned> {
    /// Zeros that belong to their owner alone.
    pub(crate) fn zeroed(len: usize) -> Self {
        Self { memory: Aligned::zeroed(len.div_ceil(2)), len }
    }
}

impl<M: Deref<Target = [f32]>> Deref for Bf16Values<M> {
    type Target = [u16];

    fn deref(&self) -> &[u16] {
        // SAFETY: the memory has at least half as many `f32`, which all are two `u16` of any bits.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.len) }
    }
}

impl<M: DerefMut<Target = [f32]>> DerefMut for Bf16Values<M> {
    fn deref_mut(&mut self) -> &mut [u16] {
        // SAFETY: as above; two `u16` of any bits are an `f32`.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.len) }
    }
}

/// Rounds rows of whole registers and puts each two of them together: `[pair of rows][column][2]`. An odd last row gets
/// zeros.
///
/// # Safety
/// The processor has `V`'s instruction set; the target has room for the pairs, which no other thread touches.
#[inline(always)]
pub(crate) unsafe fn pair_rows<V: PairVector>(rows: &[f32], width: usize, target: *mut u16) {
    for (index, rows) in rows.chunks(2 * width).enumerate() {
        for column in (0..width).step_by(V::LANES) {
            // SAFETY: registers lie within the rows and the target.
            unsafe {
                let first = V::load(rows.as_ptr().add(column));
                let second = if rows.len() > width { V::load(rows.as_ptr().add(width + column)) } else { V::zero() };
                store_pairs(first, second, target.add((index * width + column) * 2));
            }
        }
    }
}

/// Rounds values.
///
/// # Safety
/// The processor has `V`'s instruction set; the target has room for as many values, which no other thread touches.
#[inline(always)]
pub(crate) unsafe fn round_values<V: PairVector>(values: &[f32], target: *mut u16) {
    let whole = values.len() / V::LANES * V::LANES;
    // SAFETY: registers lie within the values and the target.
    unsafe {
        for first in (0..whole).step_by(V::LANES) {
            V::load(values.as_ptr().add(first)).round_to(target.add(first));
        }
        for (index, value) in values.iter().enumerate().skip(whole) {
            target.add(index).write(super::registers::round(*value));
        }
    }
}
