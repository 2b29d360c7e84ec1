//! Work in its turn, with an answer in the form that was asked for: all at once, or as server-sent events that tell the place in the
//! queue and what is being done.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::service::{ServiceError, Step, Watch};
use super::state::ApiState;
use crate::web::connections::Connection;
use crate::web::queue::{Audience, Place};
use crate::web::reply::Failure;

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
    events: Option<Sender<Event>>,
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

fn event(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).json_data(data).unwrap_or_default()
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
    T: Serialize + IntoPng + Send + 'static,
    Work: FnOnce(&dyn Watch) -> Result<T, Failure> + Send + 'static,
{
    let place = state.queue.enter().ok_or_else(Failure::busy)?;
    let at_work = connection.map(|connection| connection.work());
    let (metrics, after_work) = (state.metrics().clone(), state.after_work);
    let timed = move |watch: &dyn Watch| {
        let began = Instant::now();
        let result = work(watch);
        metrics.worked(kind, began.elapsed());
        after_work();
        result
    };
    if wanted == Wanted::Events {
        let (sender, receiver) = channel(MOST_EVENTS);
        tokio::spawn(tell(place, sender, timed));
        let events = ReceiverStream::new(receiver).map(move |event| {
            // The connection is at work until its last event is sent.
            let _ = &at_work;
            Ok::<_, Infallible>(event)
        });
        return Ok(Sse::new(events).into_response());
    }
    let result = place.run(move |audience| timed(&Waiting { audience, events: None })).await;
    let result = result.map_err(|_stopped| unfinished())??;
    if wanted == Wanted::Png { result.into_png() } else { Ok(Json(result).into_response()) }
}

fn unfinished() -> Failure {
    Failure::internal("the work was not finished")
}

/// Results of which one part is a picture.
pub(super) trait IntoPng {
    /// The picture as an answer.
    ///
    /// # Errors
    /// If there is none.
    fn into_png(self) -> Result<Response, Failure>;
}

/// Sends events until the work is done or nobody listens any more.
async fn tell<T, Work>(place: Place, events: Sender<Event>, work: Work)
where
    T: Serialize + Send + 'static,
    Work: FnOnce(&dyn Watch) -> Result<T, Failure> + Send + 'static,
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
                let last = match result.unwrap_or_else(|_stopped| Err(unfinished())) {
                    Ok(result) => event("done", &result),
                    Err(failure) => event("failed", &failure.problem()),
                };
                // Without a listener there is nobody to tell.
                let _ = events.send(last).await;
                return;
            }
            () = events.closed() => return,
            () = ahead.changed() => {}
        }
    }
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
