//! The choice of instruction set.

use crate::microkernel::{OuterProduct, Tile, outer_product, tile};
use crate::plane::{self, Affine};
use crate::pointwise::{self, Pointwise};
use crate::prelu;
use crate::prepared::pixels::{self, ChannelAffine};
use crate::prepared::product::{Product, product};
use crate::prepared::transforms::{TileIn, TileOut, tile_in, tile_out};
use crate::softmax::{self, Running};
use crate::transpose::{TransposedSum, Transposition, add_transposed, transpose};
use crate::vector::{Portable, Vector};
use crate::winograd_transforms::{
    KernelTransform, PackedTransform, WeightTransform, transform_kernels, transform_packed, transform_weights,
};
use std::sync::OnceLock;

/// Instruction sets that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// x86-64 with AVX-512F: 16 lanes.
    Avx512,
    /// x86-64 with AVX2 and FMA: 8 lanes.
    Avx2,
    /// 64-bit Arm: 4 lanes.
    Neon,
    /// Whatever the compiler makes of plain Rust: 4 lanes.
    Portable,
}

impl Isa {
    /// All of them, the fastest first.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// The name that the environment variable `PORTRAITIST_ISA` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Portable => "portable",
        }
    }

    /// Whether this processor has it.
    pub fn is_supported(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Self::Portable => true,
            _ => false,
        }
    }
}

/// The instruction set in use: the best one that this processor has.
///
/// The environment variable `PORTRAITIST_ISA` (`avx512`, `avx2`, `neon` or `portable`), read once, asks for a
/// particular one. An unknown name, or one that this processor does not have, is ignored: compare the answer of this
/// function with what was asked for.
pub fn isa() -> Isa {
    kernels().isa
}

/// The kernels in use, chosen once.
pub(crate) fn kernels() -> &'static Kernels {
    static CHOSEN: OnceLock<Kernels> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let wanted = std::env::var("PORTRAITIST_ISA").ok();
        let winograd = match std::env::var("PORTRAITIST_WINOGRAD").as_deref() {
            Ok("off") => WinogradUse::Never,
            Ok("always") => WinogradUse::Always,
            _ => WinogradUse::IfFaster,
        };
        choose(wanted.as_deref()).with_winograd(winograd)
    })
}

/// When to use Winograd's algorithm for 3x3 kernels with stride 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WinogradUse {
    Never,
    IfFaster,
    /// Where it is possible at all: tests cover shapes for which it is too slow.
    Always,
}

fn choose(wanted: Option<&str>) -> &'static Kernels {
    let named = Isa::ALL.into_iter().filter(|isa| Some(isa.name()) == wanted);
    named.chain(Isa::ALL).find_map(Kernels::of).unwrap_or(&PORTABLE)
}

