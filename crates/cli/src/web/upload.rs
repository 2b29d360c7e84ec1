//! Reads a request's body up to a limit, and reads away what is not wanted.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::timeout;

use super::limits::{DISCARD_TIME, MAX_DISCARDED_BYTES, MAX_UPLOAD_BYTES, UPLOAD_TIME};
use super::reply::Failure;

/// The whole body, or the answer for a body that is too large, too slow or broken off.
pub(super) async fn read_body(body: Body) -> Result<Vec<u8>, Failure> {
    match timeout(UPLOAD_TIME, read_up_to_limit(body)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::timed_out()),
    }
}

async fn read_up_to_limit(mut body: Body) -> Result<Vec<u8>, Failure> {
    // The announced length refuses large bodies early; the count below also holds for bodies of unknown length.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_UPLOAD_BYTES {
        discard(body).await;
        return Err(Failure::too_large());
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(chunk) = next_chunk(&mut body).await? {
        if bytes.len() + chunk.len() > MAX_UPLOAD_BYTES {
            drop(bytes);
            discard(body).await;
            return Err(Failure::too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads and forgets, within bounds: a browser that is still sending does not read the answer.
pub(super) async fn discard(mut body: Body) {
    let reading = async {
        let mut total = 0;
        while let Ok(Some(chunk)) = next_chunk(&mut body).await {
            total += chunk.len();
            if total > MAX_DISCARDED_BYTES {
                break;
            }
        }
    };
    // Too slow is as good as done: the answer goes out either way.
    let _ = timeout(DISCARD_TIME, reading).await;
}

/// The next piece; `None` at the end.
async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Failure> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(chunk) => return Ok(Some(chunk)),
                Err(_trailers) => continue,
            },
            Some(Err(error)) => {
                return Err(Failure::bad_request(
                    format!("the picture did not arrive whole: {error}"),
                    "send it again",
                ));
            }
        }
    }
}
