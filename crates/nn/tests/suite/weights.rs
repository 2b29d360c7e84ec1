//! Weights files: round trips and malformed input.
