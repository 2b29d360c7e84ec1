//! Synthetic people: repeatable, with landmarks where the features are, exaggerated away from the mean face.

use portraitist_face::Error;
use portraitist_face::synthetic::{
    Artist, Expression, Identity, Portrait, SIDES, Shape, Shot, Sketch, draw_caricature, photograph,
};
use portraitist_face::transform::{Point, Similarity};

/// Where each of the 17 landmarks is in a mirror.
const MIRRORED_17: [usize; 17] = [0, 3, 2, 1, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 16, 15, 14];

/// The same for iBUG's 68.
fn mirrored_68() -> Vec<usize> {
    let mut indices: Vec<usize> = (0..17).rev().chain((17..27).rev()).chain(27..31).chain((31..36).rev()).collect();
    indices.extend([45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]);
    indices.extend([54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]);
    indices
}

fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A neutral face from the front.
fn frontal(seed: u64) -> Shot {
    let mut shot = Shot::sample(seed);
    (shot.yaw_degrees, shot.pitch_degrees, shot.roll_degrees) = (0.0, 0.0, 0.0);
    shot.expression = Expression::default();
    shot.glasses = false;
    shot
}

fn photos(count: u64, side: usize) -> Vec<Portrait> {
    (0..count).map(|n| photograph(&Identity::sample(11, n), &Shot::sample(900 + n), side).unwrap()).collect()
}

#[test]
fn the_same_seeds_give_the_same_picture_and_others_another() {
    let take = |person, shot| photograph(&Identity::sample(1, person), &Shot::sample(shot), 64).unwrap();
    let first = take(0, 1);
    assert!(first.picture == take(0, 1).picture && first.points == take(0, 1).points);
    assert!(first.picture != take(1, 1).picture && first.picture != take(0, 2).picture);
    let draw = |artist| {
        let sketch = Sketch::sample(4, 1.0);
        draw_caricature(&Identity::sample(1, 0), &Artist::sample(1, artist), &sketch, 64).unwrap().picture
    };
    assert!(draw(0) == draw(0));
    for other in 1..8 {
        assert!(draw(0) != draw(other), "artist {other} draws as artist 0");
    }
}

#[test]
fn landmarks_lie_inside_the_picture_and_in_order() {
    let side = 72.0;
    let mut all = photos(24, 72);
    for n in 0..24 {
        // Every second one far beyond a likeness: inside, but in any order.
        let exaggeration = if n % 2 == 0 { 1.0 } else { 2.0 };
        let (artist, sketch) = (Artist::sample(3, n), Sketch::sample(n, exaggeration));
        all.push(draw_caricature(&Identity::sample(3, n), &artist, &sketch, 72).unwrap());
    }
    for (number, portrait) in all.iter().enumerate() {
        let points = &portrait.points;
        for [x, y] in points.webcaricature.iter().chain(&points.ibug) {
            assert!((0.0..=side - 1.0).contains(x) && (0.0..=side - 1.0).contains(y), "{number}: {x} {y}");
        }
        if number >= 24 && number % 2 == 1 {
            continue;
        }
        let p = &points.webcaricature;
        let upright = |index: usize, below: usize| assert!(p[index][1] < p[below][1], "{number}: {index} {below}");
        for (above, below) in [(0, 4), (0, 7), (8, 12), (11, 12), (12, 13), (13, 15), (15, 2), (4, 8), (7, 11)] {
            upright(above, below);
        }
        for (left, right) in [(1, 3), (4, 5), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (14, 16), (1, 14), (16, 3)] {
            assert!(p[left][0] < p[right][0], "{number}: {left} is not left of {right}");
        }
    }
}

#[test]
fn a_mirrored_shot_mirrors_the_landmarks() {
    let side = 96;
    for n in 0..6 {
        let identity = Identity::sample(7, n);
        let shot = Shot::sample(40 + n);
        let [plain, mirrored] =
            [shot.clone(), shot.mirrored()].map(|shot| photograph(&identity, &shot, side).unwrap().points);
        let flip = |[x, y]: Point| [side as f64 - 1.0 - x, y];
        for (index, partner) in MIRRORED_17.into_iter().enumerate() {
            let far = distance(flip(plain.webcaricature[index]), mirrored.webcaricature[partner]);
            assert!(far < 0.02, "person {n}, point {index}: {far}");
        }
        for (index, partner) in mirrored_68().into_iter().enumerate() {
            let far = distance(flip(plain.ibug[index]), mirrored.ibug[partner]);
            assert!(far < 0.02, "person {n}, iBUG point {index}: {far}");
        }
    }
}

/// Both landmark sets name the same places where they share them.
#[test]
fn the_two_landmark_sets_agree() {
    for portrait in photos(4, 64) {
        let (p, q) = (&portrait.points.webcaricature, &portrait.points.ibug);
        let shared = [
            (2, 8),
            (4, 17),
            (5, 21),
            (6, 22),
            (7, 26),
            (8, 36),
            (9, 39),
            (10, 42),
            (11, 45),
            (12, 30),
            (13, 51),
            (14, 48),
            (15, 57),
            (16, 54),
        ];
        for (a, b) in shared {
            assert!(distance(p[a], q[b]) < 0.01, "{a} {b}");
        }
    }
}

