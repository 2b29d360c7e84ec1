//! Identification: at which rank of a gallery is a person found?

mod intervals;
mod places;
mod report;

pub use intervals::{IdentificationIntervals, intervals};
pub use places::{Place, Placed, Search, place_all};
pub use report::{IdentificationReport, SetReport, evaluate};
