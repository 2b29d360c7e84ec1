//! Colour of the skin and of all that is painted on it: brows, lips, lids, stubble, freckles, lines of age.

use super::hair::{above_edge, beard_cover};
use crate::drawing::noise;
use crate::drawing::plane::smoothstep;
use crate::synthetic::identity::Identity;
use crate::synthetic::shape::features::{self, Opening};
use crate::synthetic::shape::model::Model;
use crate::synthetic::shape::surface::Chart;
use crate::synthetic::shape::vector::{bell, mix, mix_colour, scale_colour};

/// Skin at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skin {
    pub(crate) albedo: [f32; 3],
    /// Strength of the shine, about 1 on bare skin.
    pub(crate) shine: f32,
    /// How far colours are hairs rather than skin, 0..=1.
    pub(crate) hairy: f32,
    /// Small bumps: how much the normal leans to x and y.
    pub(crate) bump: [f32; 2],
    /// How far it is lip, and the lips' plain colour.
    pub(crate) lip: f32,
    pub(crate) lip_colour: [f32; 3],
    /// Redness of cheeks and nose.
    pub(crate) blush: f32,
}

const BARE: Skin =
    Skin { albedo: [0.0; 3], shine: 0.0, hairy: 0.0, bump: [0.0; 2], lip: 0.0, lip_colour: [0.0; 3], blush: 0.0 };

/// What skin looks like on one person with one expression.
pub(crate) struct Painter<'a> {
    model: &'a Model,
    identity: &'a Identity,
    pub(crate) opening: Opening,
    pub(crate) base: [f32; 3],
    pub(crate) hair: [f32; 3],
}

/// The plain colour of skin, linear RGB: light and dark skin with the logarithms between.
pub(crate) fn base_colour(melanin: f32, redness: f32) -> [f32; 3] {
    const LIGHT: [f32; 3] = [0.70, 0.475, 0.375];
    const DARK: [f32; 3] = [0.135, 0.070, 0.042];
    let share = 0.06 + 0.94 * melanin;
    let plain: [f32; 3] = std::array::from_fn(|k| mix(LIGHT[k].ln(), DARK[k].ln(), share).exp());
    let red = redness - 0.35;
    [plain[0], plain[1] * (1.0 - 0.16 * red), plain[2] * (1.0 - 0.20 * red)]
}

/// The colour of a person's hair with its share of grey.
pub(crate) fn hair_colour(identity: &Identity) -> [f32; 3] {
    mix_colour(identity.hair.colour, [0.42, 0.41, 0.40], 0.8 * identity.hair.grey)
}

impl<'a> Painter<'a> {
    pub(crate) fn new(model: &'a Model, identity: &'a Identity) -> Self {
        let opening = Opening::new(&model.surface.measures.eye, &model.surface.expression);
        let base = base_colour(identity.complexion.melanin, identity.complexion.redness);
        Self { model, identity, opening, base, hair: hair_colour(identity) }
    }

    /// Plain skin for ears and neck.
    pub(crate) fn plain(&self, red: f32, x: f32, y: f32) -> Skin {
        let mottle = noise::fractal(self.identity.texture_seed, x * 5.0, y * 5.0, 2) - 0.5;
        let albedo = blush(self.base, red, self.identity.complexion.melanin);
        Skin { albedo: scale_colour(albedo, 1.0 + 0.10 * mottle), shine: 0.8, ..BARE }
    }

    /// Skin over a place of the chart, for drawings: without the lines that artists draw themselves.
    pub(crate) fn paint(&self, chart: &Chart) -> Skin {
        let mut skin = self.complexion(chart);
        if chart.angle.abs() < 1.5 {
            self.stubble(chart, &mut skin);
            self.lips(chart, &mut skin);
        }
        self.scalp(chart, &mut skin);
        skin
    }

