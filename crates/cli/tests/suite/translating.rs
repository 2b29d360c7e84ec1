//! `portraitist translate`: pictures in, pictures out.

use std::path::Path;

use portraitist_face::{Picture, bundled_portrait, edit};

use crate::program::{Place, picture};

#[test]
fn a_portrait_becomes_a_drawing_of_the_built_in_models_size() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let answer = place.run(&["translate", "anna.jpg", "-o", "out"]).succeeded();
    assert_eq!(answer.stdout, "out/anna-drawing.png\n");
    assert_eq!(place.files("out"), ["anna-drawing.png"]);
    assert_eq!(place.size("out/anna-drawing.png"), [256, 320]);
    assert_eq!(place.run(&["translate", "anna.jpg", "-o", "quiet", "-q"]).succeeded().stdout, "");
}

#[test]
fn the_recogniser_for_similarity_can_be_chosen_and_must_exist() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let similarity = |options: &[&str]| {
        let call = [&["anna.jpg", "-o", "out", "--seed", "7", "--force"], options].concat();
        place.translate(&call).succeeded().json()["outputs"][0]["similarity"].clone()
    };
    assert!(similarity(&["--recognizer", "none"]).is_null());
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn/tests/golden/recognition/small.pth");
    assert_ne!(similarity(&["--recognizer", other.to_str().unwrap()]), similarity(&[]));
    let nobody = ["anna.jpg", "-o", "other", "--force", "--recognizer", "nobody"];
    place.run(&[&["translate"], &nobody[..]].concat()).failed(&["nobody", "likeness"]);
    place.translate(&nobody).failed(&["nobody", "likeness"]);
}

#[test]
fn json_is_one_object_as_documented() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let answer = place.translate(&["anna.jpg", "-o", "out", "--seed", "7"]).succeeded();
    let mut object = answer.json();
    let hash = object.as_object_mut().unwrap().remove("model_sha256").unwrap();
    assert_eq!(hash.as_str().map(str::len), Some(64));
    let similarity = object["outputs"][0]["similarity"].take().as_f64().expect("a number by the built-in recogniser");
    assert!((-1.0..=1.0).contains(&similarity), "{similarity}");
    let far = object["outputs"][0]["verified_at_far"].take().as_f64().expect("a rate");
    assert!((0.0..=1.0).contains(&far), "{far}");
    let output = serde_json::json!({
        "input": "anna.jpg", "output": "out/anna-drawing.png", "to": "drawing", "seed": 7, "style": "random",
        "similarity": null, "exaggeration": 0.0, "verified_at_far": null
    });
    assert_eq!(object, serde_json::json!({"outputs": [output], "failed": []}));
    assert_eq!(answer.stdout.lines().count(), 1);
    assert_eq!(answer.stderr, "");
}

#[test]
fn a_seed_fixes_the_bytes() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    for (folder, seed) in [("first", "5"), ("second", "5"), ("other", "6")] {
        place.translate(&["anna.jpg", "-o", folder, "--seed", seed]).succeeded();
    }
    let [first, second, other] =
        ["first", "second", "other"].map(|folder| place.read(&format!("{folder}/anna-drawing.png")));
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn a_result_does_not_depend_on_the_pictures_before_it() {
    let place = Place::new();
    let names = ["a.png", "b.png", "c.png"];
    for (seed, name) in names.into_iter().enumerate() {
        place.write_picture(name, 40 + 4 * seed, 48, seed);
    }
    place.translate(&[&names[..], &["--aligned", "-o", "forward"]].concat()).succeeded();
    place.translate(&["c.png", "a.png", "b.png", "--aligned", "-o", "shuffled"]).succeeded();
    place.translate(&["c.png", "--aligned", "-o", "alone"]).succeeded();
    for name in place.files("forward") {
        assert_eq!(place.read(&format!("forward/{name}")), place.read(&format!("shuffled/{name}")), "{name}");
    }
    assert_eq!(place.read("forward/c-drawing.png"), place.read("alone/c-drawing.png"));
}

#[test]
fn drawings_become_photos_with_to_photo() {
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    let answer = place.translate(&["x.png", "--aligned", "--to", "photo", "-o", "out"]).succeeded();
    assert_eq!(answer.json()["outputs"][0]["to"], "photo");
    place.translate(&["x.png", "--aligned", "-o", "out"]).succeeded();
    assert_ne!(place.read("out/x-photo.png"), place.read("out/x-drawing.png"));
}

#[test]
fn aligned_pictures_keep_their_size() {
    let place = Place::new();
    let sizes = [[61, 47], [5, 9], [300, 20], [1, 1], [1500, 1200], [2000, 6]];
    for [width, height] in sizes {
        place.write_picture(&format!("in/{width}x{height}.png"), width, height, 3);
    }
    place.translate(&["in", "--aligned", "--float", "-o", "out"]).succeeded();
    for [width, height] in sizes {
        assert_eq!(place.size(&format!("out/{width}x{height}-drawing.png")), [width, height]);
    }
}

