//! The dataset viewer and runs, without a socket.

use std::fs;
use std::path::Path;

use super::*;
use crate::web::datasets::{DatasetsPlace, DatasetsState};
use crate::web::runs::RunsFolder;

const FACE: &str = "100 19\n23 116\n100 226\n177 115\n43 84\n86 80\n113 80\n157 84\n52 106\n77 107\n122 107\n148 106\n100 147\n\
    100 173\n71 188\n100 203\n129 188\n";

/// A folder with a dataset of two people, a file that is a secret beside it, and links to the secret.
struct Place {
    folder: tempfile::TempDir,
    router: Router,
}

impl Place {
    fn new(with_data: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (person, name) in [("Ann", "a"), ("Ann", "b"), ("Bob", "a")] {
            let picture = path("sets/people").join(person).join(format!("{name}.png"));
            fs::create_dir_all(picture.parent().unwrap()).unwrap();
            Picture::filled(200, 232, [90, 120, 150]).unwrap().save(&picture, false).unwrap();
            fs::write(picture.with_extension("txt"), FACE).unwrap();
        }
        Picture::filled(30, 20, [1, 2, 3]).unwrap().save(path("secret.png"), false).unwrap();
        fs::create_dir_all(path("runs/00001-a/samples")).unwrap();
        fs::write(path("runs/00001-a/run.toml"), "steps = 3\n").unwrap();
        fs::write(path("runs/00001-a/log.jsonl"), "{\"step\":1,\"loss\":0.5}\n").unwrap();
        fs::write(path("runs/00001-a/samples/00000001-train.png"), grey_png()).unwrap();
        fs::write(path("secret.toml"), "password = 1\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink(path("secret.png"), path("sets/people/Bob/link.png")).unwrap();
            symlink(folder.path(), path("sets/out")).unwrap();
            fs::create_dir_all(path("runs/00002-b")).unwrap();
            symlink(path("secret.toml"), path("runs/00002-b/run.toml")).unwrap();
        }
        let data = path("data");
        let state = state();
        let datasets = DatasetsPlace {
            datasets: path("sets"),
            data: with_data.then_some(data),
            pixels: 1_000_000,
            is_bounded: false,
        };
        let datasets = DatasetsState::open(&datasets, state.api.memory()).unwrap();
        let runs = Arc::new(RunsFolder::new(&path("runs")).unwrap());
        let router = app(AppState { datasets: Some(datasets), runs: Some(runs), ..state });
        Self { folder, router }
    }

    async fn get(&self, address: &str) -> (StatusCode, Vec<u8>) {
        let (status, _, body) = send(&self.router, request(Method::GET, address, Body::empty())).await;
        (status, body)
    }

