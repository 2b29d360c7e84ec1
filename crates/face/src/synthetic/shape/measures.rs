//! From traits in standard deviations to lengths. One unit is a decimetre; the origin lies between the eyes' height and
//! the middle of the head.

use super::traits::{Shape, Trait};

/// Beyond this many standard deviations a trait grows ever more slowly, so that no exaggeration breaks a face.
const SOFT_LIMIT: f32 = 2.6;

/// Lengths of one neutral head. Heights are y; a pair of features is described by its right one, at positive x.
#[derive(Clone, Debug)]
pub(crate) struct Measures {
    pub(crate) vertex_y: f32,
    pub(crate) hairline_y: f32,
    pub(crate) forehead_slope: f32,
    pub(crate) temple_half: f32,
    pub(crate) cheekbone_half: f32,
    pub(crate) cheek_half: f32,
    pub(crate) cheek_fullness: f32,
    pub(crate) jaw_half: f32,
    pub(crate) jaw_y: f32,
    pub(crate) chin_y: f32,
    pub(crate) chin_half: f32,
    pub(crate) chin_forward: f32,
    pub(crate) neck_half: f32,
    pub(crate) brow: Brow,
    pub(crate) eye: Eye,
    pub(crate) nose: Nose,
    pub(crate) mouth: Mouth,
    pub(crate) ear_size: f32,
    pub(crate) ear_angle: f32,
}

#[derive(Clone, Debug)]
pub(crate) struct Brow {
    pub(crate) inner_x: f32,
    pub(crate) outer_x: f32,
    pub(crate) y: f32,
    pub(crate) arch: f32,
    pub(crate) tilt: f32,
    pub(crate) half_thickness: f32,
    pub(crate) ridge: f32,
}

#[derive(Clone, Debug)]
pub(crate) struct Eye {
    pub(crate) x: f32,
    pub(crate) half_width: f32,
    pub(crate) upper: f32,
    pub(crate) lower: f32,
    pub(crate) tilt: f32,
    pub(crate) depth: f32,
    /// Height of the crease above the lid.
    pub(crate) fold: f32,
}

#[derive(Clone, Debug)]
pub(crate) struct Nose {
    pub(crate) base_y: f32,
    pub(crate) tip_y: f32,
    pub(crate) half_width: f32,
    pub(crate) bridge: f32,
    pub(crate) forward: f32,
    pub(crate) hump: f32,
    pub(crate) tip: f32,
}

#[derive(Clone, Debug)]
pub(crate) struct Mouth {
    pub(crate) y: f32,
    pub(crate) half_width: f32,
    pub(crate) upper: f32,
    pub(crate) lower: f32,
    pub(crate) forward: f32,
    pub(crate) corner: f32,
}

impl Measures {
    /// The lengths that belong to a shape; the mean face's come from head-and-face anthropometry (interpupillary 63 mm,
    /// bizygomatic 138 mm, bigonial 105 mm, sellion to chin 118 mm, palpebral 30 mm, mouth 51 mm, nose 36 mm wide).
    pub(crate) fn new(shape: &Shape) -> Self {
        let z = |which: Trait| soft_limit(shape.get(which));
        let times = |which: Trait, spread: f32| (spread * z(which)).exp();
        let width = times(Trait::HeadWidth, 0.04);
        let base_y = -0.47 * times(Trait::NoseLength, 0.09);
        let upper = 0.060 * times(Trait::UpperLip, 0.24);
        let lower = 0.086 * times(Trait::LowerLip, 0.19);
        let mouth_y = base_y - (0.125 * times(Trait::PhiltrumLength, 0.17) + upper);
        let chin_y = mouth_y - (lower + 0.365 * times(Trait::ChinHeight, 0.13));
        let eye = eye(&z, &times);
        let brow = brow(&z, &times, &eye);
        let vertex_y = 1.10 * times(Trait::CraniumHeight, 0.045);
        Self {
            vertex_y,
            hairline_y: (0.66 + 0.065 * z(Trait::HairlineHeight)).clamp(brow.y + 0.18, vertex_y - 0.2),
            forehead_slope: 0.035 * z(Trait::ForeheadSlope),
            temple_half: 0.735 * width,
            cheekbone_half: 0.690 * width * times(Trait::CheekboneWidth, 0.04),
            cheek_half: 0.630 * width * times(Trait::CheekFullness, 0.05) * times(Trait::JawWidth, 0.02),
            cheek_fullness: z(Trait::CheekFullness),
            jaw_half: 0.530 * width * times(Trait::JawWidth, 0.08) * times(Trait::CheekFullness, 0.02),
            jaw_y: (mouth_y - 0.06 - 0.045 * z(Trait::JawHeight)).clamp(chin_y + 0.24, mouth_y + 0.05),
            chin_y,
            chin_half: 0.20 * times(Trait::ChinWidth, 0.18),
            chin_forward: 0.035 * z(Trait::ChinProtrusion),
            neck_half: 0.440 * times(Trait::NeckWidth, 0.075),
            brow,
            eye,
            nose: Nose {
                base_y,
                tip_y: (base_y + (0.095 + 0.022 * z(Trait::NoseTipTurn)).max(0.045)).min(-0.17),
                half_width: 0.172 * times(Trait::NoseWidth, 0.11),
                bridge: 0.098 * times(Trait::BridgeWidth, 0.11),
                forward: 0.255 * times(Trait::NoseProtrusion, 0.13),
                hump: 0.016 * z(Trait::NoseHump),
                tip: 0.095 * times(Trait::NoseTipSize, 0.13),
            },
            mouth: Mouth {
                y: mouth_y,
                half_width: 0.252 * times(Trait::MouthWidth, 0.085),
                upper,
                lower,
                forward: 0.03 + 0.018 * z(Trait::MouthProtrusion),
                corner: 0.004 + 0.010 * z(Trait::MouthCornerTilt),
            },
            ear_size: 0.30 * times(Trait::EarSize, 0.09),
            ear_angle: 0.50 * times(Trait::EarStandOut, 0.25),
        }
    }
}

