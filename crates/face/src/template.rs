//! Where the five points of a face lie in an aligned crop.

use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::landmarks::FivePoints;

/// A crop's size and where the five points lie in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Template {
    /// Width of the crop in pixels.
    pub width: usize,
    /// Height of the crop in pixels.
    pub height: usize,
    /// The points in pixels of the crop.
    pub points: FivePoints,
}

impl Template {
    /// SphereFace's 96x112 frame (arXiv 1704.08063, numbers from its alignment code).
    pub const SPHEREFACE: Self = Self {
        width: 96,
        height: 112,
        points: [[30.2946, 51.6963], [65.5318, 51.5014], [48.0252, 71.7366], [33.5493, 92.3655], [62.7299, 92.2041]],
    };

    /// The original's 200x232 frame: two pixels more on every side of SphereFace's, then doubled.
    pub const ORIGINAL: Self = Self {
        width: 200,
        height: 232,
        points: [
            [64.5892, 107.3926],
            [135.0636, 107.0028],
            [100.0504, 147.4732],
            [71.0986, 188.731],
            [129.4598, 188.4082],
        ],
    };

    /// dlib's 150x150 frame for face recognition, cut close around brows and chin. dlib aligns by the corners of the eyes and the nose;
    /// these are the mean places of the five points of 250 photos in crops that it aligned, made symmetric.
    pub const DLIB: Self = Self {
        width: 150,
        height: 150,
        points: [[47.2, 46.0], [101.8, 46.0], [74.5, 76.4], [47.0, 100.7], [102.0, 100.7]],
    };

    /// The 512x512 frame of the original's dataset viewer for photos: SphereFace's points 16 pixels to the right and 8 down, four
    /// times as large.
    pub const VIEWER_PHOTO: Self = Self {
        width: 512,
        height: 512,
        points: [
            [185.1784, 238.7852],
            [326.1272, 238.0056],
            [256.1008, 318.9464],
            [198.1972, 401.462],
            [314.9196, 400.8164],
        ],
    };

    /// The same frame for drawings: nose and mouth lie lower, where the original found them to be in caricatures.
    pub const VIEWER_DRAWING: Self = Self {
        width: 512,
        height: 512,
        points: [
            [185.1784, 238.7852],
            [326.1272, 238.0056],
            [258.3404, 348.1424],
            [189.6868, 426.084],
            [328.964, 425.8252],
        ],
    };

    /// The 256x320 frame of portraits, with hair, chin, ears and neck: SphereFace's points 1.7 times as large, so that the outer corners
    /// of the eyes are about a third of the width apart, and the eyes lie a little above the middle.
    pub const PORTRAIT: Self = Self {
        width: 256,
        height: 320,
        points: [
            [97.5508, 150.1637],
            [157.4541, 149.8324],
            [127.6928, 184.2322],
            [103.0838, 219.3013],
            [152.6908, 219.027],
        ],
    };

    /// The same face in a crop of another size: scaled uniformly to fit, in the middle.
    #[must_use]
    pub fn resized(&self, width: usize, height: usize) -> Self {
        let scale = (width as f64 / self.width as f64).min(height as f64 / self.height as f64);
        let left = (width as f64 - self.width as f64 * scale) / 2.0;
        let top = (height as f64 - self.height as f64 * scale) / 2.0;
        // Pixel centres lie at whole numbers, so edges lie half a pixel before them.
        let points = self.points.map(|[x, y]| [(x + 0.5) * scale - 0.5 + left, (y + 0.5) * scale - 0.5 + top]);
        Self { width, height, points }
    }
}

/// Frames by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateName {
    /// 200x232, as the original's training data.
    #[default]
    #[serde(alias = "seed")]
    Original,
    /// 96x112, as for recognition.
    Sphereface,
    /// 256x320 with hair, ears and neck.
    Portrait,
    /// 512x512 with places of their own for drawings, as the original's dataset viewer.
    Viewer,
}

impl TemplateName {
    /// The template of a domain.
    pub fn template(self, domain: Domain) -> Template {
        match (self, domain) {
            (Self::Original, _) => Template::ORIGINAL,
            (Self::Sphereface, _) => Template::SPHEREFACE,
            (Self::Portrait, _) => Template::PORTRAIT,
            (Self::Viewer, Domain::Photo) => Template::VIEWER_PHOTO,
            (Self::Viewer, Domain::Drawing) => Template::VIEWER_DRAWING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_frame_is_twice_the_sphereface_frame_with_a_margin() {
        for (original, sphereface) in Template::ORIGINAL.points.iter().zip(Template::SPHEREFACE.points) {
            for (s, p) in original.iter().zip(sphereface) {
                assert!((s - 2.0 * (p + 2.0)).abs() < 1e-9);
            }
        }
        assert_eq!(Template::ORIGINAL.resized(200, 232), Template::ORIGINAL);
    }

    #[test]
    fn the_portrait_frame_holds_the_sphereface_frame() {
        for (portrait, [x, y]) in Template::PORTRAIT.points.iter().zip(Template::SPHEREFACE.points) {
            assert!((portrait[0] - (1.7 * x + 46.05)).abs() < 1e-4 && (portrait[1] - (1.7 * y + 62.28)).abs() < 1e-4);
        }
    }

    #[test]
    fn viewer_frames_share_their_eyes() {
        let moved = Template::SPHEREFACE.points.map(|[x, y]| [4.0 * (x + 16.0), 4.0 * (y + 8.0)]);
        for (viewer, moved) in Template::VIEWER_PHOTO.points.iter().zip(moved) {
            assert!((viewer[0] - moved[0]).abs() < 1e-9 && (viewer[1] - moved[1]).abs() < 1e-9);
        }
        let drawing = [[48.5851, 79.0356], [31.4217, 98.5210], [66.2410, 98.4563]];
        for (viewer, published) in Template::VIEWER_DRAWING.points[2..].iter().zip(drawing) {
            assert!((viewer[0] - 4.0 * (published[0] + 16.0)).abs() < 1e-9);
            assert!((viewer[1] - 4.0 * (published[1] + 8.0)).abs() < 1e-9);
        }
        assert_eq!(Template::VIEWER_PHOTO.points[..2], Template::VIEWER_DRAWING.points[..2]);
    }
}
