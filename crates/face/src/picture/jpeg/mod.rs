//! JPEG: its segments read here, its blocks decoded by `zune-jpeg`.

mod cmyk;
mod colours;
mod decode;
mod missing_end;
mod scans;
mod segments;

pub(super) use decode::decode;
pub(super) use segments::Segments;
