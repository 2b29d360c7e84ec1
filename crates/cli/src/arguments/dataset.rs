//! Arguments of `portraitist dataset`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portraitist_face::drawing::Technique;

use super::values::{DomainName, VerificationName, parse_technique, parse_tool};

/// Inspect datasets of faces, and prepare them for training.
///
/// A dataset is a folder in WebCaricature's layout or one derived from it, a folder of pictures, a folder
/// with a folder for each person, or a list file (picture, then after a tab the person).
#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Count people, pictures, sizes and colours.
    Info(DatasetArguments),
    Check(CheckArguments),
    /// List everyone and their pictures.
    Overview(DatasetArguments),
    /// Count the entries of each evaluation protocol, and those that the dataset lacks.
    Coverage(DatasetArguments),
    Pose(PoseArguments),
    /// Find the points of faces that have none, and write WebCaricature's FacialPoints into the dataset.
    ///
    /// Files that exist are kept. FacialPoints/doubtful.csv lists what a person should look at: pictures without
    /// a face or with several, points that may be far off, heads turned to the side.
    Landmarks(DatasetArguments),
    Pairs(PairsArguments),
    Prepare(PrepareArguments),
    Draw(DrawArguments),
    Synth(SynthArguments),
}

/// A dataset.
#[derive(Debug, Args)]
pub(crate) struct DatasetArguments {
    /// Folder or list file.
    pub(crate) dataset: PathBuf,
    /// Where a derived dataset finds what it lacks, instead of the sibling that its config.json names.
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    /// What the pictures are where their names do not say.
    #[arg(long, value_enum, default_value_t = DomainName::Photo)]
    pub(crate) domain: DomainName,
}

/// Find what is wrong with a dataset.
///
/// Files: unreadable ones, pictures that are there twice (pixel by pixel, or by their looks). Pictures: blurry, dark, bright, near-constant or
/// already aligned ones, with few grey levels, grey photos among coloured ones, odd sizes and proportions. Landmarks: missing ones, on one spot,
/// outside the picture, implausible ones, faces cut off at the edge. Protocols: empty ones, those that name missing pictures, or a pair, a
/// probe or a person twice. --report states the limits.
///
/// The exit code is 1 if something cannot be used; what is only worth a look is a warning.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) dataset: DatasetArguments,
    /// Look at the faces, too, which takes longer: photos that are more alike to another person's than to those of their own, one person
    /// under two names, pictures without a face, and cut off faces where there are no landmarks.
    #[arg(long)]
    pub(crate) faces: bool,
    /// What tells people apart for --faces: a built-in recogniser, a run, a checkpoint or a weights file.
    #[arg(long, default_value = "likeness", value_name = "R", requires = "faces")]
    pub(crate) recognizer: String,
    /// Write a page of what was found, with its pictures, that needs no other file.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Write a line for each problem: picture, kind and detail, parted by tabs.
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Replace the files of --report and --list.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Head models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HeadModelName {
    /// Ten points of a scanned mean head.
    Ten,
    /// Six points of a hand-made head.
    Six,
}

/// Estimate where each head looks, from its landmarks.
///
/// Degrees; a face seen from the front has a pitch near 0, one that looks up a positive one. With --json, `original` has
/// the original's numbers (near 180 or -180 for a face seen from the front).
#[derive(Debug, Args)]
pub(crate) struct PoseArguments {
    #[command(flatten)]
    pub(crate) dataset: DatasetArguments,
    /// The head model.
    #[arg(long, value_enum, default_value_t = HeadModelName::Ten)]
    pub(crate) model: HeadModelName,
    /// Heads turned to the side by more than this many degrees are not frontal.
    #[arg(long, default_value_t = portraitist_face::pose::ORIGINAL_MAX_YAW_DEGREES, value_name = "DEGREES")]
    pub(crate) max_yaw: f64,
}

/// List the pairs of the verification protocols.
#[derive(Debug, Args)]
pub(crate) struct PairsArguments {
    #[command(flatten)]
    pub(crate) dataset: DatasetArguments,
    /// The protocol.
    #[arg(long, value_enum, default_value_t = VerificationName::Restricted)]
    pub(crate) protocol: VerificationName,
    /// Matched pairs, and as many mismatched ones, drawn for each fold of the unrestricted protocol.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) fold_length: u32,
    /// Seed of the draws: that of numpy's RandomState.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u32,
}

