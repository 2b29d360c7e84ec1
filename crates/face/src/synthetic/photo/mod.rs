//! Photos: a scene is lit, and a camera takes the picture.

pub(super) mod background;
pub(super) mod develop;
pub(super) mod light;
pub(super) mod lit_scene;
pub(super) mod raster;
pub(super) mod scene;
pub(super) mod shot;

pub use develop::photograph;
pub use scene::Portrait;
pub use shot::{Framing, Lens, Light, Shot};