/// The kernels of one instruction set and the register tiles that suit it.
#[expect(clippy::type_complexity, reason = "function pointers that are each named once")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels {
    pub(crate) isa: Isa,
    pub(crate) winograd: WinogradUse,
    pub(crate) lanes: usize,
    /// Output channels in the main [`Tile`].
    pub(crate) tile_rows: usize,
    /// Most vectors in a [`Tile`] of `tile_rows` channels.
    main_tile_columns: usize,
    /// Most vectors in a [`Tile`] of fewer channels.
    narrow_tile_columns: usize,
    /// Most scalar streams of an [`OuterProduct`] and positions of a [`Product`].
    pub(crate) outer_rows: usize,
    /// Most vectors of an [`OuterProduct`] and of a [`Product`].
    pub(crate) outer_columns: usize,
    tile: unsafe fn(&Tile<'_>),
    outer_product: unsafe fn(&OuterProduct),
    transform_weights: unsafe fn(&WeightTransform<'_>),
    transform_kernels: unsafe fn(&KernelTransform),
    transform_packed: unsafe fn(&PackedTransform),
    product: unsafe fn(&Product),
    tile_in: unsafe fn(&TileIn),
    tile_out: unsafe fn(&TileOut),
    transpose: unsafe fn(&Transposition),
    add_transposed: unsafe fn(&TransposedSum),
    sum: unsafe fn(&[f32]) -> f64,
    squares: unsafe fn(&[f32], f32) -> f64,
    dot: unsafe fn(&[f32], &[f32]) -> f64,
    add_scaled: unsafe fn(f32, &[f32], &mut [f32]),
    affine: unsafe fn(&Affine, &[f32], Option<&[f32]>, &mut [f32]),
    gradient_sums: unsafe fn(&Affine, &[f32], &[f32]) -> [f64; 2],
    gradient: unsafe fn(&Affine, [f32; 3], &[f32], &[f32], &mut [f32]),
    softmax_columns: unsafe fn(&mut [f32], &mut Running),
    share_gradients: unsafe fn(&mut [f32], &mut [f32]),
    activate: unsafe fn(Pointwise, &[f32], &mut [f32]),
    activate_gradient: unsafe fn(Pointwise, &[f32], &[f32], &mut [f32]),
    absolute_errors: unsafe fn(&[f32], &[f32]) -> f64,
    error_signs: unsafe fn(f32, &[f32], &[f32], &mut [f32]),
    scaled_sums: unsafe fn(f32, &[f32], &[f32], &mut [f32]),
    scaled_gradients: unsafe fn(f32, &[f32], &[f32], &mut [f32]) -> f64,
    prelu: unsafe fn(f32, &[f32], &mut [f32]),
    prelu_gradient: unsafe fn(f32, &[f32], &[f32], &mut [f32]) -> f64,
    row_moments: unsafe fn(&[f32], &mut [f32], &mut [f32]),
    normalize_row: unsafe fn(&ChannelAffine<'_>, Option<&[f32]>, &mut [f32]),
}

impl Kernels {
    /// The kernels of an instruction set, if this processor has it.
    pub(crate) fn of(isa: Isa) -> Option<&'static Self> {
        if !isa.is_supported() {
            return None;
        }
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Some(&AVX512),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Some(&AVX2),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Some(&NEON),
            Isa::Portable => Some(&PORTABLE),
            _ => None,
        }
    }

    /// The same kernels with another use of Winograd's algorithm.
    pub(crate) fn with_winograd(self, winograd: WinogradUse) -> Self {
        Self { winograd, ..self }
    }

    /// Most vectors in a [`Tile`] of some output channels.
    pub(crate) fn tile_columns(&self, rows: usize) -> usize {
        if rows == self.tile_rows { self.main_tile_columns } else { self.narrow_tile_columns }
    }
}

/// Entries to the functions that take pointers, named like them.
macro_rules! pointer_functions {
    ($($name:ident($type:ty);)*) => {
        impl Kernels {
            $(
                #[doc = concat!("As the generic `", stringify!($name), "`.")]
                ///
                /// # Safety
                /// The same, without the part about the processor: `Kernels` only exist for instruction sets it has.
                pub(crate) unsafe fn $name(&self, arguments: &$type) {
                    // SAFETY: the caller's promise; the processor was asked in `of`.
                    unsafe { (self.$name)(arguments) }
                }
            )*
        }
    };
}

