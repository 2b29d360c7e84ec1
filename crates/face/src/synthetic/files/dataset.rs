//! A whole dataset of synthetic people in WebCaricature's layout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::earlier::{FORMAT, MANIFEST, strangers};
use super::names::{NAME_COUNT, name};
use super::protocols::{Person, protocols};
use super::unfinished::Unfinished;
use crate::dataset::webcaricature::named_owners;
use crate::error::{Error, Result};
use crate::files::create_unfinished;
use crate::synthetic::drawing::artist::{ARTIST_COUNT, Artist};
use crate::synthetic::drawing::sketch::{Sketch, draw_caricature};
use crate::synthetic::identity::{Identity, spread};
use crate::synthetic::photo::develop::photograph;
use crate::synthetic::photo::scene::Portrait;
use crate::synthetic::photo::shot::Shot;
use crate::synthetic::shape::traits::TRAIT_NAMES;
use crate::synthetic::side::check_side;
use crate::transform::Point;

/// Largest number of people of a dataset: there are as many names.
pub const MAX_IDENTITIES: u32 = NAME_COUNT as u32;
/// Largest number of pictures of a dataset.
pub const MAX_PICTURES: u64 = 200_000;
/// Largest number of photos, and of drawings, of one person.
pub const MAX_PICTURES_EACH: u32 = 1000;
/// Quality of the drawings' JPEG files.
const DRAWING_QUALITY: u8 = 92;

/// What a dataset shall hold.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetPlan {
    /// Number of people, 1..=[`MAX_IDENTITIES`].
    pub identities: u32,
    /// Photos of each, 1..=[`MAX_PICTURES_EACH`].
    pub photos: u32,
    /// Drawings of each, 1..=[`MAX_PICTURES_EACH`].
    pub drawings: u32,
    /// Width and height of the pictures, in [`crate::synthetic::SIDES`].
    pub side_px: usize,
    /// Mean exaggeration of the drawings, 0..=2; see [`Sketch::exaggeration`].
    pub exaggeration: f32,
    /// Chooses the people and everything else. Person k and its pictures do not depend on how many others there are.
    pub seed: u64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSummary {
    /// Number of people.
    pub people: u32,
    /// Number of photos of all.
    pub photos: u64,
    /// Number of drawings of all.
    pub drawings: u64,
    /// Path of the manifest.
    pub manifest: PathBuf,
}

impl DatasetPlan {
    /// Refuses numbers outside their ranges.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the number.
    pub fn check(&self) -> Result<()> {
        check_side(self.side_px)?;
        let within = |what, value: u32, most: u32, expected| {
            if (1..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::OutOfRange { what, expected, found: value.to_string() })
            }
        };
        within("number of identities", self.identities, MAX_IDENTITIES, "1 to 6000")?;
        within("photos of each identity", self.photos, MAX_PICTURES_EACH, "1 to 1000")?;
        within("drawings of each identity", self.drawings, MAX_PICTURES_EACH, "1 to 1000")?;
        if self.pictures() > MAX_PICTURES {
            let found = self.pictures().to_string();
            return Err(Error::OutOfRange { what: "number of pictures", expected: "at most 200000 in all", found });
        }
        if !(0.0..=2.0).contains(&self.exaggeration) {
            let found = self.exaggeration.to_string();
            return Err(Error::OutOfRange { what: "exaggeration", expected: "0 to 2", found });
        }
        Ok(())
    }

    /// Number of pictures in all.
    pub fn pictures(&self) -> u64 {
        u64::from(self.identities) * (u64::from(self.photos) + u64::from(self.drawings))
    }
}

