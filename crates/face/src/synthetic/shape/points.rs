//! Landmarks of the model: the 17 of WebCaricature and the 68 of iBUG, by projecting points of the surface.

use super::features::{self, Opening};
use super::model::Model;
use super::vector::{Vector, mix};
use crate::transform::Point;

/// Landmarks in pixels, pixel centres at whole numbers; left and right as seen in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// WebCaricature: hairline, left ear, chin, right ear, left brow's left and right end, right brow's, left eye's left and
    /// right corner, right eye's, nose tip, upper lip, left mouth corner, lower lip, right mouth corner.
    pub webcaricature: [Point; 17],
    /// iBUG's 68 points in the order of 300-W: jaw, brows, nose, eyes, lips.
    pub ibug: [Point; 68],
}

/// All landmarks of a posed model as points before the camera.
pub(crate) fn landmarks(model: &Model) -> Vec<Vector> {
    let face = Landmarks::new(model);
    face.webcaricature().into_iter().chain(face.ibug()).collect()
}

/// Projects the landmarks of a posed model.
pub(crate) fn project(model: &Model, pixel: impl Fn(Vector) -> Point) -> Points {
    let face = Landmarks::new(model);
    let seventeen = face.webcaricature();
    let sixty_eight = face.ibug();
    Points { webcaricature: seventeen.map(&pixel), ibug: std::array::from_fn(|index| pixel(sixty_eight[index])) }
}

struct Landmarks<'a> {
    model: &'a Model,
    opening: Opening,
}

impl<'a> Landmarks<'a> {
    fn new(model: &'a Model) -> Self {
        Self { model, opening: Opening::new(&model.surface.measures.eye, &model.surface.expression) }
    }

    fn over(&self, [x, y]: [f32; 2]) -> Vector {
        self.model.over(x, y)
    }

    /// Corner or edge of an eye: on the lids' line.
    fn eye(&self, side: f32, s: f32, upper: bool) -> Vector {
        let height = if upper { self.opening.upper_edge(s) } else { self.opening.lower_edge(s) };
        self.over(self.opening.chart(s, height, side))
    }

    fn brow(&self, side: f32, s: f32) -> Vector {
        let ([x, y], _) = features::brow(&self.model.surface.measures.brow, s);
        self.over([side * x, y])
    }

    /// The ear; where the head hides it, the head's border at its height, as people mark it.
    fn ear(&self, side: f32) -> Vector {
        let border = (0..=16).map(|step| self.model.around(side * mix(0.7, 1.5, step as f32 / 16.0), -0.05));
        border.fold(self.model.ear(side), |widest, point| if side * point.x > side * widest.x { point } else { widest })
    }

    fn chin(&self) -> Vector {
        self.over([0.0, self.model.surface.measures.chin_y - 0.01])
    }

    /// Border of the lips at `share` of the half width; inner borders move with the jaw.
    fn lip(&self, share: f32, border: Border) -> Vector {
        let surface = &self.model.surface;
        let mouth = &surface.measures.mouth;
        let x = share * mouth.half_width;
        let gap = features::lip_gap(mouth, &surface.expression, x);
        let y = match border {
            Border::Top => features::upper_lip(mouth, x),
            Border::Bottom => features::lower_lip(mouth, x),
            Border::InnerTop => features::mouth_line(mouth, x) + gap,
            Border::InnerBottom => features::mouth_line(mouth, x) - gap,
        };
        self.over([x, y])
    }

    fn webcaricature(&self) -> [Vector; 17] {
        let m = &self.model.surface.measures;
        [
            self.over([0.0, m.hairline_y]),
            self.ear(-1.0),
            self.chin(),
            self.ear(1.0),
            self.brow(-1.0, 1.0),
            self.brow(-1.0, 0.0),
            self.brow(1.0, 0.0),
            self.brow(1.0, 1.0),
            self.eye(-1.0, 1.0, true),
            self.eye(-1.0, -1.0, true),
            self.eye(1.0, -1.0, true),
            self.eye(1.0, 1.0, true),
            self.over([0.0, m.nose.tip_y]),
            self.lip(0.0, Border::Top),
            self.lip(-1.0, Border::Top),
            self.lip(0.0, Border::Bottom),
            self.lip(1.0, Border::Top),
        ]
    }

    fn ibug(&self) -> Vec<Vector> {
        let mut points = Vec::with_capacity(68);
        points.extend((0..17).map(|index| self.jaw(index as f32 / 8.0 - 1.0)));
        points.extend((0..5).map(|index| self.brow(-1.0, 1.0 - index as f32 / 4.0)));
        points.extend((0..5).map(|index| self.brow(1.0, index as f32 / 4.0)));
        let n = &self.model.surface.measures.nose;
        points.extend((0..4).map(|index| self.over([0.0, mix(0.02, n.tip_y, index as f32 / 3.0)])));
        let base = |share: f32| [share * n.half_width, n.base_y + if share.abs() > 0.9 { 0.035 } else { 0.008 }];
        points.extend([-0.95, -0.45, 0.0, 0.45, 0.95].map(|share| self.over(base(share))));
        for side in [-1.0, 1.0] {
            // Six points from the picture's left corner, clockwise.
            let outward = side; // the corner at the nose is s = -1 on both sides
            let s = |across: f32| across * outward;
            points.extend(
                [(-1.0, true), (-0.38, true), (0.38, true), (1.0, true), (0.38, false), (-0.38, false)]
                    .map(|(across, upper)| self.eye(side, s(across), upper)),
            );
        }
        points.extend([-1.0, -0.62, -0.22, 0.0, 0.22, 0.62].map(|share| self.lip(share, Border::Top)));
        points.extend(
            [1.0, 0.62, 0.24, 0.0, -0.24, -0.62]
                .map(|share| self.lip(share, if share == 1.0 { Border::Top } else { Border::Bottom })),
        );
        points.extend([-0.88, -0.3, 0.0, 0.3, 0.88].map(|share| self.lip(share, Border::InnerTop)));
        points.extend([0.3, 0.0, -0.3].map(|share| self.lip(share, Border::InnerBottom)));
        points
    }

    /// The face's border from ear to ear, -1 to 1; 0 is the chin.
    fn jaw(&self, share: f32) -> Vector {
        if share == 0.0 {
            return self.chin();
        }
        let m = &self.model.surface.measures;
        let s = share.abs();
        let angle = 1.46 * s.powf(0.85);
        let corner = m.jaw_y + 0.04;
        let edge = super::vector::curve(
            &[
                (0.0, m.chin_y),
                (0.25, m.chin_y + 0.04),
                (0.58, mix(m.chin_y, corner, 0.85)),
                (0.72, corner + 0.16),
                (1.0, 0.0),
            ],
            s,
        );
        self.model.around(angle * share.signum(), edge)
    }
}

#[derive(Clone, Copy)]
enum Border {
    Top,
    Bottom,
    InnerTop,
    InnerBottom,
}
