//! What is wrong with a dataset as a page that needs nothing else: pictures are in it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portraitist_face::check::rule;
use portraitist_face::dataset::{Dataset, Problem, ProblemKind};
use portraitist_face::{Picture, edit};
use rayon::prelude::*;

/// Longer side of a picture on the page, in pixels.
const THUMBNAIL: usize = 160;
/// JPEG quality of the pictures.
const QUALITY: u8 = 80;
/// Pictures on the page; the other problems are told without.
const MOST_PICTURES: usize = 2000;

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 1em;color:#222;background:#fff}\
h1{font-size:1.5em}h2{font-size:1.15em;margin:2em 0 .2em}p.rule{color:#555;margin:.1em 0 .8em;max-width:60em}\
ul{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(11em,1fr));gap:1em}\
li{border:1px solid #ddd;border-radius:6px;padding:.6em;overflow-wrap:anywhere}\
img{max-width:100%;display:block;margin:0 auto .5em}b{display:block}small{color:#444}\
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}li{border-color:#444}p.rule,small{color:#aaa}}";

/// The page; `summary` stands above the problems.
pub(super) fn page(dataset: &Dataset, problems: &[Problem], summary: &str) -> String {
    let files: HashMap<String, &Path> =
        dataset.entries().map(|(person, entry)| (person.label(entry), entry.picture.as_path())).collect();
    // Of a problem of a person, the person's first picture.
    let of_people: HashMap<&str, &Path> = dataset
        .people
        .iter()
        .filter_map(|person| Some((person.name.as_str(), person.pictures.first()?.picture.as_path())))
        .collect();
    let file =
        |problem: &Problem| files.get(&problem.picture).or_else(|| of_people.get(problem.picture.as_str())).copied();
    let shown: Vec<Option<String>> = problems
        .par_iter()
        .enumerate()
        .map(|(index, problem)| thumbnail(file(problem).filter(|_| index < MOST_PICTURES)?))
        .collect();
    let mut by_kind: BTreeMap<ProblemKind, Vec<usize>> = BTreeMap::new();
    for (index, problem) in problems.iter().enumerate() {
        by_kind.entry(problem.kind).or_default().push(index);
    }
    let title = escaped(&dataset.root.display().to_string());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{}</p>\n",
        escaped(summary)
    );
    if problems.is_empty() {
        page.push_str("<p>Nothing is wrong.</p>\n");
    }
    for (kind, indices) in by_kind {
        // Writing into a string cannot fail.
        let _ = writeln!(page, "<h2>{} ({})</h2>", kind.name().replace('_', " "), indices.len());
        if let Some(rule) = rule(kind) {
            let _ = writeln!(page, "<p class=\"rule\">{}</p>", escaped(&rule));
        }
        page.push_str("<ul>\n");
        for index in indices {
            let Problem { picture, detail, .. } = &problems[index];
            let image = shown[index]
                .as_ref()
                .map_or_else(String::new, |image| format!("<img alt=\"\" src=\"data:image/jpeg;base64,{image}\">"));
            let _ = writeln!(page, "<li>{image}<b>{}</b><small>{}</small></li>", escaped(picture), escaped(detail));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</html>\n");
    page
}

/// A small JPEG of a picture in base64; `None` if it cannot be read.
fn thumbnail(path: &Path) -> Option<String> {
    let picture = Picture::open(path).ok()?;
    let scale = (THUMBNAIL as f64 / picture.width().max(picture.height()) as f64).min(1.0);
    let [width, height] = [picture.width(), picture.height()].map(|side| ((side as f64 * scale) as usize).max(1));
    Some(STANDARD.encode(edit::resize(&picture, width, height).ok()?.encode_jpeg(QUALITY).ok()?))
}

fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_no_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