/// Writes a dataset to the folder `destination`, which appears whole or not at all.
///
/// `progress` is called with the number of pictures done and returns whether to go on. With `overwrite`, an earlier synthetic dataset
/// is replaced if nothing but its own files is there; any other folder that is not empty is never touched. The same plan writes the same bytes on any number of
/// threads, and so does a run that goes on where another was interrupted: what that one did is in [`super::unfinished_folder`].
///
/// # Errors
/// [`Error::OutOfRange`], [`Error::FolderExists`], [`Error::NotOurs`], [`Error::Occupied`], [`Error::Locked`] or [`Error::Write`], and nothing is left
/// behind; [`Error::Stopped`], and what was done waits for the next run.
pub fn write_dataset(
    plan: &DatasetPlan,
    destination: &Path,
    overwrite: bool,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<DatasetSummary> {
    plan.check()?;
    check_destination(destination, overwrite)?;
    let failed = |source| Error::Write { path: destination.to_owned(), source };
    let parent = match destination.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed)?;
    let aside = Unfinished::open(destination, &format!("{plan:?}"))?;
    let made = fill(plan, &aside, progress)
        .map_err(|error| match error {
            // Name what was asked for rather than the temporary folder.
            Error::Write { path, source } => {
                let inner = path.strip_prefix(aside.dataset()).unwrap_or(&path).to_owned();
                Error::Write { path: destination.join(inner), source }
            }
            other => other,
        })
        .and_then(|()| put_in_place(&aside.dataset(), destination, parent));
    if !matches!(made, Err(Error::Stopped)) {
        aside.remove();
    }
    made?;
    Ok(DatasetSummary {
        people: plan.identities,
        photos: u64::from(plan.identities) * u64::from(plan.photos),
        drawings: u64::from(plan.identities) * u64::from(plan.drawings),
        manifest: destination.join(MANIFEST),
    })
}

/// A destination may be new, an empty folder, or (with `overwrite`) an earlier dataset of this program.
fn check_destination(destination: &Path, overwrite: bool) -> Result<()> {
    let write_error = |source| Error::Write { path: destination.to_owned(), source };
    if destination.file_name().is_none() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the name of a new folder is needed");
        return Err(write_error(source));
    }
    if destination.symlink_metadata().is_err() {
        return Ok(());
    }
    if !destination.is_dir() {
        return Err(write_error(io::Error::new(io::ErrorKind::NotADirectory, "a file has that name")));
    }
    let is_empty = fs::read_dir(destination).map_err(write_error)?.next().is_none();
    if is_empty {
        return Ok(());
    }
    if !overwrite {
        return Err(Error::FolderExists { path: destination.to_owned() });
    }
    only_ours(destination, destination)
}

/// Refuses to replace a folder that holds anything but an earlier synthetic dataset's own files. The folder is `at`, and errors call
/// it `name`.
fn only_ours(at: &Path, name: &Path) -> Result<()> {
    let strangers = strangers(at).ok_or_else(|| Error::NotOurs { path: name.to_owned() })?;
    let Some(first) = strangers.first() else { return Ok(()) };
    let others = match strangers.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let reason = format!(
        "{}{others}: not written by `dataset synth`, and would go with the dataset that is replaced; move it away, or choose \
         another folder",
        first.display()
    );
    Err(Error::Occupied { path: name.to_owned(), reason })
}

/// The seed that the people of a synthetic dataset were drawn with; `None` for any other dataset. People of different
/// seeds share names and nothing else.
pub fn dataset_seed(root: &Path) -> Option<u64> {
    let manifest = fs::File::open(root.join(MANIFEST)).ok()?;
    let mut start = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(manifest, 200), &mut start).ok()?;
    let start = String::from_utf8_lossy(&start);
    let (_, rest) = start.split_once(FORMAT)?;
    let (_, rest) = rest.split_once("\"seed\": ")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// The seed of the synthetic dataset that a picture or folder belongs to: it lies in one, or in a folder that was prepared
/// from one that is still where the prepared folder's `config.json` says. `None` for any other.
pub fn origin_seed(path: &Path) -> Option<u64> {
    let path = path.canonicalize().ok()?;
    path.ancestors().find_map(|folder| {
        dataset_seed(folder).or_else(|| named_owners(folder).iter().find_map(|owner| dataset_seed(owner)))
    })
}

fn put_in_place(made: &Path, destination: &Path, parent: &Path) -> Result<()> {
    let failed = |source| Error::Write { path: destination.to_owned(), source };
    let is_full = destination.is_dir() && fs::read_dir(destination).map_err(failed)?.next().is_some();
    if !is_full {
        return fs::rename(made, destination).map_err(failed);
    }
    let old =
        create_unfinished(|| tempfile::Builder::new().prefix(".portraitist-old-").suffix(".tmp").tempdir_in(parent))
            .map_err(failed)?;
    let kept = old.path().join("dataset");
    fs::rename(destination, &kept).map_err(failed)?;
    // Looked at again where nobody puts anything any more: it took a while to get here.
    let replaced = only_ours(&kept, destination).and_then(|()| fs::rename(made, destination).map_err(failed));
    if replaced.is_err() {
        fs::rename(&kept, destination).map_err(failed)?;
    }
    replaced
}

