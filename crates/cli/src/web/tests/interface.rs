//! Forms, fields, events and pictures, without a socket.

use super::*;

/// A form of named parts: text, or a file with a name.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        body.extend(format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--limit--\r\n");
    body
}

async fn post_form(address: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let mut request = request(Method::POST, address, body);
    request.headers_mut().insert("content-type", HeaderValue::from_static("multipart/form-data; boundary=limit"));
    let (status, _, bytes) = send(&painting(), request).await;
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_form_is_as_good_as_an_address() {
    let photo = bundled_portrait();
    let parts: [(&str, Option<&str>, &[u8]); 4] = [
        ("picture", Some("a.jpg"), photo),
        ("seed", None, b"7"),
        ("model", None, b"portrait"),
        ("in_picture", None, b"false"),
    ];
    let (status, answer) = post_form("/api/translate", form(&parts)).await;
    assert_eq!(
        (status, &answer["seed"], &answer["model"]),
        (StatusCode::OK, &7.into(), &"portrait".into()),
        "{answer}"
    );
    assert_eq!(answer["in_picture"], Value::Null);
    let (_, answer) = post_form("/api/translate?seed=8", form(&parts[..1])).await;
    assert_eq!(answer["seed"], 8);
    let (status, answer) = post_form("/api/detect", form(&parts[..1])).await;
    assert_eq!((status, answer["faces"][0]["points68"].as_array().unwrap().len()), (StatusCode::OK, 68));
}

#[tokio::test]
async fn an_example_gives_the_style() {
    let example = Picture::filled(8, 8, [42; 3]).unwrap().encode_png().unwrap();
    let parts: [(&str, Option<&str>, &[u8]); 3] =
        [("picture", None, bundled_portrait()), ("style_picture", None, &example), ("style", None, b"example")];
    let (status, answer) = post_form("/api/translate", form(&parts)).await;
    assert_eq!((status, &answer["seed"]), (StatusCode::OK, &Value::Null), "{answer}");
    assert!((answer["similarity"].as_f64().unwrap() - 0.42).abs() < 1e-6, "{answer}");
    for wrong in [&parts[..2], &[parts[0], parts[2]]] {
        let (status, answer) = post_form("/api/translate", form(wrong)).await;
        assert_eq!((status, &answer["kind"]), (StatusCode::BAD_REQUEST, &"bad_request".into()), "{answer}");
    }
}

#[tokio::test]
async fn broken_forms_are_refused() {
    let photo = bundled_portrait();
    let picture: (&str, Option<&str>, &[u8]) = ("picture", None, photo);
    let long = vec![b'1'; 20_000];
    let whole = form(&[picture]);
    let bodies = [
        form(&[]),
        form(&[("seed", None, b"1")]),
        form(&[picture, picture]),
        form(&[picture, ("seed", None, b"1"), ("seed", None, b"2")]),
        form(&[picture, ("colour", None, b"red")]),
        form(&[picture, ("seed", None, &long)]),
        whole[..whole.len() / 2].to_vec(),
        b"--limit\r\n\r\n\r\n--limit--".to_vec(),
        b"no form".to_vec(),
        Vec::new(),
    ];
    for body in bodies {
        let (status, answer) = post_form("/api/translate", body).await;
        assert_eq!((status, &answer["kind"]), (StatusCode::BAD_REQUEST, &"bad_request".into()), "{answer}");
    }
    let many: Vec<(&str, Option<&str>, &[u8])> = std::iter::repeat_n(("name", None, &b"a"[..]), 100).collect();
    assert_eq!(post_form("/api/translate", form(&many)).await.0, StatusCode::BAD_REQUEST);
    let mut boundless = request(Method::POST, "/api/translate", whole);
    boundless.headers_mut().insert("content-type", HeaderValue::from_static("multipart/form-data"));
    assert_eq!(send(&painting(), boundless).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn wrong_fields_are_refused() {
    let fields = [
        "to=painting",
        "style=cubist",
        "style=example",
        "to_seed=x",
        "to_seed=2&position=1.5",
        "position=-0.1",
        "style=wash&to_seed=x",
        "strength=-1",
        "exaggerate=9",
        "exaggerate=ears%3D1",
        "face=0",
        "face=1e9",
        "style=wash&to=photo",
        "size=63",
        "size=1601",
        "whole=maybe",
        "in_picture=yes",
        "model=../../etc/passwd",
        "colour=red",
    ];
    for field in fields {
        let (status, answer) = post(&format!("/api/translate?{field}"), bundled_portrait()).await;
        assert_eq!((status, &answer["kind"]), (StatusCode::BAD_REQUEST, &"bad_request".into()), "{field}: {answer}");
        assert!(!answer["hint"].as_str().unwrap().is_empty(), "{answer}");
    }
    for field in [
        "to=photo",
        "seed=1&to_seed=5&position=0.25",
        "style=random",
        "style=wash",
        "exaggerate=",
        "exaggerate=0",
        "exaggerate=auto",
        "exaggerate=nose%3D1.5",
        "face=2",
        "size=64",
        "whole=true",
    ] {
        let (status, answer) = post(&format!("/api/translate?{field}"), bundled_portrait()).await;
        assert_eq!(status, StatusCode::OK, "{field}: {answer}");
    }
    let (_, walk) = post("/api/translate?seed=10&to_seed=50&position=0.25", bundled_portrait()).await;
    assert!((walk["similarity"].as_f64().unwrap() - 0.2).abs() < 1e-6, "{walk}");
    let (_, sized) = post("/api/translate?size=64", bundled_portrait()).await;
    assert_eq!(sized["result"]["height"], 64);
    let (_, whole) = post("/api/translate?size=100&whole=true&style=wash", bundled_portrait()).await;
    assert_eq!((&whole["result"]["width"], &whole["crop"]["width"]), (&100.into(), &100.into()));
    assert!(whole["in_picture"].is_null() && whole["seed"].is_null(), "{whole}");
    assert!((whole["similarity"].as_f64().unwrap() - 0.77).abs() < 1e-6, "{whole}");
}

#[tokio::test]
async fn drawings_beyond_the_budget_are_refused() {
    let api = ApiState::new(Arc::new(Painter::new()), Budget::within(512 << 20).unwrap(), Access::default());
    let router = app(AppState::new(api));
    let ask = async |address: &str| {
        let (status, _, body) = send(&router, request(Method::POST, address, bundled_portrait())).await;
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, answer) = ask("/api/translate?size=1600").await;
    assert_eq!((status, &answer["kind"]), (StatusCode::PAYLOAD_TOO_LARGE, &"too_large".into()), "{answer}");
    let words: Vec<&str> = answer["detail"].as_str().unwrap().split(' ').collect();
    let most: usize = words.iter().find_map(|word| word.parse().ok()).unwrap();
    assert_eq!(ask(&format!("/api/translate?size={most}")).await.0, StatusCode::OK);
    assert_eq!(ask(&format!("/api/translate?size={}", most + 1)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(&format!("/api/translate?whole=true&size={}", most + 20)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn sixty_eight_points_are_five_and_a_shape() {
    let points: Vec<String> = (0..68).map(|index| format!("{index},{}", 2 * index)).collect();
    let (status, answer) = post(&format!("/api/translate?points={}", points.join(",")), grey_png()).await;
    assert_eq!((status, &answer["kind"]), (StatusCode::BAD_REQUEST, &"bad_request".into()), "beyond the picture");
    let points: Vec<String> = (0..68).map(|index| format!("{},{}", index % 40, index % 30)).collect();
    let (status, answer) = post(&format!("/api/translate?points={}", points.join(",")), grey_png()).await;
    assert_eq!((status, &answer["points"][2]), (StatusCode::OK, &serde_json::json!([30.0, 0.0])), "{answer}");
}

#[tokio::test]
async fn pixels_beyond_the_budget_are_refused_before_they_are_decoded() {
    let budget = Budget { pixels: 1_000, ..Budget::default() };
    let api = ApiState::new(Arc::new(Painter::new()), budget, Access::default());
    let router = app(AppState::new(api));
    let (status, _, body) = send(&router, request(Method::POST, "/api/translate", grey_png())).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &answer["kind"]), (StatusCode::PAYLOAD_TOO_LARGE, &"too_large".into()), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("40x30"), "{answer}");
}

#[tokio::test]
async fn whoever_accepts_pictures_gets_one() {
    let mut asking = request(Method::POST, "/api/translate?seed=3", bundled_portrait());
    asking.headers_mut().insert("accept", HeaderValue::from_static("image/png"));
    let (status, headers, body) = send(&painting(), asking).await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &HeaderValue::from_static("image/png")));
    assert_eq!(Picture::decode("answer", &body).unwrap().pixel(0, 0), Some([3; 3]));
}

/// The events of an answer: names and data.
fn events(body: &[u8]) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(body).unwrap();
    let event = |block: &str| {
        let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        (line("event:"), serde_json::from_str(&line("data:")).unwrap())
    };
    text.split("\n\n").filter(|block| !block.trim().is_empty()).map(event).collect()
}

fn listening(address: &str, body: impl Into<Body>) -> Request<Body> {
    let mut asking = request(Method::POST, address, body);
    asking.headers_mut().insert("accept", HeaderValue::from_static("text/event-stream"));
    asking
}

#[tokio::test]
async fn events_tell_what_is_done_and_end_with_the_answer() {
    let (status, headers, body) = send(&painting(), listening("/api/translate?seed=3", bundled_portrait())).await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &HeaderValue::from_static("text/event-stream")));
    let events = events(&body);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("queued", "done"), "{names:?}");
    assert_eq!(events[0].1["ahead"], 0);
    let steps: Vec<&Value> = events.iter().filter(|(name, _)| name == "step").map(|(_, data)| &data["step"]).collect();
    assert_eq!(steps, ["reading", "finding", "translating"]);
    assert_eq!(events.last().unwrap().1["seed"], 3);
    let (_, _, body) = send(&painting(), listening("/api/translate", grey_png())).await;
    let last = self::events(&body).pop().unwrap();
    assert_eq!((last.0.as_str(), &last.1["kind"]), ("failed", &"no_face".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_tell_the_place_in_the_queue() {
    let (slow, has_begun, give_leave) = slow();
    let api = ApiState::new(slow, Budget::default(), Access::default());
    let router = app(AppState::new(api));
    let start = || {
        let router = router.clone();
        tokio::spawn(async move { send(&router, listening("/api/translate?seed=1", bundled_portrait())).await })
    };
    let first = start();
    has_begun.recv_timeout(Duration::from_secs(20)).unwrap();
    let second = start();
    tokio::time::sleep(Duration::from_millis(100)).await;
    give_leave.send(()).unwrap();
    give_leave.send(()).unwrap();
    first.await.unwrap();
    let (_, _, body) = second.await.unwrap();
    let ahead: Vec<Value> =
        events(&body).into_iter().filter(|(name, _)| name == "queued").map(|(_, data)| data["ahead"].clone()).collect();
    assert_eq!(ahead, [1, 0]);
}

#[tokio::test]
async fn the_server_says_what_it_has_and_did() {
    let router = painting();
    let get = async |address: &str| send(&router, request(Method::GET, address, Body::empty())).await;
    let models: Value = serde_json::from_slice(&get("/api/models").await.2).unwrap();
    assert_eq!((&models["models"][1]["name"], &models["max_upload_bytes"]), (&"portrait".into(), &(32 << 20).into()));
    send(&router, request(Method::POST, "/api/translate", bundled_portrait())).await;
    get("/no/such/place").await;
    let (_, headers, body) = get("/metrics").await;
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(body).unwrap();
    for line in [
        "portraitist_http_requests_total{route=\"/api/translate\",status=\"200\"} 1",
        "portraitist_http_requests_total{route=\"other\",status=\"404\"} 1",
        "portraitist_work_seconds_count{work=\"translate\"} 1",
        "portraitist_queue_taken 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("such/place"), "strangers make no rows");
}
