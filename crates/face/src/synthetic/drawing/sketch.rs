//! Drawings: the same people as an artist draws them, with their geometry exaggerated.

use super::artist::{Artist, Technique};
use super::contours::contours;
use super::ink::{Ink, Pen};
use super::layers::{Layer, Material, is_border, layers};
use super::paint;
use crate::drawing::noise::{self, Dice};
use crate::drawing::plane::smoothstep;
use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::synthetic::identity::{Identity, normal, spread};
use crate::synthetic::photo::lit_scene::LitScene;
use crate::synthetic::photo::scene::{Portrait, Scene};
use crate::synthetic::photo::shot::Shot;
use crate::synthetic::shape::traits::TRAIT_COUNT;
use crate::synthetic::side::check_side;

/// How a drawing is done, apart from who draws and who is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// Pose, expression, light, framing and clothes; the camera's part is not used but for the quality of the file.
    pub shot: Shot,
    /// How far the geometry goes away from the mean face: 0 as it is, 1 twice as far; -1..=4.
    pub exaggeration: f32,
    /// How this drawing differs from the artist's habit, trait by trait, about 1.
    pub mood: [f32; TRAIT_COUNT],
}

impl Sketch {
    /// A drawing drawn at random around an amount of exaggeration (times 0.6 to 1.4; 0 stays 0).
    pub fn sample(seed: u64, exaggeration: f32) -> Self {
        let mut shot = Shot::sample(spread(seed, 0xD2A));
        let mut dice = Dice::new(spread(seed, 0x5CE7));
        // Caricaturists like faces from the front, upright, and doing something.
        shot.yaw_degrees *= 0.75;
        shot.roll_degrees *= 0.6;
        shot.expression.smile *= 1.15;
        shot.framing.head_share = dice.between(0.56, 0.68);
        shot.framing.distance = dice.between(9.0, 14.0);
        shot.light.softness = 0.05;
        let exaggeration = exaggeration * dice.between(0.6, 1.4);
        let mood = std::array::from_fn(|_| (1.0 + 0.2 * normal(&mut dice)).clamp(0.3, 1.7));
        Self { shot, exaggeration, mood }
    }

    /// The weights of the traits: the artist's emphasis and this drawing's mood.
    fn weights(&self, artist: &Artist) -> [f32; TRAIT_COUNT] {
        std::array::from_fn(|index| artist.emphasis[index] * self.mood[index])
    }

    /// The person as it is drawn.
    pub fn subject(&self, identity: &Identity, artist: &Artist) -> Identity {
        let mut subject = identity.exaggerated(self.exaggeration, &self.weights(artist));
        subject.glasses = subject.glasses.filter(|_| self.shot.glasses);
        subject
    }
}

/// Draws a person, `side_px` by `side_px` pixels.
///
/// # Errors
/// [`Error::OutOfRange`] for a side outside [`crate::synthetic::SIDES`] or an exaggeration outside -1 to 4.
pub fn draw_caricature(identity: &Identity, artist: &Artist, sketch: &Sketch, side_px: usize) -> Result<Portrait> {
    check_side(side_px)?;
    if !(-1.0..=4.0).contains(&sketch.exaggeration) {
        let found = sketch.exaggeration.to_string();
        return Err(Error::OutOfRange { what: "exaggeration", expected: "-1 to 4", found });
    }
    let subject = sketch.subject(identity, artist);
    let mut shot = sketch.shot.clone();
    shot.framing.head_share *= artist.head;
    let scene = Scene::new(&subject, &shot, side_px);
    let lit = LitScene::new(&scene, &shot);
    let layers = layers(&lit);
    let ink = line_work(&scene, &layers, artist, &shot);
    let picture: Picture = paint::paint(&layers, &ink, artist, side_px, shot.seed)?;
    Ok(Portrait { picture, points: scene.points() })
}

