//! Winograd's minimal filtering algorithms for 3x3 kernels.

/// A minimal filtering algorithm for 3x3 kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// F(2x2, 3x3): 4 multiplications for an output in point of 9.
    F2,
    /// F(4x4, 3x3): 2.25 multiplications for an output, and a digit less of accuracy.
    F4,
    /// F(4x4, 3x3) at the points 0, ±2/3, ±3/2 and ∞ instead of 0, ±1, ±2 and ∞. For operands that are rounded: of
    /// random operands' rounding errors, the outputs have half as much as with the usual points.
    F4Rounded,
}

impl Filter {
    /// Side of an output tile.
    pub(crate) const fn out(self) -> usize {
        match self {
            Self::F2 => 2,
            Self::F4 | Self::F4Rounded => 4,
        }
    }

    /// Tiles of an output of some rows and columns.
    pub(crate) fn tiles(self, output_size: [usize; 2]) -> usize {
        output_size.map(|size| size.div_ceil(self.out())).iter().product()
    }

    /// Points of a tile in the transform domain.
    pub(crate) const fn points(self) -> usize {
        (self.out() + 2) * (self.out() + 2)
    }

    /// A kernel in the transform domain: `G g Gᵀ`, one value for each point.
    pub(crate) fn transform_weights(self, kernel: &[f64; 9], mut store: impl FnMut(usize, f64)) {
        const TWO: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];
        const FOUR: [[f64; 3]; 6] = [
            [0.25, 0.0, 0.0],
            [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
            [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
            [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
            [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
            [0.0, 0.0, 1.0],
        ];
        // 1 / (2 p² (p² - q²)) for p = 2/3 and q = 3/2, and with p and q exchanged, times 1, p and p².
        const NEAR: f64 = 0.5 / (4.0 / 9.0 * (4.0 / 9.0 - 9.0 / 4.0));
        const FAR: f64 = 0.5 / (9.0 / 4.0 * (9.0 / 4.0 - 4.0 / 9.0));
        const ROUNDED: [[f64; 3]; 6] = [
            [1.0, 0.0, 0.0],
            [NEAR, NEAR * 2.0 / 3.0, NEAR * 4.0 / 9.0],
            [NEAR, -NEAR * 2.0 / 3.0, NEAR * 4.0 / 9.0],
            [FAR, FAR * 1.5, FAR * 2.25],
            [FAR, -FAR * 1.5, FAR * 2.25],
            [0.0, 0.0, 1.0],
        ];
        let rows: &[[f64; 3]] = match self {
            Self::F2 => &TWO,
            Self::F4 => &FOUR,
            Self::F4Rounded => &ROUNDED,
        };
        for (y, vertical) in rows.iter().enumerate() {
            let mut half = [0.0; 3];
            for (x, half) in half.iter_mut().enumerate() {
                *half = vertical[0] * kernel[x] + vertical[1] * kernel[3 + x] + vertical[2] * kernel[6 + x];
            }
            for (x, horizontal) in rows.iter().enumerate() {
                let value = horizontal[0] * half[0] + horizontal[1] * half[1] + horizontal[2] * half[2];
                store(y * rows.len() + x, value);
            }
        }
    }
}
