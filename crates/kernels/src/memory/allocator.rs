//! A global allocator that keeps large blocks for the next request of the same size.
//!
//! Every iteration of a training, and every translation of images of one size, asks for the same large buffers.
//! Given back to the system they come as fresh pages, each of which the kernel clears and maps on first touch: a tenth
//! of a small training step. Small blocks go straight to the allocator underneath.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Smaller blocks than this many bytes are left to the allocator underneath.
const SMALLEST: usize = 1 << SMALLEST_LOG2;
const SMALLEST_LOG2: u32 = 16;
/// Sizes are rounded up to one of these many steps between powers of two, so that at most a sixteenth is wasted.
const STEPS_LOG2: u32 = 4;
/// Blocks of larger sizes (a terabyte) are left to the allocator underneath.
const LARGEST_LOG2: u32 = 40;
const CLASSES: usize = ((LARGEST_LOG2 - SMALLEST_LOG2) as usize) << STEPS_LOG2;
/// Alignment of all large blocks: a cache line.
const ALIGNMENT: usize = 64;
/// What is kept beyond the most that was in use at one time, in bytes.
const SPARE: usize = 16 << 20;

/// Keeps freed large blocks; takes what it does not have from `Inner`.
///
/// Blocks in use and blocks kept together never exceed the most that was in use at one time by more than 16 MiB.
#[derive(Debug)]
pub struct CachingAllocator<Inner> {
    inner: Inner,
    kept: Mutex<Kept>,
}

/// The first of the freed blocks of each size, and sums in bytes.
#[derive(Debug)]
struct Kept {
    first: [Link; CLASSES],
    kept: usize,
    used: usize,
    most_used: usize,
}

/// The address of a freed block, in whose first bytes the link to the next one lies; null for none.
#[derive(Clone, Copy, Debug)]
struct Link(*mut Link);

// SAFETY: a freed block belongs to whoever holds the lock on the list that it is in.
unsafe impl Send for Link {}

/// The class of a large block and the size of the blocks in it; none for a block that is not kept.
fn class(layout: Layout) -> Option<(usize, usize)> {
    let size = layout.size();
    if !(SMALLEST..=1 << (LARGEST_LOG2 - 1)).contains(&size) || layout.align() > ALIGNMENT {
        return None;
    }
    let step_log2 = size.ilog2() - STEPS_LOG2;
    let steps = size.div_ceil(1 << step_log2);
    let octave = (step_log2 + STEPS_LOG2 - SMALLEST_LOG2) as usize;
    Some(((octave << STEPS_LOG2) + steps - (1 << STEPS_LOG2), steps << step_log2))
}

/// The size of the blocks of a class.
fn class_size(class: usize) -> usize {
    let steps = (class & ((1 << STEPS_LOG2) - 1)) + (1 << STEPS_LOG2);
    steps << ((class >> STEPS_LOG2) as u32 + SMALLEST_LOG2 - STEPS_LOG2)
}

/// What is asked of the allocator underneath for a block of a class.
fn class_layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, ALIGNMENT).ok()
}

impl<Inner: GlobalAlloc> CachingAllocator<Inner> {
    /// Nothing is kept yet.
    pub const fn new(inner: Inner) -> Self {
        let kept = Kept { first: [Link(std::ptr::null_mut()); CLASSES], kept: 0, used: 0, most_used: 0 };
        Self { inner, kept: Mutex::new(kept) }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives everything that is kept to the allocator underneath, and forgets how much was in use.
    pub fn give_back(&self) {
        let mut kept = self.lock();
        kept.most_used = kept.used;
        self.shrink(&mut kept, 0);
    }

    /// Gives blocks back, large ones first, until at most `bytes` are kept.
    fn shrink(&self, kept: &mut Kept, bytes: usize) {
        for class in (0..CLASSES).rev() {
            while kept.kept > bytes
                && let Some(block) = kept.pop(class)
                && let Some(layout) = class_layout(class_size(class))
            {
                // SAFETY: the block came from the inner allocator with this layout and nobody uses it.
                unsafe { self.inner.dealloc(block, layout) };
            }
        }
    }

    /// A block of a class, zeroed if it comes from the inner allocator and zeroing is asked for. The second value is
    /// whether its contents are stale.
    fn take(&self, class: usize, size: usize, zeroed: bool) -> (*mut u8, bool) {
        let Some(layout) = class_layout(size) else { return (std::ptr::null_mut(), false) };
        let mut kept = self.lock();
        kept.used += size;
        kept.most_used = kept.most_used.max(kept.used);
        if let Some(block) = kept.pop(class) {
            return (block, true);
        }
        let allowed = kept.most_used + SPARE - kept.used;
        self.shrink(&mut kept, allowed);
        drop(kept);
        // SAFETY: large sizes are not zero.
        let block = unsafe { if zeroed { self.inner.alloc_zeroed(layout) } else { self.inner.alloc(layout) } };
        if block.is_null() {
            self.lock().used -= size;
        }
        (block, false)
    }
}

impl Kept {
    /// Takes a block of a class out of the list.
    fn pop(&mut self, class: usize) -> Option<*mut u8> {
        let Link(block) = self.first[class];
        if block.is_null() {
            return None;
        }
        // SAFETY: `push` wrote the link; blocks in the list are used by nobody else.
        self.first[class] = unsafe { block.read() };
        self.kept -= class_size(class);
        Some(block.cast())
    }