/// One picture to be generated.
#[derive(Clone, Copy)]
struct Task {
    person: u32,
    /// From 1.
    number: u32,
    is_photo: bool,
}

fn fill(plan: &DatasetPlan, aside: &Unfinished, progress: &(dyn Fn(u64) -> bool + Sync)) -> Result<()> {
    let root = &aside.dataset();
    let identities: Vec<Identity> =
        (0..plan.identities).map(|person| Identity::sample(plan.seed, u64::from(person))).collect();
    let people: Vec<Person> = identities
        .iter()
        .zip(0..)
        .map(|(identity, number)| Person {
            name: name(plan.seed, number, identity.masculinity),
            drawings: plan.drawings,
            photos: plan.photos,
        })
        .collect();
    for person in &people {
        for folder in ["OriginalImages", "FacialPoints", "FacialPoints68", "Filenames"] {
            make_folder(&root.join(folder).join(&person.name))?;
        }
        let list = |kind: char, count: u32| (1..=count).map(|n| format!("{kind}{n:05}.jpg\n")).collect::<String>();
        let folder = root.join("Filenames").join(&person.name);
        write(&folder.join("file_c.txt"), list('C', plan.drawings).as_bytes())?;
        write(&folder.join("file_p.txt"), list('P', plan.photos).as_bytes())?;
    }
    for file in protocols(&people, spread(plan.seed, 0x9207)) {
        let path = root.join("EvaluationProtocols").join(file.path);
        make_folder(path.parent().unwrap_or(root))?;
        write(&path, file.text.as_bytes())?;
    }
    let tasks: Vec<Task> = (0..plan.identities)
        .flat_map(|person| {
            let of = move |count, is_photo| (1..=count).map(move |number| Task { person, number, is_photo });
            of(plan.drawings, false).chain(of(plan.photos, true))
        })
        .collect();
    let done = std::sync::atomic::AtomicU64::new(0);
    let entries: Vec<Value> = tasks
        .par_iter()
        .map(|task| {
            let index = task.person as usize;
            let entry = make_picture(plan, aside, &identities[index], &people[index].name, *task)?;
            let count = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if progress(count) { Ok(entry) } else { Err(Error::Stopped) }
        })
        .collect::<Result<_>>()?;
    write(&root.join(MANIFEST), manifest(plan, &identities, &people, &entries).as_bytes())
}

/// Makes and writes one picture with its landmarks, unless an earlier run has; gives its entry in the manifest.
fn make_picture(plan: &DatasetPlan, aside: &Unfinished, identity: &Identity, name: &str, task: Task) -> Result<Value> {
    let (letter, salt) = if task.is_photo { ('P', 0x9807_0000) } else { ('C', 0xD2A3_0000) };
    let seed = spread(spread(plan.seed, u64::from(task.person)), salt + u64::from(task.number));
    let stem = format!("{letter}{:05}", task.number);
    let file = format!("OriginalImages/{name}/{stem}.jpg");
    let points = |folder: &str| format!("{folder}/{name}/{stem}.txt");
    let files = [file.clone(), points("FacialPoints"), points("FacialPoints68")].map(|file| aside.dataset().join(file));
    let is_there = aside.has(&file, &files);
    let (portrait, quality, mut entry) = if task.is_photo {
        let shot = Shot::sample(seed);
        let portrait = (!is_there).then(|| photograph(identity, &shot, plan.side_px)).transpose()?;
        let mut entry = shot_entry(&shot);
        entry["camera"] = json!({"blur": shot.camera.blur, "noise": shot.camera.noise, "exposure": shot.camera.exposure,
            "balance": shot.camera.balance, "contrast": shot.camera.contrast, "jpeg_quality": shot.camera.jpeg_quality});
        (portrait, shot.camera.jpeg_quality, entry)
    } else {
        let sketch = Sketch::sample(seed, plan.exaggeration);
        let number = (u64::from(task.person) + u64::from(task.number)) % ARTIST_COUNT;
        let artist = Artist::sample(plan.seed, number);
        let portrait = (!is_there).then(|| draw_caricature(identity, &artist, &sketch, plan.side_px)).transpose()?;
        let mut entry = shot_entry(&sketch.shot);
        entry["artist"] = json!(number);
        entry["exaggeration"] = json!(sketch.exaggeration);
        entry["drawn_traits"] = json!(sketch.subject(identity, &artist).shape.values().to_vec());
        (portrait, DRAWING_QUALITY, entry)
    };
    if let Some(Portrait { picture, points }) = portrait {
        let contents = [
            picture.encode_jpeg(quality)?,
            point_lines(&points.webcaricature).into_bytes(),
            point_lines(&points.ibug).into_bytes(),
        ];
        files.iter().zip(&contents).try_for_each(|(file, bytes)| write(file, bytes))?;
        aside.note(&file, contents.iter().map(Vec::as_slice))?;
    }
    entry["file"] = json!(file);
    Ok(entry)
}

