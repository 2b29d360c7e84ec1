//! Which faces are fit for training: are the landmarks those of a face seen from the front, and near enough to the template?

use std::f64::consts::PI;

use crate::domain::Domain;
use crate::landmarks::Landmarks;
use crate::template::Template;
use crate::transform::Point;

/// The original's largest distance share `r`; see [`distance_share`].
pub const ORIGINAL_DISTANCE_SHARE: f64 = 0.10;

/// Why a face was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rejection {
    /// Hairline, ears and chin are not the outermost of the four.
    ContourOrder,
    /// The eyebrows' ends do not go from left to right.
    BrowOrder,
    /// The eyes' corners do not go from left to right.
    EyeOrder,
    /// Nose and lips do not lie between the mouth's corners, or the nose not above them.
    MouthOrder,
    /// Nose and mouth do not lie between the ears.
    BetweenEars,
    /// Hairline, brows, eyes, nose and mouth, chin do not follow each other downwards.
    VerticalOrder,
    /// One of the five points lies outside the frame.
    OutsideFrame,
    /// One of the five points lies too far from where the template has it.
    FarFromTemplate,
    /// The head is turned to the side too far.
    TurnedAway,
}

impl Rejection {
    /// The name in tables: `brow_order`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContourOrder => "contour_order",
            Self::BrowOrder => "brow_order",
            Self::EyeOrder => "eye_order",
            Self::MouthOrder => "mouth_order",
            Self::BetweenEars => "between_ears",
            Self::VerticalOrder => "vertical_order",
            Self::OutsideFrame => "outside_frame",
            Self::FarFromTemplate => "far_from_template",
            Self::TurnedAway => "turned_away",
        }
    }
}

/// Whether the landmarks lie as in a face seen from the front, by the original's rules (`check_landmark_position`).
///
/// Its oddities are kept, for they decide which pictures are kept: the contour allows equal values and nothing else does, not
/// even two brows on one height; the right mouth corner is compared with neither the ears nor the chin.
///
/// # Errors
/// The first rule that is broken.
pub fn check_positions(landmarks: &Landmarks) -> Result<(), Rejection> {
    let keep = |holds: bool, otherwise: Rejection| if holds { Ok(()) } else { Err(otherwise) };
    let [hairline, left_ear, chin, right_ear] = landmarks.contour();
    let (contour_x, contour_y) = (range(&landmarks.contour(), 0), range(&landmarks.contour(), 1));
    keep(
        hairline[1] <= contour_y.0
            && left_ear[0] <= contour_x.0
            && chin[1] >= contour_y.1
            && right_ear[0] >= contour_x.1,
        Rejection::ContourOrder,
    )?;
    keep(rises(landmarks.brows().map(|point| point[0])), Rejection::BrowOrder)?;
    keep(rises(landmarks.eyes().map(|point| point[0])), Rejection::EyeOrder)?;
    let [nose, upper_lip, left_mouth, lower_lip, right_mouth] = landmarks.nose_and_mouth();
    let middle = range(&[nose, upper_lip, lower_lip], 0);
    let mouth_top = range(&[upper_lip, left_mouth, lower_lip, right_mouth], 1).0;
    keep(rises([left_mouth[0], middle.0, middle.1, right_mouth[0]]) && nose[1] < mouth_top, Rejection::MouthOrder)?;
    let lower_face = [nose, upper_lip, left_mouth, lower_lip];
    keep(rises([left_ear[0], range(&lower_face, 0).0, right_ear[0]]), Rejection::BetweenEars)?;
    let (brows, eyes) = (range(&landmarks.brows(), 1), range(&landmarks.eyes(), 1));
    let lower = range(&lower_face, 1);
    keep(rises([hairline[1], brows.0, brows.1, eyes.0, eyes.1, lower.0, lower.1, chin[1]]), Rejection::VerticalOrder)
}

/// Smallest and largest coordinate of some points; `axis` 0 is x, 1 is y.
fn range(points: &[Point], axis: usize) -> (f64, f64) {
    let values = points.iter().map(|point| point[axis]);
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// Whether every value is larger than the one before.
fn rises<const N: usize>(values: [f64; N]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}

/// How far the five points may lie from the template of their domain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LandmarkFilter {
    /// Frame and points of photos.
    pub photo: Template,
    /// Frame and points of drawings.
    pub drawing: Template,
    /// Check the order of all 17 points, too.
    pub positions: bool,
    /// The original's `r`: the largest distance share that is kept, at least 0. The distance share of a face is
    /// `pi*d^2/(width*height)`, `d` being the distance of its worst point from that point of the template.
    pub max_distance_share: f64,
}