/// Align, filter and split a dataset: crops, a manifest, the recipe and its hash.
///
/// DST gets crops/PERSON/PICTURE.png, manifest.csv with a row for each picture, recipe.toml,
/// sensitivity.csv where there are protocols, and Filenames and config.json, which make it a dataset
/// derived from SRC. A second run does only what changed; an interrupted one goes on where it was.
/// Options given here replace what the recipe says. Files in DST that prepare did not write are neither
/// replaced nor removed: with some of its names there, it refuses the folder before anything is touched.
#[derive(Debug, Args)]
pub(crate) struct PrepareArguments {
    /// The dataset: folder or list file.
    pub(crate) source: PathBuf,
    /// Folder for the result.
    pub(crate) destination: PathBuf,
    /// How to prepare (TOML); without one, the original's settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    /// The frame: original (200x232), sphereface (96x112), portrait (256x320 with hair, ears and neck;
    /// antialiased, mirrored at the photo's edges) or viewer (512x512, drawings with points of their own).
    #[arg(long, value_name = "NAME")]
    pub(crate) template: Option<String>,
    /// Largest distance share (the original's r): pi*d^2 over the crop's area, d being how far a face's worst point
    /// lies from the template's; 0 to 4.
    #[arg(long, value_name = "R")]
    pub(crate) rate: Option<f64>,
    /// Leave out heads turned to the side by more than this many degrees.
    #[arg(long, value_name = "DEGREES")]
    pub(crate) max_yaw: Option<f64>,
    /// Keep every face that can be aligned.
    #[arg(long, conflicts_with_all = ["rate", "max_yaw"])]
    pub(crate) no_filter: bool,
    /// Estimate where nose and mouth of drawings belong from the drawings themselves.
    #[arg(long)]
    pub(crate) estimate_drawings: bool,
    /// Share of the people that are kept for testing; 0 to 1.
    #[arg(long, value_name = "SHARE")]
    pub(crate) test_share: Option<f64>,
    /// Chooses who is kept for testing.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Also write every crop mirrored, with left and right landmarks exchanged.
    #[arg(long)]
    pub(crate) flip: bool,
    /// Choose between a plain and a mirrored fit as the original does, its mistake included.
    #[arg(long, alias = "as-seed")]
    pub(crate) as_original: bool,
    /// Crop and judge every picture anew.
    #[arg(long)]
    pub(crate) redo: bool,
    /// Replace what was prepared from another dataset, and files of a result that were altered since; files of
    /// others stay even so.
    #[arg(long)]
    pub(crate) force: bool,
    /// Where a derived dataset finds what it lacks, instead of the sibling that its config.json names.
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    /// What the pictures are where their names do not say.
    #[arg(long, value_enum, default_value_t = DomainName::Photo)]
    pub(crate) domain: DomainName,
}

/// Make a dataset of people who do not exist: photos, drawings by eight artists, landmarks, protocols.
///
/// The folder has WebCaricature's layout: OriginalImages (P00001.jpg are photos, C00001.jpg drawings),
/// FacialPoints (17 exact landmarks a picture), Filenames and EvaluationProtocols; FacialPoints68 has
/// iBUG's 68 landmarks and manifest.json every parameter. The folder appears when all is done;
/// until then DST.unfinished holds what is there, and the same call goes on there after an interruption. The
/// same seed gives the same files.
#[derive(Debug, Args)]
pub(crate) struct SynthArguments {
    /// Folder to make.
    #[arg(value_name = "DST")]
    pub(crate) destination: PathBuf,
    /// Number of people, 1 to 6000.
    #[arg(long, value_name = "N")]
    pub(crate) identities: u32,
    /// Photos of each person, 1 to 1000.
    #[arg(long, value_name = "N")]
    pub(crate) photos: u32,
    /// Drawings of each person, 1 to 1000; at most 200000 pictures in all.
    #[arg(long, value_name = "N")]
    pub(crate) drawings: u32,
    /// Width and height of the pictures in pixels, 64 to 1024.
    #[arg(long, default_value_t = 256, value_name = "S")]
    pub(crate) size: usize,
    /// How far drawings exaggerate, 0 to 2: 0 leaves the shape as it is, 1 about doubles its distance from the
    /// mean face.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub(crate) exaggeration: f32,
    /// Chooses the people and everything else; person k does not depend on how many people there are.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Replace an earlier synthetic dataset; refused if the folder holds any file that it did not write.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Draw a dataset's photos in the techniques of the renderer: training data for a translator, without learning.
///
/// DST gets drawings/PERSON/PHOTO.TECHNIQUE.png and four lists, train-drawings.txt, train-photos.txt,
/// test-drawings.txt and test-photos.txt, for the keys of the table "data" in a run file; photos stay where they are. Who
/// is kept for testing is what dataset prepare decided, or a share of the people. A drawing depends on the
/// photo, its name, the technique and the seed alone. Drawings that are there already stay.
#[derive(Debug, Args)]
pub(crate) struct DrawArguments {
    /// The photos: a folder that dataset prepare wrote, or any other dataset (whose pictures are taken whole).
    pub(crate) source: PathBuf,
    /// Folder for the result.
    pub(crate) destination: PathBuf,
    /// Techniques: pencil, coloured-pencil, charcoal, sanguine, pen-hatching, woodcut, wash, cartoon; all without
    /// it.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = parse_technique)]
    pub(crate) techniques: Vec<Technique>,
    /// Drawings of each photo, in as many techniques, chosen by seed; one in each technique without it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) each: Option<u32>,
    /// Size of the tool against the picture, 0.5 to 4: 1 suits pictures of about 448 pixels' height, 2 those that
    /// are trained on at 160.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = parse_tool)]
    pub(crate) tool: f32,
    /// Varies the hands, and chooses techniques and who is kept for testing.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Share of the people that are kept for testing, 0 to 1, where dataset prepare has not decided it.
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    pub(crate) test_share: f64,
    /// Draw again what is there, and replace lists of another dataset.
    #[arg(long)]
    pub(crate) force: bool,
}
