//! Who is seen: shape, skin, hair, beard, glasses, age.

use super::shape::traits::{Shape, TRAIT_COUNT, Trait};
use super::shape::vector::mix;
use crate::drawing::noise::Dice;

/// A person. The same seed and number give the same person, whatever else is generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Geometry of the head.
    pub shape: Shape,
    /// -1 (feminine) to 1 (masculine).
    pub masculinity: f32,
    /// Years, 18..=80.
    pub age_years: f32,
    /// Colours of skin, eyes and lips.
    pub complexion: Complexion,
    /// Hair on the head.
    pub hair: Hair,
    /// Beard and moustache; density 0 without.
    pub beard: Beard,
    /// Glasses, for those who wear them.
    pub glasses: Option<Glasses>,
    /// Chooses moles, freckles and the direction of single hairs.
    pub texture_seed: u64,
}

/// Colours of skin, eyes and lips.
#[derive(Clone, Debug, PartialEq)]
pub struct Complexion {
    /// 0 (very light) to 1 (very dark).
    pub melanin: f32,
    /// 0 (pale) to 1 (ruddy).
    pub redness: f32,
    /// 0 (none) to 1 (many).
    pub freckles: f32,
    /// Number of moles, 0..=5.
    pub moles: u32,
    /// Colour of the iris, linear RGB.
    pub iris: [f32; 3],
    /// Strength of lip colour, 0 (as the skin) to 1 (lipstick).
    pub lip_colour: f32,
    /// Darkening of the lids' edges, 0..=1.
    pub lashes: f32,
    /// Darkness of the brows relative to the hair, 0..=1.
    pub brow_darkness: f32,
}

/// How hair is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum HairStyle {
    Bald,
    Fringed,
    Buzz,
    ShortSide,
    ShortUp,
    ShortCurly,
    Afro,
    Bob,
    BobFringe,
    LongMiddle,
    LongSide,
    LongWavy,
    TiedBack,
    Receding,
}

impl HairStyle {
    /// The name that a manifest uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bald => "bald",
            Self::Fringed => "fringed",
            Self::Buzz => "buzz",
            Self::ShortSide => "short_side",
            Self::ShortUp => "short_up",
            Self::ShortCurly => "short_curly",
            Self::Afro => "afro",
            Self::Bob => "bob",
            Self::BobFringe => "bob_fringe",
            Self::LongMiddle => "long_middle",
            Self::LongSide => "long_side",
            Self::LongWavy => "long_wavy",
            Self::TiedBack => "tied_back",
            Self::Receding => "receding",
        }
    }
}

/// Hair on the head.
#[derive(Clone, Debug, PartialEq)]
pub struct Hair {
    /// How it is worn.
    pub style: HairStyle,
    /// Linear RGB.
    pub colour: [f32; 3],
    /// Share of grey hairs, 0..=1.
    pub grey: f32,
    /// Thickness relative to the style's usual one, 0.6..=1.5.
    pub volume: f32,
    /// Side of the parting: -1 on the left in the picture, 1 on the right.
    pub side: f32,
    /// How far the hair has receded at the temples, 0..=1.
    pub recession: f32,
    /// Length relative to the style's usual one, 0.7..=1.3.
    pub length: f32,
}

/// Beard and moustache.
#[derive(Clone, Debug, PartialEq)]
pub struct Beard {
    /// 0 (shaven) to 1 (full).
    pub density: f32,
    /// Length in units of the head (decimetres), 0..=0.3.
    pub length: f32,
    /// Grows on the cheeks and jaw.
    pub jaw: f32,
    /// Grows under the nose.
    pub moustache: f32,
    /// Grows on the chin.
    pub chin: f32,
}

/// Glasses.
#[derive(Clone, Debug, PartialEq)]
pub struct Glasses {
    /// Colour of the frame, linear RGB.
    pub colour: [f32; 3],
    /// Half the thickness of the frame, 0.008..=0.03.
    pub half_thickness: f32,
    /// Half width and half height of a lens.
    pub half_size: [f32; 2],
    /// Power of the lens's outline: 2 round, 5 square.
    pub squareness: f32,
}

