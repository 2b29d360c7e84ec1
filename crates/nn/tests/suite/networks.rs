//! Outputs of the networks.

use burn::tensor::Tensor;
use portraitist_nn::config::Domain;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::losses::AdversarialLoss;
use portraitist_nn::networks::munit::{Code, Generator, Translator};
use portraitist_nn::parameter::to_values;
use portraitist_nn::pixels::to_planes;
use portraitist_nn::translate::TranslationPlan;

use crate::golden::{Tensors, assert_close, folder, trainer};

const PICTURE: f32 = 2e-4;
const CONTENT: f32 = 1e-3;

fn refreshed(folder: &std::path::Path) -> Translator {
    let mut translator = trainer(folder, AdversarialLoss::Hinge).translator;
    translator.refresh();
    translator
}

/// Every call of the reference begins with a power iteration.
fn refreshed_encode(generator: &mut Generator, pictures: Tensor<4>) -> Code {
    generator.refresh_encoder();
    generator.encode(pictures)
}

/// As [`refreshed_encode`].
fn refreshed_decode(generator: &mut Generator, content: Tensor<4>, style: Tensor<2>) -> Tensor<4> {
    generator.refresh_decoder();
    generator.decode(content, style)
}

fn style(inputs: &Tensors, name: &str) -> Tensor<2> {
    let [samples, style_dim, ..]: [usize; 4] = inputs.tensor::<4>(name).dims();
    inputs.tensor::<4>(name).reshape([samples, style_dim])
}

fn single_outputs(name: &str) {
    let Some(folder) = folder(name) else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = Tensors::open(&folder.join("outputs_single.safetensors"));
    let check = |name: &str, found: Tensor<4>, tolerance| assert_close(name, found, expected.values(name), tolerance);
    let translator = refreshed(&folder);
    let (x_a, x_b) = (inputs.tensor::<4>("x_a"), inputs.tensor::<4>("x_b"));
    let of_drawing = translator.drawing.encode(x_a.clone());
    let of_photo = translator.photo.encode(x_b.clone());
    check("fresh.gen_a.encode.content", of_drawing.content.clone(), CONTENT);
    check("fresh.gen_b.encode.content", of_photo.content.clone(), CONTENT);
    check("fresh.gen_a.encode.style", of_drawing.style.clone().unsqueeze::<4>(), PICTURE);
    check("fresh.gen_b.encode.style", of_photo.style.unsqueeze::<4>(), PICTURE);
    let recon = translator.drawing.decode(of_drawing.content.clone(), of_drawing.style);
    check("fresh.x_a_recon", recon, PICTURE);
    let x_ab = translator.photo.decode(of_drawing.content, style(&inputs, "s_b"));
    check("fresh.x_ab", x_ab, PICTURE);
    let x_ba = translator.drawing.decode(of_photo.content, style(&inputs, "s_a"));
    check("fresh.x_ba", x_ba, PICTURE);
    let mut discriminators = trainer(&folder, AdversarialLoss::Hinge).discriminators;
    for (scale, score) in discriminators.drawing.refreshed_forward(x_a.clone()).into_iter().enumerate() {
        check(&format!("fresh.dis_a.x_a.scale{scale}"), score, PICTURE);
    }
    for (scale, score) in discriminators.photo.refreshed_forward(x_b).into_iter().enumerate() {
        check(&format!("fresh.dis_b.x_b.scale{scale}"), score, PICTURE);
    }
    if expected.names().any(|name| name.starts_with("second_call.")) {
        for (scale, score) in discriminators.drawing.refreshed_forward(x_a.clone()).into_iter().enumerate() {
            check(&format!("second_call.dis_a.x_a.scale{scale}"), score, PICTURE);
        }
        let mut translator = translator;
        let second = refreshed_encode(&mut translator.drawing, x_a).content;
        check("second_call.gen_a.encode.content", second, CONTENT);
    }
}

/// One picture after the other on one network, the power iteration going on.
fn one_by_one(name: &str) {
    let Some(folder) = folder(name) else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = Tensors::open(&folder.join("outputs_single.safetensors"));
    let mut translator = trainer(&folder, AdversarialLoss::Hinge).translator;
    let pictures = inputs.tensor::<4>("x_a");
    let styles = style(&inputs, "s_b");
    for index in 0..pictures.dims()[0] {
        let picture = pictures.clone().narrow(0, index, 1);
        let content = refreshed_encode(&mut translator.drawing, picture).content;
        let x_ab = refreshed_decode(&mut translator.photo, content, styles.clone().narrow(0, index, 1));
        let name = format!("one_by_one.x_ab.{index}");
        assert_close(&name, x_ab, expected.values(&name), PICTURE);
    }
}

#[test]
fn single_outputs_match_the_original_tiny() {
    single_outputs("translator/tiny");
}

#[test]
fn single_outputs_match_the_original_satnet() {
    single_outputs("translator/satnet");
}

#[test]
fn single_outputs_match_munit() {
    single_outputs("translator/munit");
}

#[test]
fn pictures_one_by_one_match() {
    one_by_one("translator/tiny");
    one_by_one("translator/satnet");
    one_by_one("translator/munit");
}

