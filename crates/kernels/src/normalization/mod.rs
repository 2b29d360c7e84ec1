//! Normalisation of images `[n, c, h, w]` and of feature maps, and spectral normalisation of weights.

pub(crate) mod feature_map;
pub(crate) mod instance;
pub(crate) mod layer;
pub(crate) mod pixels;
pub(crate) mod planes;
pub(crate) mod shape;
pub(crate) mod spectral;
