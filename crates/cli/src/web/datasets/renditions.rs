//! Pictures as browsers show them: upright JPEGs of a bounded size, made when they are first asked for and kept on disk.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use portraitist_face::edit::resize;
use portraitist_face::picture::{Header, read_file};
use portraitist_nn::weights::sha256;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::web::api::decode;
use crate::web::limits::{RENDITIONS_AT_A_TIME, SMALL_PICTURE_PIXELS};
use crate::web::memory::Memory;
use crate::web::reply::Failure;

/// The two sizes in which pictures are shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    Thumb,
    Large,
}

impl Size {
    /// Longer side in pixels.
    fn side(self) -> usize {
        match self {
            Self::Thumb => 160,
            Self::Large => 1200,
        }
    }
}

const JPEG_QUALITY: u8 = 85;

/// Makes and keeps them.
#[derive(Clone)]
pub(super) struct Renditions {
    folder: PathBuf,
    /// A permit for each small picture that is decoded; a large one takes all.
    turns: Arc<Semaphore>,
    most_turns: u32,
    pixels: u64,
    memory: Memory,
}

impl Renditions {
    /// Keeps files in a folder; pictures may have so many `pixels`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub(super) fn new(folder: PathBuf, pixels: u64, memory: Memory) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let most_turns = processors.clamp(1, RENDITIONS_AT_A_TIME) as u32;
        Ok(Self { folder, turns: Arc::new(Semaphore::new(most_turns as usize)), most_turns, pixels, memory })
    }

    /// The JPEG of a picture file, whose path was checked.
    ///
    /// # Errors
    /// If the picture cannot be read, or has too many pixels.
    pub(super) async fn get(&self, picture: PathBuf, size: Size) -> Result<Vec<u8>, Failure> {
        let stopped = || Failure::internal("the picture was not finished");
        let known = self.clone();
        let find = move || {
            let (file, kept) = known.find(&picture, size)?;
            let turns = if kept.is_none() { known.turns_of(&picture) } else { 0 };
            Ok::<_, Failure>((picture, file, kept, turns))
        };
        let (picture, file, kept, turns) = spawn_blocking(find).await.map_err(|_| stopped())??;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let turn = Arc::clone(&self.turns).acquire_many_owned(turns).await.map_err(|_| stopped())?;
        let (pixels, memory) = (self.pixels, self.memory.clone());
        let work = move || {
            let _turn = turn;
            memory.note_use();
            let bytes = rendered(&picture, size, pixels)?;
            if let Some(folder) = file.parent() {
                // What cannot be kept is made again.
                let _ = std::fs::create_dir_all(folder).and_then(|()| keep(&file, folder, &bytes));
            }
            Ok(bytes)
        };
        spawn_blocking(work).await.map_err(|_| stopped())?
    }

    /// How many permits a picture needs. One that cannot be read is none.
    fn turns_of(&self, picture: &Path) -> u32 {
        if pixels_of(picture).is_some_and(|pixels| pixels <= SMALL_PICTURE_PIXELS) { 1 } else { self.most_turns }
    }

    /// Where the rendition is kept, and the rendition if it is there. Another file under the same name has another one.
    fn find(&self, picture: &Path, size: Size) -> Result<(PathBuf, Option<Vec<u8>>), Failure> {
        let missing = |_| Failure::not_there("the picture is not there", "dataset check says more");
        let metadata = picture.metadata().map_err(missing)?;
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |time| time.as_nanos());
        let key = format!("{}\n{}\n{modified}\n{}", picture.display(), metadata.len(), size.side());
        let hash = sha256(key.as_bytes());
        let file = self.folder.join(&hash[..2]).join(format!("{}.jpg", &hash[2..]));
        let kept = std::fs::read(&file).ok().filter(|bytes| is_whole(bytes));
        Ok((file, kept))
    }
}

/// Gives a finished file its name. It is not synced, which would take longer than making it: after a crash of the system it may be torn,
/// which [`is_whole`] notices.
fn keep(file: &Path, folder: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(file)?;
    Ok(())
}

/// Whether a JPEG has its beginning and its end.
fn is_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9])
}

/// Pixels of a picture by its header; `None` if that cannot be read.
pub(super) fn pixels_of(picture: &Path) -> Option<u64> {
    Header::read(picture).ok().map(|header| header.width as u64 * header.height as u64)
}

/// Largest file of a picture with so many pixels: 16-bit colours with transparency, nothing compressed, and some text.
pub(super) fn most_file_bytes(pixels: u64) -> u64 {
    pixels * 8 + (1 << 20)
}

fn rendered(path: &Path, size: Size, mut pixels: u64) -> Result<Vec<u8>, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unreadable = |error: portraitist_face::Error| {
        let text = error.to_string().replace(&path.display().to_string(), &name);
        Failure::unprocessable("unusable", text, "dataset check says more")
    };
    if path.metadata().is_ok_and(|file| file.len() > most_file_bytes(pixels)) {
        let error = format!("{name}: the file is larger than the largest picture that is shown");
        return Err(Failure::unprocessable("too_large", error, "look at it on the disk"));
    }
    let file = read_file(path).map_err(unreadable)?;
    let picture = decode(&name, &file, &mut pixels)?.picture;
    drop(file);
    let longer = picture.width().max(picture.height());
    let picture = if longer <= size.side() {
        picture
    } else {
        let scaled = |side: usize| (side * size.side() / longer).max(1);
        resize(&picture, scaled(picture.width()), scaled(picture.height())).map_err(unreadable)?
    };
    picture.encode_jpeg(JPEG_QUALITY).map_err(unreadable)
}