impl Identity {
    /// Person number `number` of a seed.
    pub fn sample(seed: u64, number: u64) -> Self {
        let key = spread(seed, number);
        let mut dice = Dice::new(key);
        let masculinity =
            if dice.between(0.0, 1.0) < 0.5 { dice.between(-1.0, -0.45) } else { dice.between(0.45, 1.0) };
        let age_years = 18.0 + 62.0 * dice.between(0.0, 1.0).powf(1.35);
        let mut shape = Shape::new(std::array::from_fn(|_| 1.15 * normal(&mut dice)));
        shape.add_masculinity(masculinity);
        age_shape(&mut shape, age_years);
        let complexion = complexion(&mut dice, masculinity, age_years, key);
        let hair = hair(&mut dice, masculinity, age_years, complexion.melanin);
        let beard = beard(&mut dice, masculinity);
        let glasses = (dice.between(0.0, 1.0) < mix(0.14, 0.42, (age_years - 18.0) / 62.0)).then(|| glasses(&mut dice));
        Self { shape, masculinity, age_years, complexion, hair, beard, glasses, texture_seed: spread(key, 77) }
    }

    /// The same person with its geometry and ways taken further from the mean face; see [`Shape::exaggerated`].
    #[must_use]
    pub fn exaggerated(&self, amount: f32, weights: &[f32; TRAIT_COUNT]) -> Self {
        Self { shape: self.shape.exaggerated(amount, weights), ..self.clone() }
    }

    /// Age from 0 (18 years) to 1 (80 years).
    pub(crate) fn age(&self) -> f32 {
        ((self.age_years - 18.0) / 62.0).clamp(0.0, 1.0)
    }
}

