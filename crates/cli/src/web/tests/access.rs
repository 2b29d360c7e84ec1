//! The token, hosts and rates, without a socket.

use std::net::IpAddr;

use super::*;
use crate::web::rate::Peer;

const TOKEN: &str = "correct-horse-battery";

fn locked() -> Router {
    let hosts = ["draw.example".to_owned()];
    app(with_access(Access::new("0.0.0.0:80".parse().unwrap(), &hosts, Some(TOKEN))))
}

fn asking(method: Method, address: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = request(method, address, bundled_portrait());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn the_interface_needs_the_token_and_the_page_does_not() {
    let router = locked();
    let bearer = format!("Bearer {TOKEN}");
    for (method, address) in [
        (Method::POST, "/api/translate"),
        (Method::POST, "/api/detect"),
        (Method::GET, "/api/models"),
        (Method::GET, "/metrics"),
    ] {
        let (status, headers, _) = send(&router, asking(method.clone(), address, &[])).await;
        assert_eq!(
            (status, &headers["www-authenticate"]),
            (StatusCode::UNAUTHORIZED, &HeaderValue::from_static("Bearer"))
        );
        let (status, ..) = send(&router, asking(method.clone(), address, &[("authorization", "Bearer wrong")])).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{address}");
        let (status, ..) = send(&router, asking(method, address, &[("authorization", &bearer)])).await;
        assert_eq!(status, StatusCode::OK, "{address}");
    }
    for address in ["/", "/stylise.js", "/healthz", "/openapi.json"] {
        assert_eq!(send(&router, asking(Method::GET, address, &[])).await.0, StatusCode::OK, "{address}");
    }
}

#[tokio::test]
async fn a_browser_gets_a_cookie_for_the_token() {
    let router = locked();
    assert_eq!(send(&router, asking(Method::POST, "/api/session", &[])).await.0, StatusCode::UNAUTHORIZED);
    let bearer = format!("Bearer {TOKEN}");
    let (status, headers, _) = send(&router, asking(Method::POST, "/api/session", &[("authorization", &bearer)])).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert!(!cookie.contains(TOKEN));
    assert_eq!(send(&router, asking(Method::GET, "/api/models", &[("cookie", &cookie)])).await.0, StatusCode::OK);
    // The cookie cannot make itself live longer.
    let (status, ..) = send(&router, asking(Method::POST, "/api/session", &[("cookie", &cookie)])).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_proxy_needs_its_name_allowed() {
    let router = locked();
    let bearer = format!("Bearer {TOKEN}");
    let from = |host: &'static str, origin: &'static str| {
        asking(Method::POST, "/api/translate", &[("host", host), ("origin", origin), ("authorization", &bearer)])
    };
    assert_eq!(send(&router, from("draw.example", "https://draw.example")).await.0, StatusCode::OK);
    assert_eq!(send(&router, from("draw.example", "https://evil.example")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(send(&router, from("evil.example", "https://evil.example")).await.0, StatusCode::FORBIDDEN);
}

/// More requests than a slow machine can send before the bucket fills again.
const MANY: usize = 300;

/// How many requests are answered before one is told to wait, and that answer.
async fn asked_until_told_to_wait(
    router: &Router,
    ask: impl Fn(usize) -> Request<Body>,
) -> (usize, HeaderMap, Vec<u8>) {
    for number in 0..MANY {
        let (status, headers, body) = send(router, ask(number)).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return (number, headers, body);
        }
    }
    panic!("{MANY} requests were answered");
}

/// A request for work that is answered at once: there is no picture.
fn quick(peer: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = asking(Method::POST, "/api/detect", headers);
    *request.body_mut() = Body::empty();
    let peer: IpAddr = peer.parse().unwrap();
    request.extensions_mut().insert(Peer(peer));
    request
}

#[tokio::test]
async fn strangers_wait_after_a_burst_and_this_computer_does_not() {
    let router = painting();
    let burst = limits::RATE_BURST as usize;
    let (count, headers, body) = asked_until_told_to_wait(&router, |_| quick("192.0.2.1", &[])).await;
    assert!(count >= burst, "{count}");
    assert!(headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["kind"], "too_many");
    assert_eq!(send(&router, quick("192.0.2.2", &[])).await.0, StatusCode::BAD_REQUEST, "another client");
    for _ in 0..2 * burst {
        assert_eq!(send(&router, quick("127.0.0.1", &[])).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn tokens_cannot_be_guessed_quickly() {
    let router = locked();
    let guess = || {
        let mut request = asking(Method::GET, "/api/models", &[("authorization", "Bearer a wrong long token")]);
        request.extensions_mut().insert(Peer("192.0.2.9".parse().unwrap()));
        request
    };
    assert_eq!(send(&router, guess()).await.0, StatusCode::UNAUTHORIZED);
    asked_until_told_to_wait(&router, |_| guess()).await;
}

#[tokio::test]
async fn behind_a_proxy_its_last_word_says_who_asks() {
    let hosts = ["draw.example".to_owned()];
    let router = app(with_access(Access::new("127.0.0.1:80".parse().unwrap(), &hosts, None)));
    let work = |host: &'static str, forwarded: String| {
        let origin = format!("https://{host}");
        quick("127.0.0.1", &[("host", host), ("origin", &origin), ("x-forwarded-for", &forwarded)])
    };
    // What the client wrote itself changes nothing.
    let ask = |number: usize| work("draw.example", format!("198.51.100.{}, 192.0.2.1", number % 256));
    let (count, ..) = asked_until_told_to_wait(&router, ask).await;
    assert!(count >= limits::RATE_BURST as usize, "{count}");
    let other = work("draw.example", "192.0.2.1, 192.0.2.2".to_owned());
    assert_eq!(send(&router, other).await.0, StatusCode::BAD_REQUEST);
}
