//! The command line.

mod recognize;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use portraitist_nn::config::Domain;

pub(crate) use recognize::*;

/// Turns face photos into drawings and drawings into face photos while the person stays recognisable.
#[derive(Debug, Parser)]
#[command(name = "portraitist", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Print the result as one JSON object on stdout.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress and no remarks; errors and warnings still appear.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArguments),
    Translate(TranslateArguments),
    Detect(DetectArguments),
    Align(AlignArguments),
    #[command(subcommand)]
    Dataset(DatasetCommand),
    Train(TrainArguments),
    #[command(subcommand)]
    Recognize(RecognizeCommand),
    #[command(subcommand)]
    Weights(WeightsCommand),
    Bench(BenchArguments),
}

/// Open a page that draws your photo, with the built-in model.
///
/// The page is served on this computer only and opened in the browser. With --once, writes drawings
/// of a bundled portrait and of any photos given to a folder instead, and ends.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Photos to draw as well, with --once.
    #[arg(requires = "once")]
    pub(crate) photos: Vec<PathBuf>,
    /// Write example drawings to this folder and end.
    #[arg(long, value_name = "DIR")]
    pub(crate) once: Option<PathBuf>,
    /// Where the page is served; loopback only. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7878")]
    pub(crate) addr: SocketAddr,
    /// Do not open the browser.
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Another model than the built-in one.
    #[arg(long, default_value = portraitist_nn::builtin::DEFAULT)]
    pub(crate) model: String,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The domains by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Photos become drawings.
    Drawing,
    /// Drawings become photos.
    Photo,
}

impl From<Target> for Domain {
    fn from(target: Target) -> Self {
        match target {
            Target::Drawing => Self::Drawing,
            Target::Photo => Self::Photo,
        }
    }
}

/// Translate photos to drawings, or drawings to photos.
///
/// In each picture the largest face is found, aligned to the frame that the model was trained on, and
/// translated. A picture that is a crop already is translated whole with --aligned.
#[derive(Debug, Args)]
pub(crate) struct TranslateArguments {
    /// Pictures, folders (with their subfolders) or globs.
    #[arg(required = true)]
    pub(crate) inputs: Vec<String>,
    /// Folder for the results.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A run folder, a checkpoint folder, a weights file (an original gen_*.pt beside its config.yaml
    /// included), or a built-in model's name.
    #[arg(long, default_value = portraitist_nn::builtin::DEFAULT)]
    pub(crate) model: String,
    /// What the pictures become.
    #[arg(long, value_enum, default_value_t = Target::Drawing)]
    pub(crate) to: Target,
    /// The style: `random` (by --seed), a file of style codes (.npy or .safetensors, `[style_dim]` or
    /// `[n, style_dim]`), or an example picture of what the pictures become. With as many codes as
    /// pictures, each picture gets its own; otherwise each picture gets all.
    #[arg(long, default_value = "random", value_name = "random|FILE|PICTURE")]
    pub(crate) style: String,
    /// Chooses the random style; the same seed gives the same style.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Number of random styles for each picture: seeds --seed, --seed + 1, …
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) count: u32,
    /// Number of pictures on a smooth way from the first style through the others to the last
    /// (2 random styles if --count asks for fewer).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) interpolate: Option<u32>,
    /// How much of the style: 0 the model's middle style, 1 the style as it is, more exaggerates.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = parse_strength)]
    pub(crate) strength: f32,
    /// The pictures are crops already: translate them whole, at their own size.
    #[arg(long)]
    pub(crate) aligned: bool,
    /// Left eye, right eye, nose tip, left and right mouth corner in pixels, instead of finding the
    /// face; for a single picture.
    #[arg(long, value_name = "X,Y,...", value_parser = parse_points, conflicts_with = "aligned")]
    pub(crate) points: Option<[[f64; 2]; 5]>,
    /// Blend the result back into the whole picture.
    #[arg(long, conflicts_with = "aligned")]
    pub(crate) paste: bool,
    /// Who says how alike input and output are (similarity in --json): a recogniser as for `recognize embed`,
    /// or `none`.
    #[arg(long, default_value = portraitist_nn::builtin::RECOGNIZER, value_name = "M|none")]
    pub(crate) recognizer: String,
    /// Also write what the network gave, before rounding: .npy, `[3, h, w]` in `[-1, 1]`.
    #[arg(long)]
    pub(crate) float: bool,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Find faces: boxes, scores and five points estimated from each box.
#[derive(Debug, Args)]
pub(crate) struct DetectArguments {
    /// Pictures, folders (with their subfolders) or globs.
    #[arg(required = true)]
    pub(crate) inputs: Vec<String>,
}

