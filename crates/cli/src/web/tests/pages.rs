//! The page's files and words.

use super::*;

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

/// The words' keys of a language.
fn keys(text: &'static str) -> Vec<&'static str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": "));
    lines.map(|(key, _)| key).collect()
}

#[test]
fn both_languages_have_the_same_words_and_those_that_the_pages_name() {
    let (english, chinese) = (include_str!("../assets/words-en.js"), include_str!("../assets/words-zh.js"));
    assert_eq!(keys(english), keys(chinese));
    for page in [
        include_str!("../assets/page.html"),
        include_str!("../stylise/assets/index.html"),
        include_str!("../datasets/assets/datasets.html"),
        include_str!("../runs/assets/runs.html"),
        include_str!("../gallery/assets/gallery.html"),
    ] {
        for attribute in ["data-t=\"", "data-label=\""] {
            for key in page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(keys(english).contains(&key), "{key} has no words");
            }
        }
    }
}

#[test]
fn every_kind_of_problem_has_words_in_chinese() {
    let document: Value = serde_json::from_str(crate::web::api::OPENAPI).unwrap();
    let script = include_str!("../assets/problems.js");
    let known = keys(script.split_once("const KINDS = {").unwrap().1.split_once("};").unwrap().0);
    for kind in document["components"]["schemas"]["Problem"]["properties"]["kind"]["enum"].as_array().unwrap() {
        assert!(known.contains(&kind.as_str().unwrap()), "{kind} is missing in problems.js");
    }
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
