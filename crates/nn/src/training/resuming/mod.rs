//! Whether a run may go on: what has changed of its run file and of its pictures. Whether its checkpoints are what it makes.

pub(super) mod differences;
pub(super) mod fingerprint;
pub(super) mod verification;
