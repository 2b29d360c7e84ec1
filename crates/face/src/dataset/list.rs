//! List files: a picture a line, then, after a tab, the person and the landmark file where they are known.

use std::collections::BTreeMap;
use std::path::Path;

use super::folders::entry;
use super::{Dataset, Layout, OpenOptions, Person};
use crate::error::Result;
use crate::text::read_text;

/// Opens a list. Paths are below the list's folder; without a person, each picture is a person of its own.
pub(super) fn open(root: &Path, options: &OpenOptions) -> Result<Dataset> {
    let text = read_text(root)?;
    let folder = root.parent().unwrap_or(Path::new("."));
    let mut people: BTreeMap<String, Person> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut fields = line.split('\t').map(str::trim);
        let file = fields.next().unwrap_or_default();
        let name = Path::new(file).with_extension("").to_string_lossy().into_owned();
        let person = fields.next().filter(|person| !person.is_empty()).unwrap_or(&name).to_owned();
        let mut entry = entry(&folder.join(file), name, options.domain);
        if let Some(landmarks) = fields.next().filter(|landmarks| !landmarks.is_empty()) {
            entry.landmarks = Some(folder.join(landmarks));
        }
        people.entry(person.clone()).or_insert(Person { name: person, pictures: Vec::new() }).pictures.push(entry);
    }
    let people = people.into_values().collect();
    let dataset = Dataset {
        root: root.to_owned(),
        layout: Layout::List,
        people,
        protocols: None,
        owners: BTreeMap::new(),
        remarks: Vec::new(),
        problems: Vec::new(),
    };
    Ok(dataset.without_repeats())
}
