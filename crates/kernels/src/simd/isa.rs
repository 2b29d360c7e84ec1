//! Instruction sets.

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

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// By the system's list of what the processor can do.
    #[test]
    fn instruction_sets_are_those_of_the_processor() {
        let listed = std::fs::read_to_string("/proc/cpuinfo").expect("the system tells");
        let flags = listed.lines().find(|line| line.starts_with("flags")).expect("flags");
        let has = |name: &str| flags.split_whitespace().any(|flag| flag == name);
        assert_eq!(Isa::Avx512.is_supported(), has("avx512f"));
        assert_eq!(Isa::Avx2.is_supported(), has("avx2") && has("fma"));
        assert!(Isa::Portable.is_supported() && !Isa::Neon.is_supported());
    }
}
