//! Work in its turn, with an answer in the form that was asked for: all at once, or as server-sent events that tell the place in the
//! queue and what is being done.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::service::{ServiceError, Step, Watch};
use super::state::ApiState;
use crate::web::memory::{Memory, counted};
use crate::web::queue::{Audience, Place};
use crate::web::reply::Failure;
use crate::web::sockets::Connection;

/// Events that may wait to be sent; there are a handful for each job.
const MOST_EVENTS: usize = 64;

/// The kind of answer that a client asks for with `Accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Json,
    Events,
    Png,
}

impl Wanted {
    /// What the header says; JSON where it says nothing of the others.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kinds = accepted.split(',').filter_map(|kind| kind.split(';').next()).map(str::trim);
        let known = |kind: &str| match kind {
            "text/event-stream" => Some(Self::Events),
            "image/png" => Some(Self::Png),
            "application/json" => Some(Self::Json),
            _ => None,
        };
        kinds.filter_map(known).next().unwrap_or(Self::Json)
    }
}

/// Whoever waits for the result of a job.
struct Waiting<'a> {
    audience: &'a Audience,
    events: Option<Sender<Bytes>>,
}

impl Watch for Waiting<'_> {
    fn begin(&self, step: Step) -> Result<(), ServiceError> {
        if !self.audience.is_waiting() {
            return Err(ServiceError::Gone);
        }
        if let Some(events) = &self.events {
            // A client that does not read misses steps, nothing else.
            let _ = events.try_send(event("step", &Stepped { step }));
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Stepped {
    step: Step,
}

#[derive(Serialize)]
struct Queued {
    /// How many others come before.
    ahead: usize,
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    framed(name, &serde_json::to_vec(data).unwrap_or_default()).into()
}

/// An event of one line of data, as JSON is.
fn framed(name: &str, data: &[u8]) -> Vec<u8> {
    [b"event: ", name.as_bytes(), b"\ndata: ", data, b"\n\n"].concat()
}

/// What a client gets: JSON, and a picture if there is one.
pub(super) trait Answer: Serialize + Send + 'static {
    /// The picture as a PNG file, which is left out of the JSON anyway.
    fn take_png(&mut self) -> Option<Vec<u8>>;
}

/// An answer that is ready to be sent.
pub(super) enum Encoded {
    Json(Vec<u8>),
    Png(Vec<u8>),
}

impl Encoded {
    /// Encodes on the thread that worked: that takes a while for large pictures.
    fn of<T: Answer>(mut answer: T, wanted: Wanted) -> Result<Self, Failure> {
        if wanted == Wanted::Png {
            let none = || Failure::bad_request("faces are no picture", "ask for application/json");
            return answer.take_png().map(Self::Png).ok_or_else(none);
        }
        json(&answer).map(Self::Json)
    }
}

impl IntoResponse for Encoded {
    fn into_response(self) -> Response {
        let (kind, bytes) = match self {
            Self::Json(bytes) => ("application/json", bytes),
            Self::Png(bytes) => ("image/png", bytes),
        };
        ([(CONTENT_TYPE, kind)], bytes).into_response()
    }
}

/// JSON as bytes.
pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::internal(error.to_string()))
}

/// Does `work` in its turn and answers with what it gives.
///
/// # Errors
/// If the queue is full; without events also those of `work`.
pub(super) async fn answer<T, Work>(
    state: &ApiState,
    connection: Option<Arc<Connection>>,
    wanted: Wanted,
    kind: &'static str,
    work: Work,
) -> Result<Response, Failure>
where
    T: Answer,
    Work: FnOnce(&dyn Watch) -> Result<T, Failure> + Send + 'static,
{
    let place = state.queue.enter().ok_or_else(Failure::busy)?;
    let at_work = connection.map(|connection| connection.work());
    let timed = timed(state, kind, move |watch: &dyn Watch| Encoded::of(work(watch)?, wanted));
    if wanted == Wanted::Events {
        let (sender, receiver) = channel(MOST_EVENTS);
        tokio::spawn(tell(place, sender, state.queue.memory.clone(), timed));
        let events = ReceiverStream::new(receiver).map(move |event| {
            // The connection is at work until its last event is sent.
            let _ = &at_work;
            Ok::<_, Infallible>(event)
        });
        return Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response());
    }
    let result = place.run(move |audience| timed(&Waiting { audience, events: None })).await;
    Ok(result.map_err(|_stopped| unfinished())??.into_response())
}

/// Work whose time is counted, after which memory is given back where it is short.
pub(super) fn timed<T, Work>(
    state: &ApiState,
    kind: &'static str,
    work: Work,
) -> impl FnOnce(&dyn Watch) -> Result<T, Failure> + Send + 'static + use<T, Work>
where
    Work: FnOnce(&dyn Watch) -> Result<T, Failure> + Send + 'static,
{
    let (metrics, after_work) = (state.metrics().clone(), state.after_work);
    move |watch: &dyn Watch| {
        let began = Instant::now();
        let result = work(watch);
        metrics.worked(kind, began.elapsed());
        after_work();
        result
    }
}

/// The work ended without a result.
pub(super) fn unfinished() -> Failure {
    Failure::internal("the work was not finished")
}

/// Sends events until the work is done or nobody listens any more.
async fn tell<Work>(place: Place, events: Sender<Bytes>, memory: Memory, work: Work)
where
    Work: FnOnce(&dyn Watch) -> Result<Encoded, Failure> + Send + 'static,
{
    let mut ahead = place.ahead();
    let steps = events.clone();
    let mut running = pin!(place.run(move |audience| work(&Waiting { audience, events: Some(steps) })));
    let mut told = None;
    loop {
        let count = ahead.count();
        if told.replace(count) != Some(count) && events.send(event("queued", &Queued { ahead: count })).await.is_err() {
            return;
        }
        tokio::select! {
            result = running.as_mut() => {
                let last = last_event(result.unwrap_or_else(|_stopped| Err(unfinished())), &memory).await;
                // Without a listener there is nobody to tell.
                let _ = events.send(last).await;
                return;
            }
            () = events.closed() => return,
            () = ahead.changed() => {}
        }
    }
}

/// The answer as an event, counted until it is sent.
async fn last_event(result: Result<Encoded, Failure>, memory: &Memory) -> Bytes {
    let done = async {
        let (Encoded::Json(answer) | Encoded::Png(answer)) = result?;
        let held = memory.hold(answer.len()).await?;
        Ok::<_, Failure>(counted(framed("done", &answer), held))
    };
    done.await.unwrap_or_else(|failure| event("failed", &failure.problem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kind_that_is_known_is_wanted() {
        let wanted = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.extend(accept.parse().map(|accept| (ACCEPT, accept)));
            Wanted::of(&headers)
        };
        assert_eq!(wanted("text/event-stream"), Wanted::Events);
        assert_eq!(wanted("image/avif, image/png;q=0.8"), Wanted::Png);
        assert_eq!(wanted("application/json, image/png"), Wanted::Json);
        assert_eq!(wanted("*/*"), Wanted::Json);
        assert_eq!(wanted(""), Wanted::Json);
    }
}
