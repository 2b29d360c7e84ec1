//! A lit scene: every sample is coloured by its material and lit.

use super::background::Background;
use super::light::{Lamp, ambient, openness};
use super::raster::Fragment;
use super::scene::{SAMPLES, Scene};
use super::shot::Shot;
use crate::drawing::noise;
use crate::drawing::plane::smoothstep;
use crate::synthetic::appearance::cloth::Clothes;
use crate::synthetic::appearance::eye::{Eyeball, Glance};
use crate::synthetic::appearance::skin::{Painter, Skin};
use crate::synthetic::identity::spread;
use crate::synthetic::shape::features;
use crate::synthetic::shape::mesh::Part;
use crate::synthetic::shape::surface::Chart;
use crate::synthetic::shape::vector::{Vector, mix, mix_colour, scale_colour, vector};

/// A lit scene.
pub(crate) struct LitScene<'a> {
    pub(crate) scene: &'a Scene<'a>,
    shot: &'a Shot,
    pub(crate) painter: Painter<'a>,
    pub(crate) lamp: Lamp,
    openness: Vec<f32>,
    eyes: [Eyeball; 2],
    pub(crate) clothes: Clothes,
    background: Background,
    axes: [Vector; 3],
}

/// What a surface sends to the camera without shine, and how it shines.
struct Finish {
    albedo: [f32; 3],
    normal: Vector,
    shine: f32,
    gloss: f32,
    /// How far light goes through below the surface: red, green and blue wrap around edges by that much.
    soft: [f32; 3],
    open: f32,
}

impl<'a> LitScene<'a> {
    pub(crate) fn new(scene: &'a Scene<'a>, shot: &'a Shot) -> Self {
        let model = &scene.model;
        let lamp = Lamp::new(&shot.light, &model.meshes, |_, attributes| attributes[2] > 0.1);
        let openness = openness(&scene.frame, &scene.camera, SAMPLES, 0xA0);
        let stance = &model.stance;
        let gaze = gaze(shot);
        let eyes = [-1.0, 1.0].map(|side| Eyeball {
            center: stance.place(model.surface.eyeball(side), 1.0),
            gaze: stance.turn_head(gaze),
        });
        let axes =
            [vector(1.0, 0.0, 0.0), vector(0.0, 1.0, 0.0), vector(0.0, 0.0, 1.0)].map(|axis| stance.turn_head(axis));
        Self {
            scene,
            shot,
            painter: Painter::new(model, scene.identity),
            lamp,
            openness,
            eyes,
            clothes: Clothes::sample(spread(shot.seed, 3)),
            background: Background::sample(spread(shot.seed, 4)),
            axes,
        }
    }

    /// Linear light at every pixel, RGB.
    pub(crate) fn expose(&self) -> Vec<[f32; 3]> {
        let side = self.scene.side_px;
        let mut pixels = Vec::with_capacity(side * side);
        for y in 0..side {
            for x in 0..side {
                let behind = self.background.at((x as f32 + 0.5) / side as f32, (y as f32 + 0.5) / side as f32);
                let mut sum = [0.0; 3];
                for sub in 0..SAMPLES * SAMPLES {
                    let (sx, sy) = (x * SAMPLES + sub % SAMPLES, y * SAMPLES + sub / SAMPLES);
                    let colour = self.sample(sx, sy).unwrap_or(behind);
                    (0..3).for_each(|k| sum[k] += colour[k]);
                }
                pixels.push(sum.map(|value| value / (SAMPLES * SAMPLES) as f32));
            }
        }
        pixels
    }

    /// How open the surroundings of a sample are.
    pub(crate) fn openness_at(&self, x: usize, y: usize) -> f32 {
        self.openness[(y / SAMPLES) * self.scene.side_px + x / SAMPLES]
    }

