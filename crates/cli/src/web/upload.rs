//! Reads a request's body up to a limit, and reads away what is not wanted.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::{Instant, timeout, timeout_at};

use super::limits::{DISCARD_TIME, MAX_DISCARDED_BYTES, MAX_TEXT_BYTES, MIN_UPLOAD_RATE, UPLOAD_PATIENCE, UPLOAD_TIME};
use super::memory::Held;
use super::reply::Failure;

/// Room that is made before anything has arrived: what a client announces costs it nothing.
const FIRST_ROOM_BYTES: usize = 256 * 1024;

/// The whole body, or the answer for a body that is too large, too slow or broken off, or for which there is no memory.
///
/// `copies` is how many times the body will be in memory.
pub(super) async fn read_body(mut body: Body, held: &mut Held, copies: usize) -> Result<Vec<u8>, Failure> {
    // The announced length refuses large bodies early; the count below also holds for bodies of unknown length.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let most = held.most;
    if announced > most {
        discard(body).await;
        return Err(Failure::too_large(most));
    }
    let began = Instant::now();
    let mut bytes = Vec::with_capacity(announced.min(FIRST_ROOM_BYTES));
    loop {
        let deadline = deadline(began, Instant::now(), bytes.len());
        let Ok(chunk) = timeout_at(deadline, next_chunk(&mut body)).await else { return Err(Failure::timed_out()) };
        let Some(chunk) = chunk? else { return Ok(bytes) };
        let len = bytes.len() + chunk.len();
        let refusal = if len > most {
            Some(Failure::too_large(most))
        } else if !held.grow(len * copies) {
            Some(Failure::busy())
        } else {
            None
        };
        if let Some(refusal) = refusal {
            drop(bytes);
            discard(body).await;
            return Err(refusal);
        }
        bytes.extend_from_slice(&chunk);
    }
}

/// A short body whole.
///
/// # Errors
/// If it is longer than [`MAX_TEXT_BYTES`], too slow or broken off.
pub(super) async fn read_text(mut body: Body) -> Result<Vec<u8>, Failure> {
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = next_chunk(&mut body).await? {
            if bytes.len() + chunk.len() > MAX_TEXT_BYTES {
                return Err(Failure::too_large(MAX_TEXT_BYTES));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    timeout(UPLOAD_PATIENCE, reading).await.unwrap_or_else(|_| Err(Failure::timed_out()))
}

/// When the next piece has to be there: soon after the last, by the rate on average, and within the time for the whole.
fn deadline(began: Instant, now: Instant, received: usize) -> Instant {
    let by_rate = began + UPLOAD_PATIENCE + Duration::from_secs_f64(received as f64 / MIN_UPLOAD_RATE as f64);
    by_rate.min(now + UPLOAD_PATIENCE).min(began + UPLOAD_TIME)
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
