//! `portraitist demo`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portraitist_face::bundled_portrait;

use crate::program::Place;

#[test]
fn once_writes_drawings_and_ends() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let began = Instant::now();
    let object = place.run(&["demo", "--once", "out", "anna.jpg", "--json"]).succeeded().json();
    assert!(began.elapsed() < Duration::from_secs(20));
    let names = ["drawing-1.png", "drawing-2.png", "drawing-3.png", "in-picture.png", "photo.png"];
    let expected: Vec<String> =
        ["anna", "portrait"].iter().flat_map(|stem| names.map(|name| format!("{stem}-{name}"))).collect();
    assert_eq!(place.files("out"), expected);
    assert_eq!(object["outputs"].as_array().unwrap().len(), 6);
    assert_eq!(place.size("out/portrait-in-picture.png"), [480, 556]);
    assert_eq!(place.read("out/anna-drawing-2.png"), place.read("out/portrait-drawing-2.png"));
    assert_ne!(place.read("out/anna-drawing-1.png"), place.read("out/anna-drawing-2.png"));
    assert_eq!(place.run(&["demo", "--once", "out"]).code, Some(1));
    place.run(&["demo", "--once", "out", "--force", "-q"]).succeeded();
}

/// A server that ends with its test.
pub(crate) struct Page {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) place: Place,
}

impl Page {
    fn open() -> Self {
        let place = Place::new();
        let command = place.command(&["demo", "--no-open", "--addr", "127.0.0.1:0"]);
        Self::start(place, command)
    }

    /// Few files may be open at the same time.
    #[cfg(unix)]
    fn open_with_few_files() -> Self {
        let place = Place::new();
        let mut shell = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_portraitist");
        shell.args([
            "-c",
            "ulimit -n 40; exec \"$@\"",
            "sh",
            program,
            "demo",
            "--no-open",
            "-q",
            "--addr",
            "localhost:0",
        ]);
        shell.current_dir(place.path(".")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::start(place, shell)
    }

    pub(crate) fn start(place: Place, mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        // Warnings may come first.
        let address = loop {
            let before = said.len();
            assert!(lines.read_line(&mut said).unwrap() > 0, "no address in {said}");
            let address = said[before..].split_once("http://").and_then(|(_, rest)| rest.split_once('/'));
            if let Some((address, _)) = address {
                break address.to_owned();
            }
        };
        Self { address, child, place }
    }

    /// Status and body of the answer.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (host, length) = (&self.address, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
        (status, answer[end + 4..].to_vec())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn the_page_answers_on_loopback_until_it_is_asked_to_end() {
    let mut page = Page::open();
    let (status, body) = page.ask("GET", "/", "", b"");
    assert_eq!(status, 200);
    assert!(String::from_utf8(body).unwrap().contains("<html"));

    let (status, body) = page.ask("POST", "/api/translate?seed=2&name=anna.jpg", "", bundled_portrait());
    let object: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, object["seed"].as_u64()), (200, Some(2)));
    assert_eq!((object["result"]["width"].as_u64(), object["result"]["height"].as_u64()), (Some(256), Some(320)));
    assert!(object["result"]["url"].as_str().unwrap().starts_with("data:image/png;base64,"));

    let (status, body) = page.ask("POST", "/api/translate", "", b"dear diary");
    assert_eq!(status / 100, 4);
    assert!(String::from_utf8(body).unwrap().contains("\"detail\""));
    let (status, _) = page.ask("POST", "/api/translate", "Origin: http://evil.example\r\n", bundled_portrait());
    assert_eq!(status, 403);

    let id = page.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let asked = Instant::now();
    assert_eq!(page.child.wait().unwrap().code(), Some(143));
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert!(TcpStream::connect(&page.address).is_err());
    assert!(page.place.files(".").is_empty());
}

#[test]
fn the_page_stays_on_this_computer() {
    let place = Place::new();
    place.run(&["demo", "--no-open", "--addr", "0.0.0.0:0"]).failed(&["loopback"]);
}

#[cfg(unix)]
#[test]
fn the_address_is_one_object_and_addresses_may_lack_their_port() {
    let place = Place::new();
    for (address, expected) in [("127.0.0.2:0", "http://127.0.0.2:"), ("localhost:0", "http://127.0.0.1:")] {
        let mut child = place.command(&["demo", "--no-open", "--json", "-q", "--addr", address]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let object: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert!(object["address"].as_str().unwrap().starts_with(expected), "{object}");
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(lines.count(), 0, "one object");
    }
    let answer = place.run(&["demo", "--no-open", "--addr", "example.org:80"]);
    assert!(answer.code == Some(2) && answer.stderr.contains("localhost:0"), "{answer:?}");
}

#[cfg(unix)]
#[test]
fn silent_sockets_and_slow_uploads_shut_nobody_out() {
    let page = Page::open_with_few_files();
    let connect = || TcpStream::connect(&page.address).unwrap();
    let silent: Vec<TcpStream> = (0..400).map(|_| connect()).collect();
    let host = &page.address;
    let head = format!("POST /api/translate?seed=1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 30000000\r\n\r\n");
    let mut slow: Vec<TcpStream> = (0..4).map(|_| connect()).collect();
    slow.iter_mut().for_each(|stream| stream.write_all(head.as_bytes()).unwrap());
    let began = Instant::now();
    let dripping = std::thread::spawn(move || {
        // A byte a second, until the page has had enough.
        while !slow.is_empty() && began.elapsed() < Duration::from_secs(40) {
            std::thread::sleep(Duration::from_secs(1));
            slow.retain_mut(|stream| stream.write_all(b"x").is_ok());
        }
        began.elapsed()
    });
    for seed in 1..=3 {
        let asked = Instant::now();
        let (status, _) = page.ask("GET", "/", "", b"");
        assert_eq!(status, 200);
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        let (status, _) = page.ask("POST", &format!("/api/translate?seed={seed}"), "", bundled_portrait());
        assert_eq!(status, 200);
    }
    assert!(dripping.join().unwrap() < Duration::from_secs(30), "slow uploads are ended");
    drop(silent);
}

/// Resident memory of a process in MiB.
#[cfg(target_os = "linux")]
pub(crate) fn resident_mib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn memory_goes_back_after_large_pictures() {
    let page = Page::open();
    // Without a face, nearly as large as pictures may be, and small as files: 300 MB each.
    let large = portraitist_face::Picture::filled(10_000, 9_900, [90, 120, 150]).unwrap().encode_png().unwrap();
    let mut most = 0;
    for _ in 0..2 {
        let (status, _) = page.ask("POST", "/api/translate?seed=1", "", &large);
        assert_eq!(status, 422);
        most = most.max(resident_mib(page.child.id()));
    }
    let began = Instant::now();
    while resident_mib(page.child.id()) > most.min(500) / 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "{} MiB are kept", resident_mib(page.child.id()));
        std::thread::sleep(Duration::from_millis(200));
    }
}
