//! Files of points of one face: WebCaricature's 17, iBUG's 68 (also as `.pts`), or the five that crops are aligned by.

use std::path::Path;

use super::five::FivePoints;
use super::mesh::five_of_ibug;
use super::webcaricature::{Landmarks, parse_point};
use crate::error::{Error, Result};
use crate::text::read_text;
use crate::transform::Point;

/// Reads the five points that a crop is aligned by from a file of 5, 17 or 68 lines `x y`. Of a `.pts` file of 300-W, whose pixels count
/// from 1, the lines around the points are passed over.
///
/// # Errors
/// [`Error::ReadText`], or [`Error::Dataset`] with the line and what was found there.
pub fn read_five_points(path: &Path) -> Result<FivePoints> {
    five_points(&read_text(path)?).map_err(|reason| Error::Dataset { path: path.to_owned(), reason })
}

fn five_points(text: &str) -> std::result::Result<FivePoints, String> {
    let is_pts = text.trim_start().starts_with("version");
    let around = |line: &str| is_pts && (line.contains(':') || line == "{" || line == "}");
    let mut points: Vec<Point> = Vec::new();
    for (index, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !around(line)) {
        let [x, y] = parse_point(line).map_err(|problem| problem.at_line(index + 1).to_string())?;
        points.push(if is_pts { [x - 1.0, y - 1.0] } else { [x, y] });
    }
    if let Ok(points) = <FivePoints>::try_from(points.as_slice()) {
        Ok(points)
    } else if let Ok(points) = <[Point; 17]>::try_from(points.as_slice()) {
        Ok(Landmarks(points).five_points())
    } else if let Ok(points) = <[Point; 68]>::try_from(points.as_slice()) {
        Ok(five_of_ibug(&points))
    } else {
        Err(format!("expected 5, 17 or 68 lines of x and y, found {}", points.len()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        (0..count).map(|index| format!("{index}.5 {}\n", 100 - index)).collect()
    }

    #[test]
    fn every_set_gives_the_same_parts() {
        assert_eq!(five_points(&lines(5)).unwrap()[2], [2.5, 98.0]);
        assert_eq!(five_points(&lines(17)).unwrap(), Landmarks::parse(&lines(17)).unwrap().five_points());
        let of_68 = five_points(&lines(68)).unwrap();
        assert_eq!(of_68, [[39.0, 61.5], [45.0, 55.5], [30.5, 70.0], [48.5, 52.0], [54.5, 46.0]]);
        let pts = format!("version: 1\nn_points: 68\n{{\n{}}}\n", lines(68));
        assert_eq!(five_points(&pts).unwrap(), of_68.map(|[x, y]| [x - 1.0, y - 1.0]));
    }

    #[test]
    fn other_files_are_told() {
        let wrong = |text: &str| five_points(text).unwrap_err();
        assert!(wrong(&lines(6)).contains("5, 17 or 68") && wrong("").contains("found 0"));
        assert!(wrong("1 2\n3 x\n").contains("line 2"));
    }
}
