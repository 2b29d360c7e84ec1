//! What lies around the input of a convolution.

/// How the input continues beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Zeros.
    Zero,
    /// Mirrored without repeating the edge: `c b | a b c | b a`.
    Reflect,
    /// The edge repeated: `a a | a b c | c c`.
    Replicate,
}
