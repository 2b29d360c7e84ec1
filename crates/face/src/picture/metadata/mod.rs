//! What a picture file says beside its pixels: which way up it is, its colour profile, how many frames it holds. Read from the
//! bytes before anything is decoded, each item with a bound.

mod gif;
mod ifd;
mod model;
mod png;
mod profile;
mod read;
mod webp;

pub(super) use ifd::orientation_of_exif;
pub(super) use model::{Frames, Metadata};
pub(super) use png::without_bulk;
pub(super) use profile::ProfileBytes;
pub(super) use read::read;
