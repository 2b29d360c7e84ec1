//! A portrait that comes with the program, for demonstrations and tests.

/// A JPEG of a face, 480x556 pixels: NASA's portrait of Eileen Collins, public domain; see `assets/README.md`.
pub fn bundled_portrait() -> &'static [u8] {
    include_bytes!("../assets/portrait.jpg")
}
