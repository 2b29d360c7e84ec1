//! `portraitist models`.

use crate::program::Place;

#[test]
fn what_is_built_in_says_its_size_terms_data_and_date() {
    let place = Place::new();
    let list = place.run(&["models", "list", "--json"]).succeeded().json();
    let models = list["models"].as_array().unwrap();
    let names: Vec<&str> = models.iter().map(|model| model["name"].as_str().unwrap()).collect();
    for name in ["sketch", "likeness", "blaze_face_short", "blaze_face_full", "face_mesh", "iris"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for model in models {
        for field in ["kind", "purpose", "made_by", "licence", "data", "date"] {
            assert!(model[field].as_str().is_some_and(|text| !text.is_empty()), "{model}");
        }
        assert!(model["size"].as_u64().unwrap() > model["parameters"].as_u64().unwrap(), "{model}");
        assert_eq!(model["sha256"].as_str().unwrap().len(), 64);
        let document = model["document"].as_str().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(root.join(document).exists(), "{document}");
        let shown = place.run(&["models", "show", model["name"].as_str().unwrap(), "--json"]).succeeded().json();
        assert_eq!(shown["sha256"], model["sha256"]);
        assert!(shown["config"].is_object());
    }
    let text = place.run(&["models", "show", "likeness"]).succeeded().stdout;
    for word in ["likeness", "licence", "data", "SHA-256"] {
        assert!(text.contains(word), "{text}");
    }
    place.run(&["models", "show", "nobody"]).failed(&["nobody", "likeness", "models list"]);
}
