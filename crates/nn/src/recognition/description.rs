//! What a recogniser's weights do not say themselves.

use serde::{Deserialize, Serialize};

use crate::config::RecognizerConfig;
use crate::losses::Margin;

use super::TrainedIdentities;

/// The configuration in a recogniser's model file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecognizerDescription {
    /// The network.
    pub network: RecognizerConfig,
    /// What it was trained with, where there is a classifier.
    pub margin: Margin,
    /// Whom it was trained on; `None` where nobody knows, as for published checkpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<TrainedIdentities>,
    /// Whether it was fine-tuned from a network whose training identities are unknown; `trained_on` is then incomplete.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub from_unknown: bool,
}
