//! The command line: what can be asked for. The doc comments are the help. [`crate::settings`] resolves what is given.

mod bench;
mod dataset;
mod demo;
mod evaluate;
mod faces;
mod landmarks;
mod models;
mod recognize;
mod selftest;
mod serve;
mod shell;
mod train;
mod translate;
mod values;
mod weights;

use clap::{Parser, Subcommand};

pub(crate) use bench::BenchArguments;
pub(crate) use dataset::{
    CheckArguments, DatasetArguments, DatasetCommand, DrawArguments, HeadModelName, PairsArguments, PoseArguments,
    PrepareArguments, SynthArguments,
};
pub(crate) use demo::DemoArguments;
pub(crate) use evaluate::{
    ComparisonArguments, EvaluateCommand, EvaluateCompareArguments, EvaluateFeaturesArguments,
    EvaluatePicturesArguments, EvaluateRunArguments, MergeArguments, RunMeasuring,
};
pub(crate) use faces::{AlignArguments, DetectArguments, FaceChoice, TemplateName};
pub(crate) use landmarks::{LandmarksCommand, LandmarksEvaluateArguments};
pub(crate) use models::ModelsCommand;
pub(crate) use recognize::{
    BetweenName, DirectionName, EmbedArguments, EvaluationArguments, IdentifyArguments, MetricsArguments, MirroredName,
    RecognizeCommand, ReportArguments, ResamplingArguments, RuleArguments, VerifyArguments,
};
pub(crate) use selftest::SelfTestArguments;
pub(crate) use serve::ServeArguments;
pub(crate) use shell::{CompletionsArguments, ManArguments};
pub(crate) use train::TrainArguments;
pub(crate) use translate::TranslateArguments;
pub(crate) use values::{
    DomainName, ExaggerationAmount, PlotFile, PlotFormat, PrecisionName, VerificationName, parse_exaggeration,
};
pub(crate) use weights::{StylesArguments, WeightsCommand};

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
    /// Threads to work on; by default as many as the processors that this process may use, a container's quota
    /// included. No result depends on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArguments),
    Serve(ServeArguments),
    Translate(TranslateArguments),
    Detect(DetectArguments),
    Align(AlignArguments),
    #[command(subcommand)]
    Dataset(DatasetCommand),
    Train(TrainArguments),
    #[command(subcommand)]
    Recognize(RecognizeCommand),
    #[command(subcommand)]
    Landmarks(LandmarksCommand),
    #[command(subcommand)]
    Evaluate(EvaluateCommand),
    #[command(subcommand)]
    Models(ModelsCommand),
    #[command(subcommand)]
    Weights(WeightsCommand),
    #[command(name = "selftest")]
    SelfTest(SelfTestArguments),
    Bench(BenchArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn names_of_older_versions_are_still_read() {
        let words = "portraitist align x.png -o out --template seed".split(' ');
        let Command::Align(align) = Arguments::parse_from(words).command else { panic!("not align") };
        assert_eq!(align.template, TemplateName::Original);
        let words = "portraitist dataset prepare from to --as-seed".split(' ');
        let Command::Dataset(DatasetCommand::Prepare(prepare)) = Arguments::parse_from(words).command else {
            panic!("not prepare")
        };
        assert!(prepare.as_original);
        let words = "portraitist recognize metrics scores.txt --as-seed".split(' ');
        let Command::Recognize(RecognizeCommand::Metrics(metrics)) = Arguments::parse_from(words).command else {
            panic!("not metrics")
        };
        assert!(metrics.rules.as_original);
        let words = "portraitist recognize verify people --as-seed --fold-length 3".split(' ');
        let Command::Recognize(RecognizeCommand::Verify(verify)) = Arguments::parse_from(words).command else {
            panic!("not verify")
        };
        assert!(verify.as_original && verify.fold_length == 3);
    }
}
