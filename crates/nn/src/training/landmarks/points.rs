//! iBUG's 68 points among the mesh's 468.

use burn::tensor::{Int, Tensor};
use portraitist_face::landmarks::mesh;
use portraitist_face::transform::Point;

/// iBUG's points among the mesh's, or themselves.
pub(super) fn ibug_of(points: &[Point]) -> [Point; 68] {
    if points.len() == mesh::COUNT {
        mesh::ibug_of(|vertex| points[vertex])
    } else {
        std::array::from_fn(|i| points[i])
    }
}

/// iBUG's points among those of the mesh: `[n, 468, 2]` to `[n, 68, 2]`.
pub(super) fn ibug_rows(points: Tensor<3>) -> Tensor<3> {
    let (shares, device) = (mesh::ibug_shares(), points.device());
    let vertices = |of: usize| {
        let indices = shares.map(|(vertices, _)| vertices[of] as i32);
        points.clone().select(1, Tensor::<1, Int>::from_ints(indices, &device))
    };
    let share = Tensor::<1>::from_floats(shares.map(|(_, share)| share as f32), &device).reshape([1, 68, 1]);
    let (first, second) = (vertices(0), vertices(1));
    first.clone() + share * (second - first)
}
