//! Weights files: round trips and malformed input.

use std::path::Path;

use portraitist_nn::builtin::{DRAWING_LANDMARKS, FACE_NETWORKS, RECOGNIZERS};
use portraitist_nn::config::munit::TranslatorConfig;
use portraitist_nn::layers::Initialization;
use portraitist_nn::networks::munit::Translator;
use portraitist_nn::weights::{
    FloatKind, ModelConfig, ModelFile, WeightsError, assign, assign_check, collect, read_arrays, read_model, sha256,
    sha256_of_file, write_native,
};

use crate::golden::{device, folder};

fn small() -> TranslatorConfig {
    let mut config = TranslatorConfig::default();
    config.generator.dim = 4;
    config.generator.mlp_dim = 8;
    config.generator.num_residual = 1;
    config
}

fn model(seed: u64) -> ModelFile {
    let translator = Translator::new(&small(), Initialization::Kaiming, seed, &device());
    ModelFile { config: ModelConfig::Translator(small()), arrays: collect(&translator) }
}

#[test]
fn a_model_file_comes_back_as_it_was_and_always_as_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let model = model(3);
    write_native(&model, FloatKind::Single, &first, false).unwrap();
    write_native(&model, FloatKind::Single, &second, false).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    let back = read_model(&first).unwrap();
    assert_eq!((&back.config, &back.arrays), (&model.config, &model.arrays));
}

#[test]
fn half_precision_keeps_three_digits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let model = model(4);
    write_native(&model, FloatKind::Half, &path, false).unwrap();
    for (name, array) in read_model(&path).unwrap().arrays {
        let exact = &model.arrays[&name].values;
        let worst = array.values.iter().zip(exact).map(|(a, b)| (a - b).abs() / b.abs().max(1e-3)).fold(0.0, f32::max);
        assert!(worst < 1e-3, "{name}: {worst}");
    }
}

#[test]
fn numbers_beyond_half_precision_are_refused_by_name_and_the_largest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let with = |value: f32| {
        let mut model = model(4);
        let (name, array) = model.arrays.iter_mut().next().unwrap();
        array.values[0] = value;
        let path = folder.path().join(format!("{value}.safetensors"));
        (name.clone(), write_native(&model, FloatKind::Half, &path, false).map(|()| path))
    };
    let (name, written) = with(65_504.0);
    assert_eq!(read_model(&written.unwrap()).unwrap().arrays[&name].values[0], 65_504.0);
    let (wanted, written) = with(-65_600.0);
    match written {
        Err(WeightsError::TooLargeForHalf { name, value, .. }) => assert_eq!((name, value), (wanted, -65_600.0)),
        other => panic!("{other:?}"),
    }
}

/// `fuzz/corpus/weights/kinds.pt`: the same six numbers in each kind of PyTorch's floats, and a counter.
#[test]
fn every_kind_of_floats_in_pytorch_files_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/weights/kinds.pt");
    let arrays = read_arrays(&path).unwrap();
    let kinds: Vec<_> = arrays.iter().map(|(name, array)| (name.as_str(), array.dtype)).collect();
    assert_eq!(kinds, [("brain", "BF16"), ("double", "F64"), ("half", "F16"), ("single", "F32")]);
    for (name, array) in &arrays {
        assert_eq!(array.values, [0.5, -1.25, 3.0, -0.0625, 2.0, 100.0], "{name}");
        assert_eq!(array.shape, [2, 3], "{name}");
    }
}

#[test]
fn recognizers_without_a_classifier_fit_their_configuration() {
    let (name, bytes) = RECOGNIZERS[0];
    let mut model = ModelFile::from_bytes(bytes, name).unwrap();
    assign_check(&model, Path::new(name)).unwrap();
    let removed = model.arrays.keys().next().cloned().unwrap();
    model.arrays.remove(&removed);
    let text = assign_check(&model, Path::new(name)).unwrap_err().to_string();
    assert!(text.contains(&removed), "{text}");
}

