//! Tables of points: a row a picture, its file and then x and y of each point in pixels (pixel centres are whole numbers), separated
//! by commas; a first row without numbers is a header.

use std::path::Path;

use super::{mesh, webcaricature};
use crate::error::{Error, Result};
use crate::text::read_text;
use crate::transform::Point;

/// Numbers of points that a row may have: the mesh's, iBUG's, WebCaricature's, those that crops are aligned by.
const COUNTS: [usize; 4] = [mesh::COUNT, 68, webcaricature::COUNT, 5];

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// The picture's file as the table has it.
    pub file: String,
    /// Its line in the table, from 1.
    pub line: usize,
    /// The points.
    pub points: Vec<Point>,
}

/// Reads a table. Rows have 468, 68, 17 or 5 points each.
///
/// # Errors
/// [`Error::ReadText`], or [`Error::Dataset`] with the line and what was found there.
pub fn read_table(path: &Path) -> Result<Vec<TableRow>> {
    let text = read_text(path)?;
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut values = line.split(',').skip(1).peekable();
        let is_header =
            index == 0 && values.peek().is_some() && values.all(|value| value.trim().parse::<f64>().is_err());
        if !is_header {
            let row = row(line, index + 1);
            rows.push(row.map_err(|reason| Error::Dataset {
                path: path.to_owned(),
                reason: format!("line {}: {reason}", index + 1),
            })?);
        }
    }
    Ok(rows)
}

fn row(text: &str, line: usize) -> std::result::Result<TableRow, String> {
    let (file, values) = text.split_once(',').ok_or("expected a file and its points, separated by commas")?;
    let number = |value: &str| match value.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("expected a number, found {:?}", value.chars().take(40).collect::<String>())),
    };
    let values: Vec<f64> = values.split(',').map(number).collect::<std::result::Result<_, _>>()?;
    let (points, rest) = values.as_chunks::<2>();
    if !rest.is_empty() || !COUNTS.contains(&points.len()) {
        return Err(format!("expected x and y of 468, 68, 17 or 5 points, found {} numbers", values.len()));
    }
    Ok(TableRow { file: file.to_owned(), line, points: points.to_vec() })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<TableRow>> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("points.csv");
        std::fs::write(&path, text).unwrap();
        read_table(&path)
    }

    #[test]
    fn rows_have_a_file_and_points_and_a_header_is_passed_over() {
        let rows = read("file,x0,y0,x1,y1\na/b.png,1,2,3,4,5,6,7,8,9,10.5\n\n").unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].file.as_str(), rows[0].line, rows[0].points[4]), ("a/b.png", 2, [9.0, 10.5]));
    }

    #[test]
    fn wrong_rows_are_told_by_line() {
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert!(wrong("a,1,2,3,4,5,6,7,8,9,10\nb,1,2\n").contains("line 2: expected x and y of 468"));
        assert!(wrong("a,1,2,3,4,5,6,7,8,9,NaN\n").contains("line 1: expected a number, found \"NaN\""));
        assert!(wrong("a\n").contains("line 1"));
    }
}
