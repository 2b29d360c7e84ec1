//! What is seen through the opening of the lids: an eyeball with iris, pupil and a reflection of the light.

use crate::drawing::noise;
use crate::drawing::plane::smoothstep;
use crate::synthetic::identity::Complexion;
use crate::synthetic::shape::features::Opening;
use crate::synthetic::shape::surface::EYEBALL;
use crate::synthetic::shape::vector::{Vector, bell, mix, mix_colour};

/// Radius of the iris: human irises are 11.8 mm wide, nearly all alike.
pub(crate) const IRIS: f32 = 0.060;

/// Colour and shape at a place of the eye.
pub(crate) struct Glance {
    pub(crate) albedo: [f32; 3],
    pub(crate) normal: Vector,
    /// How much light the lids let through.
    pub(crate) open: f32,
    /// 1 on the cornea.
    pub(crate) cornea: f32,
}

/// One posed eyeball.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Eyeball {
    pub(crate) center: Vector,
    /// Where the pupil points.
    pub(crate) gaze: Vector,
}

impl Eyeball {
    /// What a ray from `from` along `ray` meets; places on the chart (`s`, `height`) shade by the lids.
    pub(crate) fn look(
        &self,
        from: Vector,
        ray: Vector,
        opening: &Opening,
        (s, height): (f32, f32),
        complexion: &Complexion,
        seed: u64,
    ) -> Glance {
        let arm = from - self.center;
        let along = arm.dot(ray);
        let radius = EYEBALL * 0.99;
        let square = along * along - arm.dot(arm) + radius * radius;
        let hit = from + ray * (-along - square.max(0.0).sqrt());
        let normal = (hit - self.center).unit();
        let facing = normal.dot(self.gaze).clamp(-1.0, 1.0);
        let off_axis = EYEBALL * (1.0 - facing * facing).max(0.0).sqrt();
        let iris = if facing > 0.0 { smoothstep(IRIS + 0.005, IRIS - 0.004, off_axis) } else { 0.0 };
        let to_corner = smoothstep(0.45, 1.0, s.abs());
        let white = mix_colour([0.56, 0.53, 0.50], [0.50, 0.33, 0.29], 0.55 * to_corner);
        let albedo = mix_colour(white, self.iris(complexion, off_axis, normal, seed), iris);
        // The caruncle, pink, in the corner at the nose.
        let caruncle = bell(s, height, -0.97, 0.0, 0.13, 0.03);
        let albedo = mix_colour(albedo, [0.50, 0.22, 0.19], caruncle);
        let (upper, lower) = (opening.upper_edge(s), opening.lower_edge(s));
        let below_lid = smoothstep(0.0, 0.042, upper - height);
        let above_lid = smoothstep(-0.002, 0.012, height - lower);
        let open = mix(0.22, 1.0, below_lid) * mix(0.72, 1.0, above_lid) * mix(1.0, 0.62, to_corner);
        Glance { albedo, normal, open, cornea: iris }
    }

    fn iris(&self, complexion: &Complexion, off_axis: f32, normal: Vector, seed: u64) -> [f32; 3] {
        let share = off_axis / IRIS;
        let side = normal - self.gaze * normal.dot(self.gaze);
        let turn = side.y.atan2(side.x);
        let fibres = noise::smooth(seed, turn * 7.0, share * 1.5) - 0.5;
        let brightness = mix(0.75, 1.45, bell(share, 0.0, 0.55, 0.0, 0.32, 1.0)) * (1.0 + 0.7 * fibres);
        let rim = mix(1.0, 0.25, smoothstep(0.76, 1.0, share));
        let pupil = smoothstep(0.34, 0.44, share);
        complexion.iris.map(|value| (value * brightness * rim * pupil).max(0.004))
    }
}
