//! The routes without a socket.
#![expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use portraitist_face::picture::ENDINGS;
use portraitist_face::{Picture, bundled_portrait};
use serde_json::Value;
use tower::ServiceExt;

use super::api::{ApiState, FaceService, OfferedModel, ServiceError, Style, TranslateRequest, Translation, Watch};
use super::queue::Queue;
use super::{Access, AppState, Budget, app, limits};
use crate::faces::detected::{Angles, DetectedFace};

mod access;
mod interface;
mod openapi;
mod viewer;

const USUAL_POINTS: [[f64; 2]; 5] = [[1.0, 2.0], [3.0, 2.0], [2.0, 3.0], [1.0, 4.0], [3.0, 4.0]];

/// Finds a face in every photo but grey ones; the drawing is one colour, chosen by the seed.
struct Painter(Vec<OfferedModel>);

impl Painter {
    fn new() -> Self {
        let model = |name: &str| OfferedModel {
            name: name.to_owned(),
            purpose: "paints".to_owned(),
            licence: Some("MIT"),
            document: None,
        };
        Self(vec![model("sketch"), model("portrait")])
    }
}

fn is_grey(photo: &Picture) -> bool {
    photo.pixels().chunks_exact(3).all(|rgb| rgb[0] == rgb[1] && rgb[1] == rgb[2])
}

impl FaceService for Painter {
    fn models(&self) -> &[OfferedModel] {
        &self.0
    }

    fn translate(
        &self,
        photo: &Picture,
        request: &TranslateRequest,
        watch: &dyn Watch,
    ) -> Result<Translation, ServiceError> {
        let seed = match request.style {
            Style::Seed(seed) => seed,
            Style::Walk { from, to, position } => from + ((to - from) as f32 * position) as u64,
            Style::Example => request.example.as_ref().map_or(0, |example| u64::from(example.pixels()[0])),
        };
        assert_ne!(seed, 666, "a mistake in a translator");
        if is_grey(photo) && request.points.is_none() {
            return Err(ServiceError::NoFace);
        }
        if request.points.is_some_and(|points| points[0] == points[1]) {
            return Err(ServiceError::Unusable("the eyes lie on one spot; click them again".to_owned()));
        }
        watch.begin(super::api::Step::Translating)?;
        let paint = |shade| Picture::filled(20, 23, [shade; 3]).unwrap();
        let size = request.size.unwrap_or(23);
        Ok(Translation {
            model: request.model.clone().unwrap_or_else(|| "sketch".to_owned()),
            crop: paint(9),
            result: Picture::filled(size * 20 / 23, size, [seed as u8; 3]).unwrap(),
            in_picture: request.in_picture.then(|| photo.clone()),
            points: request.points.unwrap_or(USUAL_POINTS),
            faces: 1,
            // Seeds of three digits are drawings that cannot be compared.
            similarity: (seed < 100).then_some(seed as f32 / 100.0),
            exaggeration: 0.0,
        })
    }

    fn detect(&self, photo: &Picture) -> Result<Vec<DetectedFace>, ServiceError> {
        let face = DetectedFace {
            bounds: [1.0, 2.0, 3.0, 4.0],
            score: 0.5,
            points5: USUAL_POINTS,
            points17: vec![[1.0, 2.0]; 17],
            points68: vec![[1.0, 2.0]; 68],
            points468: vec![[1.0, 2.0]; 468],
            depths468: vec![0.0; 468],
            errors68: vec![1.0; 68],
            pose: Angles { pitch: 1.0, yaw: 2.0, roll: 3.0 },
            kind: Some("photo"),
            turned_degrees: 0,
        };
        Ok(if is_grey(photo) { Vec::new() } else { vec![face] })
    }
}

fn state() -> AppState {
    with_access(Access::default())
}

fn with_access(access: Access) -> AppState {
    AppState::new(ApiState::new(Arc::new(Painter::new()), Budget::default(), access))
}

fn painting() -> Router {
    app(state())
}

/// Counts its drawings and waits for leave before each one ends.
struct Slow {
    painter: Painter,
    begun: Sender<()>,
    leave: Mutex<Receiver<()>>,
    count: AtomicUsize,
}

impl FaceService for Slow {
    fn models(&self) -> &[OfferedModel] {
        self.painter.models()
    }

