//! What is to be said of pictures that training reads all the same, each once.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use portraitist_face::{Decoded, Picture, Result};

/// Pictures whose warnings are told one by one; the others are counted.
const NAMED: usize = 20;

/// Collects warnings from the threads that read pictures. Clones share what was collected.
#[derive(Clone, Debug, Default)]
pub struct OddPictures(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    /// Everything that was said, so that nothing is said twice.
    known: BTreeSet<String>,
    /// What nobody has been told yet.
    news: Vec<String>,
}

impl OddPictures {
    /// Reads a picture file and keeps what is to be said of it.
    ///
    /// # Errors
    /// As [`Decoded::open`].
    pub fn open(&self, path: &Path) -> Result<Picture> {
        let decoded = Decoded::open(path)?;
        if !decoded.warnings.is_empty() {
            let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for sentence in decoded.told(&path.display().to_string()) {
                if collected.known.insert(sentence.clone()) {
                    collected.news.push(sentence);
                }
            }
        }
        Ok(decoded.picture)
    }

    /// What has come since the last call, sorted; beyond the first twenty, a number stands for the rest.
    pub fn news(&self) -> Vec<String> {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut news = std::mem::take(&mut collected.news);
        news.sort();
        let told = collected.known.len() - news.len();
        let named = NAMED.saturating_sub(told).min(news.len());
        let rest = news.split_off(named).len();
        if rest > 0 && told <= NAMED {
            news.push(format!(
                "{rest} or more other pictures have warnings of such kinds; `dataset info` or `translate` names them"
            ));
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG without its end marker.
    fn write_odd(path: &Path) {
        let picture = Picture::from_rgb(16, 16, vec![90; 3 * 256]).expect("a picture");
        let mut bytes = picture.encode_jpeg(90).expect("a JPEG");
        bytes.truncate(bytes.len() - 2);
        std::fs::write(path, bytes).expect("written");
    }

    #[test]
    fn every_warning_is_told_once_and_many_are_counted() {
        let place = tempfile::tempdir().expect("a folder");
        let odd = OddPictures::default();
        let reader = odd.clone();
        let read = |numbers: std::ops::Range<usize>| {
            for number in numbers {
                let path = place.path().join(format!("{number:02}.jpg"));
                write_odd(&path);
                reader.open(&path).expect("it is read");
                reader.open(&path).expect("it is read again");
            }
        };
        assert!(odd.news().is_empty());
        read(0..2);
        let news = odd.news();
        assert!(news.len() == 2 && news[0].contains("00.jpg: the JPEG's end"), "{news:?}");
        read(0..2);
        assert!(odd.news().is_empty(), "they were told before");
        read(2..30);
        let news = odd.news();
        assert_eq!(news.len(), NAMED - 2 + 1);
        assert!(news.last().is_some_and(|last| last.starts_with("10 or more other")), "{news:?}");
        read(30..31);
        assert!(odd.news().is_empty(), "the number has been told");
    }
}
