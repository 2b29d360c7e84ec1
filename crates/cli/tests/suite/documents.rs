//! The documents: paths and links that they name exist.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The texts between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The file or folder that a path of ARCHITECTURE.md means: `nn/metrics` is `crates/nn/src/metrics`.
fn place(path: &str) -> PathBuf {
    match path.split_once('/') {
        Some((name @ ("kernels" | "face" | "nn" | "cli"), rest)) => {
            root().join("crates").join(name).join("src").join(rest)
        }
        _ => root().join(path),
    }
}

#[test]
fn the_map_of_the_code_names_what_exists() {
    let map = read("ARCHITECTURE.md");
    let rows = map.lines().filter(|line| line.starts_with("| ") && !line.contains("to come"));
    let paths: Vec<&str> = rows.flat_map(quoted).filter(|text| text.contains('/') && !text.contains(' ')).collect();
    assert!(paths.len() > 60, "{} paths", paths.len());
    let missing: Vec<&&str> = paths.iter().filter(|path| !place(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

const DOCUMENTS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/performance.md",
    "docs/serving.md",
    "docs/synthetic.md",
    "docs/verification.md",
    "docs/models/sketch.md",
    "docs/models/likeness.md",
];

#[test]
fn documents_name_files_that_exist() {
    for name in DOCUMENTS {
        for path in read(name).lines().flat_map(quoted).filter(|text| !text.contains([' ', '*'])) {
            let top = path.split('/').next().unwrap();
            let is_path = path.contains('/') && ["crates", "benches", "configs", "docs", "scripts"].contains(&top);
            assert!(!is_path || root().join(path).exists(), "{name}: {path}");
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for name in DOCUMENTS {
        let folder = root().join(name).parent().unwrap().to_path_buf();
        for target in read(name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            assert!(target.contains("://") || folder.join(target).exists(), "{name}: {target}");
        }
    }
}