    /// Skin over a place of the chart.
    pub(crate) fn face(&self, chart: &Chart) -> Skin {
        let mut skin = self.complexion(chart);
        if chart.angle.abs() < 1.5 {
            self.age_lines(chart, &mut skin);
            self.stubble(chart, &mut skin);
            self.lids(chart, &mut skin);
            self.brows(chart, &mut skin);
            self.lips(chart, &mut skin);
            self.nostrils(chart, &mut skin);
        }
        self.scalp(chart, &mut skin);
        skin
    }

    fn complexion(&self, chart: &Chart) -> Skin {
        let (x, y, ax, m) = (chart.x, chart.y, chart.x.abs(), &self.model.surface.measures);
        let c = &self.identity.complexion;
        let seed = self.identity.texture_seed;
        let mottle = noise::fractal(seed, x * 6.0 + 9.0, y * 6.0, 2) - 0.5;
        let pores = noise::smooth(seed ^ 2, x * 61.0 + y * 23.0, y * 57.0 - x * 19.0) - 0.5;
        let mut red = 0.75 * bell(ax, y, 0.42, -0.27, 0.22, 0.19) + 0.8 * bell(x, y, 0.0, m.nose.tip_y, 0.14, 0.10);
        red += 0.3 * bell(x, y, 0.0, m.chin_y + 0.12, 0.18, 0.1)
            + 0.35 * bell(ax, y, m.nose.half_width, m.nose.base_y + 0.06, 0.06, 0.06);
        red = red * (0.35 + 0.9 * c.redness) + 0.8 * mottle * c.redness;
        let mut albedo = blush(self.base, red, c.melanin);
        // Thin, darker skin around the eyes; a paler forehead.
        let shadow = bell(ax, y, m.eye.x - 0.02, -0.085, 0.17, 0.07);
        let dark = 0.16 + 0.18 * self.identity.age();
        albedo = [
            albedo[0] * (1.0 - dark * shadow),
            albedo[1] * (1.0 - 1.15 * dark * shadow),
            albedo[2] * (1.0 - 0.9 * dark * shadow),
        ];
        let mut factor = 1.0 + 0.09 * mottle + 0.05 * pores;
        let crease = bell(ax, y, m.nose.half_width * 1.10, m.nose.base_y + 0.07, 0.022, 0.055);
        factor *= 1.0 - 0.30 * crease;
        if c.freckles > 0.0 {
            let spot = noise::smooth(seed ^ 3, x * 26.0, y * 26.0);
            let where_ = bell(ax, y, 0.25, -0.22, 0.35, 0.16).max(0.35 * bell(x, y, 0.0, 0.3, 0.5, 0.3));
            factor *= 1.0 - 0.38 * c.freckles * where_ * smoothstep(0.66, 0.80, spot);
        }
        for mole in 0..c.moles {
            let place = |k: i64, span: f32| (noise::random(seed ^ 4, i64::from(mole), k) - 0.5) * span;
            let (mx, my) = (place(0, 1.0), place(1, 1.4) - 0.3);
            factor *= 1.0 - 0.65 * smoothstep(0.022, 0.010, (x - mx).hypot(y - my));
        }
        let oily = bell(x, y, 0.0, 0.4, 0.4, 0.2)
            + bell(x, y, 0.0, -0.2, 0.1, 0.25)
            + bell(x, y, 0.0, m.chin_y + 0.13, 0.14, 0.08);
        Skin {
            albedo: scale_colour(albedo, factor),
            shine: 0.75 + 0.5 * oily + 0.4 * pores,
            blush: (0.55 * red).clamp(0.0, 1.0),
            bump: [0.08 * pores + 0.10 * mottle, 0.08 * (noise::smooth(seed ^ 8, x * 57.0 - y * 21.0, y * 61.0) - 0.5)],
            ..BARE
        }
    }

