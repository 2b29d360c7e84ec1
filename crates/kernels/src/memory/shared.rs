//! Memory that several threads write.

/// A pointer to memory of which threads write disjoint parts.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: a plain address; whoever dereferences it vouches that threads write disjoint parts.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Shares a slice, which must outlive all use of the pointer.
    pub(crate) fn new(slice: &mut [f32]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// The same memory from element `offset` on.
    pub(crate) fn from(self, offset: usize) -> Self {
        Self(self.at(offset))
    }

    /// The address of element `offset`.
    pub(crate) fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}
