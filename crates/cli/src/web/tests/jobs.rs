//! Translations that nobody waits for.

use super::*;

async fn json_of(
    router: &Router,
    method: Method,
    address: &str,
    body: impl Into<Body>,
) -> (StatusCode, HeaderMap, Value) {
    let (status, headers, bytes) = send(router, request(method, address, body)).await;
    (status, headers, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn look(router: &Router, address: &str) -> Value {
    let (status, _, job) = json_of(router, Method::GET, address, Body::empty()).await;
    assert_eq!(status, StatusCode::OK, "{job}");
    job
}

async fn begin(router: &Router, query: &str, body: impl Into<Body>) -> String {
    let (status, headers, job) = json_of(router, Method::POST, &format!("/api/jobs?{query}"), body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let address = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(headers["location"], address.as_str());
    address
}

/// Looks until the job has ended.
async fn ended(router: &Router, address: &str) -> Value {
    for _ in 0..2000 {
        let job = look(router, address).await;
        if ["done", "failed"].contains(&job["state"].as_str().unwrap()) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{address} does not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_tells_how_far_it_is_and_keeps_its_result() {
    let (slow, has_begun, give_leave) = slow();
    let router = app(AppState::new(ApiState::new(slow, Budget::default(), Access::default())));
    let first = begin(&router, "seed=7", bundled_portrait()).await;
    has_begun.recv_timeout(Duration::from_secs(20)).unwrap();
    let second = begin(&router, "seed=8", bundled_portrait()).await;
    let (at_work, waiting) = (look(&router, &first).await, look(&router, &second).await);
    assert_eq!((&at_work["state"], &at_work["ahead"]), (&"working".into(), &Value::Null), "{at_work}");
    assert_eq!((&waiting["state"], &waiting["ahead"], &waiting["step"]), (&"queued".into(), &1.into(), &Value::Null));
    let result = format!("{first}/result");
    let (status, headers, _) = json_of(&router, Method::GET, &result, Body::empty()).await;
    assert_eq!((status, headers["retry-after"].as_bytes()), (StatusCode::CONFLICT, &b"2"[..]));

    give_leave.send(()).unwrap();
    let job = ended(&router, &first).await;
    assert_eq!((&job["state"], &job["result"]), (&"done".into(), &result.as_str().into()), "{job}");
    assert!((590..=600).contains(&job["kept_seconds"].as_u64().unwrap()), "{job}");
    let (status, _, answer) = json_of(&router, Method::GET, &result, Body::empty()).await;
    assert_eq!((status, &answer["seed"]), (StatusCode::OK, &7.into()));
    let mut asking = request(Method::GET, &result, Body::empty());
    asking.headers_mut().insert("accept", HeaderValue::from_static("image/png"));
    let (_, headers, picture) = send(&router, asking).await;
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(Picture::decode("result", &picture).unwrap().pixel(0, 0), Some([7; 3]));

    give_leave.send(()).unwrap();
    assert_eq!(ended(&router, &second).await["state"], "done");
}

#[tokio::test]
async fn a_job_that_failed_says_why() {
    let router = painting();
    let address = begin(&router, "name=grey.png", grey_png()).await;
    let job = ended(&router, &address).await;
    assert_eq!((&job["state"], &job["problem"]["kind"]), (&"failed".into(), &"no_face".into()), "{job}");
    let (status, _, problem) = json_of(&router, Method::GET, &format!("{address}/result"), Body::empty()).await;
    assert_eq!((status, &problem["detail"]), (StatusCode::UNPROCESSABLE_ENTITY, &"grey.png: no face was found".into()));
    let (status, _, problem) = json_of(&router, Method::POST, "/api/jobs?size=7", bundled_portrait()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "what is wrong in itself is said at once: {problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_deleted_leaves_the_queue() {
    let (slow, has_begun, give_leave) = slow();
    let router = app(AppState::new(ApiState::new(slow.clone(), Budget::default(), Access::default())));
    let first = begin(&router, "seed=1", bundled_portrait()).await;
    has_begun.recv_timeout(Duration::from_secs(20)).unwrap();
    let second = begin(&router, "seed=2", bundled_portrait()).await;
    for (address, expected) in [(&second, 204), (&second, 404), (&first, 204)] {
        let (status, ..) = json_of(&router, Method::DELETE, address, Body::empty()).await;
        assert_eq!(status.as_u16(), expected, "{address}");
    }
    give_leave.send(()).unwrap();
    let third = begin(&router, "seed=3", bundled_portrait()).await;
    give_leave.send(()).unwrap();
    assert_eq!(ended(&router, &third).await["state"], "done");
    assert_eq!(slow.count.load(Ordering::SeqCst), 2, "the second was never begun");
    assert_eq!(json_of(&router, Method::GET, &first, Body::empty()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn older_results_give_way_where_memory_is_short() {
    let photo = Picture::filled(60, 70, [9, 60, 120]).unwrap().encode_png().unwrap();
    let mut size = 0;
    for kind in ["application/json", "image/png"] {
        let mut asking = request(Method::POST, "/api/translate?seed=1&size=1400", photo.clone());
        asking.headers_mut().insert("accept", HeaderValue::from_static(kind));
        size += send(&painting(), asking).await.2.len();
    }
    // A quarter of it holds one result and not two.
    let budget = Budget { held_bytes: 6 * size, upload_bytes: 6 * size, ..Budget::default() };
    let router = app(AppState::new(ApiState::new(Arc::new(Painter::new()), budget, Access::default())));
    let first = begin(&router, "seed=1&size=1400", photo.clone()).await;
    let job = ended(&router, &first).await;
    assert_eq!(job["state"], "done", "{job}");
    let second = begin(&router, "seed=2&size=1400", photo).await;
    assert_eq!(ended(&router, &second).await["state"], "done");
    assert_eq!(json_of(&router, Method::GET, &first, Body::empty()).await.0, StatusCode::NOT_FOUND, "it gave way");
}
