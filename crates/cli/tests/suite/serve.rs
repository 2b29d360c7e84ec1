//! `portraitist serve`, over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use portraitist_face::{Picture, bundled_portrait};
use serde_json::Value;

use crate::demo::Page;
use crate::program::Place;

const TOKEN: &str = "correct-horse-battery-staple";

fn serve(more: &[&str]) -> Page {
    let place = Place::new();
    place.write("token", format!("{TOKEN}\n"));
    let command = place.command(&[&["serve", "--addr", "127.0.0.1:0"], more].concat());
    Page::start(place, command)
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}

#[test]
fn beyond_this_computer_a_token_is_needed_that_is_one() {
    let place = Place::new();
    place.run(&["serve", "--addr", "0.0.0.0:0"]).failed(&["0.0.0.0", "--token-file"]);
    place.write("short", "abc\n");
    place.run(&["serve", "--addr", "0.0.0.0:0", "--token-file", "short"]).failed(&["short", "16"]);
    place.write("odd", "tökens with spaces and more\n");
    place.run(&["serve", "--token-file", "odd"]).failed(&["odd"]);
    place.run(&["serve", "--token-file", "missing"]).failed(&["missing"]);
    place.run(&["serve", "--memory", "64M"]).failed(&["--memory", "at least"]);
    assert_eq!(place.run(&["serve", "--memory", "lots"]).code, Some(2));
}

#[test]
fn whoever_knows_the_token_is_served() {
    let page = serve(&["--token-file", "token", "--allowed-host", "draw.example"]);
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(page.ask("GET", "/api/models", "", b"").0, 401);
    assert_eq!(page.ask("GET", "/healthz", "", b"").0, 200);
    let (status, body) = page.ask("GET", "/api/models", &bearer, b"");
    assert_eq!(status, 200);
    let names: Vec<Value> =
        json(&body)["models"].as_array().unwrap().iter().map(|model| model["name"].clone()).collect();
    assert_eq!(names[0], "portrait");
    for name in names {
        let address = format!("/api/translate?model={}&size=100&in_picture=false", name.as_str().unwrap());
        let (status, body) = page.ask("POST", &address, &bearer, bundled_portrait());
        let answer = json(&body);
        assert_eq!((status, &answer["model"]), (200, &name), "{answer}");
        assert!(answer["similarity"].as_f64().unwrap() > 0.0, "{answer}");
    }
    let (status, body) = page.ask("POST", "/api/detect", &bearer, bundled_portrait());
    assert_eq!((status, json(&body)["faces"].as_array().unwrap().len()), (200, 1));
    let (status, body) = page.ask("GET", "/metrics", &bearer, b"");
    assert!(
        status == 200 && String::from_utf8_lossy(&body).contains("portraitist_work_seconds_count{work=\"detect\"} 1")
    );
}

#[test]
fn people_are_exaggerated_and_styles_come_from_examples() {
    let page = serve(&[]);
    let ask = |address: &str| {
        let (status, body) = page.ask("POST", address, "", bundled_portrait());
        assert_eq!(status, 200, "{address}: {}", String::from_utf8_lossy(&body));
        json(&body)
    };
    let plain = ask("/api/translate?seed=2");
    let grown = ask("/api/translate?seed=2&exaggerate=1");
    assert!(grown["exaggeration"].as_f64().unwrap() > 0.3 && plain["exaggeration"] == 0.0, "{grown}");
    assert_ne!(grown["result"]["url"], plain["result"]["url"]);
    let auto = ask("/api/translate?seed=2&exaggerate=auto");
    assert!(auto["as_alike_percent"].as_f64().unwrap() <= 1.0 || auto["exaggeration"] == 0.0, "{auto}");
    let charcoal = ask("/api/translate?style=charcoal&size=400");
    assert_eq!([&charcoal["result"]["height"], &charcoal["crop"]["width"]], [400, 320]);
    assert_ne!(charcoal["result"]["url"], ask("/api/translate?style=pencil&size=400")["result"]["url"]);
    let whole = ask("/api/translate?style=charcoal&whole=true&size=500&exaggerate=1");
    assert_eq!([&whole["result"]["height"], &whole["crop"]["height"]], [500, 500]);
    assert!(whole["exaggeration"].as_f64().unwrap() > 0.3 && whole["in_picture"].is_null(), "{whole}");
    let ends = [ask("/api/translate?seed=2&to_seed=3&position=0"), ask("/api/translate?seed=2&to_seed=3&position=1")];
    assert_eq!(ends[0]["result"]["url"], plain["result"]["url"]);
    assert_eq!(ends[1]["result"]["url"], ask("/api/translate?seed=3")["result"]["url"]);
    assert_eq!(ask("/api/translate?seed=2&face=1")["result"]["url"], plain["result"]["url"]);
}