/// Between the lids lies something much darker than the cheek below: iris and pupil.
#[test]
fn eye_landmarks_enclose_a_dark_iris() {
    let mut enclosed = 0;
    for n in 0..20 {
        let portrait = photograph(&Identity::sample(21, n), &frontal(n), 192).unwrap();
        let luma = portrait.picture.luma();
        let darkest = |[x, y]: Point| {
            let around = |v: f64| (v.round() as usize).saturating_sub(2)..(v.round() as usize + 3);
            around(y)
                .flat_map(|row| around(x).map(move |column| (row, column)))
                .map(|(r, c)| luma[192 * r + c])
                .min()
                .unwrap()
        };
        let at = |[x, y]: Point| luma[192 * (y.round() as usize) + x.round() as usize];
        let q = &portrait.points.ibug;
        let eye = |lids: [usize; 6]| -> Point {
            let mean = |k: usize| lids.iter().map(|&index| q[index][k]).sum::<f64>() / 6.0;
            [mean(0), mean(1)]
        };
        for lids in [[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]] {
            let middle = eye(lids);
            let width = distance(q[lids[0]], q[lids[3]]);
            let cheek = [middle[0], middle[1] + 1.1 * width];
            enclosed += usize::from(f64::from(darkest(middle)) < 0.62 * f64::from(at(cheek)));
        }
    }
    assert!(enclosed >= 38, "{enclosed} of 40 eyes");
}

#[test]
fn no_exaggeration_is_the_persons_own_geometry() {
    let identity = Identity::sample(2, 5);
    let mut artist = Artist::sample(2, 1);
    artist.head = 1.0;
    let sketch = Sketch::sample(8, 0.0);
    assert_eq!(sketch.exaggeration, 0.0);
    assert_eq!(sketch.subject(&identity, &artist).shape, identity.shape);
    let drawn = draw_caricature(&identity, &artist, &sketch, 64).unwrap();
    assert_eq!(drawn.points, photograph(&identity, &sketch.shot, 64).unwrap().points);
}

/// Distances between landmarks after the best similarity transform, so that size and place do not count.
fn shape_distance(from: &[Point], to: &[Point]) -> f64 {
    let transform = Similarity::estimate(from, to).unwrap();
    let sum: f64 = from.iter().zip(to).map(|(&a, &b)| distance(transform.apply(a), b).powi(2)).sum();
    (sum / from.len() as f64).sqrt()
}

#[test]
fn exaggeration_leads_away_from_the_mean_face_and_keeps_the_person() {
    let (mut nearer_to_self, mut further) = (0, 0);
    let artist = Artist { head: 1.0, ..Artist::sample(1, 2) };
    let points = |identity: &Identity, exaggeration: f32| {
        let sketch = Sketch { shot: frontal(1), exaggeration, mood: [1.0; portraitist_face::synthetic::TRAIT_COUNT] };
        draw_caricature(identity, &artist, &sketch, 128).unwrap().points.ibug
    };
    let mean = points(&Identity { shape: Shape::MEAN, ..Identity::sample(30, 0) }, 0.0);
    let people: Vec<Identity> = (0..10).map(|n| Identity::sample(30, n)).collect();
    let plain: Vec<_> = people.iter().map(|identity| points(identity, 0.0)).collect();
    for (index, identity) in people.iter().enumerate() {
        let more = points(identity, 0.8);
        further += usize::from(shape_distance(&mean, &more) > 1.2 * shape_distance(&mean, &plain[index]));
        let nearest =
            (0..10).min_by(|&a, &b| shape_distance(&plain[a], &more).total_cmp(&shape_distance(&plain[b], &more)));
        nearer_to_self += usize::from(nearest == Some(index));
    }
    assert!(further == 10 && nearer_to_self >= 8, "{further} further, {nearer_to_self} nearest to themselves");
}

#[test]
fn sizes_and_exaggerations_out_of_range_are_refused() {
    let (identity, shot) = (Identity::sample(1, 1), Shot::sample(1));
    for side in [0, SIDES.start() - 1, SIDES.end() + 1, usize::MAX] {
        assert!(matches!(photograph(&identity, &shot, side), Err(Error::OutOfRange { .. })), "{side}");
    }
    for exaggeration in [-1.5, 4.5, f32::NAN, f32::INFINITY] {
        let sketch = Sketch { exaggeration, ..Sketch::sample(1, 0.0) };
        let result = draw_caricature(&identity, &Artist::sample(1, 0), &sketch, 64);
        assert!(matches!(result, Err(Error::OutOfRange { .. })), "{exaggeration}");
    }
    assert!(photograph(&identity, &shot, 64).unwrap().picture.encode_jpeg(0).is_err());
}