    fn sample(&self, x: usize, y: usize) -> Option<[f32; 3]> {
        let frame = &self.scene.frame;
        let index = y * frame.width + x;
        let fragment = frame.fragment(&self.scene.model.meshes, index)?;
        let open = self.openness_at(x, y);
        let jitter = noise::random(7, x as i64, y as i64);
        let view = (self.scene.camera.position() - fragment.point).unit();
        Some(match fragment.part {
            Part::Hair | Part::Beard => self.hair(&fragment, view, open, jitter),
            _ => self.shade(&fragment, &self.finish(&fragment, view, open), view, jitter),
        })
    }

    /// Material of a sample that is no hair.
    fn finish(&self, fragment: &Fragment, view: Vector, open: f32) -> Finish {
        let [a, b, c] = fragment.attributes;
        match fragment.part {
            Part::Head => {
                let chart = Chart { x: a, y: b, angle: c };
                if let Some(finish) = self.eye(fragment, &chart, view, open) {
                    return finish;
                }
                if let Some(finish) = self.mouth(fragment, &chart, open) {
                    return finish;
                }
                self.skin(self.painter.face(&chart), fragment.normal, open)
            }
            Part::Ear => {
                let bowl = mix(0.55, 1.0, smoothstep(0.15, 0.7, a));
                self.skin(self.painter.plain(0.75, a * 3.0, b), fragment.normal, open * bowl)
            }
            Part::Body => {
                let (cloth, bare, normal) = self.clothes.at(a, b, c, fragment.normal);
                if bare {
                    return self.skin(self.painter.plain(0.15, a, b), fragment.normal, open);
                }
                Finish { albedo: cloth, normal, shine: 0.12, gloss: 8.0, soft: [0.1; 3], open }
            }
            _ => {
                let colour = self.scene.identity.glasses.as_ref().map_or([0.02; 3], |glasses| glasses.colour);
                Finish { albedo: colour, normal: fragment.normal, shine: 5.0, gloss: 60.0, soft: [0.0; 3], open }
            }
        }
    }

    fn skin(&self, skin: Skin, normal: Vector, open: f32) -> Finish {
        let bent = normal + self.axes[0] * skin.bump[0] + self.axes[1] * skin.bump[1];
        let soft = [0.38, 0.16, 0.10].map(|value| value * (1.0 - 0.6 * skin.hairy));
        Finish {
            albedo: skin.albedo,
            normal: bent.unit(),
            shine: skin.shine * (1.0 - 0.7 * skin.hairy),
            gloss: 18.0,
            soft,
            open,
        }
    }

    fn eye(&self, fragment: &Fragment, chart: &Chart, view: Vector, open: f32) -> Option<Finish> {
        let (glance, lids) = self.glance(fragment, chart, view)?;
        let shine = mix(0.5, 1.5, glance.cornea);
        let gloss = mix(40.0, 330.0, glance.cornea);
        let open = mix(1.0, open, 0.4) * lids;
        Some(Finish { albedo: glance.albedo, normal: glance.normal, shine, gloss, soft: [0.25, 0.2, 0.2], open })
    }

    /// What is seen between the lids, and how much light they let through; `None` outside.
    pub(crate) fn glance(&self, fragment: &Fragment, chart: &Chart, view: Vector) -> Option<(Glance, f32)> {
        let opening = &self.painter.opening;
        if chart.angle.abs() > 1.4 {
            return None;
        }
        let (s, height) = opening.local(chart.x, chart.y);
        if s.abs() >= 1.0 || height >= opening.upper_edge(s) || height <= opening.lower_edge(s) {
            return None;
        }
        let eye = &self.eyes[usize::from(chart.x > 0.0)];
        let identity = self.scene.identity;
        let glance = eye.look(fragment.point, -view, opening, (s, height), &identity.complexion, identity.texture_seed);
        let lids = glance.open;
        Some((glance, lids))
    }

    /// Between the lips: teeth and the dark of the mouth.
    fn mouth(&self, fragment: &Fragment, chart: &Chart, open: f32) -> Option<Finish> {
        let (albedo, tooth) = self.between_lips(chart)?;
        let normal = if tooth > 0.0 { self.axes[2] } else { fragment.normal };
        Some(Finish { albedo, normal, shine: 0.6 * tooth, gloss: 40.0, soft: [0.2; 3], open: open.max(0.55) })
    }

