//! Everything about a photo but the person: pose, expression, light, framing, background, clothes, camera.

use crate::drawing::noise::Dice;
use crate::synthetic::identity::{normal, spread};
use crate::synthetic::shape::expression::Expression;

/// How a photo is taken. The same seed gives the same shot.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// Turn of the head to the viewer's right, degrees.
    pub yaw_degrees: f32,
    /// Turn of the head up, degrees.
    pub pitch_degrees: f32,
    /// Tilt of the head clockwise as seen, degrees.
    pub roll_degrees: f32,
    /// What the face does.
    pub expression: Expression,
    /// Where light comes from.
    pub light: Light,
    /// How the head lies in the picture.
    pub framing: Framing,
    /// What the camera adds.
    pub camera: Lens,
    /// Whether somebody who has glasses wears them.
    pub glasses: bool,
    /// Chooses background, clothes and noise.
    pub seed: u64,
}

/// A main light, and light from all around.
#[derive(Clone, Debug, PartialEq)]
pub struct Light {
    /// Direction of the main light: degrees to the viewer's right of the camera.
    pub azimuth_degrees: f32,
    /// Degrees above the camera.
    pub elevation_degrees: f32,
    /// Colour and strength of the main light, linear RGB.
    pub key: [f32; 3],
    /// Light from above, linear RGB.
    pub sky: [f32; 3],
    /// Light from below, linear RGB.
    pub ground: [f32; 3],
    /// Size of the main light, 0.01 (hard shadows) to 0.12 (soft).
    pub softness: f32,
}

/// How the head lies in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// Height of the mean head (chin to crown) as a share of the picture's height.
    pub head_share: f32,
    /// Middle of the head as shares of width and height.
    pub center: [f32; 2],
    /// Distance of the camera in decimetres; near cameras enlarge noses.
    pub distance: f32,
}

/// What the camera adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Deviation of the blur in pixels of a 256 pixel picture.
    pub blur: f32,
    /// Deviation of the noise in grey levels.
    pub noise: f32,
    /// Factor of brightness.
    pub exposure: f32,
    /// Factors of red and blue.
    pub balance: [f32; 2],
    /// Contrast of the curve, about 1.
    pub contrast: f32,
    /// Quality of the JPEG file, 1..=100.
    pub jpeg_quality: u8,
}

impl Shot {
    /// A shot drawn at random.
    pub fn sample(seed: u64) -> Self {
        let mut dice = Dice::new(spread(seed, 0x5407));
        let frontal = dice.between(0.0, 1.0) < 0.45;
        let wide = if frontal { 5.0 } else { 15.0 };
        let yaw = (normal(&mut dice) * wide).clamp(-38.0, 38.0);
        Self {
            yaw_degrees: yaw,
            pitch_degrees: (normal(&mut dice) * 6.0 - 1.0).clamp(-15.0, 15.0),
            roll_degrees: (normal(&mut dice) * 5.0).clamp(-15.0, 15.0),
            expression: expression(&mut dice),
            light: Light::sample(&mut dice),
            framing: Framing {
                head_share: dice.between(0.57, 0.69),
                center: [0.5 + 0.03 * normal(&mut dice).clamp(-1.5, 1.5), 0.475 + 0.015 * normal(&mut dice)],
                distance: dice.between(10.0, 22.0),
            },
            camera: Lens {
                blur: dice.between(0.25, 0.75),
                noise: dice.between(0.8, 3.4),
                exposure: dice.between(0.82, 1.22),
                balance: [dice.between(0.93, 1.08), dice.between(0.91, 1.09)],
                contrast: dice.between(0.92, 1.15),
                jpeg_quality: dice.between(62.0, 96.0) as u8,
            },
            glasses: dice.between(0.0, 1.0) < 0.88,
            seed,
        }
    }

    /// The same shot in a mirror: pose, gaze, brows and light change sides.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let mut shot = self.clone();
        shot.yaw_degrees = -self.yaw_degrees;
        shot.roll_degrees = -self.roll_degrees;
        shot.expression.brow_skew = -self.expression.brow_skew;
        shot.expression.gaze[0] = -self.expression.gaze[0];
        shot.light.azimuth_degrees = -self.light.azimuth_degrees;
        shot.framing.center[0] = 1.0 - self.framing.center[0];
        shot
    }
}

fn expression(dice: &mut Dice) -> Expression {
    let smiling = dice.between(0.0, 1.0) < 0.6;
    let smile = if smiling { dice.between(0.2, 1.0) } else { dice.between(-0.35, 0.2) };
    let talks = dice.between(0.0, 1.0) < 0.45;
    Expression {
        smile,
        open: if talks { dice.between(0.05, if smiling { 0.42 } else { 0.25 }) } else { 0.0 },
        brows: 0.35 * normal(dice).clamp(-1.6, 2.0),
        brow_skew: 0.22 * normal(dice).clamp(-2.0, 2.0),
        lids: (0.18 * normal(dice) - 0.02).clamp(-0.45, 0.5),
        gaze: [0.12 * normal(dice), 0.05 * normal(dice)],
    }
}

impl Light {
    fn sample(dice: &mut Dice) -> Self {
        let side = if dice.between(0.0, 1.0) < 0.5 { -1.0 } else { 1.0 };
        let warmth = normal(dice) * 0.08;
        let strength = dice.between(1.4, 2.5);
        let fill = dice.between(0.35, 0.95);
        let cool = normal(dice) * 0.06;
        let tint = |strength: f32, warmth: f32| [strength * (1.0 + warmth), strength, strength * (1.0 - 1.2 * warmth)];
        Self {
            azimuth_degrees: side * dice.between(5.0, 62.0),
            elevation_degrees: dice.between(12.0, 52.0),
            key: tint(strength, warmth),
            sky: tint(fill, cool - 0.02),
            ground: tint(fill * dice.between(0.35, 0.75), cool + 0.10),
            softness: dice.between(0.03, 0.11),
        }
    }
}
