//! `portraitist completions` and `portraitist man`.

use crate::program::Place;

#[test]
fn shells_get_their_completions() {
    let place = Place::new();
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef portraitist"), ("fish", "complete -c portraitist")]
    {
        let script = place.run(&["completions", shell]).succeeded().stdout;
        assert!(script.contains(word) && script.contains("exaggeration"), "{shell}");
        let object = place.run(&["completions", shell, "--json"]).succeeded().json();
        assert_eq!(object["script"].as_str().unwrap().trim_end(), script.trim_end());
    }
    assert_eq!(place.run(&["completions", "abacus"]).code, Some(2));
    assert!(place.files(".").is_empty());
}

#[test]
fn every_command_has_a_man_page() {
    let place = Place::new();
    let object = place.run(&["man", "pages", "--json"]).succeeded().json();
    let files = place.files("pages");
    assert_eq!(object["pages"].as_array().unwrap().len(), files.len());
    for name in ["portraitist.1", "portraitist-translate.1", "portraitist-dataset-synth.1", "portraitist-man.1"] {
        assert!(files.iter().any(|file| file == name), "{name} in {files:?}");
    }
    let page = String::from_utf8(place.read("pages/portraitist-dataset-synth.1")).unwrap();
    assert!(page.contains("portraitist\\-dataset\\-synth") && page.contains("identities"), "{page}");
    place.run(&["man", "pages"]).failed(&["portraitist.1", "--force"]);
    place.run(&["man", "pages", "--force"]).succeeded();
}
