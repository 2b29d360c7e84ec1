//! Which parts of the picture the scans of a JPEG bring.

/// The coefficients of each component that some scan has brought whole.
#[derive(Debug, Default)]
pub(super) struct Scans {
    /// For each component id: bits still to come of its 64 coefficients, as far as scans have begun them.
    missing: Vec<(u8, [u8; 64])>,
}

impl Scans {
    /// Takes note of a scan's header (ITU-T T.81, B.2.3), without the marker and its length.
    pub(super) fn add(&mut self, header: &[u8]) {
        let count = usize::from(header.first().copied().unwrap_or(0));
        let Some(&[first, last, approximation]) = header.get(1 + 2 * count..).and_then(|rest| rest.first_chunk())
        else {
            return;
        };
        let bits = approximation & 15;
        for id in header[1..].iter().step_by(2).take(count) {
            let place = self.missing.iter().position(|(known, _)| known == id).unwrap_or_else(|| {
                self.missing.push((*id, [u8::MAX; 64]));
                self.missing.len() - 1
            });
            let range = usize::from(first.min(64))..usize::from(last).saturating_add(1).min(64);
            if let Some(coefficients) = self.missing[place].1.get_mut(range) {
                coefficients.fill(bits);
            }
        }
    }

    /// Whether the scans have brought every bit of these components.
    pub(super) fn complete(&self, components: &[u8]) -> bool {
        let whole =
            |id: &u8| self.missing.iter().any(|(known, missing)| known == id && missing.iter().all(|&bits| bits == 0));
        !components.is_empty() && components.iter().all(whole)
    }
}