    fn translate(
        &self,
        photo: &Picture,
        request: &TranslateRequest,
        watch: &dyn Watch,
    ) -> Result<Translation, ServiceError> {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.begun.send(()).unwrap();
        self.leave.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
        self.painter.translate(photo, request, watch)
    }

    fn detect(&self, photo: &Picture) -> Result<Vec<DetectedFace>, ServiceError> {
        self.painter.detect(photo)
    }
}

/// A slow service, what tells that it has begun, and what gives it leave.
fn slow() -> (Arc<Slow>, Receiver<()>, Sender<()>) {
    let (begun, has_begun) = channel();
    let (give_leave, leave) = channel();
    let slow = Slow { painter: Painter::new(), begun, leave: Mutex::new(leave), count: AtomicUsize::new(0) };
    (Arc::new(slow), has_begun, give_leave)
}

/// A request as the page sends it.
fn request(method: Method, address: &str, body: impl Into<Body>) -> Request<Body> {
    let builder = Request::builder().method(method).uri(address).header("host", "127.0.0.1:7878");
    builder.header("origin", "http://127.0.0.1:7878").body(body.into()).unwrap()
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

async fn post(address: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let (status, _, bytes) = send(&painting(), request(Method::POST, address, body)).await;
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn assert_refused(address: &str, body: impl Into<Body>, status: StatusCode, kind: &str) -> Value {
    let (found, answer) = post(address, body).await;
    assert_eq!((found, answer["kind"].as_str()), (status, Some(kind)), "{answer}");
    assert!(!answer["detail"].as_str().unwrap().is_empty() && !answer["hint"].as_str().unwrap().is_empty(), "{answer}");
    answer
}

fn grey_png() -> Vec<u8> {
    Picture::filled(40, 30, [128; 3]).unwrap().encode_png().unwrap()
}

#[tokio::test]
async fn a_photo_becomes_a_drawing() {
    let (status, answer) = post("/api/translate?seed=18446744073709551615", bundled_portrait()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["seed"].as_u64(), Some(u64::MAX));
    assert_eq!((answer["width"].as_u64(), answer["height"].as_u64()), (Some(480), Some(556)));
    assert_eq!(answer["result"]["width"].as_u64(), Some(20));
    assert_eq!(answer["in_picture"]["height"].as_u64(), Some(556));
    assert_eq!(answer["points"][4], serde_json::json!([3.0, 4.0]));
    assert!(answer["result"]["url"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"));
    assert!(answer["crop"]["url"].as_str().unwrap().starts_with("data:image/jpeg;base64,/9j/"));
    assert!(answer["seconds"].as_f64().unwrap() >= 0.0);
}

#[tokio::test]
async fn the_answer_says_how_alike_photo_and_drawing_are() {
    let (_, alike) = post("/api/translate?seed=99", bundled_portrait()).await;
    assert!((alike["similarity"].as_f64().unwrap() - 0.99).abs() < 1e-6, "{alike}");
    assert_eq!(alike["same_person"], true);
    let (_, strange) = post("/api/translate?seed=1", bundled_portrait()).await;
    assert_eq!(strange["same_person"], false);
    let (status, unknown) = post("/api/translate?seed=100", bundled_portrait()).await;
    assert_eq!((status, &unknown["similarity"], &unknown["same_person"]), (StatusCode::OK, &Value::Null, &Value::Null));
}

#[tokio::test]
async fn clicked_points_reach_the_translator() {
    let (status, answer) = post("/api/translate?points=10,10,25.5,10,18,15,%2012,20,24,20", grey_png()).await;
    assert_eq!((status, &answer["points"][1]), (StatusCode::OK, &serde_json::json!([25.5, 10.0])), "{answer}");
    assert_eq!(answer["seed"].as_u64(), Some(1));
}

#[tokio::test]
async fn a_photo_without_a_face_says_so_by_name() {
    let address = "/api/translate?seed=1&name=holiday%0A.png";
    let answer = assert_refused(address, grey_png(), StatusCode::UNPROCESSABLE_ENTITY, "no_face").await;
    assert_eq!(answer["detail"], "holiday.png: no face was found");
}

#[tokio::test]
async fn what_the_translator_cannot_use_keeps_its_words() {
    let address = "/api/translate?points=1,1,1,1,2,2,3,3,4,4";
    let answer = assert_refused(address, grey_png(), StatusCode::UNPROCESSABLE_ENTITY, "unusable").await;
    assert_eq!(answer["detail"], "the eyes lie on one spot");
    assert_eq!(answer["hint"], "click them again");
}

#[tokio::test]
async fn files_that_are_no_whole_pictures_are_refused() {
    let text = "dear diary, this is no picture at all";
    assert_refused("/api/translate?seed=1", text, StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_picture").await;
    let cut = &bundled_portrait()[..20_000];
    let answer = assert_refused("/api/translate?name=a.jpg", cut, StatusCode::BAD_REQUEST, "bad_picture").await;
    assert!(answer["detail"].as_str().unwrap().starts_with("a.jpg: expected a whole JPEG"), "{answer}");
    assert_refused("/api/translate?seed=1", "", StatusCode::BAD_REQUEST, "bad_picture").await;
}

#[tokio::test]
async fn too_large_files_are_refused_whether_announced_or_not() {
    let limit = limits::MAX_UPLOAD_BYTES;
    let announced = vec![0_u8; limit + 1];
    assert_refused("/api/translate", announced, StatusCode::PAYLOAD_TOO_LARGE, "too_large").await;
    let chunk = axum::body::Bytes::from(vec![0_u8; limit / 4]);
    let unannounced = Body::new(Chunks { chunk, left: 5 });
    assert_refused("/api/translate", unannounced, StatusCode::PAYLOAD_TOO_LARGE, "too_large").await;
}

/// A body of unknown length.
struct Chunks {
    chunk: axum::body::Bytes,
    left: usize,
}

impl axum::body::HttpBody for Chunks {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let next = self.left.checked_sub(1);
        self.left = next.unwrap_or(0);
        std::task::Poll::Ready(next.map(|_| Ok(http_body::Frame::data(self.chunk.clone()))))
    }
}

#[tokio::test]
async fn wrong_seeds_and_points_are_refused() {
    let parameters = [
        "seed=abc",
        "seed=-1",
        "seed=",
        "seed=18446744073709551616",
        "seed=1&seed=2",
        "points=",
        "points=1,2,3",
        "points=1,2,3,4,5,6,7,8,9,10,11",
        "points=1,2,3,4,5,6,7,8,9,NaN",
        "points=1,2,3,4,5,6,7,8,9,inf",
        "points=1,2,3,4,x,5,6,7,8,9,10",
        "points=1,2,3,4,5,6,7,8,9,9000",
    ];
    for parameter in parameters {
        let address = format!("/api/translate?{parameter}");
        assert_refused(&address, grey_png(), StatusCode::BAD_REQUEST, "bad_request").await;
    }
}

#[tokio::test]
async fn a_panic_in_the_translator_becomes_an_answer() {
    let router = painting();
    let (status, _, bytes) = send(&router, request(Method::POST, "/api/translate?seed=666", grey_png())).await;
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((status, answer["kind"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("internal")));
    let (status, ..) = send(&router, request(Method::POST, "/api/translate?seed=1", bundled_portrait())).await;
    assert_eq!(status, StatusCode::OK, "the queue goes on");
}

#[tokio::test]
async fn the_page_and_its_files_are_served_with_safe_headers() {
    let router = painting();
    for (address, content_type) in [("/", "text/html"), ("/style.css", "text/css"), ("/portrait", "image/jpeg")] {
        let (status, headers, body) = send(&router, request(Method::GET, address, Body::empty())).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        assert!(headers["content-type"].to_str().unwrap().starts_with(content_type), "{address}");
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'; img-src 'self'"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(!body.is_empty());
    }
}

/// What a file of the page names: addresses in markup, imports in scripts.
fn named_in(text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2).filter(|name| !name.contains([' ', '>']));
    let addresses = quoted.filter(|name| name.starts_with("./") || (name.starts_with('/') && name.len() > 1));
    addresses.map(|name| name.trim_start_matches('.').to_owned()).collect()
}

#[tokio::test]
async fn every_file_that_the_page_names_exists_and_none_lies_elsewhere() {
    let router = painting();
    let (mut open, mut seen) = (vec!["/".to_owned()], Vec::new());
    while let Some(address) = open.pop() {
        if seen.contains(&address) || address.starts_with("/api/") {
            continue;
        }
        let (status, _, body) = send(&router, request(Method::GET, &address, Body::empty())).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        let text = String::from_utf8_lossy(&body).replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http:") && !text.contains("https:"), "{address}");
        assert!(!text.contains("style=\"") && !text.contains("onclick"), "{address}: the policy forbids these");
        if address != "/portrait" {
            open.extend(named_in(&text));
        }
        seen.push(address);
    }
    assert!(seen.len() > 15 && seen.iter().any(|name| name == "/words-zh.js"), "{seen:?}");
}

#[test]
fn both_languages_have_the_same_words() {
    let keys = |text: &'static str| -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": "));
        lines.map(|(key, _)| key).collect()
    };
    let (english, chinese) =
        (include_str!("../stylise/assets/words-en.js"), include_str!("../stylise/assets/words-zh.js"));
    assert_eq!(keys(english), keys(chinese));
    let page = include_str!("../stylise/assets/index.html");
    let named = page.split("data-t=\"").chain(page.split("data-label=\"")).skip(1);
    let missing: Vec<&str> = named
        .filter_map(|rest| rest.split('"').next())
        .filter(|key| !key.contains(['<', ' ']) && !keys(english).contains(key))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn scripts_know_the_limits_of_the_program() {
    let (status, _, script) = send(&painting(), request(Method::GET, "/limits.js", Body::empty())).await;
    assert_eq!(status, StatusCode::OK);
    let expected = format!("MAX_UPLOAD_BYTES = {};", limits::MAX_UPLOAD_BYTES);
    assert!(String::from_utf8(script).unwrap().contains(&expected));
}

#[tokio::test]
async fn the_page_offers_every_format_that_is_read() {
    let (_, _, page) = send(&painting(), request(Method::GET, "/", Body::empty())).await;
    let page = String::from_utf8(page).unwrap();
    let (_, rest) = page.split_once("accept=\"").unwrap();
    let offered: Vec<&str> = rest.split('"').next().unwrap().split(',').collect();
    for ending in ENDINGS {
        let kind = ending.replace("jpg", "jpeg").replace("tiff", "tif").replace("tif", "tiff");
        let is_offered = |name: &&str| *name == format!("image/{kind}") || *name == format!(".{ending}");
        assert!(offered.iter().any(is_offered), "{ending} in {offered:?}");
    }
}

#[tokio::test]
async fn other_hosts_and_other_pages_are_refused() {
    let router = painting();
    let cases = [
        ("evil.example:7878", None, StatusCode::FORBIDDEN),
        ("127.0.0.1:7878", Some("http://evil.example"), StatusCode::FORBIDDEN),
        ("127.0.0.1:7878", Some("http://127.0.0.1:9999"), StatusCode::FORBIDDEN),
        ("127.0.0.1:7878", Some("null"), StatusCode::FORBIDDEN),
        ("localhost:7878", Some("http://localhost:7878"), StatusCode::OK),
        ("[::1]:7878", Some("http://[::1]:7878"), StatusCode::OK),
        ("localhost", None, StatusCode::OK),
    ];
    for (host, origin, expected) in cases {
        let mut request = request(Method::POST, "/api/translate?seed=1", bundled_portrait());
        request.headers_mut().insert("host", host.parse().unwrap());
        request.headers_mut().remove("origin");
        origin.map(|origin| request.headers_mut().insert("origin", origin.parse().unwrap()));
        let (status, headers, _) = send(&router, request).await;
        assert_eq!(status, expected, "{host} {origin:?}");
        assert!(headers.contains_key("content-security-policy"));
    }
    let mut across = request(Method::POST, "/api/translate", bundled_portrait());
    across.headers_mut().remove("origin");
    across.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(send(&router, across).await.0, StatusCode::FORBIDDEN);
    let mut nameless = request(Method::GET, "/", Body::empty());
    nameless.headers_mut().remove("host");
    assert_eq!(send(&router, nameless).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn unknown_addresses_and_methods_get_json() {
    let router = painting();
    for (method, address, expected) in
        [(Method::GET, "/nowhere", 404), (Method::GET, "/api/translate", 405), (Method::POST, "/portrait", 405)]
    {
        let (status, _, bytes) = send(&router, request(method, address, Body::empty())).await;
        assert_eq!(status.as_u16(), expected, "{address}");
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(problem["kind"].is_string() && problem["status"] == expected, "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_busy_and_gone_clients_leave_no_work() {
    let (slow, has_begun, give_leave) = slow();
    let queue = Queue::new(1, 3, &Budget::default());
    let mut state = ApiState::new(slow.clone(), Budget::default(), Access::default());
    state.queue = queue.clone();
    let router = app(AppState::new(state));
    let photo = || request(Method::POST, "/api/translate?seed=1", bundled_portrait());
    let start = || {
        let router = router.clone();
        tokio::spawn(async move { send(&router, photo()).await })
    };

    let first = start();
    has_begun.recv_timeout(Duration::from_secs(20)).unwrap();
    let waiting: Vec<_> = (0..3).map(|_| start()).collect();
    wait_until(|| queue.free_places() == 0).await;
    let (status, headers, body) = send(&router, photo()).await;
    assert_eq!((status, &headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("2")));
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["kind"], "busy");

    for gone in waiting.into_iter().chain([first]) {
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
    }
    // Those who waited have left; the job at work keeps its place and its turn until it is done.
    wait_until(|| queue.free_places() == 3).await;
    let last = start();
    wait_until(|| queue.free_places() == 2).await;
    assert_eq!(slow.count.load(Ordering::SeqCst), 1);
    give_leave.send(()).unwrap();
    give_leave.send(()).unwrap();
    assert_eq!(last.await.unwrap().0, StatusCode::OK);
    assert_eq!(slow.count.load(Ordering::SeqCst), 2, "the waiting clients had gone");
}

/// Looks again every few milliseconds, for at most twenty seconds.
async fn wait_until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap();
}

#[tokio::test]
async fn the_server_ends_when_it_is_told_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = super::serve(listener, state(), std::future::ready(()));
    tokio::time::timeout(Duration::from_secs(10), server).await.unwrap();
}

#[tokio::test]
async fn the_answer_says_what_is_odd_about_the_photo() {
    let portrait = bundled_portrait();
    let (status, answer) = post("/api/translate?seed=1", portrait[..portrait.len() - 2].to_vec()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["warnings"][0].as_str().unwrap().contains("end marker is missing"), "{answer}");
    let (_, answer) = post("/api/translate?seed=1", portrait).await;
    assert_eq!(answer["warnings"], serde_json::json!([]));
}

/// `PORTRAITIST_FUZZ_SECONDS` makes it a long run, as in the tests of portraitist-nn.
#[tokio::test]
async fn damaged_uploads_and_addresses_get_an_answer() {
    let seconds = std::env::var("PORTRAITIST_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let pixels = (0..24 * 17 * 3).map(|value| (value * 37 % 251) as u8).collect();
    let picture = Picture::from_rgb(24, 17, pixels).unwrap();
    let seeds = [picture.encode_png().unwrap(), picture.encode_jpeg(80).unwrap(), b"GIF89a".to_vec(), Vec::new()];
    let addresses =
        ["seed=1", "seed=1&points=1,2,3,2,2,3,1,4,3,4", "name=a.png&seed=2", "points=%00&seed=-1", "seed=1&seed=2"];
    // xorshift: what is tried is the same each time.
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut chance = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let router = painting();
    let (began, mut count) = (std::time::Instant::now(), 0u64);
    while began.elapsed() < Duration::from_secs(seconds) {
        let mut body = seeds[chance(seeds.len())].clone();
        let mut query = addresses[chance(addresses.len())].as_bytes().to_vec();
        for bytes in [&mut body, &mut query] {
            for _ in 0..chance(5) {
                let at = chance(bytes.len());
                match (bytes.is_empty(), chance(3)) {
                    (false, 0) => bytes[at] = chance(256) as u8,
                    (false, 1) => bytes.truncate(at),
                    _ => bytes.insert(at, chance(256) as u8),
                }
            }
        }
        let query: String = query
            .iter()
            .map(|byte| if byte.is_ascii_graphic() && !b"#<>\"\\^`{|}".contains(byte) { *byte as char } else { '+' })
            .collect();
        let Ok(address) = format!("/api/translate?{query}").parse::<axum::http::Uri>() else { continue };
        let (status, _, answer) = send(&router, request(Method::POST, &address.to_string(), body)).await;
        count += 1;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{error} for {address}"));
        // 666 is a mistake that the painter makes on purpose.
        assert!(
            status != StatusCode::INTERNAL_SERVER_ERROR || query.contains("666"),
            "{status} for {address}: {answer}"
        );
        assert!(answer["result"].is_object() || answer["detail"].is_string(), "{answer}");
    }
    assert!(count > 0);
}
