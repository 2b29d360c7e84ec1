//! Contact sheets: equal pictures side by side.

use crate::error::{Error, Result};
use crate::picture::{Picture, check_size};

/// Lays pictures of one size out in rows of `columns`, `padding_px` apart (not around), on `background`.
///
/// Cells that are left over in the last row show the background.
///
/// # Errors
/// [`Error::Nothing`] without pictures or columns, [`Error::SizesDiffer`], [`Error::SizeOutOfRange`] for a sheet beyond the limits.
pub fn grid(pictures: &[Picture], columns: usize, padding_px: usize, background: [u8; 3]) -> Result<Picture> {
    let first = pictures.first().ok_or(Error::Nothing { what: "pictures of a grid" })?;
    if columns == 0 {
        return Err(Error::Nothing { what: "columns of a grid" });
    }
    let (cell_width, cell_height) = (first.width(), first.height());
    for (index, picture) in pictures.iter().enumerate() {
        if (picture.width(), picture.height()) != (cell_width, cell_height) {
            return Err(Error::SizesDiffer {
                what: "grid",
                expected_width: cell_width,
                expected_height: cell_height,
                found_width: picture.width(),
                found_height: picture.height(),
                index,
            });
        }
    }
    let columns = columns.min(pictures.len());
    let rows = pictures.len().div_ceil(columns);
    let extent =
        |cells: usize, side: usize| cells.saturating_mul(side.saturating_add(padding_px)).saturating_sub(padding_px);
    let (width, height) = (extent(columns, cell_width), extent(rows, cell_height));
    check_size("grid", width, height)?;
    let mut sheet = Picture::filled(width, height, background)?;
    for (index, picture) in pictures.iter().enumerate() {
        let left = (index % columns) * (cell_width + padding_px);
        let top = (index / columns) * (cell_height + padding_px);
        let cell = sheet.pixels_mut().chunks_exact_mut(3 * width).skip(top);
        for (out_row, row) in cell.zip(picture.pixels().chunks_exact(3 * cell_width)) {
            out_row[3 * left..3 * (left + cell_width)].copy_from_slice(row);
        }
    }
    Ok(sheet)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn pictures_fill_the_grid_row_by_row() {
        let pictures: Vec<Picture> = (1..=3).map(|v| Picture::filled(2, 1, [v; 3]).unwrap()).collect();
        let sheet = grid(&pictures, 2, 1, [9; 3]).unwrap();
        assert_eq!((sheet.width(), sheet.height()), (5, 3));
        let reds: Vec<u8> = sheet.pixels().iter().step_by(3).copied().collect();
        assert_eq!(reds, [1, 1, 9, 2, 2, 9, 9, 9, 9, 9, 3, 3, 9, 9, 9]);
    }

    #[test]
    fn different_sizes_are_refused() {
        let pictures = [Picture::filled(2, 1, [0; 3]).unwrap(), Picture::filled(1, 2, [0; 3]).unwrap()];
        assert!(matches!(grid(&pictures, 2, 0, [0; 3]), Err(Error::SizesDiffer { index: 1, .. })));
        assert!(matches!(grid(&[], 2, 0, [0; 3]), Err(Error::Nothing { .. })));
        assert!(matches!(grid(&pictures[..1], 0, 0, [0; 3]), Err(Error::Nothing { .. })));
        assert!(matches!(grid(&pictures[..1], 1, usize::MAX, [0; 3]), Err(Error::SizeOutOfRange { .. })));
    }
}
