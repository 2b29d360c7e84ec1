//! What mimalloc offers beyond allocating.

/// Makes mimalloc give what was freed to the system now. By itself it waits for the next requests, which a program that is idle
/// does not make.
pub fn return_freed_memory() {
    // SAFETY: it may be called at any time from any thread.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// Makes mimalloc give pages back to the system when the last block on them is freed, and commit memory piece by piece. For
/// programs whose large blocks are kept by a [`CachingAllocator`](crate::CachingAllocator), to which those that mimalloc would
/// keep as well are a waste: resident memory stays close to what is in use.
pub fn keep_no_free_pages() {
    /// `mi_option_arena_eager_commit` and `mi_option_purge_delay`, which the bindings leave out.
    const ARENA_EAGER_COMMIT: libmimalloc_sys::mi_option_t = 4;
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: options may be set at any time; these are numbers of both of mimalloc's versions.
    unsafe {
        libmimalloc_sys::mi_option_set(ARENA_EAGER_COMMIT, 0);
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 0);
    }
}
