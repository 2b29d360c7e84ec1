//! TIFF's directories of tags, classic and BigTIFF: in TIFF files, and in EXIF blocks wherever they lie.

use image::metadata::Orientation;

use super::model::{Frames, Metadata};
use super::profile::ProfileBytes;

const NEW_SUBFILE_TYPE: u16 = 254;
const ORIENTATION: u16 = 274;
const ICC_PROFILE: u16 = 34675;

/// Directories that are followed; each page has one.
const MAX_DIRECTORIES: usize = 10_000;

/// The tags of a TIFF file's first page, and how many pages there are; reduced copies of a page do not count.
pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let Some((tiff, first)) = Tiff::open(bytes) else { return metadata };
    metadata.orientation = tiff.orientation(first);
    if let Some(entry) = tiff.find(first, ICC_PROFILE) {
        metadata.profile = match tiff.data(&entry) {
            Some(data) => ProfileBytes::plain(data),
            None => ProfileBytes::Unusable("it lies outside of the file".to_owned()),
        };
    }
    let pages = tiff.directories(first).filter(|&at| tiff.number(at, NEW_SUBFILE_TYPE).unwrap_or(0) & 1 == 0);
    metadata.frames = Frames { count: pages.count().max(1), what: "pages" };
    metadata
}

/// The orientation in an EXIF block; upright where it has none. The block may or may not start with `Exif\0\0`, which
/// belongs to JPEG's segments and which some programs write everywhere.
pub(in crate::picture) fn orientation_of_exif(mut block: &[u8]) -> Orientation {
    while let Some(behind) = block.strip_prefix(b"Exif\0\0") {
        block = behind;
    }
    Tiff::open(block).map_or(Orientation::NoTransforms, |(tiff, first)| tiff.orientation(first))
}

/// A file or block of TIFF's structure.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    /// BigTIFF: places and counts of 8 bytes.
    big: bool,
}

/// An entry of a directory.
struct Entry {
    kind: u16,
    count: u64,
    /// Where the value or its place is.
    at: usize,
}

impl<'a> Tiff<'a> {
    /// Reads the header; with it comes the first directory's place.
    fn open(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let big_endian = match bytes.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let tiff = Self { bytes, big_endian, big: false };
        match tiff.uint(2, 2)? {
            42 => {
                let first = usize::try_from(tiff.uint(4, 4)?).ok()?;
                Some((tiff, first))
            }
            43 => {
                let first = usize::try_from(tiff.uint(8, 8)?).ok()?;
                Some((Self { big: true, ..tiff }, first))
            }
            _ => None,
        }
    }

    /// An unsigned number of 1, 2, 4 or 8 bytes.
    fn uint(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) })
    }

    /// Sizes of a directory's count, of an entry, and of a place.
    fn sizes(&self) -> (usize, usize, usize) {
        if self.big { (8, 20, 8) } else { (2, 12, 4) }
    }

    fn len(&self, directory: usize) -> Option<usize> {
        usize::try_from(self.uint(directory, self.sizes().0)?).ok()
    }

    fn find(&self, directory: usize, wanted: u16) -> Option<Entry> {
        let (count_size, entry_size, place_size) = self.sizes();
        let entries = self.len(directory)?;
        // As many as fit into the file: a cut directory is read as far as it goes.
        let fitting = self.bytes.len().saturating_sub(directory) / entry_size + 1;
        (0..entries.min(fitting)).find_map(|index| {
            let at = directory + count_size + index * entry_size;
            (self.uint(at, 2)? == u64::from(wanted)).then_some(())?;
            let (kind, count) = (self.uint(at + 2, 2)? as u16, self.uint(at + 4, place_size)?);
            Some(Entry { kind, count, at: at + 4 + place_size })
        })
    }

    /// The first number of a tag, whatever its integer type: some programs write orientations as bytes or as longs.
    fn number(&self, directory: usize, tag: u16) -> Option<u64> {
        let entry = self.find(directory, tag)?;
        let length = match entry.kind {
            1 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 => 4,
            _ => return None,
        };
        if entry.count == 0 { None } else { self.uint(entry.at, length) }
    }

    /// A tag's bytes.
    fn data(&self, entry: &Entry) -> Option<&'a [u8]> {
        let place_size = self.sizes().2;
        let length = usize::try_from(entry.count).ok()?;
        let at =
            if length <= place_size { entry.at } else { usize::try_from(self.uint(entry.at, place_size)?).ok()? };
        self.bytes.get(at..at.checked_add(length)?)
    }

    fn orientation(&self, directory: usize) -> Orientation {
        let number = self.number(directory, ORIENTATION).and_then(|number| u8::try_from(number).ok());
        number.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
    }

    /// The places of the directories that follow each other, without going round in circles.
    fn directories(&self, first: usize) -> impl Iterator<Item = usize> {
        let (count_size, entry_size, place_size) = self.sizes();
        let next = move |at: usize| {
            let end = self.len(at)?.checked_mul(entry_size)?.checked_add(at + count_size)?;
            let next = usize::try_from(self.uint(end, place_size)?).ok()?;
            (next != 0 && next < self.bytes.len()).then_some(next)
        };
        let mut seen = std::collections::HashSet::new();
        let places = std::iter::successors(Some(first), move |&at| next(at));
        places.take_while(move |&at| seen.insert(at)).take(MAX_DIRECTORIES)
    }
}
