//! Who may use the server: under which names it answers, and who knows its token.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use portraitist_nn::weights::sha256;

/// The cookie that stands for the token in browsers: pictures are asked for without other headers.
const COOKIE_NAME: &str = "portraitist_session";
/// Shortest token, in characters: enough that nobody guesses it.
pub(crate) const SHORTEST_TOKEN: usize = 16;
/// How long a browser keeps the cookie.
const COOKIE_SECONDS: u32 = 30 * 24 * 3600;

/// Whom the server answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// Names besides those of loopback, in lower case, with a port or without.
    hosts: Vec<String>,
    /// Where it listens, unless that is every address.
    own: Option<IpAddr>,
    token: Option<Digests>,
}

/// Of the token only digests are kept; comparing them tells nothing about how much of it was right.
#[derive(Clone, Debug)]
struct Digests {
    token: String,
    session: String,
}

impl Access {
    /// Answers under loopback names, the address itself and `hosts`; with a `token` only those who know it.
    pub(crate) fn new(address: SocketAddr, hosts: &[String], token: Option<&str>) -> Self {
        let own = Some(address.ip()).filter(|own| !own.is_unspecified());
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let session = |token: &str| sha256(format!("portraitist session\n{token}").as_bytes());
        let token = token.map(|token| Digests { token: sha256(token.as_bytes()), session: session(token) });
        Self { hosts, own, token }
    }

    /// Whether the server answers under the name of a `Host` header.
    pub(super) fn is_known_host(&self, host: &str) -> bool {
        let name = without_port(host);
        let is_own = self.own.is_some_and(|own| number(name) == Some(own));
        is_loopback(host) || is_own || self.is_allowed_host(host)
    }

    /// Whether a `Host` header names one of the hosts that were allowed: the request came by a proxy.
    pub(super) fn is_allowed_host(&self, host: &str) -> bool {
        let is_it =
            |allowed: &String| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(without_port(host));
        self.hosts.iter().any(is_it)
    }

    /// Whether the request shows the token or its cookie, or needs none.
    pub(super) fn is_authorised(&self, headers: &HeaderMap) -> bool {
        let Some(digests) = &self.token else { return true };
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut sessions = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == COOKIE_NAME).then_some(value)
        });
        self.shows_token(headers) || sessions.any(|session| is_same(session, &digests.session))
    }

    /// Whether the request shows the token itself.
    pub(super) fn shows_token(&self, headers: &HeaderMap) -> bool {
        let Some(digests) = &self.token else { return true };
        let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, token) = value.split_once(' ').unwrap_or_default();
        scheme.eq_ignore_ascii_case("bearer") && is_same(&sha256(token.trim().as_bytes()), &digests.token)
    }

    /// The cookie for a browser that showed the token; `None` where none is needed.
    pub(super) fn cookie(&self, is_https: bool) -> Option<String> {
        let Digests { session, .. } = self.token.as_ref()?;
        let secure = if is_https { "; Secure" } else { "" };
        Some(format!("{COOKIE_NAME}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_SECONDS}{secure}"))
    }
}

/// Whether both are the same, in a time that depends on their lengths only.
fn is_same(found: &str, expected: &str) -> bool {
    let pairs = found.bytes().zip(expected.bytes());
    let difference = pairs.fold(0, |difference, (found, expected)| difference | (found ^ expected));
    found.len() == expected.len() && std::hint::black_box(difference) == 0
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn number(name: &str) -> Option<IpAddr> {
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).parse().ok()
}

/// Whether `host` is a name of this computer, with or without a port.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    let is_loopback_number = name.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback());
    is_loopback_number || name == "[::1]" || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

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

    #[test]
    fn hosts_are_those_that_were_allowed_and_the_address_itself() {
        let allowed = ["Draw.Example".to_owned(), "other.example:8443".to_owned()];
        let access = Access::new("192.0.2.7:80".parse().unwrap(), &allowed, None);
        for host in
            ["draw.example", "DRAW.example:443", "other.example:8443", "192.0.2.7", "192.0.2.7:80", "localhost:1"]
        {
            assert!(access.is_known_host(host), "{host}");
        }
        for host in ["draw.example.evil", "other.example", "other.example:80", "192.0.2.8", "evil", ""] {
            assert!(!access.is_known_host(host), "{host}");
        }
        let everywhere = Access::new("0.0.0.0:80".parse().unwrap(), &[], None);
        assert!(!everywhere.is_known_host("0.0.0.0:80"));
        let six = Access::new("[2001:db8::1]:80".parse().unwrap(), &[], None);
        assert!(six.is_known_host("[2001:db8::1]:80") && !six.is_known_host("[2001:db8::2]:80"));
    }

    #[test]
    fn the_token_is_shown_as_a_header_or_by_its_cookie() {
        let access = Access::new("127.0.0.1:1".parse().unwrap(), &[], Some("a long enough token"));
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            access.is_authorised(&headers)
        };
        assert!(with("authorization", "Bearer a long enough token"));
        assert!(with("authorization", "bearer a long enough token"));
        let cookie = access.cookie(true).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.ends_with("Secure"));
        assert!(with("cookie", &format!("a=b; {}", cookie.split(';').next().unwrap())));
        for value in ["Bearer ", "Bearer a long enough toke", "Basic a long enough token", "a long enough token", ""] {
            assert!(!with("authorization", value), "{value}");
        }
        assert!(!with("cookie", "portraitist_session=a long enough token") && !with("cookie", "portraitist_session="));
        assert!(!access.is_authorised(&HeaderMap::new()));
        assert!(Access::default().is_authorised(&HeaderMap::new()) && Access::default().cookie(true).is_none());
    }
}
