//! Arguments of `portraitist detect` and `portraitist align`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portraitist_face::shape::Amounts;

use super::values::{parse_amounts, parse_points, parse_size};

/// Find faces: boxes, scores, where their parts lie and where they look.
///
/// With --json each face has 468, 68, 17 and 5 points, the expected errors of the 68 in pixels, and its pose.
#[derive(Debug, Args)]
pub(crate) struct DetectArguments {
    /// Pictures, folders (with their subfolders) or globs; - for a picture on standard input.
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Folder for the pictures with what was found drawn over them.
    #[arg(long, value_name = "DIR")]
    pub(crate) draw: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Which of several faces is meant.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct FaceChoice {
    /// Take this one of several faces, counted from 1 in the order of `detect`; without it the first is taken,
    /// by size and score together.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) face: Option<u32>,
    /// Take all faces, a result each.
    #[arg(long, conflicts_with = "face")]
    pub(crate) all_faces: bool,
}

/// Frames that a face can be aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateName {
    /// The 200x232 frame that the original translator was trained on.
    #[value(alias = "seed")]
    Original,
    /// The 96x112 frame of SphereFace.
    Sphereface,
    /// The 150x150 frame of dlib's face recognition, which the built-in `likeness` sees.
    Dlib,
    /// A 256x320 frame with hair, ears and neck.
    Portrait,
}

/// Cut faces out, rotated and scaled so that eyes, nose and mouth lie where a template has them.
#[derive(Debug, Args)]
pub(crate) struct AlignArguments {
    /// Pictures, folders (with their subfolders) or globs; - for a picture on standard input.
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Folder for the crops; - writes a single one to standard output, as PNG.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The frame.
    #[arg(long, value_enum, default_value_t = TemplateName::Original)]
    pub(crate) template: TemplateName,
    /// Size of the crops in pixels; the template is scaled to it.
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) size: Option<[usize; 2]>,
    /// Left eye, right eye, nose tip, left and right mouth corner in pixels, instead of finding the
    /// face; for a single picture.
    #[arg(long, value_name = "X,Y,...", value_parser = parse_points, allow_hyphen_values = true)]
    pub(crate) points: Option<[[f64; 2]; 5]>,
    /// Exaggerate the person, as `translate --exaggerate` does: 0 to 2, or of each part, such as nose=1.5,jaw=0.5.
    #[arg(long, value_name = "X|PART=X,...", value_parser = parse_amounts)]
    pub(crate) exaggerate: Option<Amounts>,
    /// A file of points instead of finding the face, for a single picture: 5, 17 (WebCaricature) or 68 (iBUG,
    /// also .pts) lines of x and y.
    #[arg(long, value_name = "FILE", conflicts_with = "points")]
    pub(crate) landmarks: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: FaceChoice,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
    /// Go on where an earlier call with the same options was interrupted: crops that are there stay as they are,
    /// only missing ones are made.
    #[arg(long, conflicts_with = "force")]
    pub(crate) resume: bool,
}
