//! Finding faces: from a decoded picture to the points of its faces, and each network alone.
//!
//! `cargo bench -p portraitist-nn --bench faces` (`RAYON_NUM_THREADS` sets the threads).

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use portraitist_face::{Picture, edit};
use portraitist_nn::builtin;
use portraitist_nn::detection::FaceMeshDetector;
use portraitist_nn::inference::dense::DenseMemory;
use portraitist_nn::networks::mediapipe::FaceMesh;
use portraitist_nn::weights::ModelFile;

fn portrait() -> Picture {
    Picture::decode("portrait.jpg", portraitist_face::bundled_portrait()).expect("the bundled portrait")
}

/// The portrait's face in the middle of a plain picture of a size, 40 % of its height.
fn in_size(width: usize, height: usize) -> Picture {
    let face = edit::resize(&portrait(), height * 2 / 5, height / 2).expect("the size fits");
    let mut picture = Picture::filled(width, height, [120, 130, 140]).expect("the size fits");
    let (left, top) = ((width - face.width()) / 2, (height - face.height()) / 2);
    for (row, source) in face.pixels().chunks_exact(3 * face.width()).enumerate() {
        picture.pixels_mut()[3 * ((top + row) * width + left)..][..source.len()].copy_from_slice(source);
    }
    picture
}

fn faces(criterion: &mut Criterion) {
    let detector = FaceMeshDetector::new().expect("built-in networks");
    for (name, picture) in [("640x480", in_size(640, 480)), ("12 megapixels", in_size(4000, 3000))] {
        let found = detector.find(&picture).expect("networks run").len();
        assert_eq!(found, 1, "{name}");
        criterion.bench_function(&format!("faces of {name}"), |bencher| {
            bencher.iter(|| detector.find(black_box(&picture)));
        });
    }
    let empty = Picture::filled(640, 480, [120, 130, 140]).expect("the size fits");
    criterion.bench_function("no face in 640x480", |bencher| bencher.iter(|| detector.find(black_box(&empty))));
    let arrays = |bytes: &[u8], name: &str| ModelFile::from_bytes(bytes, name).expect("a model file").arrays;
    let (name, bytes) = builtin::FACE_NETWORKS[2];
    let network = FaceMesh::new(arrays(bytes, name), Path::new(name)).expect("its arrays fit");
    let (pixels, mut memory) = (vec![0.5; 3 * FaceMesh::SIDE * FaceMesh::SIDE], DenseMemory::default());
    criterion.bench_function("face mesh", |bencher| {
        bencher.iter(|| network.forward(black_box(&pixels), &mut memory));
    });
    criterion.bench_function("reading the networks", |bencher| bencher.iter(FaceMeshDetector::new));
}

criterion_group!(benches, faces);
criterion_main!(benches);
