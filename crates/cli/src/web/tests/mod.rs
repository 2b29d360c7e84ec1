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

use super::api::{
    ApiState, FaceService, OfferedModel, OfferedStyles, ServiceError, Style, TranslateRequest, Translation, Watch,
};
use super::queue::Queue;
use super::{Access, AppState, Budget, app, limits};
use crate::faces::detected::{Angles, DetectedFace};

mod access;
mod gallery;
mod interface;
mod jobs;
mod openapi;
mod pages;
mod serving;
mod translating;
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
            width: 20,
            height: 23,
            styles: OfferedStyles { drawing: vec!["wash".to_owned()], photo: Vec::new() },
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
            Style::Named(_) => 77,
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
        let size = request.size.unwrap_or(23);
        let [width, height] = if request.whole { [size, size] } else { [size * 20 / 23, size] };
        let paint = |shade| Picture::filled(width, height, [shade; 3]).unwrap();
        Ok(Translation {
            model: request.model.clone().unwrap_or_else(|| "sketch".to_owned()),
            crop: paint(9),
            result: paint(seed as u8),
            in_picture: (request.in_picture && !request.whole).then(|| photo.clone()),
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

/// Looks again every few milliseconds, for at most twenty seconds.
async fn wait_until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap();
}