/// An answer's status line, if there is one.
fn status_of(stream: &mut TcpStream) -> Option<u16> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(answer.get(9..12)?).parse().ok()
}

#[test]
fn hostile_requests_get_an_error_or_nothing_and_the_server_stays() {
    let page = serve(&[]);
    let host = &page.address;
    let post = |path: &str, length: usize, headers: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
        )
    };
    let raw = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(host).unwrap();
        let _ = stream.write_all(bytes);
        status_of(&mut stream)
    };
    for path in
        ["/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/api/..%2f", "/assets/../../x", "//etc/passwd"]
    {
        assert_eq!(
            raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()),
            Some(404)
        );
    }
    assert_eq!(raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), Some(400));
    assert_eq!(raw(post("/api/translate", 0, "").as_bytes()), Some(400));
    let bad_form = "Content-Type: multipart/form-data; boundary=x\r\n";
    assert_eq!(raw(format!("{}--x\r\nfoo", post("/api/translate", 8, bad_form)).as_bytes()), Some(400));
    // A bomb: 30000x30000 pixels in a header.
    let mut bomb = Picture::filled(16, 16, [1; 3]).unwrap().encode_png().unwrap();
    bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    assert!(matches!(raw(&[post("/api/translate", bomb.len(), "").as_bytes(), &bomb].concat()), Some(400 | 413)));
    // 100 MB, announced and sent.
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(post("/api/translate", 100_000_000, "").as_bytes()).unwrap();
    let chunk = vec![0x55; 1_000_000];
    let sent = (0..100).all(|_| stream.write_all(&chunk).is_ok());
    assert!(sent && status_of(&mut stream) == Some(413));
    // Half of a body, then the sending side is closed.
    let mut stream = TcpStream::connect(host).unwrap();
    let half = &bundled_portrait()[..bundled_portrait().len() / 2];
    stream.write_all(post("/api/translate", bundled_portrait().len(), "").as_bytes()).unwrap();
    stream.write_all(half).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(matches!(status_of(&mut stream), None | Some(400)));
    let (status, _) = page.ask("POST", "/api/translate?seed=1", "", bundled_portrait());
    assert_eq!(status, 200);
}

