//! Style codes.

/// Spherical interpolation between two styles. It keeps the length that styles of the normal distribution have.
/// Shoemake 1985. `position` 0 gives `from`, 1 gives `to`.
pub fn slerp(from: &[f32], to: &[f32], position: f32) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let (from_norm, to_norm) = (dot(from, from).sqrt(), dot(to, to).sqrt());
    let position = f64::from(position);
    let cosine = (dot(from, to) / (from_norm * to_norm)).clamp(-1.0, 1.0);
    let angle = cosine.acos();
    let (a, b) = if from_norm * to_norm < 1e-12 || angle.sin() < 1e-6 {
        // Parallel (or no direction at all): the straight way.
        return from.iter().zip(to).map(|(a, b)| a + (b - a) * position as f32).collect();
    } else {
        (((1.0 - position) * angle).sin() / angle.sin(), (position * angle).sin() / angle.sin())
    };
    // Directions turn evenly and the length changes evenly.
    let length = from_norm + (to_norm - from_norm) * position;
    from.iter()
        .zip(to)
        .map(|(x, y)| (length * (a * f64::from(*x) / from_norm + b * f64::from(*y) / to_norm)) as f32)
        .collect()
}