pointer_functions! {
    tile(Tile<'_>);
    outer_product(OuterProduct);
    transform_weights(WeightTransform<'_>);
    transform_kernels(KernelTransform);
    transform_packed(PackedTransform);
    product(Product);
    tile_in(TileIn);
    tile_out(TileOut);
    transpose(Transposition);
    add_transposed(TransposedSum);
}

/// Safe entries to the functions of [`plane`], [`softmax`], [`pointwise`], [`prelu`] and [`pixels`].
macro_rules! plane_functions {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Kernels {
            $(
                #[doc = concat!("As the plain `", stringify!($name), "`.")]
                pub(crate) fn $name(&self, $($argument: $type),*) -> $result {
                    // SAFETY: the functions need the processor that was asked for in `of`, and nothing else.
                    unsafe { (self.$name)($($argument),*) }
                }
            )*
        }
    };
}

plane_functions! {
    sum(values: &[f32]) -> f64;
    squares(values: &[f32], center: f32) -> f64;
    dot(left: &[f32], right: &[f32]) -> f64;
    add_scaled(factor: f32, values: &[f32], sums: &mut [f32]) -> ();
    affine(affine: &Affine, input: &[f32], residual: Option<&[f32]>, output: &mut [f32]) -> ();
    gradient_sums(affine: &Affine, input: &[f32], output_gradient: &[f32]) -> [f64; 2];
    gradient(
        affine: &Affine,
        terms: [f32; 3],
        input: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32]
    ) -> ();
    softmax_columns(scores: &mut [f32], running: &mut Running) -> ();
    share_gradients(scores: &mut [f32], gradients: &mut [f32]) -> ();
    activate(function: Pointwise, input: &[f32], output: &mut [f32]) -> ();
    activate_gradient(function: Pointwise, output: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> ();
    absolute_errors(left: &[f32], right: &[f32]) -> f64;
    error_signs(factor: f32, left: &[f32], right: &[f32], signs: &mut [f32]) -> ();
    scaled_sums(factor: f32, change: &[f32], x: &[f32], output: &mut [f32]) -> ();
    scaled_gradients(factor: f32, change: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64;
    prelu(slope: f32, input: &[f32], output: &mut [f32]) -> ();
    prelu_gradient(slope: f32, input: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64;
    row_moments(row: &[f32], means: &mut [f32], squares: &mut [f32]) -> ();
    normalize_row(affine: &ChannelAffine<'_>, residual: Option<&[f32]>, row: &mut [f32]) -> ();
}

/// Defines the kernels of one instruction set: generic code inlined into functions that enable its features.
macro_rules! kernels {
    ($name:ident, $isa:expr, $vector:ty, $([$feature:literal],)? tile: $rows:literal x $columns:literal or $narrow:literal,
     outer: $outer_rows:literal x $outer_columns:literal) => {
        static $name: Kernels = {
            $(#[target_feature(enable = $feature)])?
            unsafe fn tile_kernel(arguments: &Tile<'_>) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { tile::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn outer_product_kernel(arguments: &OuterProduct) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { outer_product::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn transform_weights_kernel(arguments: &WeightTransform<'_>) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { transform_weights::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn transform_kernels_kernel(arguments: &KernelTransform) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { transform_kernels::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn transform_packed_kernel(arguments: &PackedTransform) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { transform_packed::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn product_kernel(arguments: &Product) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { product::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn tile_in_kernel(arguments: &TileIn) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { tile_in::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn tile_out_kernel(arguments: &TileOut) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { tile_out::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn transpose_kernel(arguments: &Transposition) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { transpose::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn add_transposed_kernel(arguments: &TransposedSum) {
                // SAFETY: the caller's promise; the features are enabled here.
                unsafe { add_transposed::<$vector>(arguments) }
            }
            $(#[target_feature(enable = $feature)])?
            fn sum(values: &[f32]) -> f64 {
                plane::sum(values)
            }
            $(#[target_feature(enable = $feature)])?
            fn squares(values: &[f32], center: f32) -> f64 {
                plane::squares(values, center)
            }
            $(#[target_feature(enable = $feature)])?
            fn dot(left: &[f32], right: &[f32]) -> f64 {
                plane::dot(left, right)
            }
            $(#[target_feature(enable = $feature)])?
            fn add_scaled(factor: f32, values: &[f32], sums: &mut [f32]) {
                plane::add_scaled(factor, values, sums);
            }
            $(#[target_feature(enable = $feature)])?
            fn affine(affine: &Affine, input: &[f32], residual: Option<&[f32]>, output: &mut [f32]) {
                plane::affine(affine, input, residual, output);
            }
            $(#[target_feature(enable = $feature)])?
            fn gradient_sums(affine: &Affine, input: &[f32], output_gradient: &[f32]) -> [f64; 2] {
                plane::gradient_sums(affine, input, output_gradient)
            }
            $(#[target_feature(enable = $feature)])?
            fn gradient(
                affine: &Affine,
                terms: [f32; 3],
                input: &[f32],
                output_gradient: &[f32],
                input_gradient: &mut [f32],
            ) {
                plane::gradient(affine, terms, input, output_gradient, input_gradient);
            }
            $(#[target_feature(enable = $feature)])?
            fn softmax_columns(scores: &mut [f32], running: &mut Running) {
                softmax::softmax_columns::<{ <$vector as Vector>::LANES }>(scores, running);
            }
            $(#[target_feature(enable = $feature)])?
            fn share_gradients(scores: &mut [f32], gradients: &mut [f32]) {
                softmax::share_gradients(scores, gradients);
            }
            $(#[target_feature(enable = $feature)])?
            fn activate(function: Pointwise, input: &[f32], output: &mut [f32]) {
                pointwise::activate(function, input, output);
            }
            $(#[target_feature(enable = $feature)])?
            fn activate_gradient(
                function: Pointwise,
                output: &[f32],
                output_gradient: &[f32],
                gradient: &mut [f32],
            ) {
                pointwise::activate_gradient(function, output, output_gradient, gradient);
            }
            $(#[target_feature(enable = $feature)])?
            fn absolute_errors(left: &[f32], right: &[f32]) -> f64 {
                pointwise::absolute_errors(left, right)
            }
            $(#[target_feature(enable = $feature)])?
            fn error_signs(factor: f32, left: &[f32], right: &[f32], signs: &mut [f32]) {
                pointwise::error_signs(factor, left, right, signs);
            }
            $(#[target_feature(enable = $feature)])?
            fn scaled_sums(factor: f32, change: &[f32], x: &[f32], output: &mut [f32]) {
                pointwise::scaled_sums(factor, change, x, output);
            }
            $(#[target_feature(enable = $feature)])?
            fn scaled_gradients(factor: f32, change: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64 {
                pointwise::scaled_gradients(factor, change, output_gradient, gradient)
            }
            $(#[target_feature(enable = $feature)])?
            fn prelu(slope: f32, input: &[f32], output: &mut [f32]) {
                prelu::prelu(slope, input, output);
            }
            $(#[target_feature(enable = $feature)])?
            fn prelu_gradient(slope: f32, input: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64 {
                prelu::prelu_gradient(slope, input, output_gradient, gradient)
            }
            $(#[target_feature(enable = $feature)])?
            fn row_moments(row: &[f32], means: &mut [f32], squares: &mut [f32]) {
                pixels::row_moments(row, means, squares);
            }
            $(#[target_feature(enable = $feature)])?
            fn normalize_row(affine: &ChannelAffine<'_>, residual: Option<&[f32]>, row: &mut [f32]) {
                pixels::normalize_row(affine, residual, row);
            }
            Kernels {
                softmax_columns,
                share_gradients,
                activate,
                activate_gradient,
                absolute_errors,
                error_signs,
                scaled_sums,
                scaled_gradients,
                prelu,
                prelu_gradient,
                row_moments,
                normalize_row,
                transform_weights: transform_weights_kernel,
                transform_kernels: transform_kernels_kernel,
                transform_packed: transform_packed_kernel,
                product: product_kernel,
                tile_in: tile_in_kernel,
                tile_out: tile_out_kernel,
                transpose: transpose_kernel,
                add_transposed: add_transposed_kernel,
                sum,
                squares,
                dot,
                add_scaled,
                affine,
                gradient_sums,
                gradient,
                isa: $isa,
                winograd: WinogradUse::IfFaster,
                lanes: <$vector as Vector>::LANES,
                tile_rows: $rows,
                main_tile_columns: $columns,
                narrow_tile_columns: $narrow,
                outer_rows: $outer_rows,
                outer_columns: $outer_columns,
                tile: tile_kernel,
                outer_product: outer_product_kernel,
            }
        };
    };
}

// Tiles fill the registers (32 on AVX-512 and NEON, 16 on AVX2 and SSE2), less the operands.
#[cfg(target_arch = "x86_64")]
kernels!(AVX512, Isa::Avx512, crate::vector::Avx512, ["avx512f"], tile: 8 x 3 or 6, outer: 6 x 4);
#[cfg(target_arch = "x86_64")]
kernels!(AVX2, Isa::Avx2, crate::vector::Avx2, ["avx2,fma"], tile: 4 x 3 or 3, outer: 6 x 2);
#[cfg(target_arch = "aarch64")]
kernels!(NEON, Isa::Neon, crate::vector::Neon, ["neon"], tile: 8 x 3 or 6, outer: 6 x 4);
kernels!(PORTABLE, Isa::Portable, Portable, tile: 4 x 2 or 3, outer: 4 x 2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_instruction_set_is_chosen_if_supported() {
        assert_eq!(choose(Some("portable")).isa, Isa::Portable);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
            assert_eq!(choose(Some(isa.name())).isa, isa);
        }
    }

    /// Every processor of this kind has NEON: tests that go through all supported sets cover it there.
    #[cfg(target_arch = "aarch64")]
    #[test]
    fn neon_is_chosen_on_arm() {
        assert_eq!(choose(None).isa, Isa::Neon);
        assert!(Isa::ALL.into_iter().filter_map(Kernels::of).any(|kernels| kernels.isa == Isa::Neon));
    }

    #[test]
    fn unknown_or_missing_instruction_set_is_ignored() {
        assert_eq!(choose(Some("mmx")).isa, choose(None).isa);
        let missing = Isa::ALL.into_iter().find(|isa| !isa.is_supported());
        assert_eq!(choose(missing.map(Isa::name)).isa, choose(None).isa);
    }
}
