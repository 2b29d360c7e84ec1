//! The direction in which strokes are put down: a hand's own direction, bent towards the form where the form is clear.
//!
//! Hatching that follows a direction field: Salisbury, Wong, Hughes, Salesin 1997, "Orientable textures for image-based pen-and-ink
//! illustration"; the form's direction is the edge tangent flow of Kang, Lee, Chui 2007 in the structure tensor's smooth form.

use crate::drawing::head::Head;
use crate::drawing::plane::Plane;

/// Pixels of the plane per place of the field: directions change slowly.
const STEP: usize = 4;

/// How a hand moves where the form does not guide it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    /// Direction of a stroke in the middle of the head, radians.
    pub(super) angle: f32,
    /// How far strokes turn from the head's middle to its side, radians: as around a cylinder.
    pub(super) bow: f32,
    /// How strongly strokes follow the form, 0 to 1.
    pub(super) follow: f32,
}

/// Directions without a sign, by the doubled angle.
pub(super) struct Directions {
    cosine: Plane,
    sine: Plane,
}

impl Directions {
    /// Directions over `luma`; `smoothing` is the deviation, in pixels, over which the form is averaged.
    pub(super) fn new(luma: &Plane, head: &Head, hand: Hand, smoothing: f32) -> Self {
        let (width, height) = (luma.width.div_ceil(STEP), luma.height.div_ceil(STEP));
        let soft = luma.blurred(0.6 * STEP as f32);
        let middle = (STEP / 2) as isize;
        let coarse = Plane::from_fn(width, height, |x, y| {
            soft.at_clamped((STEP * x) as isize + middle, (STEP * y) as isize + middle)
        });
        let gradient = |x: usize, y: usize| {
            let (x, y) = (x as isize, y as isize);
            let at = |dx, dy| coarse.at_clamped(x + dx, y + dy);
            (at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1))
        };
        let tensor = |product: fn(f32, f32) -> f32| {
            Plane::from_fn(width, height, |x, y| {
                let (gx, gy) = gradient(x, y);
                product(gx, gy)
            })
            .blurred(smoothing / STEP as f32)
        };
        // Tangents lie at half the angle of (yy - xx, -2 xy).
        let cosine = tensor(|gx, gy| gy * gy - gx * gx);
        let sine = tensor(|gx, gy| -2.0 * gx * gy);
        let strength = Plane::from_fn(width, height, |x, y| cosine.at(x, y).hypot(sine.at(x, y)));
        let clear = strength.percentile(0.8, |x, y| head.holds(x, y, width, height)).max(1e-6);
        let hands = clear * (1.0 - hand.follow) / hand.follow.max(1e-3);
        let along = |x: usize, y: usize| {
            let side = ((x as f32 + 0.5) / width as f32 - head.center.0) / head.radius.0;
            let angle = 2.0 * (hand.angle + hand.bow * side.clamp(-1.5, 1.5));
            // A strong edge counts as clear, not more: else every outline would swirl its surroundings.
            let form = 1.0 / (1.0 + strength.at(x, y) / (1.5 * clear));
            let c = form * cosine.at(x, y) + hands * angle.cos();
            let s = form * sine.at(x, y) + hands * angle.sin();
            let length = c.hypot(s);
            if length > 1e-12 { (c / length, s / length) } else { (angle.cos(), angle.sin()) }
        };
        Self {
            cosine: Plane::from_fn(width, height, |x, y| along(x, y).0),
            sine: Plane::from_fn(width, height, |x, y| along(x, y).1),
        }
    }

    /// The unit tangent at a place of the plane; of its two signs the one with a positive product with `before`.
    pub(super) fn along(&self, x: f32, y: f32, before: (f32, f32)) -> (f32, f32) {
        let half = (STEP / 2) as f32;
        let (u, v) = ((x - half) / STEP as f32, (y - half) / STEP as f32);
        let (c, s) = (self.cosine.sample(u, v), self.sine.sample(u, v));
        let length = c.hypot(s);
        let cosine = if length > 1e-6 { (c / length).clamp(-1.0, 1.0) } else { 1.0 };
        let (tx, ty) = (((1.0 + cosine) / 2.0).sqrt(), ((1.0 - cosine) / 2.0).sqrt().copysign(s));
        if tx * before.0 + ty * before.1 < 0.0 { (-tx, -ty) } else { (tx, ty) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_keep_the_hands_direction_on_flat_ground_and_follow_an_edge() {
        let hand = Hand { angle: 0.7, bow: 0.0, follow: 0.5 };
        let flat = Directions::new(&Plane::from_fn(64, 64, |_, _| 0.5), &Head::USUAL, hand, 8.0);
        let (x, y) = flat.along(30.0, 30.0, (1.0, 0.0));
        assert!((y.atan2(x) - 0.7).abs() < 1e-3);
        let edge = Plane::from_fn(64, 64, |x, _| if x < 32 { 0.0 } else { 1.0 });
        let edge = Directions::new(&edge, &Head::USUAL, Hand { follow: 0.9, ..hand }, 8.0);
        let (x, y) = edge.along(32.0, 32.0, (0.0, 1.0));
        assert!(y > 0.95 && x.abs() < 0.3, "{x} {y}");
    }
}
