//! Layers of small networks, for one image on the calling thread: the depthwise-separable networks that find faces.
//!
//! Maps are dense: channels-last, without a halo, each pixel's channels in whole registers. Layers of such networks are so
//! small that threads pay off only between images, so nothing here starts any.

pub(crate) mod convolution;
pub(crate) mod depthwise;
pub(crate) mod shape;
pub(crate) mod shortcut;
