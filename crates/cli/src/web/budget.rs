//! How much memory the server may take: what may be uploaded, held and decoded, so that `--memory` is kept.
//!
//! Counted are the program with its networks loaded and at work ([`BASE_BYTES`], or [`LEAST_BASE_BYTES`] with one translator at a time), the
//! bodies of requests and answers that are being sent (each once, forms twice), and for the one picture that is worked on
//! [`BYTES_PER_PIXEL`] for each of its pixels and [`BYTES_PER_DRAWN_PIXEL`] for each of what is drawn of it. What was measured:
//! `docs/serving.md`.

use portraitist_nn::translate::Model;

use super::limits::{MAX_HELD_BYTES, MAX_UPLOAD_BYTES};

/// The program with all built-in networks at work, in both directions.
const BASE_BYTES: u64 = 560 << 20;
/// The same with one translator at a time, for one direction.
const LEAST_BASE_BYTES: u64 = 380 << 20;
/// What has to be left for pictures and bodies before all networks stay loaded.
const COMFORTABLE_BYTES: u64 = 200 << 20;
/// For each pixel of a picture: decoded, upright, searched for faces, and written again with the face blended in.
const BYTES_PER_PIXEL: u64 = 24;
/// For each pixel of a drawing beyond [`OWN_PIXELS`]: in the networks, and as a file and as text in the answer.
const BYTES_PER_DRAWN_PIXEL: u64 = 400;
/// Pixels of a drawing at the models' own size, which is part of the base.
const OWN_PIXELS: u64 = 256 * 320;
/// Least pixels that are worth serving: a photo of 1000x1000.
const LEAST_PIXELS: u64 = 1_000_000;
/// Least bytes of an upload that are worth serving.
const LEAST_UPLOAD: u64 = 2 << 20;

/// What may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Largest body of a request.
    pub(crate) upload_bytes: usize,
    /// All bodies together.
    pub(crate) held_bytes: usize,
    /// Pixels of the one picture that is worked on, drawn at a model's own size.
    pub(crate) pixels: u64,
    /// Bytes for that picture and what is drawn of it.
    pub(crate) job_bytes: u64,
    /// Whether every translator that was asked for stays loaded.
    pub(crate) keeps_all: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            upload_bytes: MAX_UPLOAD_BYTES,
            held_bytes: MAX_HELD_BYTES,
            pixels: portraitist_face::picture::MAX_PIXELS,
            job_bytes: u64::MAX,
            keeps_all: true,
        }
    }
}

impl Budget {
    /// What fits into so many bytes.
    ///
    /// # Errors
    /// The least number of bytes with which the server can work.
    pub(crate) fn within(bytes: u64) -> Result<Self, u64> {
        let keeps_all = bytes >= BASE_BYTES + COMFORTABLE_BYTES;
        let rest = bytes.saturating_sub(if keeps_all { BASE_BYTES } else { LEAST_BASE_BYTES });
        let most = Self::default();
        // A quarter for bodies; one body twice.
        let held = (rest / 4).min(most.held_bytes as u64);
        let upload = (held / 2).min(most.upload_bytes as u64);
        let job_bytes = rest - held;
        let pixels = (job_bytes / BYTES_PER_PIXEL).min(most.pixels);
        if pixels < LEAST_PIXELS || upload < LEAST_UPLOAD {
            let for_pixels = LEAST_PIXELS * BYTES_PER_PIXEL * 4 / 3;
            return Err(LEAST_BASE_BYTES + for_pixels.max(8 * LEAST_UPLOAD) + (1 << 20));
        }
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(Self { upload_bytes: size(upload), held_bytes: size(held), pixels, job_bytes, keeps_all })
    }

    /// Half of the memory for pictures: as much is needed for others.
    #[must_use]
    pub(crate) fn halved(self) -> Self {
        Self { pixels: self.pixels / 2, job_bytes: self.job_bytes / 2, ..self }
    }

    /// The most pixels of a drawing beside a picture of so many pixels, a model's own size at least.
    pub(crate) fn drawn_pixels(&self, picture_pixels: u64) -> usize {
        let left = self.job_bytes.saturating_sub(picture_pixels.saturating_mul(BYTES_PER_PIXEL));
        let most = OWN_PIXELS + left / BYTES_PER_DRAWN_PIXEL;
        usize::try_from(most).unwrap_or(usize::MAX).min(Model::MAX_LARGE_PIXELS)
    }

    /// The most pixels of a drawing beside a photo of the least size that is worth serving.
    pub(crate) fn most_drawn_pixels(&self) -> usize {
        self.drawn_pixels(LEAST_PIXELS)
    }

    /// The limits that scripts know, as a JavaScript module.
    pub(super) fn script(&self) -> String {
        let Self { upload_bytes, pixels, .. } = self;
        format!("export const MAX_UPLOAD_BYTES = {upload_bytes};\nexport const MAX_PIXELS = {pixels};\n")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn what_is_admitted_fits() {
        for mebibytes in [450, 512, 799, 800, 1024, 4096, 16384] {
            let bytes = mebibytes << 20;
            let budget = Budget::within(bytes).unwrap();
            let Budget { upload_bytes, held_bytes, pixels, keeps_all, .. } = budget;
            let base = if keeps_all { BASE_BYTES } else { LEAST_BASE_BYTES };
            assert!(base + held_bytes as u64 + pixels * BYTES_PER_PIXEL <= bytes, "{mebibytes}");
            assert!(2 * upload_bytes <= held_bytes, "a form is held twice");
            for picture in [LEAST_PIXELS, pixels / 2, pixels] {
                let drawn = budget.drawn_pixels(picture) as u64;
                let drawing = drawn.saturating_sub(OWN_PIXELS) * BYTES_PER_DRAWN_PIXEL;
                let all = base + held_bytes as u64 + picture * BYTES_PER_PIXEL + drawing;
                assert!(drawn >= OWN_PIXELS && all <= bytes, "{mebibytes}: {drawn} beside {picture}");
            }
        }
        let Budget { upload_bytes, held_bytes, pixels, .. } = Budget::default();
        let much = Budget::within(16 << 30).unwrap();
        assert_eq!((much.upload_bytes, much.held_bytes, much.pixels), (upload_bytes, held_bytes, pixels));
        assert_eq!(Budget::default().most_drawn_pixels(), Model::MAX_LARGE_PIXELS);
    }

    #[test]
    fn too_little_memory_is_said_with_what_is_enough() {
        let least = Budget::within(100 << 20).unwrap_err();
        assert!(Budget::within(least).is_ok() && Budget::within(least - (2 << 20)).is_err(), "{least}");
    }
}