    /// Puts a block of a class into the list.
    ///
    /// # Safety
    /// The block is of that class and nobody uses it any more.
    unsafe fn push(&mut self, class: usize, block: *mut u8) {
        let block = block.cast::<Link>();
        // SAFETY: large blocks have room for a link and are aligned to a cache line.
        unsafe { block.write(self.first[class]) };
        self.first[class] = Link(block);
        self.kept += class_size(class);
    }
}

// SAFETY: blocks are those of the inner allocator, at least as large and as aligned as asked for; one that is kept is
// handed out once until it is freed again. The class of a block follows from the layout that the caller repeats.
unsafe impl<Inner: GlobalAlloc> GlobalAlloc for CachingAllocator<Inner> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            Some((class, size)) => self.take(class, size, false).0,
            // SAFETY: the caller's promise is the same.
            None => unsafe { self.inner.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some((class, size)) = class(layout) else {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.inner.alloc_zeroed(layout) };
        };
        let (block, stale) = self.take(class, size, true);
        if stale {
            // SAFETY: the block has at least the size that was asked for.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            Some((class, size)) => {
                let mut kept = self.lock();
                kept.used -= size;
                // SAFETY: the caller gives up the block, which was allocated with this layout.
                unsafe { kept.push(class, block) };
            }
            // SAFETY: the caller's promise is the same.
            None => unsafe { self.inner.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else { return std::ptr::null_mut() };
        match (class(layout), class(new_layout)) {
            // SAFETY: the caller's promise is the same.
            (None, None) => unsafe { self.inner.realloc(block, layout, new_size) },
            (old, new) if old == new => block,
            _ => {
                // SAFETY: the new block is another one and has at least `new_size` bytes; the old one is given up.
                unsafe {
                    let moved = self.alloc(new_layout);
                    if !moved.is_null() {
                        moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 16).expect("sizes of the tests are small")
    }

    #[test]
    fn classes_hold_their_sizes_and_waste_a_sixteenth_at_most() {
        for size in (SMALLEST..4 * SMALLEST).step_by(97).chain([SMALLEST, (1 << 33) + 1, 1 << 39]) {
            let (class, rounded) = class(layout(size)).expect("the size is large");
            assert_eq!(class_size(class), rounded);
            assert!(rounded >= size && rounded - size <= size / 16, "{size} became {rounded}");
        }
        assert_eq!(class(layout(SMALLEST - 1)), None);
        assert_eq!(class(layout((1 << 39) + 1)), None);
    }

    #[test]
    fn freed_blocks_come_back_and_zeroed_ones_are_zero() {
        let allocator = CachingAllocator::new(System);
        let (size, similar) = (layout(SMALLEST + 100), layout(SMALLEST + 200));
        // SAFETY: blocks are used within their sizes and freed once with their layouts.
        unsafe {
            let first = allocator.alloc(size);
            first.write_bytes(7, size.size());
            allocator.dealloc(first, size);
            let second = allocator.alloc_zeroed(similar);
            assert_eq!(first, second);
            assert!(std::slice::from_raw_parts(second, similar.size()).iter().all(|byte| *byte == 0));
            let third = allocator.alloc(size);
            assert_ne!(second, third);
            allocator.dealloc(second, similar);
            allocator.dealloc(third, size);
        }
        allocator.give_back();
        assert_eq!(allocator.lock().kept, 0);
    }

    #[test]
    fn growing_and_shrinking_keeps_the_contents() {
        let allocator = CachingAllocator::new(System);
        let mut size = 1000;
        // SAFETY: blocks are used within their sizes and freed once with their layouts.
        unsafe {
            let mut block = allocator.alloc(layout(size));
            block.write_bytes(1, size);
            for new_size in [SMALLEST, SMALLEST + 8, 9 * SMALLEST, 2 * SMALLEST, 500] {
                block = allocator.realloc(block, layout(size), new_size);
                let common = size.min(new_size);
                assert!(std::slice::from_raw_parts(block, common).iter().all(|byte| *byte == 1));
                block.write_bytes(1, new_size);
                size = new_size;
            }
            allocator.dealloc(block, layout(size));
        }
        allocator.give_back();
    }

    #[test]
    fn what_is_kept_is_bounded_by_what_was_used() {
        let allocator = CachingAllocator::new(System);
        let largest = 8 * SPARE;
        for size in [largest, largest / 2, largest / 3, largest - SPARE, largest / 5] {
            // SAFETY: the block is freed once with its layout, and not written.
            unsafe {
                let block = allocator.alloc(layout(size));
                allocator.dealloc(block, layout(size));
            }
            let kept = allocator.lock();
            assert!(kept.kept + kept.used <= kept.most_used + SPARE);
        }
        allocator.give_back();
    }
}
