//! Published figures on WebCaricature, to stand beside one's own.

/// A method's verification on WebCaricature: mean and deviation over folds.
pub(super) struct Baseline {
    pub(super) method: &'static str,
    /// Verification rate at a false accept rate of 0.1 %, in percent.
    pub(super) vr_far_0_001: [f64; 2],
    /// Verification rate at a false accept rate of 1 %, in percent.
    pub(super) vr_far_0_01: [f64; 2],
    pub(super) auc: [f64; 2],
    pub(super) remark: &'static str,
}

/// Where the figures stand.
pub(super) const SOURCE: &str = "Figures of others: the table in the README of yujiachen-y/experiments_on_face_photo2drawing (commit \
     8ccf48e), which takes the first three from the WebCaricature paper (arXiv 1703.03230) and does not say under which protocol.";

/// The table of the original's README.
pub(super) const VERIFICATION: [Baseline; 4] = [
    Baseline {
        method: "SIFT-Land",
        vr_far_0_001: [4.43, 0.82],
        vr_far_0_01: [15.24, 2.03],
        auc: [0.780, 0.017],
        remark: "",
    },
    Baseline {
        method: "VGG-Eye",
        vr_far_0_001: [19.24, 1.95],
        vr_far_0_01: [40.88, 2.23],
        auc: [0.898, 0.007],
        remark: "",
    },
    Baseline {
        method: "VGG-BOX",
        vr_far_0_001: [32.07, 2.60],
        vr_far_0_01: [56.76, 2.35],
        auc: [0.946, 0.005],
        remark: "",
    },
    Baseline {
        method: "SphereFace fine-tuned, the original",
        vr_far_0_001: [94.58, 3.99],
        vr_far_0_01: [96.82, 2.50],
        auc: [0.996, 0.004],
        remark: "measured on people seen in training",
    },
];
