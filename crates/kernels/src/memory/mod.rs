//! Memory that is used again.

pub(crate) mod allocator;
pub(crate) mod scratch;
pub(crate) mod shared;