    /// Lines on the forehead, at the eyes' corners and between the brows.
    fn age_lines(&self, chart: &Chart, skin: &mut Skin) {
        let (x, y, ax, m) = (chart.x, chart.y, chart.x.abs(), &self.model.surface.measures);
        let e = &self.model.surface.expression;
        let age = self.identity.age();
        let strength = smoothstep(0.25, 1.0, age) * 0.8 + 0.25 * e.brows.max(0.0);
        if strength < 0.02 {
            return;
        }
        let seed = self.identity.texture_seed ^ 0xA6E;
        let wander = 0.05 * (noise::smooth(seed, x * 3.0, y * 2.0) - 0.5) + 0.02 * ax;
        let forehead = smoothstep(m.brow.y + 0.08, m.brow.y + 0.16, y)
            * smoothstep(m.hairline_y, m.hairline_y - 0.1, y)
            * smoothstep(0.52, 0.3, ax);
        let phase = (y + wander) * 62.0;
        let line = smoothstep(0.55, 0.98, phase.sin())
            * forehead
            * (0.4 + 0.6 * noise::smooth(seed ^ 1, x * 4.0, (y * 10.0).floor()));
        let (cx, cy) = (ax - m.eye.x - m.eye.half_width - 0.01, y - 0.01);
        let distance = cx.hypot(cy);
        let fan = smoothstep(0.5, 1.0, (cy.atan2(cx.max(0.001)) * 9.0).sin())
            * smoothstep(0.01, 0.05, cx)
            * smoothstep(0.20, 0.08, distance);
        let frown = (-((ax - 0.045) / 0.012).powi(2)).exp()
            * bell(0.0, y, 0.0, m.brow.y, 1.0, 0.07)
            * (0.4 + (-e.brows).max(0.0));
        let fold = line * 0.8 + fan * (0.7 + 0.6 * e.smile.max(0.0)) + frown;
        skin.albedo = scale_colour(skin.albedo, 1.0 - 0.20 * strength * fold.min(1.5));
        skin.bump[1] += 0.45 * strength * line * phase.cos();
    }

    fn stubble(&self, chart: &Chart, skin: &mut Skin) {
        let cover = beard_cover(&self.model.surface, &self.identity.beard, chart);
        if cover <= 0.01 {
            return;
        }
        let seed = self.identity.texture_seed ^ 0x57B;
        let speckle = noise::smooth(seed, chart.x * 85.0, chart.y * 60.0);
        let share = (cover * (0.35 + 0.9 * speckle)).min(0.93);
        // Roots below the skin look bluish.
        let root = mix_colour(self.hair, [0.06, 0.065, 0.075], 0.35);
        skin.albedo = mix_colour(skin.albedo, root, 0.88 * share);
        skin.shine *= 1.0 - 0.6 * share;
        skin.hairy = skin.hairy.max(share * 0.6);
    }

