//! Files that are written: aside, synced, renamed, so that they appear whole or not at all; and names of their own for all results.

mod names;
mod unfinished;
mod writing;

pub use names::{NAME_LIMIT_BYTES, OutputNames, is_same_file};
pub(crate) use unfinished::note;
pub use unfinished::remove_all_unfinished;
pub(crate) use writing::{remove_unfinished, write_unsynced};
pub use writing::{sync_folder, write_atomically};
