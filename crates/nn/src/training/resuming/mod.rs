//! Whether a run may go on: what has changed of its run file and of its pictures.

pub(super) mod differences;
pub(super) mod fingerprint;