/// Widths in pixels of a 256 pixel picture.
fn usual_width(technique: Technique) -> f32 {
    match technique {
        Technique::InkLine => 1.75,
        Technique::PencilHatching => 1.05,
        Technique::FlatColour => 1.45,
        Technique::Wash => 0.95,
    }
}

fn line_work(scene: &Scene, layers: &[Layer], artist: &Artist, shot: &Shot) -> Ink {
    let side = scene.frame.width;
    let width = usual_width(artist.technique) * artist.line * side as f32 / 256.0;
    let mut ink = Ink::new(side, artist.wobble, shot.seed);
    let light_side = shot.light.azimuth_degrees.signum();
    let identity = scene.identity;
    for line in contours(&scene.model, identity.age(), identity.complexion.lashes, light_side, identity.texture_seed) {
        let placed: Vec<(f32, f32, f32)> = line.points.iter().map(|&point| scene.camera.project(point)).collect();
        let visible: Vec<bool> = placed.iter().map(|&(x, y, near)| is_visible(scene, x, y, near)).collect();
        let points: Vec<[f32; 2]> = placed.iter().map(|&(x, y, _)| [x, y]).collect();
        let swollen = 1.0 + artist.swell * (line.width - 1.0);
        ink.stroke(&points, &visible, Pen { width: width * swollen, darkness: line.darkness, taper: line.taper });
    }
    borders(&mut ink, layers, width, artist.swell);
    strands(&mut ink, layers, width, artist, identity.texture_seed);
    ink
}

/// A point of a line is seen unless something lies clearly before it.
fn is_visible(scene: &Scene, x: f32, y: f32, near: f32) -> bool {
    let side = scene.frame.width as f32;
    if x < 0.0 || y < 0.0 || x >= side || y >= side {
        return false;
    }
    let seen = scene.frame.seen[y as usize * scene.frame.width + x as usize].near;
    // 0.06 in depth.
    seen <= near + 0.06 * near * near
}

fn borders(ink: &mut Ink, layers: &[Layer], width: f32, swell: f32) {
    let side = ink.side;
    for y in 0..side - 1 {
        for x in 0..side - 1 {
            let here = &layers[y * side + x];
            let right = is_border(here, &layers[y * side + x + 1]);
            let below = is_border(here, &layers[(y + 1) * side + x]);
            if let Some(weight) = right.or(below) {
                ink.dab(x, y, Pen { width: width * weight, darkness: 0.95, taper: [0.0; 2] }, swell);
            }
        }
    }
}

/// Lines along strands of hair: level lines of noise that is stretched along them.
fn strands(ink: &mut Ink, layers: &[Layer], width: f32, artist: &Artist, seed: u64) {
    let side = ink.side;
    let value = |layer: &Layer| {
        let [across, along] = layer.strand;
        noise::smooth(seed ^ 0x57A2, across * 11.0, along * 1.1)
    };
    let is_hair = |layer: &Layer| matches!(layer.material, Material::Hair | Material::Beard);
    for y in 0..side - 1 {
        for x in 0..side - 1 {
            let here = &layers[y * side + x];
            if !is_hair(here) {
                continue;
            }
            let (right, below) = (&layers[y * side + x + 1], &layers[(y + 1) * side + x]);
            if right.material != here.material || below.material != here.material {
                continue;
            }
            let middle = value(here);
            let slope = (value(right) - middle).hypot(value(below) - middle);
            // A jump is a fold of the hair, not a strand.
            if slope > 0.2 {
                continue;
            }
            let distance = (middle - 0.5).abs() / (slope + 2e-3);
            let [across, along] = here.strand;
            let broken = noise::smooth(seed ^ 0x57A3, across * 6.0, along * 2.6);
            let kept = smoothstep(0.32, 0.55, broken) * smoothstep(1.25, 0.75, here.light * (0.7 + 0.6 * broken));
            let half = 0.5 * width * (0.45 + 0.6 * kept);
            ink.fill(y * side + x, (half + 0.5 - distance).clamp(0.0, 1.0) * kept * (0.75 + 0.2 * artist.swell));
        }
    }
}
