//! What is wrong with a dataset: files that cannot be read, landmarks that cannot be right, pictures that are there twice.

mod fingerprint;
mod summary;

use rayon::prelude::*;

use self::fingerprint::Fingerprint;
pub use self::summary::{Sizes, Summary, summarise};
use crate::align::{Cropper, Fit};
use crate::dataset::{Dataset, Entry, Layout, Person, Problem, ProblemKind};
use crate::landmarks::Landmarks;
use crate::picture::{Decoded, Picture};
use crate::protocol::coverage::{Available, Protocols};
use crate::protocol::soundness;
use crate::template::Template;
use crate::transform::Point;

/// Pictures whose brightness varies by less than this many grey levels (standard deviation) show nothing.
const LEAST_DEVIATION: f64 = 3.0;
/// Landmarks within fewer pixels than this are those of no face.
const LEAST_EXTENT_PX: f64 = 2.0;
/// A face is aligned already if its points lie, on average, nearer to a template's than this share of the eyes' distance.
const ALIGNED_SHARE: f64 = 0.04;

/// Everything wrong with a dataset: its lists, its pictures, its landmarks, its protocols. `done` is called after each picture,
/// from any thread.
pub fn check(dataset: &Dataset, done: impl Fn() + Sync) -> Vec<Problem> {
    let entries: Vec<(&Person, &Entry)> = dataset.entries().collect();
    let looked: Vec<Looked> = entries
        .par_iter()
        .map(|(person, entry)| {
            let looked = look(&person.label(entry), entry);
            done();
            looked
        })
        .collect();
    let mut problems = dataset.problems.clone();
    let prints: Vec<Option<Fingerprint>> = looked.iter().map(|looked| looked.print).collect();
    problems.extend(looked.into_iter().flat_map(|looked| looked.problems));
    problems.extend(no_landmarks(dataset));
    problems.extend(duplicates(&entries, &prints));
    problems.extend(protocol_problems(dataset));
    problems
}

/// What was found out about one picture.
#[derive(Default)]
struct Looked {
    problems: Vec<Problem>,
    print: Option<Fingerprint>,
}

fn look(label: &str, entry: &Entry) -> Looked {
    let mut looked = Looked::default();
    let mut problem = |kind, detail| looked.problems.push(Problem { picture: label.to_owned(), kind, detail });
    let picture = match Decoded::open(&entry.picture) {
        Ok(Decoded { picture, warnings }) => {
            warnings.iter().for_each(|warning| problem(ProblemKind::OddPicture, warning.to_string()));
            Some(picture)
        }
        Err(error) => {
            problem(ProblemKind::of_picture(&error), error.to_string());
            None
        }
    };
    let landmarks = match entry.read_landmarks() {
        Ok(landmarks) => landmarks,
        Err(error) => {
            problem(ProblemKind::of_landmarks(&error), error.to_string());
            None
        }
    };
    if let Some(Problem { kind, detail, .. }) = landmarks.as_ref().and_then(|landmarks| coincident(label, landmarks)) {
        problem(kind, detail);
    }
    let Some(picture) = picture else { return looked };
    let size = [picture.width(), picture.height()];
    let deviation = deviation(&picture);
    if deviation < LEAST_DEVIATION {
        problem(ProblemKind::NearConstant, format!("brightness varies by {deviation:.1} grey levels only"));
    }
    if let Some(landmarks) = landmarks {
        let outside = points_outside(&landmarks, size);
        if !outside.is_empty() {
            let numbers = outside.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let detail = format!("landmarks {numbers} lie outside the {}x{} picture", size[0], size[1]);
            problem(ProblemKind::PointOutside, detail);
        }
        if let Some(name) = aligned_to(&landmarks.five_points(), size) {
            problem(
                ProblemKind::AlreadyAligned,
                format!("eyes, nose and mouth lie where the {name} template has them"),
            );
        }
    }
    looked.print = Some(Fingerprint::of(&picture));
    looked
}

/// A dataset in which no picture has landmarks. In WebCaricature's layout they are a part of it; elsewhere they need not be there.
fn no_landmarks(dataset: &Dataset) -> Option<Problem> {
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
fn coincident(label: &str, landmarks: &Landmarks) -> Option<Problem> {
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

/// Standard deviation of the brightness in grey levels.
fn deviation(picture: &Picture) -> f64 {
    let luma = picture.luma();
    let (sum, squares) = luma.iter().fold((0u64, 0u64), |(sum, squares), &value| {
        let value = u64::from(value);
        (sum + value, squares + value * value)
    });
    let count = luma.len() as f64;
    let mean = sum as f64 / count;
    (squares as f64 / count - mean * mean).max(0.0).sqrt()
}

/// Numbers, from 1, of the landmarks that lie in no pixel.
fn points_outside(landmarks: &Landmarks, [width, height]: [usize; 2]) -> Vec<usize> {
    let inside = |[x, y]: Point| (0.0..width as f64).contains(&x) && (0.0..height as f64).contains(&y);
    (1..).zip(landmarks.0).filter(|(_, point)| !inside(*point)).map(|(number, _)| number).collect()
}

/// The template, scaled to the picture, that a face was put onto; `None` for pictures of other proportions.
fn aligned_to(points: &[Point; 5], [width, height]: [usize; 2]) -> Option<&'static str> {
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

/// Every picture that looks like an earlier one.
fn duplicates(entries: &[(&Person, &Entry)], prints: &[Option<Fingerprint>]) -> Vec<Problem> {
    let earlier = |index: usize| {
        let print = prints[index].as_ref()?;
        (0..index).find(|&other| prints[other].as_ref().is_some_and(|other| print.looks_like(other)))
    };
    let problem = |(index, other): (usize, usize)| {
        let label = |index: usize| entries[index].0.label(entries[index].1);
        let detail = format!("looks the same as {}", label(other));
        Problem { picture: label(index), kind: ProblemKind::Duplicate, detail }
    };
    let found: Vec<Option<usize>> = (0..entries.len()).into_par_iter().map(earlier).collect();
    found.into_iter().enumerate().filter_map(|(index, other)| Some(problem((index, other?)))).collect()
}

/// Protocols that cannot be read, and pictures they name that are not there. A derived dataset lacks pictures on purpose; its
/// coverage says how many.
fn protocol_problems(dataset: &Dataset) -> Vec<Problem> {
    let Some(folder) = dataset.protocols.as_ref().filter(|folder| folder.starts_with(&dataset.root)) else {
        return Vec::new();
    };
    match Protocols::read(folder) {
        Ok(protocols) => {
            let available = Available::of(dataset);
            let missing = protocols.missing_pictures(&available);
            let unsound = soundness::problems(&protocols, &available);
            protocols.problems.into_iter().chain(missing).chain(unsound).collect()
        }
        Err(error) => {
            let picture = folder.display().to_string();
            vec![Problem { picture, kind: ProblemKind::ListUnreadable, detail: error.to_string() }]
        }
    }
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