    fn lids(&self, chart: &Chart, skin: &mut Skin) {
        let (s, height) = self.opening.local(chart.x, chart.y);
        if s.abs() > 1.5 || height.abs() > 0.3 {
            return;
        }
        let c = &self.identity.complexion;
        let (upper, lower) = (self.opening.upper_edge(s), self.opening.lower_edge(s));
        let ends = smoothstep(1.14, 0.98, s.abs());
        let above = height - upper;
        let eye = &self.model.surface.measures.eye;
        // The fold of the upper lid, and the lid's own colour below it.
        let fold_height = eye.fold * (1.0 - 0.55 * s * s);
        let fold = (-((above - fold_height) / 0.010).powi(2)).exp() * smoothstep(1.12, 0.80, s.abs());
        let on_lid = smoothstep(0.0, 0.01, above) * smoothstep(fold_height + 0.012, fold_height - 0.008, above) * ends;
        let painted = (c.lip_colour - 0.35).max(0.0) * 1.2;
        let lid_tint = mix_colour([0.90, 0.84, 0.82], [0.45, 0.33, 0.30], painted);
        skin.albedo = std::array::from_fn(|k| skin.albedo[k] * mix(1.0, lid_tint[k], on_lid) * (1.0 - 0.46 * fold));
        skin.shine *= 1.0 + 0.5 * on_lid;
        // Lashes: a dark edge that thickens outwards and a wing beyond the corner.
        let thick = mix(0.010, 0.026, smoothstep(-0.9, 0.9, s)) * (0.6 + 0.8 * c.lashes);
        let ragged = 1.0 + 0.8 * (noise::smooth(self.identity.texture_seed ^ 9, s * 22.0, 0.0) - 0.5);
        let upper_lash = smoothstep(-0.004, 0.003, above) * smoothstep(thick * ragged, 0.15 * thick, above) * ends;
        let under = lower - height;
        let lower_lash =
            smoothstep(0.016, 0.006, under) * smoothstep(-0.002, 0.003, under) * smoothstep(-0.7, 0.6, s) * ends;
        let wet = smoothstep(0.010, 0.002, under) * smoothstep(-0.004, 0.0, under) * ends;
        skin.albedo = mix_colour(skin.albedo, [0.62, 0.36, 0.31], 0.35 * wet);
        let dark = mix_colour(scale_colour(self.hair, 0.35), [0.012, 0.010, 0.010], 0.65);
        let cover = ((0.75 + 0.25 * c.lashes) * upper_lash).max((0.18 + 0.35 * c.lashes) * lower_lash);
        skin.albedo = mix_colour(skin.albedo, dark, cover);
        skin.shine *= 1.0 - cover;
        // Below the lower lid a soft edge.
        let edge = (-((under - 0.035) / 0.012).powi(2)).exp() * smoothstep(1.0, 0.6, s.abs());
        skin.albedo = scale_colour(skin.albedo, 1.0 - 0.08 * edge);
    }

    fn brows(&self, chart: &Chart, skin: &mut Skin) {
        let brow = &self.model.surface.measures.brow;
        let ax = chart.x.abs();
        let s = (ax - brow.inner_x) / (brow.outer_x - brow.inner_x);
        if !(-0.12..=1.1).contains(&s) {
            return;
        }
        let ([_, middle], half) = features::brow(brow, s.clamp(0.0, 1.0));
        let offset = (chart.y - middle) / half;
        if offset.abs() > 2.2 {
            return;
        }
        let seed = self.identity.texture_seed ^ if chart.x > 0.0 { 0xB1 } else { 0xB2 };
        // Hairs rise at the inner end and lie down outwards.
        let lean = mix(0.75, -0.35, smoothstep(0.0, 0.75, s));
        let across = (chart.y - middle) - lean * (ax - brow.inner_x) * 0.9;
        let strand = noise::smooth(seed, across * 95.0, ax * 22.0);
        let fray = 0.55 * (strand - 0.5);
        let body = smoothstep(1.25 + fray, 0.35, offset.abs());
        let ends = smoothstep(-0.10, 0.10, s + 0.2 * fray) * smoothstep(1.06, 0.80, s - 0.15 * fray);
        let cover = body * ends * (0.62 + 0.60 * strand) * self.identity.complexion.brow_darkness;
        let dark = scale_colour(mix_colour(self.identity.hair.colour, self.hair, 0.6), 0.55);
        skin.albedo = mix_colour(skin.albedo, dark, cover.min(0.92));
        skin.shine *= 1.0 - 0.7 * cover;
        skin.hairy = skin.hairy.max(cover);
    }

