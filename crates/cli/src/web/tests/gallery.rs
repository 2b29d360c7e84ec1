//! Drawings that people chose to keep.

use super::*;
use crate::web::gallery::Gallery;

fn with_gallery(data: &std::path::Path) -> Router {
    let gallery = Gallery::open(data, Duration::from_secs(3600)).unwrap();
    app(AppState { gallery: Some(Arc::new(gallery)), ..state() })
}

async fn ask(router: &Router, method: Method, address: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let (status, _, bytes) = send(router, request(method, address, body)).await;
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn a_drawing_is_kept_when_somebody_asks_and_forgotten_when_somebody_asks() {
    let data = tempfile::tempdir().unwrap();
    let router = with_gallery(data.path());
    let (_, empty) = ask(&router, Method::GET, "/api/gallery", Body::empty()).await;
    assert_eq!(empty, serde_json::json!({"kept_seconds": 3600, "pictures": []}));
    send(&router, request(Method::POST, "/api/translate", bundled_portrait())).await;
    assert_eq!(ask(&router, Method::GET, "/api/gallery", Body::empty()).await.1, empty, "nobody asked");
    // A page behind the picture is not kept.
    let odd = [bundled_portrait(), &b"<script>alert(1)</script>"[..]].concat();
    let (status, kept) = ask(&router, Method::POST, "/api/gallery", odd).await;
    assert_eq!((status, &kept["seconds_left"]), (StatusCode::CREATED, &3600.into()), "{kept}");
    let address = format!("/api/gallery/{}", kept["id"].as_str().unwrap());
    let (status, headers, file) = send(&router, request(Method::GET, &address, Body::empty())).await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &HeaderValue::from_static("image/png")));
    assert_eq!(Picture::decode("kept", &file).unwrap().width(), 480);
    assert!(!file.windows(7).any(|bytes| bytes == b"<script"));
    let (_, list) = ask(&router, Method::GET, "/api/gallery", Body::empty()).await;
    assert_eq!(list["pictures"][0]["id"], kept["id"]);
    assert_eq!(ask(&router, Method::DELETE, &address, Body::empty()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ask(&router, Method::DELETE, &address, Body::empty()).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&router, Method::GET, &address, Body::empty()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_pictures_are_kept_and_names_are_no_paths() {
    let data = tempfile::tempdir().unwrap();
    let router = with_gallery(data.path());
    std::fs::write(data.path().join("secret.png"), grey_png()).unwrap();
    let (status, _) = ask(&router, Method::POST, "/api/gallery", "a letter").await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for name in ["..%2fsecret.png", "..%2fsecret", "%2e%2e%2fsecret.png", "secret.png"] {
        let (status, _) = ask(&router, Method::GET, &format!("/api/gallery/{name}"), Body::empty()).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn without_the_flag_there_is_no_gallery() {
    for address in ["/gallery", "/api/gallery"] {
        assert_eq!(ask(&painting(), Method::GET, address, Body::empty()).await.0, StatusCode::NOT_FOUND);
    }
}
