//! Style codes with names: how a model that knows several techniques is asked for one of them.

use std::collections::BTreeMap;

use portraitist_face::Domain;
use serde::{Deserialize, Serialize};

/// The most names of a domain.
const MOST_STYLES: usize = 64;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 40;

/// Style codes `[style_dim]` by name, for each domain that is translated to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamedStyles {
    /// Styles of drawings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drawing: BTreeMap<String, Vec<f32>>,
    /// Styles of photos.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub photo: BTreeMap<String, Vec<f32>>,
}

impl NamedStyles {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.drawing.is_empty() && self.photo.is_empty()
    }

    /// The styles of pictures of a domain.
    pub fn of(&self, domain: Domain) -> &BTreeMap<String, Vec<f32>> {
        match domain {
            Domain::Drawing => &self.drawing,
            Domain::Photo => &self.photo,
        }
    }

    /// The styles of pictures of a domain, to be changed.
    pub fn of_mut(&mut self, domain: Domain) -> &mut BTreeMap<String, Vec<f32>> {
        match domain {
            Domain::Drawing => &mut self.drawing,
            Domain::Photo => &mut self.photo,
        }
    }

    /// Whether a name can be a style's: short, of lower-case letters, digits and hyphens, and not `random`, so that it is never taken for a
    /// file.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check_name(name: &str) -> Result<(), String> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) || name == "random" {
            return Err(format!(
                "names of styles have 1 to {LONGEST_NAME} lower-case letters, digits and hyphens and are not `random`, found {name:?}"
            ));
        }
        Ok(())
    }

    /// Whether the styles fit a generator.
    pub(super) fn validate(&self, style_dim: usize) -> Result<(), String> {
        for domain in Domain::BOTH {
            let styles = self.of(domain);
            if styles.len() > MOST_STYLES {
                return Err(format!("styles.{domain}: expected at most {MOST_STYLES} names, found {}", styles.len()));
            }
            for (name, code) in styles {
                Self::check_name(name)?;
                if code.len() != style_dim || !code.iter().all(|value| value.is_finite()) {
                    return Err(format!(
                        "styles.{domain}.{name}: expected {style_dim} finite numbers (generator.style_dim), found {code:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}
