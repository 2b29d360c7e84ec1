//! Where the five points of a face lie in an aligned crop.

use crate::geometry::Point;

/// The points, in this order everywhere in this project.
pub const POINT_NAMES: [&str; 5] = ["left eye", "right eye", "nose", "left mouth corner", "right mouth corner"];

/// Left eye, right eye, nose tip, left and right mouth corner; left and right as seen in the picture.
pub type FivePoints = [Point; 5];

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
    pub const SEED: Self = Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_frame_is_twice_the_sphereface_frame_with_a_margin() {
        for (seed, sphereface) in Template::SEED.points.iter().zip(Template::SPHEREFACE.points) {
            for (s, p) in seed.iter().zip(sphereface) {
                assert!((s - 2.0 * (p + 2.0)).abs() < 1e-9);
            }
        }
        assert_eq!(Template::SEED.resized(200, 232), Template::SEED);
    }
}
