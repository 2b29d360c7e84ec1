//! What multiplies bf16 values.

use crate::simd::isa::Isa;

/// What multiplies pairs of bf16 values on this processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bf16Unit {
    /// Tiles of AMX, `tdpbf16ps`, and where a product has no whole tiles `vdpbf16ps`.
    Amx,
    /// AVX-512 BF16, `vdpbf16ps`.
    Avx512,
    /// None: the same sums by instructions for `f32`, slower than `f32` itself.
    Emulated,
}

impl Bf16Unit {
    /// All of them, the fastest first.
    pub const ALL: [Self; 3] = [Self::Amx, Self::Avx512, Self::Emulated];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amx => "amx",
            Self::Avx512 => "avx512",
            Self::Emulated => "emulated",
        }
    }

    /// Whether bf16 is faster than `f32` with it.
    pub fn is_hardware(self) -> bool {
        self != Self::Emulated
    }

    /// Whether this processor and its system have it.
    pub fn is_supported(self) -> bool {
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx => Self::Avx512.is_supported() && super::permission::is_permitted(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Isa::Avx512.is_supported() && std::arch::is_x86_feature_detected!("avx512bf16"),
            Self::Emulated => true,
            #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
            _ => false,
        }
    }

    /// The best unit for kernels of an instruction set. `wanted` is what `PORTRAITIST_ISA` says: `avx512` keeps tiles out.
    pub(crate) fn best(isa: Isa, wanted: Option<&str>) -> Self {
        let fits = |unit: &Self| match unit {
            Self::Emulated => true,
            Self::Avx512 => isa == Isa::Avx512,
            Self::Amx => isa == Isa::Avx512 && wanted != Some(Isa::Avx512.name()),
        };
        Self::ALL.into_iter().find(|unit| fits(unit) && unit.is_supported()).unwrap_or(Self::Emulated)
    }
}
