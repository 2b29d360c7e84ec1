//! Who is answered: browsers on this computer that show our own page. And the headers that every answer carries.
//!
//! A page on loopback is in reach of every web site that the browser visits. Checking `Host` stops sites whose name was rebound
//! to 127.0.0.1; checking `Origin` stops requests that other sites send across.

use std::net::Ipv4Addr;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::reply::Failure;

/// Nothing from elsewhere, nothing inline, no frames around the page.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Refuses strangers, passes everybody else on, and adds the headers.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match check(&request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A browser must never show the page of an older program, nor keep anybody's drawing.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn check(request: &Request) -> Result<(), Failure> {
    let headers = request.headers();
    let host = single(headers, &HOST).filter(|host| is_loopback(host));
    let target_is_loopback = request.uri().authority().is_none_or(|authority| is_loopback(authority.as_str()));
    let Some(host) = host.filter(|_| target_is_loopback) else {
        let hint = "open the page as http://127.0.0.1, http://localhost or http://[::1] with the port that the program printed";
        return Err(Failure::refused("this page is only shown under a loopback address", hint));
    };
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !only_reads && !is_same_origin(headers, host) {
        return Err(Failure::refused("the request was sent by another page", "use the page of this program"));
    }
    Ok(())
}

/// The header's value if there is exactly one.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether `host` is a name of this computer, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let is_loopback_number = name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_loopback_number || name == "[::1]" || name.eq_ignore_ascii_case("localhost")
}

/// Whether a writing request comes from the page itself. Browsers say so in `Origin`, which no script can change; programs that
/// are no browsers need not send it, and gain nothing by forging it.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    if headers.contains_key(ORIGIN) {
        return single(headers, &ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, None | Some(b"same-origin" | b"none"))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_this_computer_are_loopback() {
        for host in ["127.0.0.1", "127.0.0.1:7878", "127.0.0.2:7878", "localhost:1", "LocalHost", "[::1]", "[::1]:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "::1",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil:80",
            "0.0.0.0:80",
            "127.0.0.1:x",
            "127.0.0.1.",
            "128.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
