//! The choice of instruction set, and how a kernel gets one version for each.
//!
//! A kernel is a function that can be inlined, in the file that its family lives in. Its line in a [`kernel_methods!`]
//! list there makes it a method of [`Kernels`], which calls the version compiled for the instruction set in use.

#[cfg(target_arch = "aarch64")]
use super::arm::Neon;
use super::isa::Isa;
use super::vector::{Portable, Vector};
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};
use crate::bf16::unit::Bf16Unit;
use std::sync::OnceLock;

/// The instruction set in use: the best one that this processor has.
///
/// The environment variable `PORTRAITIST_ISA` (`avx512`, `avx2`, `neon` or `portable`), read once, asks for a
/// particular one; with `avx512`, bf16 values are not multiplied on AMX's tiles. An unknown name, or one that this processor does not have, is ignored: compare the answer of this
/// function with what was asked for.
pub fn isa() -> Isa {
    kernels().isa
}

/// What multiplies bf16 values: the best that this processor has for the instruction set in use.
pub fn bf16_unit() -> Bf16Unit {
    kernels().bf16
}

/// The kernels in use, chosen once.
pub(crate) fn kernels() -> &'static Kernels {
    static CHOSEN: OnceLock<Kernels> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let wanted = std::env::var("PORTRAITIST_ISA").ok();
        let kernels = choose(wanted.as_deref()).with_winograd(WinogradPolicy::from_environment());
        kernels.with_bf16(Bf16Unit::best(kernels.isa, wanted.as_deref()))
    })
}

/// When to use Winograd's algorithm for 3x3 kernels with stride 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WinogradPolicy {
    Never,
    IfFaster,
    /// Where it is possible at all: tests cover shapes for which it is too slow.
    Always,
}

impl WinogradPolicy {
    fn from_environment() -> Self {
        match std::env::var("PORTRAITIST_WINOGRAD").as_deref() {
            Ok("off") => Self::Never,
            Ok("always") => Self::Always,
            _ => Self::IfFaster,
        }
    }
}

fn choose(wanted: Option<&str>) -> &'static Kernels {
    let named = Isa::ALL.into_iter().filter(|isa| Some(isa.name()) == wanted);
    named.chain(Isa::ALL).find_map(Kernels::of).unwrap_or(&PORTABLE)
}

/// The kernels of one instruction set: methods that the lists of [`kernel_methods!`] define, and the register tiles
/// that suit it. They only exist for instruction sets that this processor has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels {
    isa: Isa,
    bf16: Bf16Unit,
    pub(crate) winograd: WinogradPolicy,
    pub(crate) lanes: usize,
    /// Output channels in the main [`ConvolutionTile`](super::convolution_tile::ConvolutionTile).
    pub(crate) tile_rows: usize,
    /// Most vectors in a convolution tile of `tile_rows` channels.
    main_tile_columns: usize,
    /// Most vectors in a convolution tile of fewer channels.
    narrow_tile_columns: usize,
    /// Most scalar streams of an [`OuterProduct`](super::outer_product::OuterProduct) and positions of a
    /// [`Gemm`](super::gemm::Gemm).
    pub(crate) outer_rows: usize,
    /// Most vectors of an outer product and of a GEMM.
    pub(crate) outer_columns: usize,
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

    /// Kernels of a register, whose tiles have so many rows and columns.
    const fn sized<V: Vector>(
        isa: Isa,
        [tile_rows, main_tile_columns, narrow_tile_columns]: [usize; 3],
        [outer_rows, outer_columns]: [usize; 2],
    ) -> Self {
        let (winograd, bf16, lanes) = (WinogradPolicy::IfFaster, Bf16Unit::Emulated, V::LANES);
        Self {
            isa,
            bf16,
            winograd,
            lanes,
            tile_rows,
            main_tile_columns,
            narrow_tile_columns,
            outer_rows,
            outer_columns,
        }
    }

    /// The instruction set.
    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// The same kernels with another use of Winograd's algorithm.
    pub(crate) fn with_winograd(self, winograd: WinogradPolicy) -> Self {
        Self { winograd, ..self }
    }

    /// What multiplies bf16 values.
    pub(crate) fn bf16(&self) -> Bf16Unit {
        self.bf16
    }

    /// The same kernels with another unit for bf16 values, which must be one that this processor has.
    pub(crate) fn with_bf16(self, bf16: Bf16Unit) -> Self {
        assert!(bf16 == Bf16Unit::Emulated || (self.isa == Isa::Avx512 && bf16.is_supported()), "no {bf16:?} here");
        Self { bf16, ..self }
    }

    /// Most vectors in a convolution tile of some output channels.
    pub(crate) fn tile_columns(&self, rows: usize) -> usize {
        if rows == self.tile_rows { self.main_tile_columns } else { self.narrow_tile_columns }
    }
}