#[test]
fn floats_are_the_picture_before_rounding() {
    let place = Place::new();
    place.write_picture("x.png", 61, 47, 3);
    place.translate(&["x.png", "--aligned", "--float", "-o", "out"]).succeeded();
    let bytes = place.read("out/x-drawing.npy");
    let header = String::from_utf8_lossy(&bytes[..128]).into_owned();
    assert!(header.contains("<f4") && header.contains("(3, 47, 61"), "{header}");
    let (values, _) = bytes[bytes.len() - 4 * 3 * 47 * 61..].as_chunks::<4>();
    let pixels = Picture::open(place.path("out/x-drawing.png")).unwrap().into_pixels();
    for (index, value) in values.iter().map(|bytes| f32::from_le_bytes(*bytes)).enumerate() {
        let (channel, position) = (index / (47 * 61), index % (47 * 61));
        assert!((-1.0..=1.0).contains(&value), "{value}");
        assert_eq!(((value + 1.0) / 2.0 * 255.0).round() as u8, pixels[3 * position + channel]);
    }
}

#[test]
fn pasting_keeps_the_photo_and_its_far_corners() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    place.translate(&["anna.jpg", "--paste", "-o", "out"]).succeeded();
    let photo = Picture::decode("portrait", bundled_portrait()).unwrap();
    let pasted = Picture::open(place.path("out/anna-drawing.png")).unwrap();
    let (width, height) = (photo.width(), photo.height());
    assert_eq!((pasted.width(), pasted.height()), (width, height));
    for (x, y) in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)] {
        assert_eq!(pasted.pixel(x, y), photo.pixel(x, y), "corner {x},{y}");
    }
    assert_ne!(pasted, photo);
}

#[test]
fn points_replace_the_search_for_a_face() {
    let place = Place::new();
    place.write_picture("x.png", 300, 320, 1);
    let points = "100,120,200,120,150,180,110,230,190,230";
    place.translate(&["x.png", "--points", points, "-o", "out"]).succeeded();
    assert_eq!(place.size("out/x-drawing.png"), [32, 40]);
    place.translate(&["x.png", "--points", "5,5,5,5,5,5,5,5,5,5", "-o", "degenerate"]).failed(&["x.png", "points"]);
    place.write_picture("y.png", 300, 320, 2);
    place.translate(&["x.png", "y.png", "--points", points, "-o", "two"]).failed(&["single picture"]);
}

#[test]
fn existing_results_are_replaced_only_by_force() {
    let place = Place::new();
    place.write_picture("x.png", 32, 40, 1);
    for taken in ["out/x-drawing.png", "floats/x-drawing.npy"] {
        place.write(taken, "mine");
        let folder = taken.split('/').next().unwrap();
        let call = ["x.png", "--aligned", "--float", "-o", folder];
        let answer = place.translate(&call).failed(&[taken, "exists", "hint: --resume goes on", "--force replaces"]);
        assert_eq!(answer.json()["failed"][0]["input"], "x.png");
        assert_eq!(place.read(taken), b"mine");
        assert_eq!(place.files(folder).len(), 1, "nothing else may be written");
        place.translate(&[&call[..], &["--force"]].concat()).succeeded();
        assert_ne!(place.read(taken), b"mine");
    }
}

#[test]
fn inputs_are_files_folders_and_globs() {
    let place = Place::new();
    for name in ["in/a.png", "in/deep/er/b.c.png", "in/deep/A.PNG", "glob/one.png", "glob/two.png", "glob/three.gif"] {
        place.write_picture(name, 32, 40, name.len());
    }
    place.write("in/notes.txt", "no picture");
    place.translate(&["in", "in/a.png", "glob/t*.png", "--aligned", "-o", "out"]).succeeded();
    let expected =
        ["a-2-drawing.png", "a-drawing.png", "deep/A-drawing.png", "deep/er/b.c-drawing.png", "two-drawing.png"];
    assert_eq!(place.files("out"), expected);
}

#[cfg(unix)]
#[test]
fn circular_links_are_not_followed() {
    let place = Place::new();
    place.write_picture("in/deep/a.png", 32, 40, 1);
    std::os::unix::fs::symlink("..", place.path("in/deep/up")).unwrap();
    place.translate(&["in", "--aligned", "-o", "out"]).succeeded();
    assert_eq!(place.files("out"), ["deep/a-drawing.png"]);
}

#[test]
fn equal_names_in_different_folders_do_not_collide() {
    let place = Place::new();
    for (seed, name) in ["one/x.png", "two/x.png", "two/x-2.png"].into_iter().enumerate() {
        place.write_picture(name, 32, 40, seed);
    }
    let answer = place.translate(&["one", "two", "--aligned", "-o", "out"]).succeeded().json();
    let outputs: Vec<&str> =
        answer["outputs"].as_array().unwrap().iter().map(|o| o["output"].as_str().unwrap()).collect();
    assert_eq!(outputs.len(), 3);
    assert_eq!(place.files("out").len(), 3);
    for (output, input) in outputs.iter().zip(["one/x.png", "two/x-2.png", "two/x.png"]) {
        place.translate(&[input, "--aligned", "-o", "alone", "--force"]).succeeded();
        let stem = input.split(['/', '.']).nth(1).unwrap();
        assert_eq!(place.read(output), place.read(&format!("alone/{stem}-drawing.png")), "{input}");
    }
}