    fn lips(&self, chart: &Chart, skin: &mut Skin) {
        let mouth = &self.model.surface.measures.mouth;
        let (x, y) = (chart.x, chart.y);
        let share = x.abs() / mouth.half_width;
        if share > 1.12 || (y - mouth.y).abs() > mouth.upper + mouth.lower + 0.08 {
            return;
        }
        let line = features::mouth_line(mouth, x);
        let (top, bottom) = (features::upper_lip(mouth, x), features::lower_lip(mouth, x));
        let soft = 0.010;
        let inside = smoothstep(top + soft, top - soft, y)
            * smoothstep(bottom - soft, bottom + soft, y)
            * smoothstep(1.03, 0.94, share);
        let c = &self.identity.complexion;
        let natural = [self.base[0] * 0.82, self.base[1] * 0.52, self.base[2] * 0.54];
        let stick = mix_colour([0.42, 0.085, 0.095], [0.20, 0.03, 0.045], c.melanin);
        let colour = mix_colour(natural, stick, 0.75 * c.lip_colour);
        let grooves = noise::smooth(self.identity.texture_seed ^ 0x11B, x * 60.0, y * 9.0) - 0.5;
        let upper_shade = if y > line { 0.86 } else { 1.0 };
        let tinted = scale_colour(colour, upper_shade * (1.0 + 0.22 * grooves));
        (skin.lip, skin.lip_colour) = (inside, colour);
        skin.albedo = mix_colour(skin.albedo, tinted, inside * (0.80 + 0.2 * c.lip_colour));
        skin.shine = mix(skin.shine, 2.0 + 1.4 * grooves + 1.5 * c.lip_colour, inside);
        skin.hairy *= 1.0 - inside;
        let seam = (-((y - line) / 0.010).powi(2)).exp() * smoothstep(1.08, 0.97, share);
        skin.albedo = scale_colour(skin.albedo, 1.0 - 0.72 * seam);
        skin.shine *= 1.0 - seam;
        let rim = (-((y - top - 0.012) / 0.008).powi(2)).exp() * smoothstep(0.9, 0.4, share);
        skin.albedo = scale_colour(skin.albedo, 1.0 + 0.06 * rim);
        let under = (-((y - bottom + 0.03) / 0.022).powi(2)).exp() * smoothstep(0.8, 0.3, share);
        skin.albedo = scale_colour(skin.albedo, 1.0 - 0.13 * under);
    }

    fn nostrils(&self, chart: &Chart, skin: &mut Skin) {
        let n = &self.model.surface.measures.nose;
        let (ax, y) = (chart.x.abs(), chart.y);
        let tilt = (ax - n.half_width * 0.44) * 0.28;
        let hole = bell(ax, y + tilt, n.half_width * 0.44, n.base_y + 0.020, n.half_width * 0.27, 0.019);
        let dark = smoothstep(0.30, 0.75, hole);
        skin.albedo = mix_colour(skin.albedo, scale_colour(self.base, 0.05), 0.92 * dark);
        skin.shine *= 1.0 - dark;
        let under = bell(ax, y, 0.0, n.base_y - 0.012, n.half_width * 0.85, 0.022);
        skin.albedo = scale_colour(skin.albedo, 1.0 - 0.22 * under);
    }

    /// Under the hair, skin takes its colour.
    fn scalp(&self, chart: &Chart, skin: &mut Skin) {
        let Some(cut) = &self.model.cut else { return };
        if chart.y < -0.9 {
            return;
        }
        let above = above_edge(
            &self.model.surface,
            &self.identity.hair,
            cut,
            chart.angle,
            chart.y.min(super::hair::hairline(&self.model.surface, &self.identity.hair, 0.0) + 0.5),
        );
        let line = super::hair::hairline(&self.model.surface, &self.identity.hair, chart.angle);
        let grown = (chart.y - line).min(above.max(chart.y - line));
        let bare = if above < 0.0 { above } else { grown };
        let seed = self.identity.texture_seed ^ 0x5CA1;
        let ragged = 0.035 * (noise::fractal(seed, chart.angle * 22.0, chart.y * 9.0, 2) - 0.5);
        let share = smoothstep(-0.012, 0.045, bare + ragged);
        skin.albedo = mix_colour(skin.albedo, scale_colour(self.hair, 0.6), 0.92 * share);
        skin.shine *= 1.0 - share;
        skin.hairy = skin.hairy.max(share);
    }
}

/// Redder skin; dark skin shows less of it.
fn blush(base: [f32; 3], red: f32, melanin: f32) -> [f32; 3] {
    let red = red * (1.0 - 0.55 * melanin);
    [base[0] * (1.0 - 0.02 * red), base[1] * (1.0 - 0.20 * red), base[2] * (1.0 - 0.20 * red)]
}
