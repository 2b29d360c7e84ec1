//! Arguments of `portraitist translate`.

use std::path::PathBuf;

use clap::Args;

use super::faces::FaceChoice;
use super::values::{DomainName, ExaggerationAmount, PrecisionName, parse_exaggeration, parse_points, parse_strength};

/// Translate photos to drawings, or drawings to photos.
///
/// In each picture the face is found (of several the first by size and score), aligned to the frame that the model was trained on, and
/// translated. A picture that is a crop already is translated whole with --aligned.
#[derive(Debug, Args)]
pub(crate) struct TranslateArguments {
    /// Pictures, folders (with their subfolders) or globs; - for a picture on standard input.
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Folder for the results; - writes a single one to standard output, as PNG.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A run folder, a checkpoint folder, a weights file (an original gen_*.pt beside its config.yaml
    /// included), or a built-in model's name.
    #[arg(long, default_value = portraitist_nn::builtin::DEFAULT)]
    pub(crate) model: PathBuf,
    /// What the pictures become.
    #[arg(long, value_enum, default_value_t = DomainName::Drawing)]
    pub(crate) to: DomainName,
    /// The style: `random` (by --seed), one that the model knows by name (`models show` lists them), a file of
    /// style codes (.npy or .safetensors, `[style_dim]` or `[n, style_dim]`), or an example picture of what the
    /// pictures become. With as many codes as pictures, each picture gets its own; otherwise each picture gets all.
    #[arg(long, default_value = "random", value_name = "random|NAME|FILE|PICTURE")]
    pub(crate) style: PathBuf,
    /// Chooses the random style; the same seed gives the same style.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Number of random styles for each picture: seeds --seed, --seed + 1, …
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) count: u32,
    /// Number of pictures whose styles go evenly from the first style through the others to the last
    /// (2 random styles if --count asks for fewer).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) interpolate: Option<u32>,
    /// How much of the style: 0 is the model's mean style, 1 the style as it is, more exaggerates it.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = parse_strength)]
    pub(crate) strength: f32,
    /// Exaggerate the person before drawing: 0 (not at all) to 2, 1 is what a caricaturist would do; `auto` for the
    /// strongest that the recogniser still takes for the same person (at a false accept rate of 1 %); or of each
    /// part, such as `nose=1.5,jaw=0.5` (forehead, brows, eyes, nose, mouth, jaw). Pose, expression and asymmetry
    /// are left as they are.
    #[arg(long, value_name = "X|auto|PART=X,...", value_parser = parse_exaggeration)]
    pub(crate) exaggerate: Option<ExaggerationAmount>,
    /// What is exaggerated is how the face of this drawing differs from the mean face, instead of how the
    /// picture's own does; as far as --exaggerate says, 1 without it.
    #[arg(long, value_name = "DRAWING")]
    pub(crate) exaggerate_like: Option<PathBuf>,
    /// Drawings to photos: keep the drawing's shape. Without it, the shape of caricatures is taken back to the
    /// nearest that real faces have.
    #[arg(long)]
    pub(crate) keep_shape: bool,
    /// The pictures are crops already: translate them whole, at their own size.
    #[arg(long)]
    pub(crate) aligned: bool,
    /// Left eye, right eye, nose tip, left and right mouth corner in pixels, instead of finding the
    /// face; for a single picture.
    #[arg(long, value_name = "X,Y,...", value_parser = parse_points, allow_hyphen_values = true, conflicts_with = "aligned")]
    pub(crate) points: Option<[[f64; 2]; 5]>,
    #[command(flatten)]
    pub(crate) choice: FaceChoice,
    /// Longer side of the result in pixels, 64 to 1600; without it the model's own. Strokes stay as fine as the model
    /// draws them: a large drawing has more of them, not thicker ones.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(64..=1600), conflicts_with = "aligned")]
    pub(crate) size: Option<u32>,
    /// Translate the whole picture, background and shoulders included, as large as makes the face that of the model's
    /// frame, or as --size says.
    #[arg(long, conflicts_with_all = ["aligned", "paste", "all_faces"])]
    pub(crate) whole: bool,
    /// Blend the result back into the whole picture.
    #[arg(long, conflicts_with = "aligned")]
    pub(crate) paste: bool,
    /// The recogniser that measures how alike input and output are (similarity in --json), as for
    /// `recognize embed`, or `none`.
    #[arg(long, default_value = portraitist_nn::builtin::RECOGNIZER, value_name = "M|none")]
    pub(crate) recognizer: PathBuf,
    /// Also write the network's output before rounding: .npy, `[3, h, w]` in `[-1, 1]`.
    #[arg(long)]
    pub(crate) float: bool,
    /// What the networks multiply, the recogniser included.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
    /// Go on where an earlier call with the same options was interrupted: results that are there stay as they are,
    /// only missing ones are made.
    #[arg(long, conflicts_with = "force")]
    pub(crate) resume: bool,
}
