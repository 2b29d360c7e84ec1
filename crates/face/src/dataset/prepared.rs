//! Folders that `dataset prepare` wrote: their manifest says which crops there are, whatever else lies among them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::people::{Dataset, Entry, Person};
use crate::error::{Error, Result};
use crate::prepare::manifest::{MANIFEST, Row, is_prepared, read_manifest};

/// The folder of the crops.
const CROPS: &str = "crops";

/// Opens a prepared folder: the people and kept crops of its manifest.
pub(super) fn open(root: &Path) -> Result<Dataset> {
    let rows = read_manifest(&root.join(MANIFEST))?;
    let mut people: BTreeMap<String, Person> = BTreeMap::new();
    for row in rows.into_iter().filter(is_crop) {
        let person = people.entry(row.identity.clone()).or_insert(Person { name: row.identity, pictures: Vec::new() });
        let name = if row.flipped { format!("{}-flipped", row.picture) } else { row.picture };
        person.pictures.push(Entry { name, domain: row.domain, picture: root.join(row.crop), landmarks: None });
    }
    let (root, people) = (root.to_owned(), people.into_values().collect());
    let (owners, remarks, problems) = (BTreeMap::new(), Vec::new(), Vec::new());
    let dataset = Dataset { root, layout: Layout::People, people, protocols: None, owners, remarks, problems };
    Ok(dataset.without_repeats())
}

fn is_crop(row: &Row) -> bool {
    row.kept && !row.crop.is_empty()
}

/// Kept crops of a prepared folder with the people they show.
type Kept = HashMap<PathBuf, String>;

/// The files found below a folder, but of prepared folders the kept crops only. With each goes the person that a manifest names.
///
/// # Errors
/// [`Error::Dataset`] for a manifest that cannot be read or is not finished, and for a kept crop that is missing.
pub(super) fn sift(folder: &Path, files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Option<String>)>> {
    let mut manifests: HashMap<PathBuf, Option<Kept>> = HashMap::new();
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mut sifted = Vec::with_capacity(files.len());
    for file in files {
        let below = file.strip_prefix(folder).unwrap_or(&file);
        let whole = real.join(below);
        let root = whole.ancestors().filter(|above| above.ends_with(CROPS)).find_map(|crops| {
            let root = crops.parent()?;
            let is_one = manifests.get(root).map_or_else(|| is_prepared(root), Option::is_some);
            if !is_one {
                manifests.insert(root.to_owned(), None);
            }
            is_one.then(|| root.to_owned())
        });
        let Some(root) = root else {
            sifted.push((file, None));
            continue;
        };
        if !manifests.contains_key(&root) {
            manifests.insert(root.clone(), Some(kept(&root)?));
        }
        let person = manifests.get_mut(&root).and_then(Option::as_mut).and_then(|kept| kept.remove(&whole));
        sifted.extend(person.map(|person| (file, Some(person))));
    }
    let missing = |(root, kept): (&PathBuf, &Option<Kept>)| {
        let crop = kept.iter().flat_map(HashMap::keys).filter(|crop| crop.starts_with(&real)).min()?;
        let reason = format!("{} is missing; run `dataset prepare` again", crop.display());
        Some(Error::Dataset { path: root.join(MANIFEST), reason })
    };
    manifests.iter().find_map(missing).map_or(Ok(sifted), Err)
}

fn kept(root: &Path) -> Result<Kept> {
    let rows = read_manifest(&root.join(MANIFEST))?;
    Ok(rows.into_iter().filter(is_crop).map(|row| (root.join(row.crop), row.identity)).collect())
}

/// Without the files of prepared folders below `folder`: results of this program are no input. Gives the folders, too.
pub(super) fn without_results(folder: &Path, files: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut known: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut is_result = |file: &PathBuf| {
        let mut above = file.ancestors().skip(1).take_while(|above| *above != folder && above.starts_with(folder));
        above.any(|above| *known.entry(above.to_owned()).or_insert_with(|| is_prepared(above)))
    };
    let files = files.into_iter().filter(|file| !is_result(file)).collect();
    (files, known.into_iter().filter(|(_, is_one)| *is_one).map(|(folder, _)| folder).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use std::fs;

    use super::*;
    use crate::dataset::{OpenOptions, find_pictures};

    /// A prepared folder `W/out` with one kept and one dropped crop, in a folder of people `W`.
    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for file in ["W/Ada/1.png", "W/out/crops/Ada/1.png", "W/out/crops/Ada/2.png"] {
            let file = place.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "not opened").unwrap();
        }
        let header = "source,identity,picture,domain,crop,flipped,width,height,a,b,tx,c,d,ty,landmarks,pitch,yaw,roll,\
            distance_share,kept,reason,split,source_bytes,source_modified,landmarks_bytes,landmarks_modified,crop_bytes,geometry";
        let row = |number: u8, crop: &str, kept: bool| {
            format!("{number}.png,Ada,{number},photo,{crop},false,,,,,,,,,,,,,,{kept},,train,0,0,0,0,0,x\n")
        };
        let table = format!("{header}\n{}{}", row(1, "crops/Ada/1.png", true), row(2, "", false));
        fs::write(place.path().join("W/out/manifest.csv"), table).unwrap();
        place
    }

    #[test]
    fn training_goes_by_the_manifest_wherever_it_starts() {
        let place = place();
        for folder in ["W/out", "W/out/crops", "W/out/crops/Ada"] {
            let found = find_pictures(&place.path().join(folder), &[]).unwrap().pictures;
            assert!(found.len() == 1 && found[0].path.ends_with("crops/Ada/1.png"), "{folder}: {found:?}");
            assert_eq!(found[0].person.as_deref(), Some("Ada"));
        }
        let set = Dataset::open(place.path().join("W/out"), &OpenOptions::default()).unwrap();
        assert_eq!(set.entries().count(), 1);
        fs::remove_file(place.path().join("W/out/crops/Ada/1.png")).unwrap();
        let error = find_pictures(&place.path().join("W/out"), &[]).unwrap_err().to_string();
        assert!(error.contains("1.png is missing") && error.contains("prepare"), "{error}");
        fs::rename(place.path().join("W/out/manifest.csv"), place.path().join("W/out/.prepare-journal.csv")).unwrap();
        let error = find_pictures(&place.path().join("W/out"), &[]).unwrap_err().to_string();
        assert!(error.contains("not finished"), "{error}");
    }

    #[test]
    fn results_inside_a_dataset_are_no_people() {
        let place = place();
        let set = Dataset::open(place.path().join("W"), &OpenOptions::default()).unwrap();
        let people: Vec<&str> = set.people.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(people, ["Ada"]);
        assert!(set.remarks[0].contains("out"), "{:?}", set.remarks);
    }
}