fn sequence(name: &str) {
    let Some(folder) = folder(name) else { return };
    let inputs = Tensors::open(&folder.join("inputs.safetensors"));
    let expected = Tensors::open(&folder.join("outputs_sequence.safetensors"));
    let check = |name: &str, found: Tensor<4>| assert_close(name, found, expected.values(name), CONTENT);
    let mut gen_ = trainer(&folder, AdversarialLoss::Hinge).translator;
    let (s_a, s_b) = (style(&inputs, "s_a"), style(&inputs, "s_b"));
    let a = refreshed_encode(&mut gen_.drawing, inputs.tensor("x_a"));
    let b = refreshed_encode(&mut gen_.photo, inputs.tensor("x_b"));
    check("c_a", a.content.clone());
    check("c_b", b.content.clone());
    check("x_a_recon", refreshed_decode(&mut gen_.drawing, a.content.clone(), a.style.clone()));
    check("x_b_recon", refreshed_decode(&mut gen_.photo, b.content.clone(), b.style.clone()));
    let x_ba = refreshed_decode(&mut gen_.drawing, b.content, s_a);
    let x_ab = refreshed_decode(&mut gen_.photo, a.content, s_b);
    check("x_ba", x_ba.clone());
    check("x_ab", x_ab.clone());
    let b_again = refreshed_encode(&mut gen_.drawing, x_ba);
    let a_again = refreshed_encode(&mut gen_.photo, x_ab);
    check("c_b_again", b_again.content.clone());
    check("c_a_again", a_again.content.clone());
    check("s_b_again", b_again.style.unsqueeze::<4>());
    check("s_a_again", a_again.style.unsqueeze::<4>());
    if expected.names().any(|name| name == "x_aba") {
        check("x_aba", refreshed_decode(&mut gen_.drawing, a_again.content, a.style));
        check("x_bab", refreshed_decode(&mut gen_.photo, b_again.content, b.style));
    }
    let parameters = portraitist_nn::parameter::Parameterized::parameters(&gen_);
    for name in expected.names().filter(|name| name.starts_with("u_after.")) {
        let ours = name.replace("u_after.gen_", "");
        assert_close(name, parameters[&ours].flat(), expected.values(name), PICTURE);
    }
}

#[test]
fn a_generator_step_gives_the_original_outputs_in_order() {
    sequence("translator/tiny");
    sequence("translator/satnet");
    sequence("translator/munit");
}

#[test]
fn pictures_translate_alike_whatever_was_translated_before() {
    let Some(images) = folder("translator/images") else { return };
    let Some(weights) = folder("translator/satnet") else { return };
    let expected = Tensors::open(&images.join("expected.safetensors"));
    let translator = refreshed(&weights);
    let picture = |name: String| {
        let picture = portraitist_face::Picture::open(images.join(name)).unwrap();
        let planes = to_planes(&picture, 3);
        portraitist_nn::parameter::from_values(planes, &crate::golden::device()).reshape([1, 3, 64, 56])
    };
    for (index, domain) in (0..3).flat_map(|index| [(index, "a"), (index, "b")]) {
        let own = if domain == "a" { &translator.drawing } else { &translator.photo };
        let code = own.encode(picture(format!("{domain}_{index}.png")));
        let style = format!("fresh.style_{domain}.{index}");
        assert_close(&style, code.style.clone(), expected.values(&style), PICTURE);
        let recon = format!("fresh.recon_{domain}.{index}");
        assert_close(&recon, own.decode(code.content, code.style), expected.values(&recon), PICTURE);
    }
    let content = translator.drawing.encode_content(picture("a_0.png".into()));
    let guide = translator.photo.encode_style(picture("b_0.png".into()));
    let guided = translator.photo.decode(content, guide);
    let name = "fresh.guided.a0_style_of_b0";
    assert_close(name, guided, expected.values(name), PICTURE);
}

/// The rows of a 2-dimensional little-endian f32 `.npy` file (format 1: a 10-byte start, then the header).
fn npy_rows(path: &std::path::Path, columns: usize) -> Vec<Vec<f32>> {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY\x01"));
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let values: Vec<f32> = bytes[start..].as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    values.chunks_exact(columns).map(<[f32]>::to_vec).collect()
}

/// From picture files to the other domain: freshly loaded for each, and with the iteration going on.
#[test]
fn picture_files_translate_as_the_original_does_fresh_and_in_sequence() {
    let Some(images) = folder("translator/images") else { return };
    let Some(weights) = folder("translator/satnet") else { return };
    let expected = Tensors::open(&images.join("expected.safetensors"));
    let tensor = |values| portraitist_nn::parameter::from_values(values, &crate::golden::device());
    for (from, to) in [("a", "b"), ("b", "a")] {
        let styles = npy_rows(&images.join(format!("styles_{to}.npy")), 8);
        let fresh = refreshed(&weights);
        let mut running = trainer(&weights, AdversarialLoss::Hinge).translator;
        for (index, style) in styles.into_iter().enumerate() {
            let picture = portraitist_face::Picture::open(images.join(format!("{from}_{index}.png"))).unwrap();
            let planes = tensor(to_planes(&picture, 3)).reshape([1, 3, 64, 56]);
            let style = tensor(style).reshape([1, 8]);
            let domain = if to == "b" { Domain::Photo } else { Domain::Drawing };
            let name = format!("fresh.{from}2{to}.{index}");
            let generated = fresh.translate(planes.clone(), style.clone(), domain);
            assert_close(&name, generated, expected.values(&name), PICTURE);
            let plan = TranslationPlan::new(&fresh, domain, [64, 56], InferencePrecision::F32).unwrap();
            let planned = plan.run(&to_values(planes.clone()), style.clone()).unwrap();
            let planned = tensor(planned).reshape([1, 3, 64, 56]);
            assert_close(&format!("{name} by plan"), planned, expected.values(&name), PICTURE);
            let (source, target) = match domain {
                Domain::Photo => (&mut running.drawing, &mut running.photo),
                Domain::Drawing => (&mut running.photo, &mut running.drawing),
            };
            let content = refreshed_encode(source, planes).content;
            let name = format!("sequential.{from}2{to}.{index}");
            assert_close(&name, refreshed_decode(target, content, style), expected.values(&name), PICTURE);
        }
    }
}
