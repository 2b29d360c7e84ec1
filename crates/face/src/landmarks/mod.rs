//! Where the parts of a face lie: the five points that crops are aligned by, WebCaricature's 17, iBUG's 68, the mesh's 468.
//!
//! Which point is which is known here and nowhere else.

mod file;
pub mod five;
pub mod mesh;
mod mesh_mirror;
mod table;
mod webcaricature;

pub use file::read_five_points;
pub use five::{FivePoints, POINT_NAMES};
pub use mesh_mirror::MIRRORED_VERTICES;
pub use table::{TableRow, read_table};
pub use webcaricature::{COUNT, Landmarks, MIRRORED, NAMES};
