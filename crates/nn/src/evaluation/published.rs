//! Files of weights that are not part of this program.

use crate::networks::InceptionKind;

/// A file of weights that others publish and that is not part of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedWeights {
    /// Its name.
    pub file: &'static str,
    /// Where it is published.
    pub url: &'static str,
    /// Its SHA-256 in hexadecimal, or how that begins.
    pub sha256: &'static str,
}

const FID: PublishedWeights = PublishedWeights {
    file: "pt_inception-2015-12-05-6726825d.pth",
    url: "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    sha256: "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
};
const TORCHVISION: PublishedWeights = PublishedWeights {
    file: "inception_v3_google-0cc3c7bd.pth",
    url: "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
    sha256: "0cc3c7bd…",
};

impl PublishedWeights {
    /// Those of a network.
    pub fn of(kind: InceptionKind) -> Self {
        match kind {
            InceptionKind::Fid => FID,
            InceptionKind::Torchvision => TORCHVISION,
        }
    }

    /// Whether a file with this SHA-256 is the published one, as far as is known.
    pub fn is(&self, sha256: &str) -> bool {
        sha256.starts_with(self.sha256.trim_end_matches('…'))
    }
}
