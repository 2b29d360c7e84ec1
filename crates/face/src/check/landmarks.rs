//! Landmarks by themselves: points on one spot, points outside the picture, faces that are aligned already.

use crate::align::{Cropper, Fit};
use crate::dataset::{Dataset, Layout, Problem, ProblemKind};
use crate::landmarks::Landmarks;
use crate::template::Template;
use crate::transform::Point;

/// Landmarks within fewer pixels than this are those of no face.
const LEAST_EXTENT_PX: f64 = 2.0;
/// A face is aligned already if its points lie, on average, nearer to a template's than this share of the eyes' distance.
const ALIGNED_SHARE: f64 = 0.04;

/// A dataset in which no picture has landmarks. In WebCaricature's layout they are a part of it; elsewhere they need not be there.
pub(super) fn no_landmarks(dataset: &Dataset) -> Option<Problem> {
    if dataset.entries().any(|(_, entry)| entry.landmarks.is_some()) || dataset.entries().next().is_none() {
        return None;
    }
    let (kind, place) = match dataset.layout {
        Layout::WebCaricature => {
            (ProblemKind::LandmarksMissing, "FacialPoints is missing here and where it may be taken from")
        }
        _ => (ProblemKind::NoLandmarks, "no picture has a .txt file of its name beside it"),
    };
    let detail = format!("the dataset has no landmarks at all ({place}); faces are looked for by the detector");
    Some(Problem { picture: dataset.root.display().to_string(), kind, detail })
}

/// Landmarks that lie on one spot: all of them, so that no transform can be found, or some.
pub(super) fn coincident(label: &str, landmarks: &Landmarks) -> Option<Problem> {
    let problem = |kind, detail| Some(Problem { picture: label.to_owned(), kind, detail });
    if let Err(error) = Cropper::new(Template::ORIGINAL, Fit::Plain).fit(&landmarks.five_points()) {
        return problem(ProblemKind::AlignmentFailed, format!("the face cannot be aligned: {error}"));
    }
    let points = landmarks.0;
    let extent = [0, 1].map(|axis| {
        let values = points.map(|point| point[axis]);
        values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min)
    });
    if extent[0].max(extent[1]) < LEAST_EXTENT_PX {
        let detail = format!("the face cannot be aligned: its landmarks lie within {LEAST_EXTENT_PX} pixels");
        return problem(ProblemKind::AlignmentFailed, detail);
    }
    let is_again = |index: &usize| points[..*index].iter().any(|other| same_place(*other, points[*index]));
    let again: Vec<String> = (0..points.len()).filter(is_again).map(|index| (index + 1).to_string()).collect();
    if again.is_empty() {
        return None;
    }
    problem(ProblemKind::PointsCoincide, format!("landmarks {} lie where earlier ones do", again.join(", ")))
}

/// Whether two points are the same hundredth of a pixel.
fn same_place(a: Point, b: Point) -> bool {
    (a[0] - b[0]).abs() < 0.01 && (a[1] - b[1]).abs() < 0.01
}

/// Numbers, from 1, of the landmarks that lie in no pixel.
pub(super) fn points_outside(landmarks: &Landmarks, [width, height]: [usize; 2]) -> Vec<usize> {
    let inside = |[x, y]: Point| (0.0..width as f64).contains(&x) && (0.0..height as f64).contains(&y);
    (1..).zip(landmarks.0).filter(|(_, point)| !inside(*point)).map(|(number, _)| number).collect()
}

/// The template, scaled to the picture, that a face was put onto; `None` for pictures of other proportions.
pub(super) fn aligned_to(points: &[Point; 5], [width, height]: [usize; 2]) -> Option<&'static str> {
    let templates = [
        ("200x232", Template::ORIGINAL),
        ("96x112", Template::SPHEREFACE),
        ("512x512 photo", Template::VIEWER_PHOTO),
        ("512x512 drawing", Template::VIEWER_DRAWING),
    ];
    let near = |template: &Template| {
        let scale = width as f64 / template.width as f64;
        let fits = (scale * template.height as f64 - height as f64).abs() <= 1.0;
        let apart = |a: Point, b: Point| (a[0] - b[0]).hypot(a[1] - b[1]);
        let places = template.points.map(|[x, y]| [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5]);
        let mean = points.iter().zip(places).map(|(&point, place)| apart(point, place)).sum::<f64>() / 5.0;
        fits && mean <= ALIGNED_SHARE * apart(places[0], places[1])
    };
    templates.into_iter().find(|(_, template)| near(template)).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landmarks_on_one_spot_are_found() {
        let kind = |landmarks: [Point; 17]| coincident("Ada", &Landmarks(landmarks)).map(|problem| problem.kind);
        let apart: [Point; 17] =
            std::array::from_fn(|index| [20.0 + 9.0 * index as f64, 30.0 + ((7 * index) % 17) as f64]);
        assert_eq!(kind(apart), None);
        assert_eq!(kind([[50.0, 50.0]; 17]), Some(ProblemKind::AlignmentFailed));
        assert_eq!(kind(apart.map(|[x, y]| [50.0 + 1e-7 * x, 50.0 + 1e-7 * y])), Some(ProblemKind::AlignmentFailed));
        let mut some = apart;
        some[3] = some[0];
        assert_eq!(kind(some), Some(ProblemKind::PointsCoincide));
    }

    #[test]
    fn aligned_faces_are_recognised_at_any_size() {
        let places = Template::ORIGINAL.points.map(|[x, y]| [2.0 * x + 3.0, 2.0 * y - 2.0]);
        assert_eq!(aligned_to(&places, [400, 464]), Some("200x232"));
        assert_eq!(aligned_to(&places, [400, 500]), None);
        assert_eq!(aligned_to(&places.map(|[x, y]| [x + 20.0, y]), [400, 464]), None);
    }
}
