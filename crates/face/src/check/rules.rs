//! The limits of [`check`](super::check) in words.

use super::outliers::{MOST_GREY, ODD_ASPECT, ODD_SIZE};
use super::people::{ALIKE, AS_ALIKE, MORE_ALIKE};
use super::plausibility::{EDGE_SHARE, FARTHEST_DRAWING, FARTHEST_PHOTO};
use super::quality::{BRIGHT_LEVEL, DARK_LEVEL, LEAST_ENTROPY_DRAWING, LEAST_ENTROPY_PHOTO, LEAST_SHARPNESS};
use crate::dataset::ProblemKind;

/// When a kind of problem is told: a sentence with its limit. `None` for what needs no limit.
pub fn rule(kind: ProblemKind) -> Option<String> {
    Some(match kind {
        ProblemKind::Duplicate => "Every pixel is that of an earlier picture.".to_owned(),
        ProblemKind::NearDuplicate => {
            "At most 6 of 64 signs of its lowest frequencies differ from an earlier picture's, and thumbnails by at most 4 grey levels on \
             average."
                .to_owned()
        }
        ProblemKind::Blurry => format!(
            "The second difference of the brightness, at the sharpest 0.5 % of the pixels, is below {:.0} % of the picture's range; \
             measured with the shorter side at most 256 pixels long.",
            100.0 * LEAST_SHARPNESS
        ),
        ProblemKind::Dark => format!("99 % of the pixels are darker than level {DARK_LEVEL} of 255."),
        ProblemKind::Bright => format!("99 % of the pixels are brighter than level {BRIGHT_LEVEL} of 255."),
        ProblemKind::LowInformation => format!(
            "The grey levels have an entropy below {LEAST_ENTROPY_PHOTO:.0} bits (photos) or {LEAST_ENTROPY_DRAWING:.0} bit (drawings)."
        ),
        ProblemKind::NearConstant => format!("The brightness varies by less than {:.0} grey levels.", super::LEAST_DEVIATION),
        ProblemKind::GreyAmongColour => {
            format!("A photo without colours, where at most {:.0} % of the photos have none.", 100.0 * MOST_GREY)
        }
        ProblemKind::OddSize => format!("More than {ODD_SIZE:.0} times as large or as small as the median of its kind, side by side."),
        ProblemKind::OddAspect => format!("The shorter side is less than {:.0} % of the longer one.", 100.0 * ODD_ASPECT),
        ProblemKind::ImplausibleLandmarks => format!(
            "A landmark lies more than {FARTHEST_PHOTO} (photos) or {FARTHEST_DRAWING} (drawings) eye distances from where the middle of all \
             faces of the dataset has it."
        ),
        ProblemKind::FaceCutOff => {
            format!("The face comes within {:.0} % of its height to the picture's edge, or beyond.", 100.0 * EDGE_SHARE)
        }
        ProblemKind::OtherPerson => format!(
            "The photo's mean similarity to another person's photos is above {ALIKE} and by {MORE_ALIKE} above that to the others of its own."
        ),
        ProblemKind::SamePerson => format!(
            "The photos under two names are as alike (above {ALIKE}, and at most {AS_ALIKE} below) as the photos under each."
        ),
        _ => return None,
    })
}
