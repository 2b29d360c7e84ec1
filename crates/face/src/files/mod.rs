//! Writing files atomically: to a temporary file that is synced and renamed, so that a file is complete or not there.
//! And output names that never collide.

mod names;
mod unfinished;
mod writing;

pub use names::{NAME_LIMIT_BYTES, OutputNames, beside, is_same_file};
pub use unfinished::{create_unfinished, remove_all_unfinished};
pub(crate) use writing::write_unsynced;
pub use writing::{remove_unfinished, sync_folder, write_atomically, write_atomically_by};
