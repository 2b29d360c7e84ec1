//! The shape of a head as numbers: how far each trait lies from the mean face.

/// What can differ between two heads, each measured in standard deviations from the mean face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[expect(missing_docs, reason = "each name says what is larger, wider, longer or higher when the number is positive")]
pub enum Trait {
    HeadWidth,
    CraniumHeight,
    HairlineHeight,
    ForeheadSlope,
    CheekboneWidth,
    CheekFullness,
    JawWidth,
    JawHeight,
    ChinWidth,
    ChinHeight,
    ChinProtrusion,
    BrowRidge,
    BrowHeight,
    BrowThickness,
    BrowArch,
    BrowTilt,
    BrowSpacing,
    EyeSpacing,
    EyeSize,
    EyeOpening,
    EyeTilt,
    EyeDepth,
    LidFold,
    NoseLength,
    NoseWidth,
    BridgeWidth,
    NoseProtrusion,
    NoseHump,
    NoseTipSize,
    NoseTipTurn,
    PhiltrumLength,
    MouthWidth,
    UpperLip,
    LowerLip,
    MouthProtrusion,
    MouthCornerTilt,
    EarSize,
    EarStandOut,
    NeckWidth,
}

/// Number of traits.
pub const TRAIT_COUNT: usize = Trait::NeckWidth as usize + 1;

/// Names of the traits, in the order of the numbers.
pub const TRAIT_NAMES: [&str; TRAIT_COUNT] = [
    "head_width",
    "cranium_height",
    "hairline_height",
    "forehead_slope",
    "cheekbone_width",
    "cheek_fullness",
    "jaw_width",
    "jaw_height",
    "chin_width",
    "chin_height",
    "chin_protrusion",
    "brow_ridge",
    "brow_height",
    "brow_thickness",
    "brow_arch",
    "brow_tilt",
    "brow_spacing",
    "eye_spacing",
    "eye_size",
    "eye_opening",
    "eye_tilt",
    "eye_depth",
    "lid_fold",
    "nose_length",
    "nose_width",
    "bridge_width",
    "nose_protrusion",
    "nose_hump",
    "nose_tip_size",
    "nose_tip_turn",
    "philtrum_length",
    "mouth_width",
    "upper_lip",
    "lower_lip",
    "mouth_protrusion",
    "mouth_corner_tilt",
    "ear_size",
    "ear_stand_out",
    "neck_width",
];

/// How men's faces (+1) differ from the mean of all on average, in standard deviations; women's differ the other way.
const MASCULINE: [(Trait, f32); 15] = [
    (Trait::HeadWidth, 0.3),
    (Trait::JawWidth, 0.7),
    (Trait::JawHeight, 0.3),
    (Trait::ChinWidth, 0.5),
    (Trait::ChinHeight, 0.4),
    (Trait::BrowRidge, 0.8),
    (Trait::BrowThickness, 0.6),
    (Trait::BrowHeight, -0.6),
    (Trait::BrowArch, -0.6),
    (Trait::EyeSize, -0.4),
    (Trait::EyeOpening, -0.4),
    (Trait::NoseWidth, 0.3),
    (Trait::NoseProtrusion, 0.4),
    (Trait::UpperLip, -0.4),
    (Trait::NeckWidth, 0.9),
];

/// How a head differs from the mean face: one number per [`Trait`], in standard deviations; all zero is the mean face.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    values: [f32; TRAIT_COUNT],
}

impl Shape {
    /// The mean face.
    pub const MEAN: Self = Self { values: [0.0; TRAIT_COUNT] };

    /// A shape from its numbers, in the order of [`TRAIT_NAMES`].
    pub fn new(values: [f32; TRAIT_COUNT]) -> Self {
        Self { values }
    }

    /// The numbers, in the order of [`TRAIT_NAMES`].
    pub fn values(&self) -> &[f32; TRAIT_COUNT] {
        &self.values
    }

    /// One trait in standard deviations.
    pub fn get(&self, which: Trait) -> f32 {
        self.values[which as usize]
    }

    /// Sets one trait.
    pub fn set(&mut self, which: Trait, value: f32) {
        self.values[which as usize] = value;
    }

    /// The shape further from (positive amount) or nearer to (negative) the mean face: every trait times
    /// `1 + amount * weight`. An amount of 0 gives the same numbers again.
    #[must_use]
    pub fn exaggerated(&self, amount: f32, weights: &[f32; TRAIT_COUNT]) -> Self {
        let mut values = self.values;
        values.iter_mut().zip(weights).for_each(|(value, weight)| *value *= 1.0 + amount * weight);
        Self { values }
    }

    /// Adds what a face of that masculinity (-1 to 1) has on average.
    pub(crate) fn add_masculinity(&mut self, masculinity: f32) {
        for (which, shift) in MASCULINE {
            self.values[which as usize] += shift * masculinity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exaggeration_goes_away_from_the_mean_face_and_zero_changes_nothing() {
        let mut shape = Shape::MEAN;
        shape.set(Trait::NoseLength, 1.5);
        shape.set(Trait::JawWidth, -0.5);
        assert_eq!(shape.exaggerated(0.0, &[1.0; TRAIT_COUNT]), shape);
        let more = shape.exaggerated(1.0, &[1.0; TRAIT_COUNT]);
        assert_eq!((more.get(Trait::NoseLength), more.get(Trait::JawWidth)), (3.0, -1.0));
        assert_eq!(more.get(Trait::EyeSize), 0.0);
        assert_eq!(shape.exaggerated(-1.0, &[1.0; TRAIT_COUNT]), Shape::MEAN);
    }
}
