//! The 17 landmarks of WebCaricature: their numbers, their names and their text form. No other file knows an index of theirs.

use std::path::Path;

use super::five::FivePoints;
use crate::error::{Error, LandmarkProblem, Result};
use crate::text::read_text;
use crate::transform::Point;

/// Landmarks of a face.
pub const COUNT: usize = 17;

/// What each landmark is, by its index; left and right as seen in the picture.
pub const NAMES: [&str; COUNT] = [
    "top of the hairline",
    "left ear",
    "chin",
    "right ear",
    "left eyebrow, left end",
    "left eyebrow, right end",
    "right eyebrow, left end",
    "right eyebrow, right end",
    "left eye, left corner",
    "left eye, right corner",
    "right eye, left corner",
    "right eye, right corner",
    "nose tip",
    "upper lip",
    "left mouth corner",
    "lower lip",
    "right mouth corner",
];

/// Which landmark each one becomes when the picture is mirrored left to right.
pub const MIRRORED: [usize; COUNT] = [0, 3, 2, 1, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 16, 15, 14];

const HAIRLINE: usize = 0;
const LEFT_EAR: usize = 1;
const CHIN: usize = 2;
const RIGHT_EAR: usize = 3;
const BROWS: std::ops::Range<usize> = 4..8;
const EYES: std::ops::Range<usize> = 8..12;
const NOSE: usize = 12;
const UPPER_LIP: usize = 13;
const LEFT_MOUTH: usize = 14;
const LOWER_LIP: usize = 15;
const RIGHT_MOUTH: usize = 16;

/// 17 points of one face in pixels: x to the right, y down; all finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmarks(pub [Point; COUNT]);

impl Landmarks {
    /// Reads a `FacialPoints` file: 17 lines `x y`.
    ///
    /// # Errors
    /// [`Error::ReadText`], or [`Error::Landmarks`] with the line and what was found there.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        Self::parse(&text).map_err(|reason| Error::Landmarks { path: path.to_owned(), reason })
    }

    /// Parses 17 lines `x y`; blanks around the numbers, Windows line ends and empty lines at the end do no harm.
    ///
    /// # Errors
    /// What is wrong and in which line: another number of points, a line that is not two numbers, NaN or infinity.
    pub fn parse(text: &str) -> std::result::Result<Self, LandmarkProblem> {
        let lines: Vec<&str> = text.trim_end().lines().map(str::trim).collect();
        let mut points = [[0.0; 2]; COUNT];
        for (index, line) in lines.iter().take(COUNT).enumerate() {
            points[index] = parse_point(line).map_err(|problem| problem.at_line(index + 1))?;
        }
        let found = if text.trim().is_empty() { 0 } else { lines.len() };
        if found != COUNT {
            return Err(LandmarkProblem::Count { found });
        }
        Ok(Self(points))
    }

    /// The text form of the published files: 17 lines `x y` with six decimals.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|[x, y]| format!("{x:.6} {y:.6}\n")).collect()
    }

    /// Middle of the left eye, of the right eye, nose tip, left and right mouth corner.
    pub fn five_points(&self) -> FivePoints {
        let middle = |a: Point, b: Point| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
        let point = &self.0;
        let (left, right) = (EYES.start, EYES.start + 2);
        [
            middle(point[left], point[left + 1]),
            middle(point[right], point[right + 1]),
            point[NOSE],
            point[LEFT_MOUTH],
            point[RIGHT_MOUTH],
        ]
    }

    /// The corners of both eyes from left to right, nose tip, chin, upper lip, left mouth corner, lower lip, right mouth corner:
    /// the points that the ten-point head model has.
    pub fn ten_pose_points(&self) -> [Point; 10] {
        let [a, b, c, d] = self.eyes();
        let rest = [NOSE, CHIN, UPPER_LIP, LEFT_MOUTH, LOWER_LIP, RIGHT_MOUTH].map(|index| self.0[index]);
        [a, b, c, d, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]]
    }

    /// Nose tip, chin, outer corners of the left and the right eye, left and right mouth corner: the points of the six-point
    /// head model.
    pub fn six_pose_points(&self) -> [Point; 6] {
        [NOSE, CHIN, EYES.start, EYES.end - 1, LEFT_MOUTH, RIGHT_MOUTH].map(|index| self.0[index])
    }

    /// Hairline, left ear, chin, right ear.
    pub fn contour(&self) -> [Point; 4] {
        [HAIRLINE, LEFT_EAR, CHIN, RIGHT_EAR].map(|index| self.0[index])
    }

    /// Ends of the eyebrows from left to right.
    pub fn brows(&self) -> [Point; 4] {
        std::array::from_fn(|index| self.0[BROWS.start + index])
    }

    /// Corners of the eyes from left to right.
    pub fn eyes(&self) -> [Point; 4] {
        std::array::from_fn(|index| self.0[EYES.start + index])
    }

    /// Nose tip, upper lip, left mouth corner, lower lip, right mouth corner.
    pub fn nose_and_mouth(&self) -> [Point; 5] {
        [NOSE, UPPER_LIP, LEFT_MOUTH, LOWER_LIP, RIGHT_MOUTH].map(|index| self.0[index])
    }

    /// Every point moved.
    #[must_use]
    pub fn map(&self, change: impl FnMut(Point) -> Point) -> Self {
        Self(self.0.map(change))
    }

    /// The landmarks of the mirrored picture of `width` pixels: places mirrored, left and right names swapped.
    #[must_use]
    pub fn mirrored(&self, width: usize) -> Self {
        Self(MIRRORED.map(|index| {
            let [x, y] = self.0[index];
            [width as f64 - 1.0 - x, y]
        }))
    }
}