#[test]
fn many_event_streams_leave_the_server_answering() {
    let page = serve(&[]);
    let host = &page.address;
    let photo = bundled_portrait();
    let head = format!(
        "POST /api/translate HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nContent-Length: {}\r\n\r\n",
        photo.len()
    );
    let request = [head.as_bytes(), photo].concat();
    let streams: Vec<TcpStream> = (0..300)
        .filter_map(|_| {
            let mut stream = TcpStream::connect(host).ok()?;
            // Some are ended while they send.
            let _ = stream.write_all(&request);
            Some(stream)
        })
        .collect();
    assert_eq!(page.ask("GET", "/healthz", "", b"").0, 200);
    drop(streams);
    let began = Instant::now();
    while page.ask("POST", "/api/translate", "", photo).0 != 200 {
        assert!(began.elapsed() < Duration::from_secs(60), "those who have gone leave the queue");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[cfg(unix)]
#[test]
fn what_runs_is_finished_when_the_server_is_asked_to_end() {
    let mut page = serve(&[]);
    // `auto` draws up to seven times.
    let mut stream = TcpStream::connect(&page.address).unwrap();
    let photo = bundled_portrait();
    let head = format!(
        "POST /api/translate?exaggerate=auto HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nContent-Length: {}\r\n\r\n",
        page.address,
        photo.len()
    );
    stream.write_all(&[head.as_bytes(), photo].concat()).unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let id = page.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("event: done"), "{rest}");
    assert_eq!(page.child.wait().unwrap().code(), Some(143));
}

/// Largest resident memory so far in MiB.
#[cfg(target_os = "linux")]
fn peak_mib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_under_its_promise() {
    let page = serve(&["--memory", "512M"]);
    let models = json(&page.ask("GET", "/api/models", "", b"").1);
    let pixels = models["max_pixels"].as_u64().unwrap() as f64;
    let width = pixels.sqrt() as usize;
    let large = Picture::filled(width, width, [90, 120, 150]).unwrap();
    let points = "300,300,500,300,400,400,320,500,480,500";
    for model in ["sketch", "portrait"] {
        let address = format!("/api/translate?model={model}&points={points}");
        for file in [large.encode_png().unwrap(), large.encode_jpeg(90).unwrap()] {
            let (status, body) = page.ask("POST", &address, "", &file);
            assert!([200, 422].contains(&status), "{status}: {}", String::from_utf8_lossy(&body));
            let (status, _) = page.ask("POST", "/api/detect", "", &file);
            assert_eq!(status, 200);
        }
        // A model's own size has the shape of 4:5.
        let size = (models["max_drawn_pixels"].as_f64().unwrap() / 0.8).sqrt() as usize;
        for more in [format!("exaggerate=1&size={size}"), "whole=true".to_owned()] {
            let address = format!("/api/translate?model={model}&{more}");
            let (status, body) = page.ask("POST", &address, "", bundled_portrait());
            assert_eq!(status, 200, "{address}: {}", String::from_utf8_lossy(&body));
        }
    }
    let larger = Picture::filled(width + 50, width, [90, 120, 150]).unwrap().encode_png().unwrap();
    assert_eq!(page.ask("POST", "/api/translate", "", &larger).0, 413);
    let peak = peak_mib(page.child.id());
    assert!(peak <= 512, "{peak} MiB");
}

/// A folder of datasets with people who do not exist.
fn with_datasets(place: &Place) {
    std::fs::create_dir_all(place.path("sets")).unwrap();
    let synth =
        ["dataset", "synth", "sets/people", "--identities", "2", "--photos", "3", "--drawings", "2", "--size", "128"];
    place.run(&synth).succeeded();
}

#[test]
fn what_was_acknowledged_survives_the_end_of_the_program() {
    let place = Place::new();
    with_datasets(&place);
    let start = |place: Place| {
        let serve = ["serve", "--addr", "127.0.0.1:0", "--datasets", "sets", "--data", "data"];
        let command = place.command(&serve);
        Page::start(place, command)
    };
    let mut page = start(place);
    let people = json(&page.ask("GET", "/api/datasets/people", "", b"").1);
    let ids: Vec<String> =
        people["pictures"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert!(people["has_protocols"] == true && ids.len() == 10, "{people}");
    let coverage = json(&page.ask("GET", "/api/datasets/people/coverage", "", b"").1);
    assert!(coverage["files"].as_array().unwrap().iter().any(|file| file["file"] == "all" && file["missing"] == 0));
    // Killed while marks are written; those that were answered are there.
    let id = page.child.id().to_string();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
    });
    let mut acknowledged = 0;
    while let Ok(mut stream) = TcpStream::connect(&page.address) {
        let body = format!("{{\"note\":\"{}\"}}", acknowledged + 1);
        let address = format!("/api/datasets/people/{}/mark", ids[acknowledged % ids.len()]);
        let head = format!(
            "PUT {address} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            page.address,
            body.len()
        );
        if stream.write_all(head.as_bytes()).is_err() || status_of(&mut stream) != Some(204) {
            break;
        }
        acknowledged += 1;
    }
    killer.join().unwrap();
    let _ = page.child.wait();
    let place = std::mem::replace(&mut page.place, Place::new());
    let page = start(place);
    let people = json(&page.ask("GET", "/api/datasets/people", "", b"").1);
    for (index, id) in ids.iter().enumerate() {
        let last = (1..=acknowledged).rev().find(|number| (number - 1) % ids.len() == index);
        let Some(last) = last else { continue };
        let note: usize = people["marks"][id]["note"].as_str().unwrap_or("0").parse().unwrap();
        // A later one may have been written without an answer.
        assert!(note == last || note == acknowledged + 1, "{id}: {note} of {last}");
    }
    assert!(acknowledged > 0, "nothing was acknowledged before the end");
}
