//! The register tile of prepared weights: a few positions by a few registers of output channels.

use crate::microkernel::MAX_OUTER_ROWS as MAX_ROWS;
use crate::vector::{MAX_LANES, Vector};

/// What follows a sum over input channels, before it is an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing.
    Linear,
    /// `max(0, x)`.
    Relu,
    /// Below 0 times a slope per channel.
    Prelu,
}

/// A map that is added to the outputs, laid out as they are.
#[derive(Clone, Copy)]
pub(crate) struct Residual {
    pub(crate) first: *const f32,
    /// Bytes from the first output to the first element of the residual. Not for a step from one to the other, which
    /// would leave the memory that the pointer belongs to.
    pub(crate) distance: usize,
}

impl Residual {
    /// What is added to an output.
    #[inline(always)]
    fn of(&self, output: *const f32) -> *const f32 {
        self.first.with_addr(output.addr().wrapping_add(self.distance))
    }
}

/// What makes sums outputs: bias, activation, residual, in this order.
#[derive(Clone, Copy)]
pub(crate) struct Finish {
    /// Bias of the first channel.
    pub(crate) bias: *const f32,
    pub(crate) ending: Ending,
    /// Slope of the first channel; read for [`Ending::Prelu`] only.
    pub(crate) slopes: *const f32,
    /// What is added, if anything.
    pub(crate) residual: Option<Residual>,
}

impl Finish {
    /// The same for channels from `channel` on.
    pub(crate) fn from(&self, channel: usize) -> Self {
        Self { bias: self.bias.wrapping_add(channel), slopes: self.slopes.wrapping_add(channel), ..*self }
    }

    /// Finishes a register of sums that belongs to `target`, `channel` channels from the first.
    ///
    /// # Safety
    /// The processor has `V`'s instruction set; bias, slopes and residual are readable for a register there.
    #[inline(always)]
    pub(crate) unsafe fn apply<V: Vector>(&self, sums: V, channel: usize, target: *const f32) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let sums = sums.add(V::load(self.bias.add(channel)));
            let activated = match self.ending {
                Ending::Linear => sums,
                Ending::Relu => sums.replace_negative(V::zero()),
                Ending::Prelu => sums.replace_negative(sums.multiply(V::load(self.slopes.add(channel)))),
            };
            match self.residual {
                Some(residual) => activated.add(V::load(residual.of(target))),
                None => activated,
            }
        }
    }
}

/// `target[row] = Σ scalars[row][s * segment_step + d] * weights[s][d]` over segments s and d below `depth`.
pub(crate) struct Product {
    /// Positions: 1 to 6.
    pub(crate) rows: usize,
    /// Registers of output channels: 1 to 4.
    pub(crate) columns: usize,
    /// First input of each position.
    pub(crate) scalars: [*const f32; MAX_ROWS],
    pub(crate) segments: usize,
    /// Elements from a segment of inputs to the next.
    pub(crate) segment_step: usize,
    /// Inputs of a segment.
    pub(crate) depth: usize,
    /// `[segment][input][columns * LANES]`
    pub(crate) weights: *const f32,
    /// First output channel of each position.
    pub(crate) targets: [*mut f32; MAX_ROWS],
    /// Whether to add to what the targets hold.
    pub(crate) accumulate: bool,
    /// With the last inputs: what makes the sums outputs.
    pub(crate) finish: Option<Finish>,
}

/// Computes a product of the size that it names.
///
/// # Safety
/// The processor has `V`'s instruction set; inputs, weights and targets are valid for the counts given, bias, slopes
/// and residuals for as many channels; no other thread touches the targets.
#[inline(always)]
pub(crate) unsafe fn product<V: Vector>(product: &Product) {
    macro_rules! dispatch {
        ($($rows:literal)*) => {
            match (product.rows, product.columns) {
                // SAFETY: the caller's promise is the same.
                $(
                    ($rows, 1) => unsafe { sized_product::<V, $rows, 1>(product) },
                    ($rows, 2) => unsafe { sized_product::<V, $rows, 2>(product) },
                    ($rows, 3) => unsafe { sized_product::<V, $rows, 3>(product) },
                    ($rows, 4) => unsafe { sized_product::<V, $rows, 4>(product) },
                )*
                (rows, columns) => unreachable!("no {rows}x{columns} product"),
            }
        };
    }
    dispatch!(1 2 3 4 5 6);
}

/// # Safety
/// As [`product`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_product<V: Vector, const ROWS: usize, const COLUMNS: usize>(product: &Product) {
    let mut lanes = [[[0.0_f32; MAX_LANES]; COLUMNS]; ROWS];
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        let mut weights = product.weights;
        for segment in 0..product.segments {
            let mut scalars = [std::ptr::null(); ROWS];
            for row in 0..ROWS {
                scalars[row] = product.scalars[row].add(segment * product.segment_step);
            }
            for index in 0..product.depth {
                let mut values = [V::zero(); COLUMNS];
                for column in 0..COLUMNS {
                    values[column] = V::load(weights.add(column * V::LANES));
                }
                for row in 0..ROWS {
                    let scalar = V::splat(*scalars[row].add(index));
                    for column in 0..COLUMNS {
                        sums[row][column] = sums[row][column].add_product(scalar, values[column]);
                    }
                }
                weights = weights.add(COLUMNS * V::LANES);
            }
        }
        // Through memory, so that the loops below do not keep the sums out of registers above.
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                sums[row][column].store(lanes[row][column].as_mut_ptr());
            }
        }
    }
    for (lanes, target) in lanes.iter().zip(product.targets) {
        for (column, lanes) in lanes.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                let target = target.add(column * V::LANES);
                let mut sums = V::load(lanes.as_ptr());
                if product.accumulate {
                    sums = V::load(target).add(sums);
                }
                if let Some(finish) = &product.finish {
                    sums = finish.apply(sums, column * V::LANES, target);
                }
                sums.store(target);
            }
        }
    }
}
