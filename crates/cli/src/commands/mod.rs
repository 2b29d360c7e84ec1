//! What each command does.

pub(crate) mod bench;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod evaluate;
pub(crate) mod faces;
pub(crate) mod landmarks;
pub(crate) mod models;
pub(crate) mod recognize;
pub(crate) mod selftest;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod train;
pub(crate) mod translate;
pub(crate) mod weights;