    /// Colour between the lips and how far it is a tooth's; `None` outside.
    pub(crate) fn between_lips(&self, chart: &Chart) -> Option<([f32; 3], f32)> {
        let surface = &self.scene.model.surface;
        let (mouth, e) = (&surface.measures.mouth, &surface.expression);
        let gap = features::lip_gap(mouth, e, chart.x);
        let offset = chart.y - features::mouth_line(mouth, chart.x);
        if chart.angle.abs() > 1.2 || offset.abs() > gap {
            return None;
        }
        let dark = [0.045, 0.012, 0.011];
        if e.open < 0.03 {
            return Some((dark, 0.0));
        }
        // 0 at the upper lip, 1 at the lower one; the upper teeth end a fixed length below the upper lip.
        let share = 0.5 - 0.5 * offset / gap;
        let height = 0.21 * e.open * share;
        let s = chart.x / mouth.half_width;
        let tooth_length = 0.075 + 0.012 * e.smile.max(0.0) - 0.05 * s * s;
        let tooth = (chart.x / 0.082 + 0.5).rem_euclid(1.0) - 0.5;
        let between = smoothstep(0.5, 0.40, tooth.abs());
        let tip = tooth_length - 0.012 * (2.0 * tooth).powi(2);
        let is_tooth = smoothstep(tip + 0.008, tip - 0.008, height) * smoothstep(1.0, 0.86, s.abs());
        let enamel = scale_colour(
            [0.66, 0.62, 0.55],
            mix(0.62, 1.0, between) * mix(0.60, 1.0, smoothstep(0.0, 0.05, height)) * mix(1.0, 0.45, (s * s).min(1.0)),
        );
        let tongue = mix_colour(dark, [0.30, 0.085, 0.08], smoothstep(0.45, 1.0, share) * smoothstep(0.2, 0.5, e.open));
        Some((mix_colour(tongue, enamel, is_tooth), is_tooth))
    }

    /// Lights a surface.
    fn shade(&self, fragment: &Fragment, finish: &Finish, view: Vector, jitter: f32) -> [f32; 3] {
        let light = &self.shot.light;
        let normal = finish.normal;
        let facing = normal.dot(self.lamp.direction);
        let shadow = if facing > -0.4 { self.lamp.reaches(fragment.point, fragment.normal, jitter) } else { 0.0 };
        let around = ambient(light, normal);
        let half = (view + self.lamp.direction).unit();
        let grazing = (1.0 - normal.dot(view).max(0.0)).powi(5);
        let highlight = normal.dot(half).max(0.0).powf(finish.gloss) * facing.max(0.0).sqrt() * shadow;
        let strength = finish.shine * (0.028 + 0.30 * grazing) * (finish.gloss + 2.0) / 8.0;
        std::array::from_fn(|k| {
            let wrap = finish.soft[k];
            let diffuse = ((facing + wrap) / (1.0 + wrap)).max(0.0) / (1.0 + 0.5 * wrap);
            // Shadows on skin have red borders: light that went in beside them comes out.
            let lit = shadow.powf(1.0 / (1.0 + 1.4 * wrap));
            // Light between concave surfaces takes their colour: occlusion is never as dark on bright ones.
            let open = finish.open.powf(1.0 - 0.35 * finish.albedo[k]);
            let direct = light.key[k] * diffuse * lit * mix(1.0, finish.open, 0.35);
            let mirror = light.key[k] * highlight * strength
                + around[k] * (0.012 + 0.16 * grazing) * finish.shine * finish.open * 0.5;
            finish.albedo[k] * (direct * 0.62 + around[k] * open) + mirror
        })
    }

