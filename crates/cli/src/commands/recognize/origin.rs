//! Where figures come from, and whether the recogniser knew the people.

use serde::Serialize;

/// People of a protocol whom the recogniser saw in training.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Leak {
    pub(super) people: usize,
    pub(super) of: usize,
}

impl Leak {
    /// What stands beside every number; empty where nobody was seen.
    pub(super) fn remark(self) -> String {
        if self.people == 0 {
            return String::new();
        }
        format!("LEAK: {} of {} people were in training", self.people, self.of)
    }
}

/// Where figures come from.
#[derive(Debug, Default, Serialize)]
pub(super) struct Origin {
    /// What was measured, for headings.
    #[serde(skip)]
    pub(super) what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dataset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) view: Option<u8>,
    /// Which kinds of pictures are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) between: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_sha256: Option<String>,
    /// How mirror images take part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mirrored: Option<&'static str>,
    /// The one set looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) num_pictures: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) num_people: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing_pictures: Option<usize>,
    /// `null` where the model does not say whom it was trained on; left out where there is no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) leak: Option<Option<Leak>>,
    #[serde(skip)]
    pub(super) warnings: Vec<String>,
}

impl Origin {
    /// What stands beside every number where people were in training. That nobody knows is a warning.
    pub(super) fn leak_remark(&self) -> String {
        self.leak.flatten().map_or_else(String::new, Leak::remark)
    }
}