/// Frames that a face can be aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateName {
    /// The 200x232 frame that the original translator was trained on.
    Seed,
    /// The 96x112 frame of SphereFace.
    Sphereface,
}

/// Cut faces out, turned and scaled so that eyes, nose and mouth lie where a template has them.
#[derive(Debug, Args)]
pub(crate) struct AlignArguments {
    /// Pictures, folders (with their subfolders) or globs.
    #[arg(required = true)]
    pub(crate) inputs: Vec<String>,
    /// Folder for the crops.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The frame.
    #[arg(long, value_enum, default_value_t = TemplateName::Seed)]
    pub(crate) template: TemplateName,
    /// Size of the crops in pixels; the template is scaled to it.
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub(crate) size: Option<[usize; 2]>,
    /// Left eye, right eye, nose tip, left and right mouth corner in pixels, instead of finding the
    /// face; for a single picture.
    #[arg(long, value_name = "X,Y,...", value_parser = parse_points)]
    pub(crate) points: Option<[[f64; 2]; 5]>,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Look into datasets of faces, and prepare them for training.
///
/// A dataset is a folder in WebCaricature's layout or one derived from it, a folder of pictures, a folder
/// with a folder for each person, or a list file (picture, then after a tab the person).
#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Count people, pictures, sizes and colours.
    Info(DatasetArguments),
    /// Find what is wrong: unreadable files, landmarks that cannot be right, points outside, duplicates,
    /// near-constant and already aligned pictures, protocols that name what is not there.
    Check(DatasetArguments),
    /// List everyone and their pictures.
    Overview(DatasetArguments),
    /// Count the entries of each evaluation protocol that the dataset lacks.
    Coverage(DatasetArguments),
    /// Estimate where each head looks, from its landmarks.
    Pose(PoseArguments),
    /// List the pairs of the verification protocols.
    Pairs(PairsArguments),
    /// Align, filter and split a dataset: crops, a manifest, the recipe and its hash.
    Prepare(PrepareArguments),
    Synth(SynthArguments),
}

/// Photos or drawings, where names do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DomainName {
    /// Photos.
    Photo,
    /// Drawings.
    Drawing,
}

