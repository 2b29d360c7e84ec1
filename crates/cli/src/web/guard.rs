//! Who is answered: browsers that show our own page, and programs that know the token. And the headers that every answer carries.
//!
//! A page on loopback is in reach of every web site that the browser visits. Checking `Host` stops sites whose name was rebound
//! to 127.0.0.1; checking `Origin` stops requests that other sites send across.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::access::{Access, is_loopback};
use super::metrics::Metrics;
use super::rate::{Peer, Rate};
use super::reply::Failure;

/// Nothing from elsewhere, nothing inline, no frames around the page.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=()"),
];

/// What is asked here, and where answers are counted.
#[derive(Clone, Default)]
pub(super) struct Guard {
    pub(super) access: Access,
    pub(super) rate: Rate,
    pub(super) metrics: Metrics,
}

/// Refuses strangers, passes everybody else on, adds the headers, and counts the answer.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let mut response = match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    guard.metrics.answered(&route, response.status().as_u16());
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A browser must never show the page of an older program, nor keep anybody's drawing.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Guard {
    fn check(&self, request: &Request) -> Result<(), Failure> {
        let headers = request.headers();
        let host = single(headers, &HOST).filter(|host| self.access.is_known_host(host));
        let authority = request.uri().authority();
        let is_known_target = authority.is_none_or(|authority| self.access.is_known_host(authority.as_str()));
        let Some(host) = host.filter(|_| is_known_target) else {
            let hint = "open the page as http://127.0.0.1, http://localhost or http://[::1] with the port that the program \
                        printed, or start it with --allowed-host and the name";
            return Err(Failure::refused("this page is not shown under that address", hint));
        };
        let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if !only_reads && !is_same_origin(headers, host) {
            return Err(Failure::refused("the request was sent by another page", "use the page of this program"));
        }
        let is_open = is_open(request.uri().path());
        let is_welcome = is_open || self.access.is_authorised(headers);
        let asks_for_work = !only_reads || !is_welcome;
        if let Some(client) = self.client(request, host).filter(|_| asks_for_work) {
            self.rate.spend(client, Instant::now()).map_err(Failure::too_many)?;
        }
        if is_welcome { Ok(()) } else { Err(Failure::unauthorised()) }
    }

    /// Whose requests are counted together: the socket's address, or what a proxy on this computer says. `None` for programs on this
    /// computer, which need no limit.
    fn client(&self, request: &Request, host: &str) -> Option<IpAddr> {
        let Peer(peer) = *request.extensions().get::<Peer>()?;
        if !peer.to_canonical().is_loopback() {
            return Some(peer);
        }
        // Only the last address was written by the proxy itself.
        let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        let last = forwarded.rsplit(',').next()?.trim().parse().ok();
        last.filter(|_| self.access.is_allowed_host(host) && !is_loopback(host))
    }
}

/// What is answered without the token: the pages themselves, which hold nothing of anybody, and whether the server is there.
fn is_open(path: &str) -> bool {
    !path.starts_with("/api/") && path != "/metrics"
}

/// The header's value if there is exactly one.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether a writing request comes from the page itself. Browsers say so in `Origin`, which no script can change; programs that
/// are no browsers need not send it, and gain nothing by forging it.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    if headers.contains_key(ORIGIN) {
        // Behind a proxy the page is reached by https.
        let origin = single(headers, &ORIGIN);
        let origin = origin.and_then(|origin| origin.strip_prefix("http://").or(origin.strip_prefix("https://")));
        return origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, None | Some(b"same-origin" | b"none"))
}
