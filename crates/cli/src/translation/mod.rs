//! A face is cut out, exaggerated, translated and compared: what `translate`, the page and others that draw have in common.

pub(crate) mod exaggeration;
pub(crate) mod likeness;
pub(crate) mod similarity;
mod subject;
pub(crate) mod translator;

pub(crate) use subject::{Subject, Tools, View};
