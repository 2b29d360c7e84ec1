//! Winograd's minimal filtering algorithms: which there are, and what they make of a kernel.

use super::lines::SEVEN_POINTS;
use crate::channels_last::gemm_weights::KernelValues;
use crate::channels_last::shape::FeatureMapShape;

/// Most taps of a kernel along an axis.
const MOST_TAPS: usize = 7;

/// A minimal filtering algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// F(2x2, 3x3): 4 multiplications for an output in point of 9.
    F2,
    /// F(4x4, 3x3): 2.25 multiplications for an output, and a digit less of accuracy.
    F4,
    /// F(4x4, 3x3) at the points 0, ±2/3, ±3/2 and ∞ instead of 0, ±1, ±2 and ∞. For operands that are rounded: of
    /// random operands' rounding errors, the outputs have half as much as with the usual points.
    F4Rounded,
    /// F(2x2, 5x5) at the points of F(4x4, 3x3), with its errors: 9 multiplications for an output in place of 25.
    Five,
    /// F(4, 3) along one axis, for kernels of 1x3 or 3x1: 1.5 multiplications for an output in place of 3.
    Line3(Direction),
    /// F(6, 7) along one axis, for kernels of 1x7 or 7x1: 2 multiplications for an output in place of 7. Errors are below
    /// 1e-5 of the largest output.
    Line7(Direction),
}

/// The axis along which a kernel of one row or column lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Along a row.
    Across,
    /// Along a column.
    Down,
}

/// Where polynomials are evaluated, with the factor of the kernel's value there. The point ∞ follows, with the factor 1.
type Points = &'static [[f64; 2]];

/// 0 and ±1.
const TWO: Points = &[[0.0, 1.0], [1.0, 0.5], [-1.0, 0.5]];
/// 0, ±1 and ±2.
const FOUR: Points = &[[0.0, 0.25], [1.0, -1.0 / 6.0], [-1.0, -1.0 / 6.0], [2.0, 1.0 / 24.0], [-2.0, 1.0 / 24.0]];
/// 0, ±2/3 and ±3/2. The factors are 1 / (2 p² (p² - q²)) for p = 2/3 and q = 3/2, and with p and q exchanged.
const ROUNDED: Points = &[[0.0, 1.0], [2.0 / 3.0, NEAR], [-2.0 / 3.0, NEAR], [1.5, FAR], [-1.5, FAR]];
const NEAR: f64 = 0.5 / (4.0 / 9.0 * (4.0 / 9.0 - 9.0 / 4.0));
const FAR: f64 = 0.5 / (9.0 / 4.0 * (9.0 / 4.0 - 4.0 / 9.0));

impl Filter {
    /// The axis that is transformed, where it is one alone.
    const fn direction(self) -> Option<Direction> {
        match self {
            Self::Line3(direction) | Self::Line7(direction) => Some(direction),
            _ => None,
        }
    }

    /// Sides of a square; of a line, its length and 1 beside it.
    const fn shaped(self, length: usize) -> [usize; 2] {
        match self.direction() {
            None => [length; 2],
            Some(Direction::Across) => [1, length],
            Some(Direction::Down) => [length, 1],
        }
    }

    /// Rows and columns of an output tile.
    pub(crate) const fn out(self) -> [usize; 2] {
        self.shaped(match self {
            Self::F2 | Self::Five => 2,
            Self::F4 | Self::F4Rounded | Self::Line3(_) => 4,
            Self::Line7(_) => 6,
        })
    }

    /// Rows and columns of the kernels.
    pub(crate) const fn kernel(self) -> [usize; 2] {
        self.shaped(match self {
            Self::F2 | Self::F4 | Self::F4Rounded | Self::Line3(_) => 3,
            Self::Five => 5,
            Self::Line7(_) => 7,
        })
    }

    /// Rows and columns of tiles of an output of some rows and columns.
    pub(crate) fn grid(self, output_size: [usize; 2]) -> [usize; 2] {
        let out = self.out();
        [output_size[0].div_ceil(out[0]), output_size[1].div_ceil(out[1])]
    }

    /// Tiles of an output of some rows and columns.
    pub(crate) fn tiles(self, output_size: [usize; 2]) -> usize {
        self.grid(output_size).iter().product()
    }

    /// Points of a tile in the transform domain.
    pub(crate) const fn points(self) -> usize {
        let ([out_rows, out_columns], [rows, columns]) = (self.out(), self.kernel());
        (out_rows + rows - 1) * (out_columns + columns - 1)
    }

    /// Whether the tiles of an output read nothing beyond the rows and columns of a feature map, the first tile from `first` on,
    /// which may lie in the halo.
    pub(crate) fn stays_within(self, input: FeatureMapShape, first: [isize; 2], output_size: [usize; 2]) -> bool {
        let held = [input.rows(), input.row_pixels()];
        (0..2).all(|axis| {
            let read = self.grid(output_size)[axis] * self.out()[axis] + self.kernel()[axis] - 1;
            first[axis].saturating_add_unsigned(input.halo + read) <= held[axis] as isize
        })
    }

    /// What transforms kernels.
    pub(crate) fn weight_transform(self) -> KernelTransform {
        let points = match self {
            Self::F2 => TWO,
            Self::F4 | Self::Five | Self::Line3(_) => FOUR,
            Self::F4Rounded => ROUNDED,
            Self::Line7(_) => &SEVEN_POINTS,
        };
        let kernel = self.kernel();
        // Rows of a line across, and columns of one down, are not transformed.
        let [down, across] = kernel.map(|taps| if taps == 1 { vec![[1.0; MOST_TAPS]] } else { rows_of(points, taps) });
        KernelTransform { kernel, down, across }
    }
}

/// Transforms kernels into the transform domain: `G g Gᵀ`.
#[derive(Debug)]
pub(crate) struct KernelTransform {
    kernel: [usize; 2],
    /// `G` of each axis: for each point the powers that taps are multiplied with.
    down: Vec<[f64; MOST_TAPS]>,
    across: Vec<[f64; MOST_TAPS]>,
}

impl KernelValues for KernelTransform {
    fn of(&self, kernel: &[f32], mut store: impl FnMut(usize, f32)) {
        let [height, width] = self.kernel;
        for (y, vertical) in self.down.iter().enumerate() {
            let mut half = [0.0; MOST_TAPS];
            for (x, half) in half[..width].iter_mut().enumerate() {
                let column = (0..height).map(|row| f64::from(kernel[row * width + x]));
                *half = vertical.iter().zip(column).map(|(power, value)| power * value).sum();
            }
            for (x, horizontal) in self.across.iter().enumerate() {
                let sum: f64 = horizontal.iter().zip(&half[..width]).map(|(power, value)| power * value).sum();
                store(y * self.across.len() + x, sum as f32);
            }
        }
    }
}

/// `G` of an axis with some taps.
fn rows_of(points: Points, taps: usize) -> Vec<[f64; MOST_TAPS]> {
    let powers = |[point, factor]: &[f64; 2]| {
        let mut powers = [*factor; MOST_TAPS];
        (1..MOST_TAPS).for_each(|tap| powers[tap] = powers[tap - 1] * point);
        powers
    };
    let mut infinity = [0.0; MOST_TAPS];
    infinity[taps - 1] = 1.0;
    points.iter().map(powers).chain(std::iter::once(infinity)).collect()
}
