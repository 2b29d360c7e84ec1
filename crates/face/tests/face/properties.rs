//! What must hold for any face, checked on many random ones.

use portraitist_face::Domain;
use portraitist_face::filter::{LandmarkFilter, Rejection};
use portraitist_face::landmarks::Landmarks;
use portraitist_face::mersenne::MersenneTwister;
use portraitist_face::template::Template;
use portraitist_face::transform::{Point, Similarity};

/// A face in the 200x232 frame, each point moved by up to `reach` pixels.
fn random_face(random: &mut MersenneTwister, reach: f64) -> Landmarks {
    const FACE: [Point; 17] = [
        [100.0, 19.0],
        [23.0, 116.0],
        [100.0, 226.0],
        [177.0, 115.0],
        [43.0, 84.0],
        [86.0, 80.0],
        [113.0, 80.0],
        [157.0, 84.0],
        [52.0, 106.0],
        [77.0, 107.0],
        [122.0, 107.0],
        [148.0, 106.0],
        [100.0, 147.0],
        [100.0, 173.0],
        [71.0, 188.0],
        [100.0, 203.0],
        [129.0, 188.0],
    ];
    Landmarks(FACE.map(|point| point.map(|value| value + reach * (2.0 * random.uniform() - 1.0))))
}

/// A turn by any angle, a size from 0.1 to 10, a shift, as an example of how a face lies in its picture.
fn random_placement(random: &mut MersenneTwister) -> Similarity {
    let angle = std::f64::consts::TAU * random.uniform();
    let scale = 10.0_f64.powf(2.0 * random.uniform() - 1.0);
    let shift = [0, 1].map(|_| 4000.0 * (random.uniform() - 0.5));
    let end = [shift[0] + scale * angle.cos(), shift[1] + scale * angle.sin()];
    Similarity::estimate(&[[0.0, 0.0], [1.0, 0.0]], &[shift, end]).unwrap()
}

#[test]
fn aligning_and_going_back_returns_the_points() {
    let mut random = MersenneTwister::new(21);
    let mut mirrored = 0;
    for round in 0..1000 {
        let placement = random_placement(&mut random);
        let mut face = random_face(&mut random, 12.0).map(|point| placement.apply(point));
        if round % 2 == 1 {
            face = face.map(|[x, y]| [-x, y]);
        }
        let transform = Similarity::estimate_reflective(&face.five_points(), &Template::ORIGINAL.points).unwrap();
        mirrored += usize::from(transform.is_mirrored());
        for point in face.0 {
            let [x, y] = transform.inverse().apply(transform.apply(point));
            assert!(
                (x - point[0]).hypot(y - point[1]) < 1e-6 * placement.scale().max(1.0),
                "{point:?} became {x}, {y}"
            );
        }
    }
    assert_eq!(mirrored, 500, "each mirrored face is seen to be one, and no other");
}

#[test]
fn decisions_do_not_depend_on_how_the_face_lies_in_its_picture() {
    let mut random = MersenneTwister::new(22);
    let mut kept = 0;
    for _ in 0..1000 {
        let face = random_face(&mut random, 7.0);
        let decide = |face: &Landmarks| -> Result<(), Rejection> {
            let transform = Similarity::estimate_reflective(&face.five_points(), &Template::ORIGINAL.points).unwrap();
            let filter = LandmarkFilter { max_distance_share: 0.0012, ..LandmarkFilter::ORIGINAL };
            filter.check(&face.map(|point| transform.apply(point)), Domain::Photo)
        };
        let placement = random_placement(&mut random);
        let decision = decide(&face);
        assert_eq!(decide(&face.map(|point| placement.apply(point))), decision);
        kept += usize::from(decision.is_ok());
    }
    assert!((100..900).contains(&kept), "{kept} of 1000: the test decides nothing");
}

#[test]
fn a_mirrored_face_keeps_its_decision() {
    let mut random = MersenneTwister::new(23);
    for _ in 0..500 {
        // Within 4 pixels every order holds, so that only the distance decides.
        let face = random_face(&mut random, 4.0);
        let points = |points: Template| Template { points: mirrored_five(points.points), ..points };
        let plain = LandmarkFilter { positions: false, max_distance_share: 0.0015, ..LandmarkFilter::ORIGINAL };
        let swapped = LandmarkFilter { photo: points(plain.photo), drawing: points(plain.drawing), ..plain };
        let decision = plain.check(&face, Domain::Drawing);
        assert_eq!(swapped.check(&face.mirrored(200), Domain::Drawing), decision);
    }
}

/// The template of the mirrored frame of 200 pixels.
fn mirrored_five([left_eye, right_eye, nose, left, right]: [Point; 5]) -> [Point; 5] {
    [right_eye, left_eye, nose, right, left].map(|[x, y]| [199.0 - x, y])
}