fn eye(z: &impl Fn(Trait) -> f32, times: &impl Fn(Trait, f32) -> f32) -> Eye {
    let half_width = 0.158 * times(Trait::EyeSize, 0.075);
    Eye {
        // The inner corners never meet.
        x: (0.317 * times(Trait::EyeSpacing, 0.055)).max(half_width + 0.07),
        half_width,
        upper: 0.053 * times(Trait::EyeSize, 0.06) * times(Trait::EyeOpening, 0.12),
        lower: 0.045 * times(Trait::EyeSize, 0.06) * times(Trait::EyeOpening, 0.08),
        tilt: 0.05 + 0.065 * z(Trait::EyeTilt),
        depth: times(Trait::EyeDepth, 0.2),
        fold: 0.050 * times(Trait::LidFold, -0.35),
    }
}

fn brow(z: &impl Fn(Trait) -> f32, times: &impl Fn(Trait, f32) -> f32, eye: &Eye) -> Brow {
    let half_thickness = 0.034 * times(Trait::BrowThickness, 0.27);
    let lowest = eye.upper + 0.05 + half_thickness;
    Brow {
        inner_x: 0.115 * times(Trait::BrowSpacing, 0.25),
        outer_x: eye.x + 0.225,
        y: (0.192 + 0.032 * z(Trait::BrowHeight)).max(lowest),
        arch: 0.052 * times(Trait::BrowArch, 0.4),
        tilt: 0.02 + 0.022 * z(Trait::BrowTilt),
        half_thickness,
        ridge: times(Trait::BrowRidge, 0.35),
    }
}

/// The number itself up to [`SOFT_LIMIT`], then ever slower towards twice that.
fn soft_limit(value: f32) -> f32 {
    let beyond = value.abs() - SOFT_LIMIT;
    if beyond <= 0.0 {
        return value;
    }
    value.signum() * (SOFT_LIMIT + SOFT_LIMIT * beyond / (beyond + SOFT_LIMIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::shape::traits::TRAIT_COUNT;

    #[test]
    fn traits_grow_without_bound_but_measures_do_not() {
        assert_eq!(soft_limit(-2.0), -2.0);
        assert!(soft_limit(1e9) < 2.0 * SOFT_LIMIT + 1e-3);
        for sign in [-1.0, 1.0] {
            let m = Measures::new(&Shape::new([sign * 100.0; TRAIT_COUNT]));
            assert!(m.chin_y < m.mouth.y - m.mouth.lower && m.mouth.y + m.mouth.upper < m.nose.base_y);
            assert!(m.nose.tip_y > m.nose.base_y && m.eye.x > m.eye.half_width && m.brow.y > m.eye.upper);
            assert!(m.hairline_y > m.brow.y && m.hairline_y < m.vertex_y, "{m:?}");
        }
    }
}
