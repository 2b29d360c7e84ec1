//! Drawings are repeatable, sized like their photos and made of lines on paper.

use portraitist_face::drawing::{Artist, DrawingStyle, draw};
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
