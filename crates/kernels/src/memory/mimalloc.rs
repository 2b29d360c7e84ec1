//! What mimalloc offers beyond allocating.

/// Makes mimalloc give what was freed to the system now. By itself it waits for the next requests, which a program that is idle
/// does not make.
pub fn return_freed_memory() {
    // SAFETY: it may be called at any time from any thread.
    unsafe { libmimalloc_sys::mi_collect(true) };
}