/// A well-spread seed for a numbered purpose.
pub(crate) fn spread(seed: u64, number: u64) -> u64 {
    let mut h = seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h = (h ^ (h >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    h ^ (h >> 31)
}

/// About normal with deviation 1, never beyond 2.5: the scaled sum of six uniform numbers.
pub(crate) fn normal(dice: &mut Dice) -> f32 {
    let sum: f32 = (0..6).map(|_| dice.between(-1.0, 1.0)).sum();
    (sum * std::f32::consts::FRAC_1_SQRT_2).clamp(-2.5, 2.5)
}

/// Noses and ears grow, lips thin, lids sink.
fn age_shape(shape: &mut Shape, age_years: f32) {
    let age = (age_years - 40.0) / 40.0;
    let shifts = [
        (Trait::NoseLength, 0.4),
        (Trait::NoseTipSize, 0.4),
        (Trait::EarSize, 0.7),
        (Trait::UpperLip, -0.6),
        (Trait::LowerLip, -0.3),
        (Trait::LidFold, 0.6),
        (Trait::EyeOpening, -0.4),
        (Trait::HairlineHeight, 0.4),
        (Trait::MouthCornerTilt, -0.4),
    ];
    for (which, shift) in shifts {
        shape.set(which, shape.get(which) + shift * age);
    }
}

fn complexion(dice: &mut Dice, masculinity: f32, age_years: f32, key: u64) -> Complexion {
    let melanin = dice.between(0.0, 1.0).powf(2.0);
    let iris_pick = dice.between(0.0, 1.0) + 0.9 * melanin;
    let shade = dice.between(0.75, 1.3);
    let iris: [f32; 3] = match iris_pick {
        pick if pick < 0.22 => [0.13, 0.25, 0.38],
        pick if pick < 0.38 => [0.17, 0.22, 0.22],
        pick if pick < 0.50 => [0.14, 0.20, 0.09],
        pick if pick < 0.68 => [0.22, 0.14, 0.05],
        _ => [0.085, 0.038, 0.016],
    };
    Complexion {
        melanin,
        redness: (0.35 + 0.22 * normal(dice)).clamp(0.0, 1.0),
        freckles: if melanin < 0.3 && dice.between(0.0, 1.0) < 0.25 { dice.between(0.3, 1.0) } else { 0.0 },
        moles: (key % 7).saturating_sub(3) as u32,
        iris: iris.map(|value| value * shade),
        lip_colour: if masculinity < 0.0 { dice.between(0.25, 0.9) } else { dice.between(0.0, 0.25) },
        lashes: if masculinity < 0.0 { dice.between(0.55, 1.0) } else { dice.between(0.3, 0.6) },
        brow_darkness: (0.75 + 0.15 * normal(dice) - 0.2 * ((age_years - 50.0) / 30.0).max(0.0)).clamp(0.35, 1.0),
    }
}

fn hair(dice: &mut Dice, masculinity: f32, age_years: f32, melanin: f32) -> Hair {
    use HairStyle as S;
    let old = ((age_years - 35.0) / 40.0).clamp(0.0, 1.0);
    let pick = dice.between(0.0, 1.0);
    let men = [S::ShortSide, S::ShortUp, S::Buzz, S::ShortCurly, S::ShortSide, S::ShortUp, S::LongMiddle, S::Afro];
    let balding = [S::Receding, S::Fringed, S::Bald];
    let women = [S::LongMiddle, S::LongSide, S::LongWavy, S::Bob, S::BobFringe, S::TiedBack, S::ShortCurly, S::Afro];
    let choice = |list: &[S]| list[((pick * list.len() as f32) as usize).min(list.len() - 1)];
    let style = if masculinity > 0.0 && dice.between(0.0, 1.0) < 0.06 + 0.5 * old {
        choice(&balding)
    } else if masculinity > 0.0 {
        choice(&men)
    } else {
        choice(&women)
    };
    let style = if style == S::Afro && melanin < 0.4 { S::ShortCurly } else { style };
    let dark = dice.between(0.0, 1.0) + 1.1 * melanin;
    let colour: [f32; 3] = match dark {
        dark if dark < 0.16 => [0.42, 0.30, 0.155],
        dark if dark < 0.28 => [0.27, 0.165, 0.072],
        dark if dark < 0.38 => [0.24, 0.080, 0.025],
        dark if dark < 0.62 => [0.105, 0.055, 0.028],
        dark if dark < 0.85 => [0.048, 0.026, 0.015],
        _ => [0.016, 0.012, 0.010],
    };
    let shade = dice.between(0.75, 1.3);
    let grey = (1.25 * old - dice.between(0.1, 0.9)).clamp(0.0, 1.0);
    Hair {
        style,
        colour: colour.map(|value| value * shade),
        grey,
        volume: dice.between(0.7, 1.4),
        side: if dice.between(0.0, 1.0) < 0.5 { -1.0 } else { 1.0 },
        recession: if masculinity > 0.0 { (old * dice.between(0.0, 1.3)).min(1.0) } else { 0.0 },
        length: dice.between(0.75, 1.25),
    }
}

fn beard(dice: &mut Dice, masculinity: f32) -> Beard {
    let (kind, strength, length) = (dice.between(0.0, 1.0), dice.between(0.0, 1.0), dice.between(0.0, 1.0));
    if masculinity < 0.0 || kind < 0.42 {
        let shadow = if masculinity > 0.0 { 0.10 * strength } else { 0.0 };
        return Beard { density: shadow, length: 0.0, jaw: 1.0, moustache: 1.0, chin: 1.0 };
    }
    match kind {
        kind if kind < 0.60 => {
            Beard { density: 0.3 + 0.3 * strength, length: 0.0, jaw: 1.0, moustache: 1.0, chin: 1.0 }
        }
        kind if kind < 0.70 => Beard { density: 0.85, length: 0.03, jaw: 0.0, moustache: 1.0, chin: 0.0 },
        kind if kind < 0.82 => {
            Beard { density: 0.85, length: 0.03 + 0.07 * length, jaw: 0.0, moustache: 1.0, chin: 1.0 }
        }
        _ => Beard { density: 0.95, length: 0.04 + 0.18 * length * length, jaw: 1.0, moustache: 1.0, chin: 1.0 },
    }
}

fn glasses(dice: &mut Dice) -> Glasses {
    const COLOURS: [[f32; 3]; 6] = [
        [0.012, 0.012, 0.014],
        [0.012, 0.012, 0.014],
        [0.085, 0.035, 0.015],
        [0.30, 0.24, 0.14],
        [0.22, 0.22, 0.23],
        [0.10, 0.015, 0.025],
    ];
    Glasses {
        colour: COLOURS[dice.index(COLOURS.len())],
        half_thickness: dice.between(0.009, 0.024),
        half_size: [dice.between(0.225, 0.265), dice.between(0.13, 0.21)],
        squareness: dice.between(2.0, 4.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_differ_and_stay_the_same() {
        let first = Identity::sample(1, 0);
        assert_eq!(first, Identity::sample(1, 0));
        assert_ne!(first, Identity::sample(1, 1));
        assert_ne!(first, Identity::sample(2, 0));
    }

    #[test]
    fn traits_are_about_normal() {
        let shapes: Vec<Shape> = (0..400).map(|number| Identity::sample(5, number).shape).collect();
        let values = || shapes.iter().map(|shape| shape.get(Trait::EyeSpacing));
        let mean = values().sum::<f32>() / 400.0;
        let spread = (values().map(|v| (v - mean).powi(2)).sum::<f32>() / 400.0).sqrt();
        assert!(mean.abs() < 0.25 && (0.95..1.35).contains(&spread), "{mean} {spread}");
    }
}
