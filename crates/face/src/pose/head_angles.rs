//! Where a head looks, from the depth of its mesh.

use crate::landmarks::mesh::{MeshPoints, Point3};

/// How a head is turned, in degrees; all 0 for one that looks straight into the camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadAngles {
    /// Nodding: positive looks up.
    pub pitch: f64,
    /// Turning: positive looks to the picture's right.
    pub yaw: f64,
    /// Tilting: positive is clockwise as seen.
    pub roll: f64,
}

/// Sides of the face at the ears, left and right; middle of the forehead; chin.
const AXES: [usize; 4] = [234, 454, 10, 152];

/// How a head is turned. Neutral pictures taken from the front (London set, 114 people) have -1 ± 5, 0 ± 2 and -1 ± 2 degrees.
pub fn head_angles(points: &MeshPoints) -> HeadAngles {
    let [left, right, top, bottom] = AXES.map(|vertex| points.points()[vertex]);
    let across = unit(difference(right, left));
    let down = difference(bottom, top);
    let along = down[0] * across[0] + down[1] * across[1] + down[2] * across[2];
    let down = unit(std::array::from_fn(|axis| down[axis] - along * across[axis]));
    let degrees = |radians: f64| if radians.is_finite() { radians.to_degrees() } else { 0.0 };
    HeadAngles {
        pitch: degrees(-down[2].clamp(-1.0, 1.0).asin()),
        yaw: degrees(across[2].clamp(-1.0, 1.0).asin()),
        roll: degrees(across[1].atan2(across[0])),
    }
}

fn difference(a: Point3, b: Point3) -> Point3 {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

fn unit(vector: Point3) -> Point3 {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    vector.map(|value| value / length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landmarks::mesh::COUNT;

    #[test]
    fn turned_heads_have_the_angles_that_they_were_turned_by() {
        for (pitch, yaw, roll) in [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.0, -0.4, 0.0), (0.0, 0.0, 0.7), (0.0, 0.5, 0.2)]
        {
            let turned = |[x, y, z]: Point3| -> Point3 {
                // About the x axis, then the y axis, then the line of sight.
                let (y, z) = (y * f64::cos(pitch) + z * f64::sin(pitch), z * f64::cos(pitch) - y * f64::sin(pitch));
                let (x, z) = (x * f64::cos(yaw) - z * f64::sin(yaw), z * f64::cos(yaw) + x * f64::sin(yaw));
                [x * f64::cos(roll) - y * f64::sin(roll), x * f64::sin(roll) + y * f64::cos(roll), z]
            };
            let mut points = vec![[0.0; 3]; COUNT];
            let head = [[-5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, -8.0, 0.0], [0.0, 8.0, 0.0]];
            AXES.iter().zip(head).for_each(|(vertex, place)| points[*vertex] = turned(place));
            let found = head_angles(&MeshPoints::new(points, [[[0.0; 2]; 5]; 2]));
            let expected: [f64; 3] = [pitch, yaw, roll].map(f64::to_degrees);
            for (found, expected) in [found.pitch, found.yaw, found.roll].into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
            }
        }
    }
}
