//! Pictures in memory: 8-bit sRGB, whatever the file held.

mod colour;
mod decode;
mod encode;
pub(crate) mod format;
mod header;
mod jpeg;
mod limits;
mod metadata;
mod profile;
mod raw;
mod rgb;
mod warning;

pub use decode::{Decoded, read_file};
pub use encode::PictureFormat;
pub use format::{ENDINGS, FORMATS, has_picture_ending, has_unread_ending};
pub use header::Header;
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE};
pub use rgb::Picture;
pub use warning::PictureWarning;

pub(crate) use colour::ColourRule;
pub(crate) use limits::check_size;
