//! Pictures unlike the others of their dataset: grey among colour, odd sizes and proportions.

use super::quality::Quality;
use crate::dataset::ProblemKind;
use crate::domain::Domain;

/// Fewer pictures of a kind do not say what is usual.
const LEAST_PICTURES: usize = 10;
/// Where more photos than this share are grey, grey is usual. Drawings are grey by their nature.
pub(super) const MOST_GREY: f64 = 0.1;
/// A picture this many times as large or as small as the median, side by side, has an odd size.
pub(super) const ODD_SIZE: f64 = 4.0;
/// The shorter side of a picture of usual proportions is at least this share of the longer one.
pub(super) const ODD_ASPECT: f64 = 0.35;

/// What is odd about the pictures of a dataset: their places among `pictures`, and what is wrong. Pictures that could not be read
/// are `None`.
pub(super) fn outliers(pictures: &[(Domain, Option<Quality>)]) -> Vec<(usize, ProblemKind, String)> {
    let mut found = Vec::new();
    for domain in Domain::BOTH {
        let of_domain = pictures.iter().enumerate().filter(|(_, (found, _))| *found == domain);
        let known: Vec<(usize, Quality)> =
            of_domain.filter_map(|(place, (_, quality))| Some((place, (*quality)?))).collect();
        found.extend(
            known
                .iter()
                .filter_map(|(place, quality)| aspect(*quality).map(|text| (*place, ProblemKind::OddAspect, text))),
        );
        if known.len() < LEAST_PICTURES {
            continue;
        }
        let mut sides: Vec<f64> = known.iter().map(|(_, quality)| side(*quality)).collect();
        sides.sort_by(f64::total_cmp);
        let median = sides[sides.len() / 2];
        let grey = known.iter().filter(|(_, quality)| quality.is_grey).count();
        let grey_is_odd = domain == Domain::Photo && grey as f64 <= MOST_GREY * known.len() as f64;
        for (place, quality) in known {
            let ratio = side(quality) / median;
            if !(1.0 / ODD_SIZE..=ODD_SIZE).contains(&ratio) {
                let [width, height] = quality.size;
                let detail = format!("{width}x{height} pixels, {ratio:.2} times the usual size of {domain}s");
                found.push((place, ProblemKind::OddSize, detail));
            }
            if quality.is_grey && grey_is_odd {
                let detail = format!(
                    "a grey photo where {:.0} % have colours",
                    100.0 - 100.0 * grey as f64 / sides.len() as f64
                );
                found.push((place, ProblemKind::GreyAmongColour, detail));
            }
        }
    }
    found
}

/// The side of a square of the same area.
fn side(quality: Quality) -> f64 {
    let [width, height] = quality.size.map(|side| side as f64);
    (width * height).sqrt()
}

fn aspect(quality: Quality) -> Option<String> {
    let [width, height] = quality.size;
    let share = width.min(height) as f64 / width.max(height) as f64;
    (share < ODD_ASPECT)
        .then(|| format!("{width}x{height} pixels: one side is {:.1} times as long as the other", 1.0 / share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Picture;

    fn quality(width: usize, height: usize, colour: [u8; 3]) -> Quality {
        Quality::of(&Picture::filled(width, height, colour).expect("a picture"))
    }

    #[test]
    fn the_one_picture_unlike_the_others_is_found() {
        let usual = (Domain::Photo, Some(quality(40, 50, [90, 20, 20])));
        let mut pictures = vec![usual; 20];
        assert!(outliers(&pictures).is_empty());
        pictures[3].1 = Some(quality(40, 50, [90, 90, 91]));
        pictures[5].1 = Some(quality(200, 250, [90, 20, 20]));
        pictures[7].1 = Some(quality(20, 70, [90, 20, 20]));
        pictures[9].1 = None;
        let found: Vec<(usize, ProblemKind)> =
            outliers(&pictures).into_iter().map(|(place, kind, _)| (place, kind)).collect();
        assert_eq!(found, [(7, ProblemKind::OddAspect), (3, ProblemKind::GreyAmongColour), (5, ProblemKind::OddSize)]);
        // Grey drawings are usual, and so are grey photos where there are many.
        let drawings: Vec<_> = pictures.iter().map(|(_, quality)| (Domain::Drawing, *quality)).collect();
        assert!(outliers(&drawings).iter().all(|(_, kind, _)| *kind != ProblemKind::GreyAmongColour));
        pictures[..6].fill((Domain::Photo, Some(quality(40, 50, [90, 90, 90]))));
        assert!(outliers(&pictures).iter().all(|(_, kind, _)| *kind != ProblemKind::GreyAmongColour));
    }
}