// Tiles fill the registers (32 on AVX-512 and NEON, 16 on AVX2 and SSE2), less the operands.
#[cfg(target_arch = "x86_64")]
static AVX512: Kernels = Kernels::sized::<Avx512>(Isa::Avx512, [8, 3, 6], [6, 4]);
#[cfg(target_arch = "x86_64")]
static AVX2: Kernels = Kernels::sized::<Avx2>(Isa::Avx2, [4, 3, 3], [6, 2]);
#[cfg(target_arch = "aarch64")]
static NEON: Kernels = Kernels::sized::<Neon>(Isa::Neon, [8, 3, 6], [6, 4]);
static PORTABLE: Kernels = Kernels::sized::<Portable>(Isa::Portable, [4, 2, 3], [4, 2]);

/// Makes functions of the calling file methods of [`Kernels`], with one version for each instruction set: the table, the
/// wrappers and the entries of the dispatch, from one line.
///
/// A line repeats the signature. Functions must be `#[inline(always)]`, so that each version is compiled with the
/// instructions of its set. `<V>` stands for the register, for functions generic over [`Vector`]. A method of an `unsafe`
/// function has the same contract, less the part about the processor.
///
/// Functions generic over `PairVector` are `paired`: they get a version for AVX-512 BF16 too.
macro_rules! kernel_methods {
    ($(paired unsafe fn $name:ident<$vector:ident>($($argument:ident: $type:ty),* $(,)?);)*) => {
        impl crate::simd::dispatch::Kernels {
            $(crate::simd::dispatch::kernel_method! { [unsafe] [paired] $name [$vector] ($($argument: $type),*) [] })*
        }
    };
    ($(fn $name:ident $(<$vector:ident>)? ($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        impl crate::simd::dispatch::Kernels {
            $(crate::simd::dispatch::kernel_method! { [] [] $name [$($vector)?] ($($argument: $type),*) [$($result)?] })*
        }
    };
    ($(unsafe fn $name:ident $(<$vector:ident>)? ($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        impl crate::simd::dispatch::Kernels {
            $(crate::simd::dispatch::kernel_method! {
                [unsafe] [] $name [$($vector)?] ($($argument: $type),*) [$($result)?]
            })*
        }
    };
}

/// One method of [`kernel_methods!`].
macro_rules! kernel_method {
    ([$($unsafe:tt)?] $paired:tt $name:ident $vector:tt ($($argument:ident: $type:ty),*) [$($result:ty)?]) => {
        #[doc = concat!("As the function `", stringify!($name), "` of the same file.")]
        ///
        /// # Safety
        /// If it is unsafe, then as that function; the processor was asked in `Kernels::of`.
        pub(crate) $($unsafe)? fn $name(&self, $($argument: $type),*) $(-> $result)? {
            crate::simd::dispatch::paired_version! { $paired self $name $vector ($($argument: $type),*) }
            #[cfg(target_arch = "x86_64")]
            crate::simd::dispatch::kernel_version! {
                avx512 ["avx512f"] crate::simd::x86::Avx512, $name $vector ($($argument: $type),*) [$($result)?]
            }
            #[cfg(target_arch = "x86_64")]
            crate::simd::dispatch::kernel_version! {
                avx2 ["avx2,fma"] crate::simd::x86::Avx2, $name $vector ($($argument: $type),*) [$($result)?]
            }
            #[cfg(target_arch = "aarch64")]
            crate::simd::dispatch::kernel_version! {
                neon ["neon"] crate::simd::arm::Neon, $name $vector ($($argument: $type),*) [$($result)?]
            }
            crate::simd::dispatch::kernel_version! {
                portable [] crate::simd::vector::Portable, $name $vector ($($argument: $type),*) [$($result)?]
            }
            // SAFETY: the caller's promise; kernels only exist for instruction sets that the processor has.
            unsafe {
                match self.isa() {
                    #[cfg(target_arch = "x86_64")]
                    crate::simd::isa::Isa::Avx512 => avx512($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    crate::simd::isa::Isa::Avx2 => avx2($($argument),*),
                    #[cfg(target_arch = "aarch64")]
                    crate::simd::isa::Isa::Neon => neon($($argument),*),
                    _ => portable($($argument),*),
                }
            }
        }
    };
}

/// The version of a function for one instruction set, with the features that this needs.
macro_rules! kernel_version {
    ($version:ident [$($feature:literal)?] $register:ty, $name:ident [] $arguments:tt $result:tt) => {
        crate::simd::dispatch::kernel_version! { $version [$($feature)?] (self::$name) $arguments $result }
    };
    ($version:ident [$($feature:literal)?] $register:ty, $name:ident [$vector:ident] $arguments:tt $result:tt) => {
        crate::simd::dispatch::kernel_version! { $version [$($feature)?] (self::$name::<$register>) $arguments $result }
    };
    ($version:ident [$($feature:literal)?] ($function:expr) ($($argument:ident: $type:ty),*) [$($result:ty)?]) => {
        $(#[target_feature(enable = $feature)])?
        #[inline(never)]
        #[allow(unused_unsafe, reason = "some functions are safe")]
        unsafe fn $version($($argument: $type),*) $(-> $result)? {
            // SAFETY: the caller's promise; the features are enabled here.
            unsafe { $function($($argument),*) }
        }
    };
}

/// The version of a `paired` function for AVX-512 BF16, and the call where kernels use that.
macro_rules! paired_version {
    ([] $($rest:tt)*) => {};
    ([paired] $self:ident $name:ident $vector:tt ($($argument:ident: $type:ty),*)) => {
        #[cfg(target_arch = "x86_64")]
        crate::simd::dispatch::kernel_version! {
            avx512bf16 ["avx512f,avx512bf16"] crate::simd::x86::Avx512Bf16, $name $vector ($($argument: $type),*) []
        }
        #[cfg(target_arch = "x86_64")]
        if $self.bf16().is_hardware() {
            // SAFETY: the caller's promise; such kernels only exist where the processor has the instructions.
            unsafe { avx512bf16($($argument),*) };
            return;
        }
    };
}

pub(crate) use {kernel_method, kernel_methods, kernel_version, paired_version};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_instruction_set_is_chosen_if_supported() {
        assert_eq!(choose(Some("portable")).isa(), Isa::Portable);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_supported()) {
            assert_eq!(choose(Some(isa.name())).isa(), isa);
        }
    }

    /// Every processor of this kind has NEON: tests that go through all supported sets cover it there.
    #[cfg(target_arch = "aarch64")]
    #[test]
    fn neon_is_chosen_on_arm() {
        assert_eq!(choose(None).isa(), Isa::Neon);
        assert!(Isa::ALL.into_iter().filter_map(Kernels::of).any(|kernels| kernels.isa() == Isa::Neon));
    }

    #[test]
    fn unknown_or_missing_instruction_set_is_ignored() {
        assert_eq!(choose(Some("mmx")).isa(), choose(None).isa);
        let missing = Isa::ALL.into_iter().find(|isa| !isa.is_supported());
        assert_eq!(choose(missing.map(Isa::name)).isa(), choose(None).isa);
    }
}
