//! Files are written whole or not at all.

use portraitist_face::files::write_atomically;
use portraitist_face::picture::PictureFormat;
use portraitist_face::{Error, Picture};

#[test]
fn written_pictures_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let picture = Picture::from_rgb(5, 4, (0..60).map(|v| v * 4).collect()).unwrap();
    for name in ["a.png", "b.webp", "c.PNG"] {
        let path = folder.path().join(name);
        picture.save(&path, false).unwrap();
        assert_eq!(Picture::open(&path).unwrap(), picture, "{name}");
    }
    picture.save(folder.path().join("d.jpeg"), false).unwrap();
    assert_eq!(Picture::open(folder.path().join("d.jpeg")).unwrap().width(), 5);
    assert!(matches!(picture.save(folder.path().join("e.tga"), false), Err(Error::UnknownExtension { .. })));
    assert!(matches!(PictureFormat::from_path("noextension".as_ref()), Err(Error::UnknownExtension { .. })));
}

#[test]
fn existing_files_stay_unless_overwriting_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bin");
    write_atomically(&path, b"first", false).unwrap();
    assert!(matches!(write_atomically(&path, b"second", false), Err(Error::AlreadyExists { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    write_atomically(&path, b"second", true).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"second");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file may stay");
}

#[test]
fn failed_writes_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/x.bin");
    let message = write_atomically(&missing, b"x", true).unwrap_err().to_string();
    assert!(message.contains("missing/x.bin"), "{message}");
    // A folder of that name cannot be replaced.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(write_atomically(&taken, b"x", true), Err(Error::Write { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A full disk, where the system has one to offer: writing to the folder of a tiny memory disk needs rights that tests lack, so
/// the kernel's always-full device stands in for the file itself.
#[cfg(target_os = "linux")]
#[test]
fn a_device_is_never_replaced_by_accident() {
    assert!(matches!(write_atomically("/dev/full", b"x", false), Err(Error::AlreadyExists { .. })));
}
