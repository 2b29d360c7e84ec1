//! Memory that requests and answers take: counted, so that clients who send or read slowly cannot pile it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::budget::Budget;
use super::limits::{ANSWER_PATIENCE, SMALL_ANSWER_BYTES};
use super::reply::Failure;

/// Unit in which memory is counted.
const UNIT_BYTES: usize = 1024;

/// All bodies and large answers together; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    units: Arc<Semaphore>,
    /// How often something large was done.
    uses: Arc<AtomicU64>,
    /// All of it, in bytes.
    pub(super) most: usize,
    /// Largest body.
    upload_bytes: usize,
}

/// Memory that is taken; dropping it lets it go.
#[derive(Debug)]
pub(super) struct Held {
    permit: OwnedSemaphorePermit,
    memory: Arc<Semaphore>,
    /// Largest body.
    pub(super) most: usize,
}

impl Held {
    /// Whether there is memory for `bytes` in all, which is then taken.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let more = units(bytes).saturating_sub(self.permit.num_permits());
        let more = u32::try_from(more).ok().and_then(|more| Arc::clone(&self.memory).try_acquire_many_owned(more).ok());
        more.map(|more| self.permit.merge(more)).is_some()
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES)
}

impl Memory {
    /// As much as the budget gives to bodies.
    pub(super) fn new(budget: &Budget) -> Self {
        let units = Arc::new(Semaphore::new(budget.held_bytes / UNIT_BYTES));
        Self { units, uses: Arc::default(), most: budget.held_bytes, upload_bytes: budget.upload_bytes }
    }

    /// Begins to receive a body, for which [`Held::grow`] takes memory as it arrives; `None` if there is none at all.
    pub(super) fn receive(&self) -> Option<Held> {
        self.note_use();
        let permit = Arc::clone(&self.units).try_acquire_many_owned(1).ok()?;
        Some(self.held(permit))
    }

    /// Takes memory for an answer of so many bytes. Waits a little for others to be sent.
    ///
    /// # Errors
    /// If there is none by then.
    pub(super) async fn hold(&self, bytes: usize) -> Result<Held, Failure> {
        self.hold_within(bytes, ANSWER_PATIENCE).await
    }

    async fn hold_within(&self, bytes: usize, patience: Duration) -> Result<Held, Failure> {
        let units = u32::try_from(units(bytes)).map_err(|_| Failure::busy())?;
        let waiting = Arc::clone(&self.units).acquire_many_owned(units);
        let permit = timeout(patience, waiting).await.ok().and_then(Result::ok);
        permit.map(|permit| self.held(permit)).ok_or_else(Failure::busy)
    }

    fn held(&self, permit: OwnedSemaphorePermit) -> Held {
        Held { permit, memory: Arc::clone(&self.units), most: self.upload_bytes }
    }

    /// Something large is done: afterwards there is memory to give back.
    pub(super) fn note_use(&self) {
        self.uses.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something large was done.
    pub(super) fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }
}

/// Bytes whose memory is let go when the last of them was sent.
pub(super) fn counted(bytes: impl AsRef<[u8]> + Send + 'static, held: Held) -> Bytes {
    struct Counted<B>(B, #[expect(dead_code, reason = "dropped with the bytes")] Held);
    impl<B: AsRef<[u8]>> AsRef<[u8]> for Counted<B> {
        fn as_ref(&self) -> &[u8] {
            self.0.as_ref()
        }
    }
    Bytes::from_owner(Counted(bytes, held))
}

/// A mark of answers whose bytes are counted elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct AlreadyCounted;

/// Counts large answers until they are sent. Streams, whose size nobody knows, count for themselves.
pub(super) async fn count_answers(State(memory): State<Memory>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let is_counted = response.extensions().get::<AlreadyCounted>().is_some();
    let Some(size) = size.filter(|size| *size > SMALL_ANSWER_BYTES && !is_counted) else { return response };
    let held = match memory.hold(size).await {
        Ok(held) => held,
        Err(failure) => return failure.into_response(),
    };
    let (parts, body) = response.into_parts();
    // It is there already: nothing is copied.
    match to_bytes(body, size).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(counted(bytes, held))),
        Err(_) => Failure::internal("the answer was not finished").into_response(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn large_answers_take_memory_until_they_are_gone() {
        let memory = Memory::new(&Budget { held_bytes: 4 * SMALL_ANSWER_BYTES, ..Budget::default() });
        let answer = |size: usize| get(move || async move { vec![7_u8; size] });
        let router = Router::new()
            .route("/small", answer(SMALL_ANSWER_BYTES))
            .route("/large", answer(3 * SMALL_ANSWER_BYTES))
            .layer(from_fn_with_state(memory.clone(), count_answers));
        for (path, is_counted) in [("/small", false), ("/large", true)] {
            let asking = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(asking).await.unwrap();
            let held = memory.hold_within(2 * SMALL_ANSWER_BYTES, Duration::from_millis(1)).await;
            assert_eq!(held.is_err(), is_counted, "{path}");
            drop((response, held));
            assert!(memory.hold_within(4 * SMALL_ANSWER_BYTES, Duration::from_millis(1)).await.is_ok(), "{path}");
        }
    }

    #[tokio::test]
    async fn memory_comes_back_when_the_bytes_are_gone() {
        let memory = Memory::new(&Budget { held_bytes: 10 * UNIT_BYTES, ..Budget::default() });
        let hold = async |bytes| memory.hold_within(bytes, Duration::from_millis(1)).await;
        let bytes = counted(vec![7; 6000], hold(6000).await.unwrap());
        let part = bytes.slice(10..20);
        drop(bytes);
        assert!(hold(6000).await.is_err(), "a part is still there");
        assert_eq!(&part[..], [7; 10]);
        drop(part);
        let mut body = memory.receive().unwrap();
        assert!(body.grow(6000) && hold(6000).await.is_err());
        drop(body);
        assert!(hold(10 * UNIT_BYTES).await.is_ok() && hold(11 * UNIT_BYTES).await.is_err());
    }
}
