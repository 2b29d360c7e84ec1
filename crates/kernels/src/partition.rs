//! How work is divided. Only sizes count, never the number of threads, so that results do not depend on it.

/// The size of equal parts of at most `wanted`, at least 1.
pub(crate) fn even_parts(total: usize, wanted: usize) -> usize {
    let parts = total.div_ceil(wanted.max(1)).max(1);
    total.div_ceil(parts).max(1)
}

/// Sizes of parts of `total`: multiples of `step`, at most `most` where that is more than a step.
pub(crate) fn even_multiples(total: usize, most: usize, step: usize) -> usize {
    even_parts(total, most).next_multiple_of(step)
}
