//! The lines of protocol files.

use std::path::{Path, PathBuf};

use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::text::read_text;

/// A picture as protocols name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct PictureName {
    /// The person, words one blank apart.
    pub person: String,
    /// `C00001` or `P00001`.
    pub name: String,
}

impl PictureName {
    /// A picture by its number, from 1: `C00001`.
    pub fn numbered(person: &str, domain: Domain, number: u32) -> Self {
        Self { person: person.to_owned(), name: format!("{}{number:05}", domain.letter()) }
    }
}

impl std::fmt::Display for PictureName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.person, self.name)
    }
}

/// A person and how many pictures of each kind there are, numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PersonCount {
    /// The person, words one blank apart.
    pub person: String,
    /// Number of drawings.
    pub drawings: u32,
    /// Number of photos.
    pub photos: u32,
}

/// What a line of a protocol says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A single number: entries or people that follow.
    Number(u32),
    /// `Name<TAB>drawings<TAB>photos`.
    Person(PersonCount),
    /// `Name<TAB>C00001`.
    Picture(PictureName),
    /// `Name<TAB>C00001<TAB>P00001`.
    Match(PictureName, PictureName),
    /// `Name<TAB>C00001<TAB>Name<TAB>P00001`.
    Mismatch(PictureName, PictureName),
}

/// A protocol file line by line.
pub(crate) struct Lines {
    path: PathBuf,
    lines: Vec<(usize, String)>,
    next: usize,
}

impl Lines {
    /// Reads a file; empty lines are skipped.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let lines = numbered.map(|(index, line)| (index + 1, line.trim().to_owned())).collect();
        Ok(Self { path: path.to_owned(), lines, next: 0 })
    }

    /// The next line, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line>> {
        if self.next == self.lines.len() {
            return Ok(None);
        }
        self.next += 1;
        let line = parse_line(&self.lines[self.next - 1].1);
        line.map(Some).ok_or_else(|| self.wrong("a number, a person with two numbers, or a person with pictures"))
    }

    /// The next line, which must be a number.
    pub(crate) fn number(&mut self) -> Result<u32> {
        match self.next()? {
            Some(Line::Number(number)) => Ok(number),
            _ => Err(self.wrong("a single number")),
        }
    }

    /// The next line, which must be a person with two numbers.
    pub(crate) fn person(&mut self) -> Result<PersonCount> {
        match self.next()? {
            Some(Line::Person(person)) => Ok(person),
            _ => Err(self.wrong("a person with the numbers of drawings and photos")),
        }
    }

    /// Whether every line was read.
    pub(crate) fn at_end(&self) -> bool {
        self.next == self.lines.len()
    }

    /// An error about the line just read.
    pub(crate) fn wrong(&self, expected: &'static str) -> Error {
        let last = self.next.min(self.lines.len()).checked_sub(1).and_then(|index| self.lines.get(index));
        let (line, found) = match last {
            Some((number, text)) => (*number, text.chars().take(80).collect()),
            None => (1, "the end of the file".to_owned()),
        };
        Error::Protocol { path: self.path.clone(), line, expected, found }
    }
}

/// Understands one line. Tabs or blanks lie between words, as the published files have both.
///
/// Unlike the original, names may have parts of one letter (`George W Bush`).
pub(crate) fn parse_line(line: &str) -> Option<Line> {
    let words: Vec<&str> = line.split_whitespace().collect();
    // The first word always belongs to a name.
    let places: Vec<usize> = (1..words.len()).filter(|&index| Domain::of_name(words[index]).is_some()).collect();
    let picture =
        |from: usize, to: usize| PictureName { person: words[from..to].join(" "), name: words[to].to_owned() };
    let last = words.len().checked_sub(1)?;
    match places[..] {
        [] if last == 0 => Some(Line::Number(words[0].parse().ok()?)),
        [] if last >= 2 => Some(Line::Person(PersonCount {
            person: words[..last - 1].join(" "),
            drawings: words[last - 1].parse().ok()?,
            photos: words[last].parse().ok()?,
        })),
        [first] if first == last => Some(Line::Picture(picture(0, first))),
        [first, second] if second == last && second == first + 1 => {
            let one = picture(0, first);
            let other = PictureName { person: one.person.clone(), name: words[second].to_owned() };
            Some(Line::Match(one, other))
        }
        [first, second] if second == last => Some(Line::Mismatch(picture(0, first), picture(first + 1, second))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(person: &str, name: &str) -> PictureName {
        PictureName { person: person.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn every_kind_of_line_is_understood() {
        let cases = [
            ("10", Line::Number(10)),
            (
                "Luciano Pavarotti\t23\t27",
                Line::Person(PersonCount { person: "Luciano Pavarotti".to_owned(), drawings: 23, photos: 27 }),
            ),
            ("Cher\tP00021", Line::Picture(picture("Cher", "P00021"))),
            (
                "Angela Lansbury\tC00001\tMoe Howard\tP00005",
                Line::Mismatch(picture("Angela Lansbury", "C00001"), picture("Moe Howard", "P00005")),
            ),
            (
                "George W Bush\tC00001\tP00004",
                Line::Match(picture("George W Bush", "C00001"), picture("George W Bush", "P00004")),
            ),
            ("Jos\u{e9} Carreras C00001", Line::Picture(picture("Jos\u{e9} Carreras", "C00001"))),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_line(text), Some(expected), "{text}");
        }
        for text in ["", "Ada", "Ada Quill", "Ada\tC1\tC2\tC3", "Ada\tC00001\tBruno", "-3", "Ada\t-1\t2", "12 7"] {
            assert_eq!(parse_line(text), None, "{text}");
        }
    }
}
