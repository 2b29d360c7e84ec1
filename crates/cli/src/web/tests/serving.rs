//! Who is answered, the queue, and the end.

use super::*;

#[tokio::test]
async fn other_hosts_and_other_pages_are_refused() {
    let router = painting();
    let cases = [
        ("evil.example:7878", None, StatusCode::FORBIDDEN),
        ("127.0.0.1:7878", Some("http://evil.example"), StatusCode::FORBIDDEN),
        ("127.0.0.1:7878", Some("http://127.0.0.1:9999"), StatusCode::FORBIDDEN),
        ("127.0.0.1:7878", Some("null"), StatusCode::FORBIDDEN),
        ("localhost:7878", Some("http://localhost:7878"), StatusCode::OK),
        ("[::1]:7878", Some("http://[::1]:7878"), StatusCode::OK),
        ("localhost", None, StatusCode::OK),
    ];
    for (host, origin, expected) in cases {
        let mut request = request(Method::POST, "/api/translate?seed=1", bundled_portrait());
        request.headers_mut().insert("host", host.parse().unwrap());
        request.headers_mut().remove("origin");
        origin.map(|origin| request.headers_mut().insert("origin", origin.parse().unwrap()));
        let (status, headers, _) = send(&router, request).await;
        assert_eq!(status, expected, "{host} {origin:?}");
        assert!(headers.contains_key("content-security-policy"));
    }
    let mut across = request(Method::POST, "/api/translate", bundled_portrait());
    across.headers_mut().remove("origin");
    across.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(send(&router, across).await.0, StatusCode::FORBIDDEN);
    let mut nameless = request(Method::GET, "/", Body::empty());
    nameless.headers_mut().remove("host");
    assert_eq!(send(&router, nameless).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn unknown_addresses_and_methods_get_json() {
    let router = painting();
    for (method, address, expected) in
        [(Method::GET, "/nowhere", 404), (Method::GET, "/api/translate", 405), (Method::POST, "/portrait", 405)]
    {
        let (status, _, bytes) = send(&router, request(method, address, Body::empty())).await;
        assert_eq!(status.as_u16(), expected, "{address}");
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(problem["kind"].is_string() && problem["status"] == expected, "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_busy_and_gone_clients_leave_no_work() {
    let (slow, has_begun, give_leave) = slow();
    let queue = Queue::new(1, 3, &Budget::default());
    let mut state = ApiState::new(slow.clone(), Budget::default(), Access::default());
    state.queue = queue.clone();
    let router = app(AppState::new(state));
    let photo = || request(Method::POST, "/api/translate?seed=1", bundled_portrait());
    let start = || {
        let router = router.clone();
        tokio::spawn(async move { send(&router, photo()).await })
    };

    let first = start();
    has_begun.recv_timeout(Duration::from_secs(20)).unwrap();
    let waiting: Vec<_> = (0..3).map(|_| start()).collect();
    wait_until(|| queue.free_places() == 0).await;
    let (status, headers, body) = send(&router, photo()).await;
    assert_eq!((status, &headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("2")));
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["kind"], "busy");

    for gone in waiting.into_iter().chain([first]) {
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
    }
    // Those who waited have left; the job at work keeps its place and its turn until it is done.
    wait_until(|| queue.free_places() == 3).await;
    let last = start();
    wait_until(|| queue.free_places() == 2).await;
    assert_eq!(slow.count.load(Ordering::SeqCst), 1);
    give_leave.send(()).unwrap();
    give_leave.send(()).unwrap();
    assert_eq!(last.await.unwrap().0, StatusCode::OK);
    assert_eq!(slow.count.load(Ordering::SeqCst), 2, "the waiting clients had gone");
}

#[tokio::test]
async fn the_server_ends_when_it_is_told_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = crate::web::serve(listener, state(), std::future::ready(()));
    tokio::time::timeout(Duration::from_secs(10), server).await.unwrap();
}
