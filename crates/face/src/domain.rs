//! The two kinds of pictures: drawings and photos.

/// The two kinds of pictures; a translation leads from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// Drawings, caricatures included; `C…` in WebCaricature, `a` in the original's files.
    Drawing,
    /// Photos; `P…` in WebCaricature, `b` in the original's files.
    Photo,
}

impl Domain {
    /// Both, in the order of the original's files.
    pub const BOTH: [Self; 2] = [Self::Drawing, Self::Photo];

    /// The domain that a picture of this one is translated to.
    pub fn other(self) -> Self {
        match self {
            Self::Drawing => Self::Photo,
            Self::Photo => Self::Drawing,
        }
    }

    /// `drawing` or `photo`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drawing => "drawing",
            Self::Photo => "photo",
        }
    }

    /// The letter that a picture's name starts with in WebCaricature: `C` or `P`.
    pub fn letter(self) -> char {
        match self {
            Self::Drawing => 'C',
            Self::Photo => 'P',
        }
    }

    /// The domain of a WebCaricature name such as `C00012`: a letter and digits only.
    pub fn of_name(name: &str) -> Option<Self> {
        let domain = match name.chars().next()? {
            'C' => Self::Drawing,
            'P' => Self::Photo,
            _ => return None,
        };
        let digits = &name[1..];
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(domain)
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
