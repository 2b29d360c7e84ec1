//! The description of the interface says what is answered, and all of it.

use std::collections::BTreeSet;

use super::*;
use crate::web::api::OPENAPI;

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Follows a `$ref`.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => schema,
    }
}

/// Where a value is not what a schema says, for the words that this document uses.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().find(|choice| (choice["type"] == "null") == value.is_null());
        return check(document, fitting.unwrap(), value, place);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        kind => vec![kind.as_str().unwrap_or_else(|| panic!("{place} has no type"))],
    };
    let is_kind = |kind: &&str| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{place}: {other}"),
    };
    assert!(kinds.iter().any(is_kind), "{place}: expected {kinds:?}, found {value}");
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is none of {words:?}");
    }
    if let (Some(fields), Some(found)) = (schema["properties"].as_object(), value.as_object()) {
        let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(fields), names(found), "{place}");
        found.iter().for_each(|(name, value)| check(document, &fields[name], value, &format!("{place}.{name}")));
    }
    for item in value.as_array().into_iter().flatten() {
        check(document, &schema["items"], item, &format!("{place}[]"));
    }
    if let (Some(count), Some(least)) = (value.as_array().map(Vec::len), schema["minItems"].as_u64()) {
        let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
        assert!((least..=most).contains(&(count as u64)), "{place}: {count} items");
    }
}

/// Method, address, body, headers, and the status that is expected.
type Case = (Method, &'static str, Body, Vec<(&'static str, &'static str)>, u16);

/// What each route answers to, at least once for each status of the document that needs no load, no token and no patience.
fn cases() -> Vec<Case> {
    let photo = || Body::from(bundled_portrait());
    let plain = |method: &Method, address, body, status| (method.clone(), address, body, Vec::new(), status);
    let (post, get) = (&Method::POST, &Method::GET);
    let mut cases = Vec::new();
    for (address, missing) in [("/api/translate", 422), ("/api/detect", 200)] {
        cases.push(plain(post, address, photo(), 200));
        cases.push(plain(post, address, Body::from(grey_png()), missing));
        cases.push(plain(post, address, Body::from(&bundled_portrait()[..20_000]), 400));
        cases.push(plain(post, address, Body::from(vec![0; limits::MAX_UPLOAD_BYTES + 1]), 413));
        cases.push(plain(post, address, Body::from("a letter"), 415));
    }
    cases.push(plain(post, "/api/translate?seed=666", photo(), 500));
    cases.push(plain(get, "/api/models", Body::empty(), 200));
    cases.push(plain(post, "/api/jobs", photo(), 202));
    cases.push(plain(post, "/api/jobs?size=1", photo(), 400));
    cases.push(plain(post, "/api/jobs", Body::from(vec![0; limits::MAX_UPLOAD_BYTES + 1]), 413));
    for (method, path) in [(get, "/api/jobs/0"), (get, "/api/jobs/0/result"), (&Method::DELETE, "/api/jobs/0")] {
        cases.push(plain(method, path, Body::empty(), 404));
    }
    cases.push(plain(get, "/healthz", Body::empty(), 200));
    cases.push(plain(get, "/openapi.json", Body::empty(), 200));
    cases.push(plain(post, "/api/session", Body::empty(), 204));
    let evil = vec![("host", "evil.example")];
    for (method, address) in [
        (post, "/api/translate"),
        (post, "/api/detect"),
        (post, "/api/session"),
        (get, "/api/models"),
        (get, "/healthz"),
        (get, "/metrics"),
        (get, "/openapi.json"),
    ] {
        cases.push((method.clone(), address, Body::empty(), evil.clone(), 403));
    }
    cases
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let document = document();
    let router = painting();
    for (method, address, body, headers, expected) in cases() {
        let mut asking = request(method.clone(), address, body);
        headers.iter().for_each(|(name, value)| drop(asking.headers_mut().insert(*name, value.parse().unwrap())));
        let (status, headers, bytes) = send(&router, asking).await;
        assert_eq!(status.as_u16(), expected, "{address}: {}", String::from_utf8_lossy(&bytes));
        let path = address.split('?').next().unwrap().replace("/jobs/0", "/jobs/{job}");
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        let answer = &operation["responses"][expected.to_string()];
        assert!(answer.is_object(), "{address}: {expected} is not in the document");
        if bytes.is_empty() {
            continue;
        }
        let kind = headers["content-type"].to_str().unwrap();
        let schema = &answer["content"][kind]["schema"];
        assert!(schema.is_object(), "{address}: {kind} is not in the document");
        check(&document, schema, &serde_json::from_slice(&bytes).unwrap(), address);
    }
}

#[tokio::test]
async fn the_document_names_every_route_and_no_other() {
    let router = painting();
    let document = document();
    let source = include_str!("../api/mod.rs");
    let routes: BTreeSet<&str> =
        source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(routes, paths.keys().map(String::as_str).collect());
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let (status, ..) = send(&router, request(method.clone(), path, Body::empty())).await;
            // There is no such job, but there is such a route.
            let is_missing = status == StatusCode::NOT_FOUND && !path.contains('{');
            assert!(!is_missing && status != StatusCode::METHOD_NOT_ALLOWED, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn every_field_of_the_document_is_taken_and_each_has_its_default() {
    let document = document();
    for path in ["/api/translate", "/api/detect"] {
        let operation = &document["paths"][&path]["post"];
        let form =
            &resolved(&document, &operation["requestBody"])["content"]["multipart/form-data"]["schema"]["properties"];
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolved(&document, parameter);
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            assert!(form[name].is_object(), "{name} is missing in the form");
            // "expected" and not "there is no field": the name is known.
            let (_, answer) = post(&format!("{path}?{name}=%7F"), bundled_portrait()).await;
            assert!(!answer["detail"].to_string().contains("there is no field"), "{answer}");
            if let Some(value) = schema.get("default") {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let (status, answer) = post(&format!("{path}?{name}={text}"), bundled_portrait()).await;
                assert_eq!(status, StatusCode::OK, "{name}={text}: {answer}");
            }
        }
    }
}
