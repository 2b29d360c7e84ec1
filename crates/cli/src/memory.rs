//! The program's allocator.

use portraitist_nn::{CachingAllocator, keep_no_free_pages, return_freed_memory};

/// Training and translation ask for the same large buffers over and over; `CachingAllocator` keeps them instead of handing every
/// page back to the system and faulting it in again. The many small blocks of the autograd graph suit mimalloc.
#[global_allocator]
static ALLOCATOR: CachingAllocator<mimalloc::MiMalloc> = CachingAllocator::new(mimalloc::MiMalloc);

/// Keeps free memory in one place alone: in `CachingAllocator`. Called when the program starts.
pub(crate) fn begin() {
    keep_no_free_pages();
}

/// Gives memory that is kept for the next work back to the system.
pub(crate) fn give_memory_back() {
    ALLOCATOR.give_back();
    return_freed_memory();
}
