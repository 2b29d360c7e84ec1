//! One of something for each domain.

use portraitist_face::Domain;

use crate::parameter::{Parameter, Parameterized, join};

/// Networks, pictures or losses of both domains.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pair<T> {
    /// That of drawings.
    pub drawing: T,
    /// That of photos.
    pub photo: T,
}

impl<T> Pair<T> {
    /// That of `domain`.
    pub fn of(&self, domain: Domain) -> &T {
        match domain {
            Domain::Drawing => &self.drawing,
            Domain::Photo => &self.photo,
        }
    }

    /// References to both.
    pub fn as_ref(&self) -> Pair<&T> {
        Pair { drawing: &self.drawing, photo: &self.photo }
    }
}

impl<T: Parameterized> Parameterized for Pair<T> {
    /// Names begin with `a.` for drawings and `b.` for photos, as the two halves of the original's files.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.drawing.visit_mut(&join(prefix, "a"), visit);
        self.photo.visit_mut(&join(prefix, "b"), visit);
    }
}