/// Two numbers with blanks between them.
pub(super) fn parse_point(line: &str) -> std::result::Result<Point, LandmarkProblem> {
    let found: String = line.chars().take(40).collect();
    let hint = if line.contains(',') { " (commas; write 12.5 34.5)" } else { "" };
    let wrong = || LandmarkProblem::Syntax { line: 0, found: found.clone(), hint };
    let mut words = line.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<f64>().ok()).ok_or_else(wrong);
    let point = [number()?, number()?];
    if words.next().is_some() {
        return Err(wrong());
    }
    if !point.iter().all(|value| value.is_finite()) {
        return Err(LandmarkProblem::NotFinite { line: 0, found });
    }
    Ok(point)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        (0..count).map(|index| format!("{index}.5 {}\n", 100 - index)).collect()
    }

    #[test]
    fn seventeen_lines_are_read_whatever_their_line_ends() {
        let plain = Landmarks::parse(&lines(17)).unwrap();
        assert_eq!(plain.0[16], [16.5, 84.0]);
        let windows = lines(17).replace('\n', " \r\n") + "\r\n\n";
        assert_eq!(Landmarks::parse(&windows).unwrap(), plain);
        let round_trip = Landmarks::parse(&plain.to_text()).unwrap();
        assert_eq!(round_trip, plain);
    }

    #[test]
    fn wrong_files_are_told_by_line() {
        let message = |text: &str| Landmarks::parse(text).unwrap_err().to_string();
        assert_eq!(Landmarks::parse(&lines(16)), Err(LandmarkProblem::Count { found: 16 }));
        assert_eq!(Landmarks::parse(&lines(18)), Err(LandmarkProblem::Count { found: 18 }));
        assert_eq!(Landmarks::parse("\n"), Err(LandmarkProblem::Count { found: 0 }));
        assert!(message(&lines(17).replace("3.5 97", "3,5 97,0")).contains("line 4"));
        assert!(message(&lines(17).replace("3.5 97", "3,5 97,0")).contains("commas"));
        assert!(message(&lines(17).replace("3.5 97", "NaN 97")).contains("line 4: expected finite"));
        assert!(message(&lines(17).replace("3.5 97", "1e999 97")).contains("finite"));
        assert!(message(&lines(17).replace("3.5 97", "3.5 97 1")).contains("two numbers"));
    }

    #[test]
    fn mirroring_twice_changes_nothing() {
        let marks = Landmarks::parse(&lines(17)).unwrap();
        assert_eq!(marks.mirrored(200).mirrored(200), marks);
        for (index, name) in NAMES.iter().enumerate() {
            let swapped = name.replace("left", "#").replace("right", "left").replace('#', "right");
            assert_eq!(NAMES[MIRRORED[index]], swapped, "landmark {}", index + 1);
        }
    }
}