impl LandmarkFilter {
    /// The filter of the original's training data: the 200x232 frame for photos and drawings, `r` = 0.10.
    pub const ORIGINAL: Self = Self {
        photo: Template::ORIGINAL,
        drawing: Template::ORIGINAL,
        positions: true,
        max_distance_share: ORIGINAL_DISTANCE_SHARE,
    };

    /// The filter of the original's dataset viewer: the 512x512 frames, with points of their own for drawings.
    pub const VIEWER: Self = Self {
        photo: Template::VIEWER_PHOTO,
        drawing: Template::VIEWER_DRAWING,
        positions: true,
        max_distance_share: ORIGINAL_DISTANCE_SHARE,
    };

    /// The template of a domain.
    pub fn template(&self, domain: Domain) -> &Template {
        match domain {
            Domain::Drawing => &self.drawing,
            Domain::Photo => &self.photo,
        }
    }

    /// Checks landmarks in pixels of the frame.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self, landmarks: &Landmarks, domain: Domain) -> Result<(), Rejection> {
        if self.positions {
            check_positions(landmarks)?;
        }
        self.check_five(&landmarks.five_points(), domain)
    }

    /// Checks the five points only, in pixels of the frame.
    ///
    /// # Errors
    /// [`Rejection::OutsideFrame`] or [`Rejection::FarFromTemplate`].
    pub fn check_five(&self, points: &[Point; 5], domain: Domain) -> Result<(), Rejection> {
        let share = distance_share(points, self.template(domain)).ok_or(Rejection::OutsideFrame)?;
        if share.within(self.max_distance_share) { Ok(()) } else { Err(Rejection::FarFromTemplate) }
    }
}

/// How far the worst of the five points lies from its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DistanceShare {
    /// Area of the circle through the worst point, square pixels.
    circle_px: f64,
    /// Area of the frame, square pixels.
    frame_px: f64,
}

impl DistanceShare {
    /// Whether the circle has at most this share of the frame.
    pub fn within(self, share: f64) -> bool {
        self.circle_px <= self.frame_px * share
    }

    /// The share itself, 0 and more.
    pub fn value(self) -> f64 {
        self.circle_px / self.frame_px
    }
}

/// The distance share of a face: `pi*d^2/(width*height)` of the frame, `d` being the distance of its worst point from
/// that point of the template. `None` if a point lies outside the frame.
pub fn distance_share(points: &[Point; 5], template: &Template) -> Option<DistanceShare> {
    let (width, height) = (template.width as f64, template.height as f64);
    let mut circle_px = 0.0_f64;
    for (point, place) in points.iter().zip(&template.points) {
        if !((0.0..width).contains(&point[0]) && (0.0..height).contains(&point[1])) {
            return None;
        }
        let square = (point[0] - place[0]).powi(2) + (point[1] - place[1]).powi(2);
        circle_px = circle_px.max(square * PI);
    }
    Some(DistanceShare { circle_px, frame_px: width * height })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_does_not_matter_where_frame_and_face_grow_together() {
        let mut random = crate::mersenne::MersenneTwister::new(7);
        let mut accepted = 0;
        for _ in 0..2000 {
            let points = Template::ORIGINAL
                .points
                .map(|[x, y]| [x + 80.0 * (random.uniform() - 0.5), y + 80.0 * (random.uniform() - 0.5)]);
            let factor = f64::from(1 + random.below(7));
            let larger = Template {
                width: 200 * factor as usize,
                height: 232 * factor as usize,
                points: Template::ORIGINAL.points.map(|point| point.map(|value| value * factor)),
            };
            let moved = points.map(|point| point.map(|value| value * factor));
            let filter = LandmarkFilter { photo: larger, drawing: larger, ..LandmarkFilter::ORIGINAL };
            let decision = LandmarkFilter::ORIGINAL.check_five(&points, Domain::Photo);
            assert_eq!(filter.check_five(&moved, Domain::Photo), decision);
            accepted += usize::from(decision.is_ok());
        }
        assert!((200..1800).contains(&accepted), "{accepted} of 2000: the test decides nothing");
    }

    #[test]
    fn a_point_on_the_circle_is_kept() {
        let mut points = Template::ORIGINAL.points;
        points[2][0] += (46_400.0 * 0.01 / PI).sqrt() - 1e-9;
        let strict = |share| LandmarkFilter { max_distance_share: share, ..LandmarkFilter::ORIGINAL };
        assert_eq!(strict(0.01).check_five(&points, Domain::Photo), Ok(()));
        assert_eq!(strict(0.0099).check_five(&points, Domain::Photo), Err(Rejection::FarFromTemplate));
        points[2][0] = 200.0;
        assert_eq!(strict(1.0).check_five(&points, Domain::Photo), Err(Rejection::OutsideFrame));
    }
}
