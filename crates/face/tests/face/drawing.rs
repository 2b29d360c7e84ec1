//! Drawings are repeatable, sized like their photos and made of lines on paper.

use portraitist_face::drawing::{Artist, DrawingStyle, Technique, ToneKind, draw, draw_portrait};
use portraitist_face::{Error, Picture, bundled_portrait, edit};

fn portrait(width: usize, height: usize) -> Picture {
    let portrait = Picture::decode("bundled portrait", bundled_portrait()).unwrap();
    edit::resize(&portrait, width, height).unwrap()
}

#[test]
fn same_seed_gives_the_same_bytes_on_one_and_two_threads() {
    let photo = portrait(96, 112);
    for artist in Artist::ALL {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| draw(&photo, &artist.style(), 7).unwrap())
        };
        let drawing = on(1);
        assert!(drawing == on(2), "{}", artist.name());
        assert_eq!((drawing.width(), drawing.height()), (96, 112));
        assert!(drawing != draw(&photo, &artist.style(), 8).unwrap(), "{}: the seed changes nothing", artist.name());
    }
}

#[test]
fn drawings_are_mostly_paper_with_dark_strokes() {
    let photo = portrait(200, 232);
    for artist in Artist::ALL {
        let luma = draw(&photo, &artist.style(), 1).unwrap().luma();
        let share = |test: fn(u8) -> bool| luma.iter().filter(|&&v| test(v)).count() as f64 / luma.len() as f64;
        let (paper, dark) = (share(|v| v > 190), share(|v| v < 120));
        assert!(paper > 0.4, "{}: only {paper:.2} of the drawing is paper", artist.name());
        assert!((0.02..0.45).contains(&dark), "{}: {dark:.2} of the drawing is dark", artist.name());
    }
}

#[test]
fn every_size_and_shape_can_be_drawn() {
    let style = DrawingStyle::sample(3);
    for (width, height) in [(1, 1), (2, 300), (300, 2), (700, 1024)] {
        let drawing = draw(&portrait(width, height), &style, 0).unwrap();
        assert_eq!((drawing.width(), drawing.height()), (width, height));
    }
    let flat = draw(&Picture::filled(64, 64, [128; 3]).unwrap(), &style, 0).unwrap();
    assert!(flat.luma().iter().all(|&v| v > 150), "an empty photo must stay nearly paper");
}

#[test]
fn settings_out_of_range_are_refused() {
    let mut style = DrawingStyle::default();
    style.line.width = f32::NAN;
    assert!(matches!(draw(&portrait(8, 8), &style, 0), Err(Error::OutOfRange { what: "line width", .. })));
}

#[test]
fn a_technique_and_a_seed_give_the_same_bytes_on_one_and_two_threads() {
    let photo = portrait(100, 125);
    let mut seen: Vec<Picture> = Vec::new();
    for technique in Technique::ALL {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| technique.draw(&photo, None, 7).unwrap())
        };
        let drawing = on(1);
        assert!(drawing == on(2), "{}", technique.name());
        assert_eq!((drawing.width(), drawing.height()), (100, 125));
        let other = technique.draw(&photo, None, 8).unwrap();
        assert!(drawing != other, "{}: the seed changes nothing", technique.name());
        assert!(!seen.contains(&drawing), "{}: drawn like another technique", technique.name());
        seen.push(drawing);
    }
}

#[test]
fn grey_techniques_are_grey_and_coloured_ones_keep_the_hue() {
    let coloured = coloured_portrait();
    for technique in Technique::ALL {
        let drawing = technique.draw(&coloured, None, 3).unwrap();
        // The shirt below: blue in one photo.
        let blue = drawing.pixels().chunks_exact(3).map(|rgb| f64::from(rgb[2]) - f64::from(rgb[0]));
        let strongest = blue.fold(f64::NEG_INFINITY, f64::max);
        if technique.keeps_colours() {
            assert!(strongest > 60.0, "{}: the blue is lost ({strongest})", technique.name());
        } else {
            assert!(strongest < 12.0, "{}: blue ({strongest}) from nowhere", technique.name());
        }
        if !technique.keeps_colours() && technique != Technique::Sanguine {
            let spread = |rgb: &[u8]| rgb.iter().max().unwrap() - rgb.iter().min().unwrap();
            let widest = drawing.pixels().chunks_exact(3).map(spread).max().unwrap();
            assert!(widest < 22, "{}: not grey ({widest})", technique.name());
        }
    }
}

/// A face-coloured disc over a blue shirt on a green ground.
fn coloured_portrait() -> Picture {
    let mut pixels = Vec::new();
    for y in 0..150_i32 {
        for x in 0..120_i32 {
            let face = (x - 60).pow(2) * 3 / 2 + (y - 70).pow(2) < 45 * 45;
            let shade = (x / 3) as u8;
            pixels.extend(match (face, y > 118) {
                (true, _) => [230 - shade, 180 - shade, 150 - shade],
                (false, true) => [30, 60, 170 + shade],
                (false, false) => [150, 200, 150],
            });
        }
    }
    Picture::from_rgb(120, 150, pixels).unwrap()
}

#[test]
fn every_technique_draws_every_size_and_empty_photos() {
    for technique in Technique::ALL {
        for (width, height) in [(1, 1), (1, 90), (3, 2)] {
            let drawing = technique.draw(&portrait(width, height), None, 5).unwrap();
            assert_eq!((drawing.width(), drawing.height()), (width, height));
        }
        let white = technique.draw(&Picture::filled(64, 80, [255; 3]).unwrap(), None, 1).unwrap();
        let mean = white.luma().iter().map(|&v| f64::from(v)).sum::<f64>() / (64.0 * 80.0);
        assert!(mean > 190.0, "{}: a white photo must stay nearly paper, is {mean}", technique.name());
        technique.draw(&Picture::filled(64, 80, [0; 3]).unwrap(), None, 1).unwrap();
    }
}

#[test]
fn landmarks_may_be_anywhere() {
    let photo = portrait(96, 120);
    for landmarks in [[[f64::NAN; 2]; 68], [[0.0; 2]; 68], [[-1e9; 2]; 68]] {
        Technique::Woodcut.draw(&photo, Some(&landmarks), 0).unwrap();
    }
    let around = std::array::from_fn(|i| [30.0 + i as f64 % 12.0 * 3.0, 40.0 + i as f64 * 0.8]);
    let with = Technique::Pencil.draw(&photo, Some(&around), 0).unwrap();
    assert!(with != Technique::Pencil.draw(&photo, None, 0).unwrap());
}

#[test]
fn a_larger_tool_draws_fewer_and_larger_strokes() {
    let photo = portrait(320, 400);
    let crossings = |tool: f32| {
        let mut style = Technique::PenHatching.style(2);
        assert_eq!(style.tone.kind, ToneKind::Strokes);
        style.tool = tool;
        let luma = draw_portrait(&photo, None, &style, 2).unwrap().luma();
        luma.windows(2).filter(|pair| (pair[0] > 128) != (pair[1] > 128)).count()
    };
    let (fine, coarse) = (crossings(1.0), crossings(2.0));
    assert!(fine as f64 > 1.15 * coarse as f64, "{fine} {coarse}");
}
