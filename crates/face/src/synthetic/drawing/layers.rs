//! What an artist sees at every sample: of what it is, its plain colour, and how lit it is.

use crate::drawing::noise;
use crate::drawing::plane::smoothstep;
use crate::synthetic::photo::lit_scene::LitScene;
use crate::synthetic::shape::mesh::Part;
use crate::synthetic::shape::surface::Chart;
use crate::synthetic::shape::vector::{mix, mix_colour, scale_colour};

/// Of what a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    Paper,
    Skin,
    Ear,
    Hair,
    Beard,
    Cloth,
    Glasses,
    EyeWhite,
    Iris,
    Pupil,
    Lip,
    Mouth,
    Teeth,
}

/// One sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) material: Material,
    /// Plain colour without light, linear RGB.
    pub(crate) colour: [f32; 3],
    /// 0 in the dark, about 1 in full light.
    pub(crate) light: f32,
    /// Distance from the camera; 0 on paper.
    pub(crate) depth: f32,
    /// Strand coordinates of hair.
    pub(crate) strand: [f32; 2],
    /// Blush on cheeks and nose, 0..=1.
    pub(crate) blush: f32,
}

const PAPER: Layer =
    Layer { material: Material::Paper, colour: [1.0; 3], light: 1.0, depth: 0.0, strand: [0.0; 2], blush: 0.0 };

/// All samples of a lit scene, in rows.
pub(crate) fn layers(lit: &LitScene) -> Vec<Layer> {
    let frame = &lit.scene.frame;
    let mut layers = Vec::with_capacity(frame.seen.len());
    for index in 0..frame.seen.len() {
        layers.push(layer(lit, index).unwrap_or(PAPER));
    }
    layers
}

fn layer(lit: &LitScene, index: usize) -> Option<Layer> {
    let frame = &lit.scene.frame;
    let fragment = frame.fragment(&lit.scene.model.meshes, index)?;
    let (x, y) = (index % frame.width, index / frame.width);
    let open = lit.openness_at(x, y);
    let facing = fragment.normal.dot(lit.lamp.direction);
    let jitter = noise::random(7, x as i64, y as i64);
    let shadow = if facing > 0.0 { lit.lamp.reaches(fragment.point, fragment.normal, jitter) } else { 0.0 };
    let light = 0.62 * ((facing + 0.25) / 1.25).max(0.0) * mix(0.35, 1.0, shadow) + 0.45 * open;
    let [a, b, c] = fragment.attributes;
    let identity = lit.scene.identity;
    let plain = Layer {
        material: Material::Skin,
        colour: lit.painter.base,
        light,
        depth: 1.0 / frame.seen[index].near,
        strand: [0.0; 2],
        blush: 0.0,
    };
    Some(match fragment.part {
        Part::Hair => Layer { material: Material::Hair, colour: lit.painter.hair, strand: [a, b], ..plain },
        Part::Beard => Layer { material: Material::Beard, colour: lit.painter.hair, strand: [a, b], ..plain },
        Part::Ear => Layer { material: Material::Ear, blush: 0.35, ..plain },
        Part::Glasses => Layer {
            material: Material::Glasses,
            colour: identity.glasses.as_ref().map_or([0.0; 3], |g| g.colour),
            ..plain
        },
        Part::Body => {
            let (colour, bare, _) = lit.clothes.at(a, b, c, fragment.normal);
            if bare { plain } else { Layer { material: Material::Cloth, colour, ..plain } }
        }
        Part::Head => {
            let chart = Chart { x: a, y: b, angle: c };
            face(lit, plain, &chart, &fragment, open)
        }
    })
}

fn face(
    lit: &LitScene,
    plain: Layer,
    chart: &Chart,
    fragment: &crate::synthetic::photo::raster::Fragment,
    open: f32,
) -> Layer {
    let view = (lit.scene.camera.position() - fragment.point).unit();
    if let Some((glance, opening)) = lit.glance(fragment, chart, view) {
        let pupil = glance.cornea > 0.5 && glance.albedo[0] + glance.albedo[1] + glance.albedo[2] < 0.02;
        let material = if pupil {
            Material::Pupil
        } else if glance.cornea > 0.5 {
            Material::Iris
        } else {
            Material::EyeWhite
        };
        let colour = if material == Material::EyeWhite { [0.86, 0.85, 0.83] } else { scale_colour(glance.albedo, 1.5) };
        return Layer { material, colour, light: mix(0.55, 1.0, opening), ..plain };
    }
    if let Some((colour, tooth)) = lit.between_lips(chart) {
        let material = if tooth > 0.5 { Material::Teeth } else { Material::Mouth };
        let colour = if tooth > 0.5 { [0.85, 0.83, 0.78] } else { colour };
        return Layer { material, colour, light: 0.9, ..plain };
    }
    let skin = lit.painter.paint(chart);
    if skin.lip > 0.5 {
        return Layer { material: Material::Lip, colour: skin.lip_colour, ..plain };
    }
    let grown = smoothstep(0.35, 0.6, skin.hairy);
    let material =
        if grown > 0.5 { if chart.y > 0.0 { Material::Hair } else { Material::Beard } } else { Material::Skin };
    let colour = mix_colour(plain.colour, lit.painter.hair, 0.85 * grown);
    // Strands on the scalp and in short beards run down.
    let strand = [chart.angle * 1.4, chart.y * 1.4];
    Layer { material, colour, strand, blush: skin.blush, light: plain.light * mix(0.9, 1.0, open), ..plain }
}

/// Marks lie between samples of different things or depths.
pub(crate) fn is_border(here: &Layer, there: &Layer) -> Option<f32> {
    use Material as M;
    let group = |material: M| match material {
        M::Paper => 0,
        M::Skin | M::Lip | M::EyeWhite | M::Iris | M::Pupil | M::Mouth | M::Teeth => 1,
        M::Ear => 2,
        M::Hair => 3,
        M::Beard => 4,
        M::Cloth => 5,
        M::Glasses => 6,
    };
    let (a, b) = (here.material, there.material);
    let (first, second) = (group(a), group(b));
    if first == 0 || second == 0 {
        return (first != second).then_some(1.25);
    }
    let step = (here.depth - there.depth).abs();
    if first != second {
        let soft = matches!((a, b), (M::Ear, M::Skin) | (M::Skin, M::Ear) | (M::Beard, M::Skin) | (M::Skin, M::Beard));
        return (!soft || step > 0.05).then_some(if step > 0.15 { 1.0 } else { 0.8 });
    }
    let eye = |material: M| matches!(material, M::Iris | M::Pupil);
    if (eye(a) && b == M::EyeWhite) || (eye(b) && a == M::EyeWhite) {
        return Some(0.7);
    }
    if a == M::Cloth && colour_step(here, there) > 0.4 {
        return Some(0.6);
    }
    (step > 0.11).then_some(0.8)
}

/// Difference of two colours as a share of the brighter one, so that a weave makes no border.
fn colour_step(here: &Layer, there: &Layer) -> f32 {
    let step: f32 = (0..3).map(|k| (here.colour[k] - there.colour[k]).abs()).sum();
    let sum = |layer: &Layer| layer.colour.iter().sum::<f32>();
    step / (sum(here).max(sum(there)) + 0.15)
}