    /// Lights strands; Kajiya and Kay 1989, with the two shifted highlights of Marschner et al. 2003 in a crude form.
    fn hair(&self, fragment: &Fragment, view: Vector, open: f32, jitter: f32) -> [f32; 3] {
        let [across, along, cover] = fragment.attributes;
        let beard = fragment.part == Part::Beard;
        let identity = self.scene.identity;
        let seed = identity.texture_seed ^ 0x7A1;
        let fine = noise::smooth(seed, across * 55.0, along * 1.6) - 0.5;
        let broad = noise::fractal(seed ^ 1, across * 15.0, along * 1.4, 2) - 0.5;
        let greyness = noise::smooth(seed ^ 2, across * 70.0, along * 0.8);
        let grey = identity.hair.grey * if beard { 1.15 } else { 1.0 };
        let colour = mix_colour(
            mix_colour(identity.hair.colour, [0.30; 3], 0.35 * grey.min(1.0)),
            mix_colour([0.45, 0.44, 0.43], identity.hair.colour, 0.4 * (1.0 - grey).max(0.0)),
            smoothstep(1.0 - 1.55 * grey, 1.55 - 1.55 * grey, greyness),
        );
        let curl = self.scene.model.cut.as_ref().map_or(0.0, |cut| cut.curl);
        let tangent = self.tangent(fragment, beard);
        let side = fragment.normal.cross(tangent).unit();
        let mut normal = fragment.normal + side * (0.55 * fine + 0.6 * broad);
        if curl > 0.3 || beard {
            let curls = noise::fractal(seed ^ 3, across * 16.0, along * 14.0, 2) - 0.5;
            normal = normal + tangent * (1.6 * curls);
        }
        let normal = normal.unit();
        let root = mix(0.72, 1.0, smoothstep(-0.6, 1.6, cover));
        let albedo =
            scale_colour(colour, (1.0 + 0.55 * fine + 0.7 * broad).max(0.25) * root * if beard { 0.85 } else { 1.0 });
        let light = &self.shot.light;
        let facing = normal.dot(self.lamp.direction);
        let shadow = if facing > -0.5 { self.lamp.reaches(fragment.point, fragment.normal, jitter) } else { 0.0 };
        let around = ambient(light, normal);
        let half = (view + self.lamp.direction).unit();
        let lobe = |shift: f32, power: f32| {
            let shifted = (tangent + normal * shift).unit();
            let cos = shifted.dot(half);
            (1.0 - cos * cos).max(0.0).sqrt().powf(power)
        };
        let smooth = 1.0 - 0.75 * curl.max(if beard { 0.8 } else { 0.0 });
        let first = 0.030 * lobe(0.10 + 0.08 * fine + 0.05 * broad, 45.0) * (0.8 + 0.9 * fine).max(0.1) * smooth;
        let second = lobe(-0.12 + 0.35 * fine, 22.0) * smooth;
        let visible = ((facing + 0.35) / 1.35).max(0.0) * shadow;
        std::array::from_fn(|k| {
            let diffuse = ((facing + 0.3) / 1.3).max(0.0);
            let direct = light.key[k] * shadow * diffuse * 0.55;
            let glints = light.key[k] * visible * (first + second * 0.55 * colour[k].sqrt() * 0.35);
            albedo[k] * (direct + around[k] * open.powf(0.9)) + glints * mix(0.5, 1.0, open) + 0.010 * around[k] * open
        })
    }

    fn tangent(&self, fragment: &Fragment, beard: bool) -> Vector {
        let down = -self.axes[1];
        let wanted = if beard {
            down
        } else {
            self.scene.model.cut.as_ref().map_or(down, |cut| cut.direction(&self.axes, fragment))
        };
        (wanted - fragment.normal * wanted.dot(fragment.normal)).unit()
    }
}

/// Where the eyes look, before the head is turned: mostly at the camera, however the head is turned.
fn gaze(shot: &Shot) -> Vector {
    let [right, up] = shot.expression.gaze;
    let yaw = right - 0.55 * shot.yaw_degrees.to_radians();
    let pitch = up - 0.6 * shot.pitch_degrees.to_radians();
    vector(yaw.sin(), pitch.sin(), yaw.cos()).unit()
}
