//! A measured number and how it was measured.

use portraitist_nn::metrics::bootstrap::Interval;
use portraitist_nn::metrics::generation::Estimate;
use portraitist_nn::metrics::translation::MeanEstimate;
use serde::Serialize;

/// A number with everything that it depends on.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    /// How it was measured: a network's mode, or the form of a measure.
    pub(super) mode: String,
    /// Of a part of the inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    pub(super) value: f64,
    /// Of 95 %.
    pub(super) interval: Interval,
    /// The same of real pictures of the domain, where that says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) real: Option<f64>,
    /// Pictures that it was measured on.
    pub(super) count: usize,
    /// Of the network that measured; `null` where none did.
    pub(super) weights_sha256: Option<String>,
    pub(super) device: String,
    pub(super) date: String,
}

/// What the page and the text say of a measure.
struct Label {
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
}

/// Every measure, in the order in which they are shown.
const LABELS: [Label; 24] = [
    label("identity_cosine", "identity: cosine", "of input and output to the recogniser; 1 for the same picture"),
    label("identity_vr_far_0_01", "identity: VR at FAR 1 %", "share of outputs verified as the input's person"),
    label("identity_rank1", "identity: rank 1", "share of outputs whose most alike input shows the same person"),
    label("displacement_input", "shape: input", "distance of landmarks to the mean face, in eye distances"),
    label("displacement_output", "shape: output", "the same of the output"),
    label("exaggeration", "exaggeration", "the output's distance less the input's; above 0 is exaggerated"),
    label("shape_growth", "shape: growth", "factor of the input's own differences in the output; 1 keeps the shape"),
    label("fid", "FID", "0 for equal sets"),
    label("fid_infinity", "FID, infinitely many", "the same for infinitely many pictures"),
    label("kid", "KID", "0 on average for equal sets"),
    label("frechet_distance", "Fréchet distance", "0 for equal sets; not a FID"),
    label("frechet_distance_infinity", "Fréchet distance, infinitely many", "the same for infinitely many pictures"),
    label("kernel_distance", "kernel distance", "0 on average for equal sets; not a KID"),
    label("one_nearest_neighbour", "1-NN accuracy", "0.5 where the sets cannot be told apart"),
    label("precision", "precision", "how many outputs look real"),
    label("recall", "recall", "how much of the real variety there is"),
    label("density", "density", "as precision, robust to outliers"),
    label("coverage", "coverage", "as recall, robust to outliers"),
    label(
        "nearest_training_distance",
        "nearest training picture",
        "mean distance; far below that of real pictures is memorised",
    ),
    label("diversity", "diversity", "distance of outputs of one input with different styles"),
    label("ms_ssim", "MS-SSIM of styles", "structure that outputs of one input share; 1 where styles change nothing"),
    label(
        "checkerboard_period_2_db",
        "checkerboard, 2 pixels",
        "decibels over neighbouring frequencies; about 0 without a pattern",
    ),
    label("checkerboard_period_4_db", "checkerboard, 4 pixels", "the same of the period of upsampling by 4"),
    label("colourfulness", "colourfulness", "0 grey, 33 moderate, 59 quite colourful"),
];

const fn label(name: &'static str, label: &'static str, meaning: &'static str) -> Label {
    Label { name, label, meaning }
}

/// What is said of a measure: its label and its meaning.
pub(super) fn words(name: &'static str) -> [&'static str; 2] {
    LABELS.iter().find(|label| label.name == name).map_or([name, ""], |label| [label.label, label.meaning])
}

/// Where a measure stands among the others.
pub(super) fn place(name: &'static str) -> usize {
    LABELS.iter().position(|label| label.name == name).unwrap_or(LABELS.len())
}

/// On what and when is measured.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) device: String,
    pub(super) date: String,
}

impl Stamp {
    /// A measure of this call.
    pub(super) fn measure(&self, name: &'static str, mode: impl Into<String>, found: MeanEstimate) -> Measure {
        let MeanEstimate { value, interval, count } = found;
        let (device, date) = (self.device.clone(), self.date.clone());
        let mode = mode.into();
        Measure { name, mode, group: None, value, interval, real: None, count, weights_sha256: None, device, date }
    }

    /// As [`measure`](Self::measure), of what a comparison of sets found.
    pub(super) fn estimate(&self, name: &'static str, mode: &str, found: Estimate, count: usize) -> Measure {
        self.measure(name, mode, MeanEstimate { value: found.value, interval: found.interval, count })
    }
}

impl Measure {
    /// With the hash of the network that measured.
    pub(super) fn by(mut self, sha256: &str) -> Self {
        self.weights_sha256 = Some(sha256.to_owned());
        self
    }

    /// With the same of real pictures.
    pub(super) fn beside_real(mut self, real: Option<f64>) -> Self {
        self.real = real.filter(|value| value.is_finite());
        self
    }

    /// Of a group.
    pub(super) fn of_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// Its label, with the group's name.
    pub(super) fn title(&self) -> String {
        let [label, _] = words(self.name);
        self.group.as_ref().map_or_else(|| label.to_owned(), |group| format!("{label} ({group})"))
    }

    /// The value with its interval, for people.
    pub(super) fn text(&self) -> String {
        let interval =
            self.interval.map_or_else(String::new, |[low, high]| format!(" [{}, {}]", rounded(low), rounded(high)));
        format!("{}{interval}", rounded(self.value))
    }
}

/// Four significant digits or so.
pub(super) fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 10.0 => format!("{value:.2}"),
        size if size >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}
