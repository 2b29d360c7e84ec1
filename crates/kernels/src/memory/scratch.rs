//! Memory that is kept between calls, so that no call pays for fresh zeroed pages.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Buffers beyond this many elements (256 MB) are given back to the system after use.
const LARGEST_KEPT: usize = 64 << 20;
/// Buffers of more elements (256 KB) are kept for all threads, others by the thread that used them.
const SHARED_FROM: usize = 1 << 16;
/// Small buffers that a thread keeps.
const KEPT_PER_THREAD: usize = 16;
/// Large buffers that are kept.
const KEPT_FOR_ALL: usize = 12;
/// Elements in a cache line.
const LINE: usize = 16;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}
static KEPT_LARGE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// A buffer that starts at a cache line; holds stale values until it is written.
#[derive(Debug)]
pub(crate) struct Scratch {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Scratch {
    /// Takes a buffer of `len` elements from those that this thread keeps, or makes one.
    pub(crate) fn new(len: usize) -> Self {
        let needed = len + LINE;
        let mut memory = if needed > SHARED_FROM {
            take_best(&mut KEPT_LARGE.lock().unwrap_or_else(PoisonError::into_inner), needed)
        } else {
            KEPT.with_borrow_mut(|kept| take_best(kept, needed))
        };
        if memory.len() < needed {
            // Not `resize`, which would copy stale values, and touch pages that `vec!` gets zeroed from the system.
            memory = vec![0.0; needed];
        }
        let start = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { memory, start, len }
    }
}

/// The smallest kept buffer that is large enough, or else the largest.
fn take_best(kept: &mut Vec<Vec<f32>>, needed: usize) -> Vec<f32> {
    let fits = |buffer: &Vec<f32>| (buffer.len() < needed, buffer.len().abs_diff(needed));
    let best = (0..kept.len()).min_by_key(|index| fits(&kept[*index]));
    best.map(|index| kept.swap_remove(index)).unwrap_or_default()
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if memory.len() > LARGEST_KEPT {
            return;
        }
        if memory.len() > SHARED_FROM {
            keep(&mut KEPT_LARGE.lock().unwrap_or_else(PoisonError::into_inner), memory, KEPT_FOR_ALL);
        } else {
            // The thread may be ending, its store already gone: then the buffer is simply freed.
            let _ = KEPT.try_with(|kept| keep(&mut kept.borrow_mut(), memory, KEPT_PER_THREAD));
        }
    }
}

/// Keeps a buffer, instead of the smallest one if there are too many.
fn keep(kept: &mut Vec<Vec<f32>>, memory: Vec<f32>, most: usize) {
    if kept.len() < most {
        kept.push(memory);
    } else if let Some(smallest) = kept.iter_mut().min_by_key(|buffer| buffer.len())
        && smallest.len() < memory.len()
    {
        *smallest = memory;
    }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// Zeroed memory that starts at a cache line and belongs to its owner alone.
#[derive(Debug)]
pub(crate) struct Aligned {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// Memory for `len` elements.
    pub(crate) fn zeroed(len: usize) -> Self {
        let memory = vec![0.0; len + LINE];
        let start = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { memory, start, len }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_reused() {
        let first = Scratch::new(1000);
        let address = first.as_ptr() as usize;
        assert_eq!(address % 64, 0);
        assert_eq!(first.len(), 1000);
        drop(first);
        let second = Scratch::new(900);
        assert_eq!((second.as_ptr() as usize, second.len()), (address, 900));
    }
}
