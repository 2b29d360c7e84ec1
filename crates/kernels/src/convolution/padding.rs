//! Padding modes.

/// What padding holds, the rows and columns around the input of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Zeros.
    Zero,
    /// Mirrored without repeating the edge: `c b | a b c | b a`.
    Reflect,
    /// The edge repeated: `a a | a b c | c c`.
    Replicate,
}
