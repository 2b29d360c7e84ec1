//! Memory that is used again.

pub(crate) mod allocator;
#[cfg(feature = "mimalloc")]
pub(crate) mod mimalloc;
pub(crate) mod scratch;
pub(crate) mod shared;
