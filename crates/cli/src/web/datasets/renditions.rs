//! Pictures as browsers show them: upright JPEGs of a bounded size, made when they are first asked for and kept on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use portraitist_face::edit::resize;
use portraitist_face::files::write_atomically;
use portraitist_face::picture::read_file;
use portraitist_nn::weights::sha256;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::web::api::decode;
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
    /// One picture is decoded at a time.
    turn: Arc<Semaphore>,
    pixels: u64,
}

impl Renditions {
    /// Keeps files in a folder; pictures may have so many `pixels`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub(super) fn new(folder: PathBuf, pixels: u64) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, turn: Arc::new(Semaphore::new(1)), pixels })
    }

    /// The JPEG of a picture file, whose path was checked.
    ///
    /// # Errors
    /// If the picture cannot be read, or has too many pixels.
    pub(super) async fn get(&self, picture: PathBuf, size: Size) -> Result<Vec<u8>, Failure> {
        let stopped = || Failure::internal("the picture was not finished");
        let known = self.clone();
        let find = move || known.find(&picture, size).map(|(file, kept)| (picture, file, kept));
        let (picture, file, kept) = spawn_blocking(find).await.map_err(|_| stopped())??;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| stopped())?;
        let pixels = self.pixels;
        let work = move || {
            let _turn = turn;
            let bytes = rendered(&picture, size, pixels)?;
            if let Some(folder) = file.parent() {
                // What cannot be kept is made again.
                let _ = std::fs::create_dir_all(folder).map(|()| write_atomically(&file, &bytes, true));
            }
            Ok(bytes)
        };
        spawn_blocking(work).await.map_err(|_| stopped())?
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
        let kept = std::fs::read(&file).ok();
        Ok((file, kept))
    }
}

fn rendered(path: &Path, size: Size, mut pixels: u64) -> Result<Vec<u8>, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unreadable = |error: portraitist_face::Error| {
        let text = error.to_string().replace(&path.display().to_string(), &name);
        Failure::unprocessable("unusable", text, "dataset check says more")
    };
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
