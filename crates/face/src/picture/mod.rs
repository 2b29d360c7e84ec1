//! Pictures in memory: 8-bit RGB, whatever the file held.

mod colour;
mod decode;
mod encode;
pub(crate) mod format;
mod header;
mod jpeg;
mod limits;
mod orientation;
mod rgb;

pub use decode::read_file;
pub use encode::PictureFormat;
pub use format::{ENDINGS, FORMATS, has_picture_ending};
pub use header::Header;
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE};
pub use rgb::Picture;

pub(crate) use limits::check_size;
