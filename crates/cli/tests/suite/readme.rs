//! The README's commands, pasted line by line.

use crate::program::{Place, original, picture};

/// The lines of all shell blocks that call the program, without comments.
fn commands() -> Vec<Vec<String>> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("portraitist "));
    lines.map(|line| line.split('#').next().unwrap().split_whitespace().map(str::to_owned).collect()).collect()
}

/// What the commands name, small.
fn place() -> Place {
    let place = Place::new();
    for name in ["photo.jpg", "photos/anna.jpg", "example.png", "drawing.png"] {
        place.write_portrait(name);
    }
    place.write("crop.png", picture(112, 128, 3).encode_png().unwrap());
    place.write("face.png", picture(32, 40, 3).encode_png().unwrap());
    place.write("gen_00450000.pt", std::fs::read(original("gen_00000000.pt")).unwrap());
    place.write("config.yaml", std::fs::read(original("config.yaml")).unwrap());
    let synth =
        ["dataset", "synth", "WebCaricature", "--identities", "8", "--photos", "1", "--drawings", "1", "--size", "128"];
    place.run(&synth).succeeded();
    place
}

#[test]
fn the_commands_of_the_readme_work_one_after_the_other() {
    let place = place();
    let mut count = 0;
    // Trainings, and a dataset of 12,000 pictures, have tests of their own.
    for words in commands().iter().filter(|words| {
        words[0] != "train"
            && words.get(1).is_none_or(|word| word != "synth")
            && !words.iter().any(|word| word.starts_with("runs/"))
    }) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = place.run(&words);
        assert_eq!(answer.code, Some(0), "portraitist {}: {answer:?}", words.join(" "));
        count += 1;
    }
    assert!(count >= 16, "{count} commands");
}