fn shot_entry(shot: &Shot) -> Value {
    let (e, light, framing) = (&shot.expression, &shot.light, &shot.framing);
    json!({
        "yaw_degrees": shot.yaw_degrees, "pitch_degrees": shot.pitch_degrees, "roll_degrees": shot.roll_degrees,
        "expression": {"smile": e.smile, "open": e.open, "brows": e.brows, "brow_skew": e.brow_skew, "lids": e.lids, "gaze": e.gaze},
        "light": {"azimuth_degrees": light.azimuth_degrees, "elevation_degrees": light.elevation_degrees, "key": light.key,
            "sky": light.sky, "ground": light.ground, "softness": light.softness},
        "framing": {"head_share": framing.head_share, "center": framing.center, "distance": framing.distance},
        "glasses_worn": shot.glasses, "seed": shot.seed,
    })
}

/// The manifest: a person a line, so that it can be read by people, too.
fn manifest(plan: &DatasetPlan, identities: &[Identity], people: &[Person], entries: &[Value]) -> String {
    let each = (plan.photos + plan.drawings) as usize;
    let artists: Vec<Value> = (0..ARTIST_COUNT)
        .map(|number| {
            let artist = Artist::sample(plan.seed, number);
            json!({"number": number, "technique": artist.technique.name(), "line": artist.line, "wobble": artist.wobble,
                "saturation": artist.saturation, "shade": artist.shade, "emphasis": artist.emphasis.to_vec()})
        })
        .collect();
    let persons: Vec<String> = identities
        .iter()
        .zip(people)
        .zip(entries.chunks(each))
        .map(|((identity, person), pictures)| person_entry(identity, person, pictures).to_string())
        .collect();
    format!(
        "{{\"format\": {}, \"seed\": {}, \"side\": {}, \"photos\": {}, \"drawings\": {}, \"exaggeration\": {},\n\"traits\": {},\n\"artists\": {},\n\"people\": [\n{}\n]}}\n",
        json!(FORMAT),
        plan.seed,
        plan.side_px,
        plan.photos,
        plan.drawings,
        json!(plan.exaggeration),
        json!(TRAIT_NAMES.to_vec()),
        json!(artists),
        persons.join(",\n"),
    )
}

fn person_entry(identity: &Identity, person: &Person, pictures: &[Value]) -> Value {
    let (c, hair, beard) = (&identity.complexion, &identity.hair, &identity.beard);
    json!({
        "name": person.name, "traits": identity.shape.values().to_vec(), "masculinity": identity.masculinity,
        "age_years": identity.age_years,
        "complexion": {"melanin": c.melanin, "redness": c.redness, "freckles": c.freckles, "moles": c.moles, "iris": c.iris,
            "lip_colour": c.lip_colour, "lashes": c.lashes, "brow_darkness": c.brow_darkness},
        "hair": {"style": hair.style.name(), "colour": hair.colour, "grey": hair.grey, "volume": hair.volume, "side": hair.side,
            "recession": hair.recession, "length": hair.length},
        "beard": {"density": beard.density, "length": beard.length, "jaw": beard.jaw, "moustache": beard.moustache, "chin": beard.chin},
        "glasses": identity.glasses.as_ref().map(|g| json!({"colour": g.colour, "half_thickness": g.half_thickness,
            "half_size": g.half_size, "squareness": g.squareness})),
        "pictures": pictures,
    })
}

/// A line `x y` for every point, two decimals, as WebCaricature has them.
fn point_lines(points: &[Point]) -> String {
    points.iter().map(|[x, y]| format!("{x:.2} {y:.2}\n")).collect()
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Plain writing: the folder as a whole is written under a temporary name and renamed.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
}