#[test]
fn crops_of_names_with_dots_do_not_collide() {
    let place = Place::new();
    let points = "100,120,200,120,150,180,110,230,190,230";
    for name in ["a.1.png", "a.2.png"] {
        place.write_picture(name, 300, 320, 1);
        place.run(&["align", name, "--points", points, "-o", "out"]).succeeded();
    }
    assert_eq!(place.files("out"), ["a.1.png", "a.2.png"]);
}

#[test]
fn every_common_format_is_read() {
    use image::{DynamicImage, RgbImage};
    let place = Place::new();
    let pixels = picture(32, 40, 1).into_pixels();
    let colour = DynamicImage::from(RgbImage::from_raw(32, 40, pixels).unwrap());
    let save = |picture: DynamicImage, name: &str| picture.save(place.path(name)).unwrap();
    std::fs::create_dir(place.path("in")).unwrap();
    for ending in ["png", "jpg", "webp", "bmp", "tiff", "ppm"] {
        save(colour.clone(), &format!("in/colour-{ending}.{ending}"));
    }
    for ending in ["png", "jpg", "bmp", "tiff", "pgm"] {
        // The grey BMP has a palette.
        save(colour.to_luma8().into(), &format!("in/grey-{ending}.{ending}"));
    }
    for ending in ["png", "tiff"] {
        save(colour.to_rgb16().into(), &format!("in/deep-{ending}.{ending}"));
        save(colour.to_luma16().into(), &format!("in/deepgrey-{ending}.{ending}"));
        save(colour.to_rgba8().into(), &format!("in/alpha-{ending}.{ending}"));
    }
    save(colour.to_rgba8().into(), "in/palette.gif");
    place.translate(&["in", "--aligned", "-o", "out"]).succeeded();
    assert_eq!(place.files("out").len(), 18);
    for name in ["colour-webp", "colour-bmp", "colour-tiff", "colour-ppm", "deep-png", "deep-tiff", "alpha-png"] {
        assert_eq!(place.read("out/colour-png-drawing.png"), place.read(&format!("out/{name}-drawing.png")), "{name}");
    }
    for name in ["grey-bmp", "grey-tiff", "grey-pgm", "deepgrey-png", "deepgrey-tiff"] {
        assert_eq!(place.read("out/grey-png-drawing.png"), place.read(&format!("out/{name}-drawing.png")), "{name}");
    }
}

#[test]
fn size_is_the_longer_side_and_the_models_own_changes_nothing() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let draw = |folder: &str, more: &[&str]| {
        let words = ["translate", "anna.jpg", "--model", "sketch", "--recognizer", "none", "-o", folder];
        place.run(&[&words[..], more].concat()).succeeded();
        format!("{folder}/anna-drawing.png")
    };
    let own = draw("own", &[]);
    assert_eq!(place.size(&own), [224, 256]);
    assert_eq!(place.read(&draw("same", &["--size", "256"])), place.read(&own));
    assert_eq!(place.size(&draw("small", &["--size", "96"])), [84, 96]);
    let large = draw("large", &["--size", "640"]);
    assert_eq!(place.size(&large), [560, 640]);
    // More and finer strokes, not thicker ones: it is no enlargement.
    let [own, large] = [own, large].map(|name| Picture::open(place.path(&name)).unwrap());
    let detail = |picture: &Picture| -> f64 {
        let luma = picture.luma();
        luma.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1]))).sum::<f64>() / luma.len() as f64
    };
    let [found, enlarged] = [detail(&large), detail(&edit::resize(&own, 560, 640).unwrap())];
    assert!(found > 1.2 * enlarged, "{found} for {enlarged}");
    for (more, word) in [(["--size", "5000"], "1600"), (["--size=512", "--aligned"], "--aligned")] {
        let answer = place.run(&[&["translate", "anna.jpg", "-o", "out"], &more[..]].concat());
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.stderr.contains(word), "{answer:?}");
    }
}

#[test]
fn whole_draws_what_lies_around_the_face() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let [width, height] = place.size("anna.jpg");
    let words = ["translate", "anna.jpg", "--model", "sketch", "--whole", "-o", "out", "--json"];
    let object = place.run(&words).succeeded().json();
    let ratio = |[width, height]: [usize; 2]| width as f64 / height as f64;
    assert!((ratio(place.size("out/anna-drawing.png")) / ratio([width, height]) - 1.0).abs() < 0.01);
    let similarity = object["outputs"][0]["similarity"].as_f64().unwrap();
    assert!(similarity > 0.3, "the face is compared where it lies in the picture: {similarity}");
    place.run(&[&words[..], &["--force", "--size", "300"]].concat()).succeeded();
    assert!(place.size("out/anna-drawing.png").into_iter().max().unwrap().abs_diff(300) <= 1);
}
