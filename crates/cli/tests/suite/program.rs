//! Running the program, and the small files that the tests give to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portraitist_face::{Picture, bundled_portrait};
use serde_json::Value;

/// What a call printed and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    fn new(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The one object that `--json` prints.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// It failed as a program should: one error that says each of `words`, the first (what it is about)
    /// only once, and no panic.
    pub(crate) fn failed(self, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        let errors: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word} is missing in {self:?}");
        }
        assert!(errors[0].matches(words[0]).count() < 2, "{} stands twice in {self:?}", words[0]);
        for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!self.stderr.contains(trace), "{self:?}");
        }
        self
    }
}

/// A folder of its own, in which the program is called.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portraitist"));
        command.args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        Answer::new(self.command(arguments).output().unwrap())
    }

    /// Runs a line of the shell, in which `"$@"` is the program and its arguments.
    pub(crate) fn run_in_shell(&self, line: &str, arguments: &[&str]) -> Answer {
        let mut shell = Command::new("sh");
        shell.args(["-c", line, "sh", env!("CARGO_BIN_EXE_portraitist")]).args(arguments);
        Answer::new(shell.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap())
    }

    /// Translates with the tiny model.
    pub(crate) fn translate(&self, arguments: &[&str]) -> Answer {
        let model = tiny_model();
        self.run(&[&["translate", "--model", model.to_str().unwrap(), "--json"], arguments].concat())
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn write_portrait(&self, name: &str) {
        self.write(name, bundled_portrait());
    }

    /// Writes a picture without a face, another one for each `seed`.
    pub(crate) fn write_picture(&self, name: &str, width: usize, height: usize, seed: usize) {
        self.write(name, picture(width, height, seed).encode_png().unwrap());
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn size(&self, name: &str) -> [usize; 2] {
        let picture = Picture::open(self.path(name)).unwrap();
        [picture.width(), picture.height()]
    }

    /// Every file below `name`, sorted, as paths relative to it; hidden ones included.
    pub(crate) fn files(&self, name: &str) -> Vec<String> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let (root, mut found) = (self.path(name), Vec::new());
        walk(&root, &mut found);
        found.sort();
        found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect()
    }
}

/// A picture without a face: slopes with some texture.
pub(crate) fn picture(width: usize, height: usize, seed: usize) -> Picture {
    let value = |index: usize| {
        let (x, y, channel) = (index / 3 % width, index / 3 / width, index % 3);
        let slope = (x * 200 / width + y * (30 + 20 * channel) / height + 17 * seed) % 200;
        (slope + (x * 7 + y * 13 + seed * 29) % 23) as u8
    };
    Picture::from_rgb(width, height, (0..width * height * 3).map(value).collect()).unwrap()
}

/// A file of the original's reference data: networks for pictures of 32x40 with styles of 4 numbers.
pub(crate) fn original(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn/tests/golden/translator/tiny").join(name)
}

pub(crate) fn tiny_model() -> PathBuf {
    original("gen_00000000.pt")
}

/// A `.npy` file.
pub(crate) fn npy(shape: &str, values: &[f32]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A safetensors file of one array.
pub(crate) fn safetensors(name: &str, shape: &[usize], values: &[f32]) -> Vec<u8> {
    let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * values.len()]});
    let header = serde_json::json!({name: entry}).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}