/// The example of FIPS 180-2.
#[test]
fn face_networks_are_built_to_see_whether_they_are_whole() {
    for (name, bytes) in FACE_NETWORKS.into_iter().chain([DRAWING_LANDMARKS]) {
        let mut file = ModelFile::from_bytes(bytes, name).unwrap();
        assign_check(&file, Path::new(name)).unwrap();
        let (array, _) = file.arrays.pop_first().unwrap();
        let error = assign_check(&file, Path::new(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(&array), "{error}");
    }
}

#[test]
fn hashes_are_written_in_hexadecimal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abc");
    std::fs::write(&path, b"abc").unwrap();
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((sha256(b"abc").as_str(), sha256_of_file(&path).unwrap().as_str()), (expected, expected));
}

#[test]
fn an_existing_file_is_not_replaced_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, b"precious").unwrap();
    assert!(write_native(&model(1), FloatKind::Single, &path, false).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn wrong_names_and_shapes_are_listed_and_nothing_is_changed() {
    let mut translator = Translator::new(&small(), Initialization::Kaiming, 1, &device());
    let before = collect(&translator);
    let mut arrays = model(2).arrays;
    let moved = arrays.remove("a.enc_content.model.0.conv.weight").unwrap();
    arrays.insert("a.enc_content.model.0.convolution.weight".to_owned(), moved);
    arrays.get_mut("b.mlp.model.0.fc.bias").unwrap().shape = vec![2, 4];
    let error = assign(&mut translator, arrays, Path::new("bad.pt")).unwrap_err();
    let WeightsError::Mismatch { missing, unused, misshaped, .. } = &error else { panic!("{error}") };
    assert_eq!(missing, &["a.enc_content.model.0.conv.weight"]);
    assert_eq!(unused, &["a.enc_content.model.0.convolution.weight"]);
    assert_eq!(misshaped, &["b.mlp.model.0.fc.bias (expected [8], found [2, 4])"]);
    assert_eq!(collect(&translator), before);
    let text = error.to_string();
    assert!(text.contains("bad.pt") && text.contains("missing: a.enc_content"), "{text}");
}

#[test]
fn numbers_that_are_not_finite_are_refused_by_name() {
    let mut translator = Translator::new(&small(), Initialization::Kaiming, 1, &device());
    let mut arrays = model(2).arrays;
    arrays.get_mut("a.dec.model.1.gamma").unwrap().values[0] = f32::NAN;
    let error = assign(&mut translator, arrays, Path::new("nan.pt")).unwrap_err();
    assert!(matches!(&error, WeightsError::NotFinite { name, .. } if name == "a.dec.model.1.gamma"), "{error}");
}

#[test]
fn files_cut_short_at_any_place_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.safetensors");
    write_native(&model(1), FloatKind::Single, &whole, false).unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    let path = folder.path().join("cut.safetensors");
    for length in [0, 1, 7, 8, 9, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(read_model(&path).is_err(), "{length} bytes");
        assert!(read_arrays(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn pytorch_files_cut_short_or_of_another_kind_are_errors() {
    let Some(golden) = folder("translator/tiny") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(golden.join("config.yaml"), folder.path().join("config.yaml")).unwrap();
    let bytes = std::fs::read(golden.join("gen_00000000.pt")).unwrap();
    let path = folder.path().join("cut.pt");
    for length in [0, 10, 1000, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(read_model(&path).is_err(), "{length} bytes");
    }
    std::fs::write(&path, b"not a checkpoint at all").unwrap();
    let text = read_model(&path).unwrap_err().to_string();
    assert!(text.contains("cut.pt") && text.contains("expected"), "{text}");
}

#[test]
fn a_checkpoint_without_its_configuration_says_what_is_missing() {
    let Some(golden) = folder("translator/tiny") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alone").join("gen_00000000.pt");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::copy(golden.join("gen_00000000.pt"), &path).unwrap();
    assert!(matches!(read_model(&path), Err(WeightsError::MissingConfig { .. })));
}

#[test]
fn attention_is_where_the_arrays_have_it() {
    let attention = |run: &str, file: &str| match read_model(&folder(run).unwrap().join(file)).unwrap().config {
        ModelConfig::Translator(config) => config.generator.attention,
        ModelConfig::Discriminator(config) => config.discriminator.attention,
        other => panic!("{other:?}"),
    };
    for file in ["gen_00000000.pt", "dis_00000000.pt"] {
        assert!(attention("translator/tiny", file), "the original's {file}");
        assert!(!attention("translator/munit", file), "MUNIT's {file}");
    }
}