    async fn json(&self, address: &str) -> Value {
        let (status, body) = self.get(address).await;
        assert_eq!(status, StatusCode::OK, "{address}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    async fn put(&self, address: &str, body: &str) -> StatusCode {
        send(&self.router, request(Method::PUT, address, body.to_owned())).await.0
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn id_of(dataset: &Value, person: &str, name: &str) -> String {
    let rows = dataset["pictures"].as_array().unwrap();
    let row = rows.iter().find(|row| row["person"] == person && row["name"] == name).unwrap();
    row["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn lists_of_pictures_are_datasets_and_other_texts_are_not() {
    let place = Place::new(false);
    let write = |name: &str, text: &str| fs::write(place.path().join("sets").join(name), text).unwrap();
    write("some.txt", "people/Ann/b.png\tAnn\n");
    write("README.txt", "Where these pictures come from.\n");
    write("empty.txt", "");
    let list = place.json("/api/datasets").await;
    assert_eq!(list["datasets"], serde_json::json!(["people", "some.txt"]));
    assert_eq!(place.json("/api/datasets/some.txt").await["people"], 1);
}

#[tokio::test]
async fn datasets_are_listed_with_their_pictures() {
    let place = Place::new(false);
    let list = place.json("/api/datasets").await;
    assert_eq!(
        list,
        serde_json::json!({"datasets": ["people"], "keeps_marks": false}),
        "links that lead out are left out"
    );
    let people = place.json("/api/datasets/people").await;
    assert_eq!((&people["people"], &people["layout"]), (&2.into(), &"people".into()), "{people}");
    let id = id_of(&people, "Ann", "b");
    for kind in ["thumb", "original"] {
        for _ in 0..2 {
            let (status, body) = place.get(&format!("/api/datasets/people/{id}/{kind}")).await;
            assert_eq!(status, StatusCode::OK, "{kind}");
            let longer = Picture::decode(kind, &body).unwrap().height();
            assert_eq!(longer, if kind == "thumb" { 160 } else { 232 });
        }
    }
    assert_eq!(place.get(&format!("/api/datasets/people/{id}/crop")).await.0, StatusCode::NOT_FOUND);
    let landmarks = place.json(&format!("/api/datasets/people/{id}/landmarks")).await;
    assert_eq!((&landmarks["points"][1], &landmarks["width"]), (&serde_json::json!([23.0, 116.0]), &200.into()));
    let problems = place.json("/api/datasets/people/problems").await;
    assert!(
        problems["problems"].as_array().unwrap().iter().any(|problem| problem["kind"] == "duplicate"),
        "{problems}"
    );
    let outside = people["pictures"].as_array().unwrap().iter().filter(|row| row["name"] == "link").count();
    assert_eq!(problems["left_out"], outside);
    assert_eq!(place.get("/api/datasets/people/coverage").await.0, StatusCode::NOT_FOUND);
    assert_eq!(place.get("/datasets").await.0, StatusCode::OK);
}

#[tokio::test]
async fn nothing_outside_the_folders_is_shown() {
    let place = Place::new(false);
    for address in [
        "/api/datasets/..",
        "/api/datasets/..%2f",
        "/api/datasets/%2e%2e%2f%2e%2e",
        "/api/datasets/out",
        "/api/datasets/people%2f..%2f..",
        "/api/datasets/people/..%2f..%2fsecret.png/original",
        "/api/datasets/people/secret/original",
        "/api/runs/..%2f/run.toml",
        "/api/runs/%2e%2e/log",
        "/api/runs/00001-a/samples/..%2frun.toml",
        "/api/runs/00001-a/samples/..%2f..%2f..%2fsecret.png",
    ] {
        let (status, body) = place.get(address).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{address}: {}", String::from_utf8_lossy(&body));
        assert!(!String::from_utf8_lossy(&body).contains(&place.path().display().to_string()), "{address}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_are_refused() {
    let place = Place::new(false);
    let people = place.json("/api/datasets/people").await;
    let rows = people["pictures"].as_array().unwrap();
    if rows.iter().any(|row| row["name"] == "link") {
        let id = id_of(&people, "Bob", "link");
        for kind in ["thumb", "original", "landmarks"] {
            let (status, _) = place.get(&format!("/api/datasets/people/{id}/{kind}")).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{kind}");
        }
    }
    assert_eq!(place.get("/api/runs/00002-b/run.toml").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn marks_become_a_recipe() {
    let place = Place::new(true);
    let people = place.json("/api/datasets/people").await;
    let [first, second] = ["a", "b"].map(|name| format!("/api/datasets/people/{}/mark", id_of(&people, "Ann", name)));
    assert_eq!(place.put(&first, r#"{"decision": "drop", "note": "blurred"}"#).await, StatusCode::NO_CONTENT);
    let points = serde_json::to_string(&vec![[10.5, 20.0]; 17]).unwrap();
    let mark = format!(r#"{{"decision": "keep", "landmarks": {points}}}"#);
    assert_eq!(place.put(&second, &mark).await, StatusCode::NO_CONTENT);
    for wrong in ["", "{", r#"{"decision": "maybe"}"#, r#"{"landmarks": [[1, 2]]}"#, r#"{"colour": 1}"#] {
        assert_eq!(place.put(&first, wrong).await, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let long = format!(r#"{{"note": "{}"}}"#, "x".repeat(3000));
    assert_eq!(place.put(&first, &long).await, StatusCode::BAD_REQUEST);
    assert_eq!(place.put(&first, &" ".repeat(100_000)).await, StatusCode::PAYLOAD_TOO_LARGE);
    let people = place.json("/api/datasets/people").await;
    assert_eq!(people["marks"][id_of(&people, "Ann", "a")]["note"], "blurred");
    let (status, recipe) = place.get("/api/datasets/people/recipe.toml").await;
    assert_eq!(status, StatusCode::OK);
    let file = place.path().join("recipe.toml");
    fs::write(&file, recipe).unwrap();
    let recipe = portraitist_face::prepare::recipe::Recipe::read(&file).unwrap();
    assert!(recipe.pictures.drop.contains("Ann/a") && recipe.pictures.keep.contains("Ann/b"), "{recipe:?}");
    assert_eq!(recipe.pictures.landmarks["Ann/b"][16], [10.5, 20.0]);
}

#[tokio::test]
async fn without_a_place_for_data_nothing_is_marked() {
    let place = Place::new(false);
    let people = place.json("/api/datasets/people").await;
    let address = format!("/api/datasets/people/{}/mark", id_of(&people, "Ann", "a"));
    assert_eq!(place.put(&address, r#"{"decision": "drop"}"#).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn runs_are_read_and_followed() {
    let place = Place::new(false);
    let runs = place.json("/api/runs").await;
    assert_eq!(runs["runs"][0]["name"], "00001-a");
    let log = place.json("/api/runs/00001-a/log").await;
    assert_eq!(log["lines"], serde_json::json!([{"step": 1, "loss": 0.5}]));
    let next = log["next"].as_u64().unwrap();
    let file = place.path().join("runs/00001-a/log.jsonl");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "{\"step\":2,\"loss\":0.4}\n").unwrap();
    let log = place.json(&format!("/api/runs/00001-a/log?from={next}")).await;
    assert_eq!(log["lines"], serde_json::json!([{"step": 2, "loss": 0.4}]));
    let samples = place.json("/api/runs/00001-a/samples").await;
    assert_eq!(samples["files"], serde_json::json!(["00000001-train.png"]));
    assert_eq!(place.get("/api/runs/00001-a/samples/00000001-train.png").await.1, grey_png());
    assert_eq!(place.get("/api/runs/00001-a/run.toml").await.1, b"steps = 3\n");
    for address in ["/runs", "/runs.js", "/curves.js", "/grid.js", "/picture.js", "/datasets.css"] {
        assert_eq!(place.get(address).await.0, StatusCode::OK, "{address}");
    }
}

#[tokio::test]
async fn pages_that_are_not_served_are_not_linked() {
    let (_, _, script) = send(&painting(), request(Method::GET, "/limits.js", Body::empty())).await;
    assert!(String::from_utf8(script).unwrap().contains("PAGES = [];"));
    let script = Place::new(false).get("/limits.js").await.1;
    assert!(String::from_utf8(script).unwrap().contains("PAGES = [\"datasets\", \"runs\"];"));
}
