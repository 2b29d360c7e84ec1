//! Where in a picture faces may be: the whole of it first, then smaller and smaller parts.

use portraitist_kernels::ShapeError;
use rayon::prelude::*;

use super::anchors::{Candidate, candidates};
use super::memory::MemoryPool;
use super::pyramid::{Pyramid, Sampling};
use super::region::Region;
use super::suppression::suppress;
use crate::networks::mediapipe::BlazeFace;

/// Neighbouring parts share this of their side.
const SHARED: f64 = 0.25;
/// Parts are not smaller than this, in pixels of the picture: a face of 32 pixels is then an eighth of a part.
const SMALLEST_PART_PX: f64 = 256.0;
/// A picture may be cut close around a face: then it is looked at with this much around it.
const ROOM: f64 = 1.7;

/// A face smaller than this share of the square in which it was seen may have smaller ones beside it.
const SMALL_FACE: f64 = 1.0 / 6.0;

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Down to the smallest parts.
    Full,
    /// The whole and its quarters.
    Coarse,
}

/// Looks for faces that stand at an angle.
pub(super) struct Search<'a> {
    pub(super) short: &'a BlazeFace,
    pub(super) full: &'a BlazeFace,
    pub(super) memory: &'a MemoryPool,
    pub(super) pyramid: &'a Pyramid<'a>,
    /// Of the faces, in radians.
    pub(super) angle: f64,
    /// Probability from which an anchor counts.
    pub(super) least_score: f64,
}

impl Search<'_> {
    /// One candidate for each face, the surest first.
    ///
    /// Smaller parts of the picture are looked at as long as no face was found, or the smallest one was nearly too small to be
    /// seen: where one face fills the picture, no one searches it for those that are a fiftieth of its size.
    pub(super) fn run(&self, depth: Depth) -> Result<Vec<Candidate>, ShapeError> {
        let picture = self.pyramid.picture();
        let (width, height) = (picture.width() as f64, picture.height() as f64);
        let middle = [(width - 1.0) / 2.0, (height - 1.0) / 2.0];
        let whole = Region { middle, side: width.max(height), angle: self.angle };
        let (near, far) = rayon::join(|| self.look(self.short, &whole), || self.look(self.full, &whole));
        let mut found = suppress([near?, far?].concat());
        if found.is_empty() {
            let wider = whole.moved([0.0; 2], ROOM, 0.0);
            found = suppress(self.look(self.short, &wider)?);
        }
        let mut side = whole.side / 2.0;
        while side >= SMALLEST_PART_PX && (depth == Depth::Full || side * 2.0 >= whole.side) {
            let smallest = found.iter().map(|face| face.side).fold(f64::INFINITY, f64::min);
            if smallest.is_finite() && smallest >= SMALL_FACE * 2.0 * side {
                break;
            }
            let parts = parts([width, height], side, self.angle);
            let seen: Vec<Vec<Candidate>> =
                parts.par_iter().map(|part| self.look(self.full, part)).collect::<Result<_, _>>()?;
            let whole_faces = seen.into_iter().flatten().filter(|face| face.side < 0.8 * side);
            found = suppress(found.into_iter().chain(whole_faces).collect());
            side /= 2.0;
        }
        Ok(found)
    }

    /// What a detector sees in a square.
    fn look(&self, network: &BlazeFace, region: &Region) -> Result<Vec<Candidate>, ShapeError> {
        let side = network.range().side();
        let sampling = Sampling { side, offset: 0.0, range: [-1.0, 1.0], mirrored: false, continued: false };
        let pixels = self.pyramid.sample(region, &sampling);
        let output = self.memory.with(|memory| network.forward(&pixels, memory))?;
        Ok(candidates(&output, &network.anchors(), side, region, self.least_score))
    }
}

/// Squares that cover a picture, with parts of it shared between neighbours.
fn parts([width, height]: [f64; 2], side: f64, angle: f64) -> Vec<Region> {
    let starts = |length: f64| {
        let count = if length <= side { 1 } else { ((length - side) / (side * (1.0 - SHARED))).ceil() as usize + 1 };
        let step = if count > 1 { (length - side) / (count - 1) as f64 } else { 0.0 };
        // A part that is longer than the picture lies around its middle.
        let first = if count > 1 { side / 2.0 } else { length / 2.0 };
        (0..count).map(move |index| first - 0.5 + index as f64 * step)
    };
    starts(height).flat_map(|y| starts(width).map(move |x| Region { middle: [x, y], side, angle })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_picture_and_share_their_borders() {
        let parts = parts([1000.0, 300.0], 400.0, 0.0);
        let [first, .., last] = &parts[..] else { panic!("several parts") };
        assert!((first.middle[0] - 199.5).abs() < 1e-9 && (last.middle[0] - 799.5).abs() < 1e-9);
        assert!(parts.iter().all(|part| (part.middle[1] - 149.5).abs() < 1e-9));
        for pair in parts.windows(2) {
            assert!(pair[1].middle[0] - pair[0].middle[0] <= 400.0 * (1.0 - SHARED) + 1e-9);
        }
    }
}