/// A dataset.
#[derive(Debug, Args)]
pub(crate) struct DatasetArguments {
    /// Folder or list file.
    pub(crate) dataset: PathBuf,
    /// Where a derived dataset finds what it lacks, instead of the sibling that its config.json names.
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    /// What the pictures are where their names do not tell.
    #[arg(long, value_enum, default_value_t = DomainName::Photo)]
    pub(crate) domain: DomainName,
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
/// Degrees; a face seen from the front has a pitch near 180 or -180, because the model's y axis points up
/// and the picture's down.
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

/// Verification protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerificationName {
    /// Ten folds of given pairs (view 2).
    Restricted,
    /// Pairs drawn from folds of people (view 2), as the original draws them.
    Unrestricted,
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
/// Options given here replace what the recipe says.
#[derive(Debug, Args)]
pub(crate) struct PrepareArguments {
    /// The dataset: folder or list file.
    pub(crate) source: PathBuf,
    /// Folder for the result.
    pub(crate) destination: PathBuf,
    /// How to prepare (TOML); without one, the original's settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    /// The frame: seed (200x232), sphereface (96x112) or viewer (512x512, drawings with points of their
    /// own).
    #[arg(long, value_name = "NAME")]
    pub(crate) template: Option<String>,
    /// Share of the frame that a misplaced point's circle may have (the original's r); 0 to 4.
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
    /// Write every crop mirrored, too, with left and right landmarks exchanged.
    #[arg(long)]
    pub(crate) flip: bool,
    /// Choose between a plain and a mirrored fit as the original does, its mistake included.
    #[arg(long)]
    pub(crate) as_seed: bool,
    /// Where a derived dataset finds what it lacks, instead of the sibling that its config.json names.
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    /// What the pictures are where their names do not tell.
    #[arg(long, value_enum, default_value_t = DomainName::Photo)]
    pub(crate) domain: DomainName,
}

/// Make a dataset of people who do not exist: photos, drawings by eight artists, landmarks, protocols.
///
/// The folder has WebCaricature's layout: OriginalImages (P00001.jpg are photos, C00001.jpg drawings),
/// FacialPoints (17 exact landmarks a picture), Filenames and EvaluationProtocols; FacialPoints68 has
/// iBUG's 68 landmarks and manifest.json every parameter. It appears when all is done. The same seed
/// gives the same files.
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
    /// How far drawings go away from the mean face: 0 as the person is, 1 about twice as far, up to 2.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub(crate) exaggeration: f32,
    /// Chooses the people and everything else; person k is the same however many there are.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Replace an earlier synthetic dataset.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Train a translator from a run file.
///
/// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
/// TensorBoard's events), sample grids and checkpoints. Ctrl-C writes a checkpoint and ends;
/// --resume goes on to the same bytes as if nothing had happened.
#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// The run file (TOML); see configs/ for examples.
    pub(crate) run: PathBuf,
    /// Go on with the newest run of this name, at its newest whole checkpoint.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Folder of runs.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Where to train: cpu, or `cuda[:index]` or wgpu where the program was built with them.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Check the run file, the pictures and the networks, and stop before the first step.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Look into weights files and convert the original's.
#[derive(Debug, Subcommand)]
pub(crate) enum WeightsCommand {
    /// Show what a weights file holds: PyTorch checkpoints and safetensors.
    Inspect {
        /// The file.
        input: PathBuf,
    },
    /// Convert the original's files: gen_*.pt or dis_*.pt (beside their config.yaml) to a model file,
    /// a config.yaml to a run file.
    Convert {
        /// The file.
        input: PathBuf,
        /// Where to write; by default beside the input, as .safetensors or .toml.
        output: Option<PathBuf>,
        /// Store 16-bit numbers: half the size, about three digits.
        #[arg(long)]
        half: bool,
        /// Leave out the classifier of a recogniser: embeddings stay as they are, the file becomes smaller.
        #[arg(long)]
        embedding_only: bool,
        /// Replace a file that exists.
        #[arg(long)]
        force: bool,
    },
}

/// Time the networks at fixed sizes.
///
/// Each case runs in a process of its own after a warm-up, with random weights and pictures: translation,
/// one iteration of training (also with `optimizer.recompute`), VGG16's features and SphereFace-20's embeddings. The
/// results are times, the process's largest memory, and the direct algorithms' arithmetic (GFLOP) with its rate.
/// Translation of 512x512 and 1024x1024 is there for its memory and runs only with --all or when a text names the size.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Parts of names of the cases to run: `translate`, `train`, `recompute`, `vgg`, `recognize`, `224x192`, "train 64x64
    /// batch 4 dim 16"; all but the large pictures without any.
    pub(crate) cases: Vec<String>,
    /// Of those, only cases with this in their name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// The large pictures, too.
    #[arg(long)]
    pub(crate) all: bool,
    /// Timed runs of each case; by default 10, of training 5, recomputing or not.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) runs: Option<u32>,
    /// Untimed runs before them.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) warmups: u32,
    /// Threads to work on; by default as many as the computer has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,
    /// The processor's ceiling in GFLOP/s, to print which share of it was reached.
    #[arg(long, value_name = "GFLOPS", value_parser = parse_ceiling)]
    pub(crate) ceiling: Option<f64>,
    /// Run this one case in this very process.
    #[arg(long, hide = true)]
    pub(crate) case: Option<String>,
}

fn parse_ceiling(text: &str) -> Result<f64, String> {
    let ceiling = text.parse().ok().filter(|ceiling: &f64| ceiling.is_finite() && *ceiling > 0.0);
    ceiling.ok_or_else(|| "expected a number above 0".to_owned())
}

fn parse_points(text: &str) -> Result<[[f64; 2]; 5], String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse::<f64>()).collect();
    let numbers = numbers.map_err(|_| "expected ten numbers parted by commas".to_owned())?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    match <[[f64; 2]; 5]>::try_from(pairs) {
        Ok(points) if rest.is_empty() && numbers.iter().all(|number| number.is_finite()) => Ok(points),
        _ => Err(format!("expected five points, ten finite numbers parted by commas, found {}", numbers.len())),
    }
}

fn parse_strength(text: &str) -> Result<f32, String> {
    let strength: f32 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=100.0).contains(&strength) { Ok(strength) } else { Err("expected a number from 0 to 100".to_owned()) }
}

fn parse_size(text: &str) -> Result<[usize; 2], String> {
    let sides =
        text.split_once(['x', 'X']).and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    sides
        .filter(|sides| sides.iter().all(|side| (8..=8192).contains(side)))
        .ok_or_else(|| "expected WIDTHxHEIGHT in pixels, each from 8 to 8192, such as 200x232".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn points_are_ten_finite_numbers() {
        assert_eq!(parse_points("1,2,3,4,5,6,7,8,9,10.5").map(|points| points[4]), Ok([9.0, 10.5]));
        assert!(parse_points("1,2,3").is_err());
        assert!(parse_points("1,2,3,4,5,6,7,8,9,NaN").is_err());
        assert!(parse_points("1,2,3,4,5,6,7,8,9,10,11").is_err());
    }
}
