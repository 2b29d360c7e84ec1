//! From what the command line says to what the libraries take: names become values, options go over what files say.

use anyhow::Context;
use portraitist_face::Domain;
use portraitist_face::align::Fit;
use portraitist_face::dataset::OpenOptions;
use portraitist_face::pose::HeadModel;
use portraitist_face::prepare::recipe::{self, Border, Recipe, Sampling};
use portraitist_face::protocol::identification::Direction;
use portraitist_face::synthetic::DatasetPlan;
use portraitist_face::template::Template;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::recognition::{Between, Mirrored, Pairs, Similarity};

use crate::arguments::{
    AlignArguments, BetweenName, DatasetArguments, DirectionName, DomainName, HeadModelName, MirroredName,
    PrecisionName, PrepareArguments, SynthArguments, TemplateName, VerificationName, VerifyArguments,
};
use crate::output::advised;

impl From<DomainName> for Domain {
    fn from(name: DomainName) -> Self {
        match name {
            DomainName::Drawing => Self::Drawing,
            DomainName::Photo => Self::Photo,
        }
    }
}

impl From<BetweenName> for Between {
    fn from(name: BetweenName) -> Self {
        match name {
            BetweenName::All => Self::All,
            BetweenName::DrawingPhoto => Self::DrawingPhoto,
            BetweenName::PhotoPhoto => Self::PhotoPhoto,
            BetweenName::DrawingDrawing => Self::DrawingDrawing,
        }
    }
}

impl From<DirectionName> for Direction {
    fn from(name: DirectionName) -> Self {
        match name {
            DirectionName::C2p => Self::C2P,
            DirectionName::P2c => Self::P2C,
        }
    }
}

impl From<HeadModelName> for HeadModel {
    fn from(name: HeadModelName) -> Self {
        match name {
            HeadModelName::Ten => Self::TenPoints,
            HeadModelName::Six => Self::SixPoints,
        }
    }
}

impl From<MirroredName> for Mirrored {
    fn from(name: MirroredName) -> Self {
        match name {
            MirroredName::Ignore => Self::Ignore,
            MirroredName::Average => Self::Average,
            MirroredName::Concatenate => Self::Concatenate,
        }
    }
}

impl From<TemplateName> for Template {
    fn from(name: TemplateName) -> Self {
        match name {
            TemplateName::Original => Self::ORIGINAL,
            TemplateName::Sphereface => Self::SPHEREFACE,
            TemplateName::Dlib => Self::DLIB,
            TemplateName::Portrait => Self::PORTRAIT,
        }
    }
}

impl From<PrecisionName> for InferencePrecision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::Bf16 => Self::Bf16,
            PrecisionName::Auto => Self::fastest(),
        }
    }
}

/// How a dataset is opened.
pub(crate) fn open_options(arguments: &DatasetArguments) -> OpenOptions {
    OpenOptions { base: arguments.base.clone(), domain: arguments.domain.into(), left_out: Vec::new() }
}

/// The frame that `align` cuts out, of the size asked for.
pub(crate) fn template(arguments: &AlignArguments) -> Template {
    let template = Template::from(arguments.template);
    arguments.size.map_or(template, |[width, height]| template.resized(width, height))
}

/// How `dataset prepare` works: the recipe file, or the original's settings, with the options given.
///
/// # Errors
/// For a file that is no recipe, and for values that no recipe may have.
pub(crate) fn recipe(arguments: &PrepareArguments) -> anyhow::Result<Recipe> {
    let mut recipe = match &arguments.recipe {
        Some(path) => Recipe::read(path)?,
        None => Recipe::default(),
    };
    if let Some(name) = &arguments.template {
        recipe.template = match name.as_str() {
            "original" | "seed" => recipe::TemplateName::Original,
            "sphereface" => recipe::TemplateName::Sphereface,
            "portrait" => recipe::TemplateName::Portrait,
            "viewer" => recipe::TemplateName::Viewer,
            _ => {
                let known = "there are original, sphereface, portrait and viewer";
                return Err(advised(format!("unknown template {name}"), known));
            }
        };
        if recipe.template == recipe::TemplateName::Portrait && arguments.recipe.is_none() {
            // A portrait's frame often reaches beyond the photo, and photos are large: not as the original has it.
            (recipe.sampling, recipe.border) = (Sampling::Antialiased, Border::Mirror);
        }
    }
    recipe.filter.enabled &= !arguments.no_filter;
    recipe.filter.max_distance_share = arguments.rate.unwrap_or(recipe.filter.max_distance_share);
    recipe.filter.max_yaw_degrees = arguments.max_yaw.unwrap_or(recipe.filter.max_yaw_degrees);
    recipe.estimate_drawings |= arguments.estimate_drawings;
    recipe.flip |= arguments.flip;
    recipe.split.test_share = arguments.test_share.unwrap_or(recipe.split.test_share);
    recipe.split.seed = arguments.seed.unwrap_or(recipe.split.seed);
    if arguments.as_original {
        recipe.fit = Fit::Original2018;
    }
    recipe.check().context("recipe")?;
    Ok(recipe)
}

/// What `dataset synth` makes.
///
/// # Errors
/// For counts and sizes that cannot be made.
pub(crate) fn dataset_plan(arguments: &SynthArguments) -> anyhow::Result<DatasetPlan> {
    let plan = DatasetPlan {
        identities: arguments.identities,
        photos: arguments.photos,
        drawings: arguments.drawings,
        side_px: arguments.size,
        exaggeration: arguments.exaggeration,
        seed: arguments.seed,
    };
    plan.check()?;
    Ok(plan)
}

/// The pairs that `recognize verify` compares, how faces are fitted to the frame, and how embeddings are compared.
pub(crate) fn verification(arguments: &VerifyArguments) -> (Pairs, Fit, Similarity) {
    let pairs = match arguments.protocol {
        VerificationName::Restricted => Pairs::Restricted,
        VerificationName::Unrestricted if arguments.as_original => {
            Pairs::Drawn { fold_length: arguments.fold_length as usize, seed: arguments.seed }
        }
        VerificationName::Unrestricted => Pairs::Unrestricted(arguments.between.into()),
    };
    if arguments.as_original {
        (pairs, Fit::Original2018, Similarity::Original2018)
    } else {
        (pairs, Fit::Reflective, Similarity::Cosine)
    }
}
