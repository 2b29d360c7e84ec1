//! Drawings from photos without learning: lines and tone as an artist puts them on paper.
//!
//! Lines are a flow-based extended difference of Gaussians (Winnemöller, Kyprianidis, Olsen 2012, Computers & Graphics 36); tone is
//! strokes along the form, flat colours, hatching, grain, wash or dots. Everything is a function of photo, style and seed alone.

mod artist;
mod canvas;
mod colour;
mod flat;
mod flow;
mod head;
mod lines;
pub(crate) mod noise;
pub(crate) mod plane;
mod portrait;
mod strokes;
mod style;
mod technique;
pub(crate) mod tone;

pub use artist::Artist;
pub use portrait::{draw, draw_portrait};
pub use style::{DrawingStyle, LineStyle, PaperStyle, StrokeStyle, ToneKind, ToneStyle};
pub use technique::Technique;
