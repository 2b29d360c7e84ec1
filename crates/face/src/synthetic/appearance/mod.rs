//! What covers the head: skin, hair, eyes, clothes.

pub(super) mod cloth;
pub(super) mod eye;
pub(super) mod hair;
pub(super) mod skin;
