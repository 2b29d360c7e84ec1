//! Datasets of faces as they lie on disk: who there is, which pictures show them, where the landmarks are.
//!
//! One file per layout: [`webcaricature`] (and datasets derived from it), `folders` (plain pictures, or a folder for each
//! person), `list` (a text file that names pictures), `prepared` (what `dataset prepare` wrote). Opening reads names only; pictures and landmarks are read when needed.
//!
//! [`Walk`] walks folders, [`read_list`] reads lists, [`find_pictures`] finds pictures with either: there is no other walker and
//! no other reader.

mod find;
mod folders;
mod layout;
mod list;
mod open;
pub mod overview;
mod people;
mod prepared;
mod problem;
mod walk;
pub mod webcaricature;

pub use find::{FoundPicture, FoundPictures, find_pictures};
pub use layout::{Layout, OpenOptions};
pub use list::{ListLine, read_list};
pub use people::{Dataset, Entry, Person};
pub use problem::{Problem, ProblemKind};
pub use walk::{SkipReason, Walk, is_hidden};
