//! `POST /api/jobs`: a translation that nobody has to wait for. What becomes of it is asked for later, by a name that nobody can guess.

mod store;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::sleep;

pub(super) use self::store::Jobs;
use self::store::{End, JobId, JobState, Kept};
use super::form::Parameters;
use super::job::{Answer, Wanted, json, timed, unfinished};
use super::service::{ServiceError, Step, Watch};
use super::state::ApiState;
use super::translate::{TranslationReply, WORK, prepare};
use crate::web::limits::JOB_KEPT;
use crate::web::memory::AlreadyCounted;
use crate::web::queue::{Audience, Place};
use crate::web::reply::{Failure, Problem};

/// A job as clients read it.
#[derive(Serialize)]
pub(super) struct JobReply {
    id: String,
    state: &'static str,
    /// How many others come before; `null` once it is at work.
    ahead: Option<usize>,
    /// What is being done; `null` unless it is at work.
    step: Option<Step>,
    /// Why it failed.
    problem: Option<Problem>,
    /// The address of the result, once it is there.
    result: Option<String>,
    /// For how many seconds what became of it is still kept; `null` until it has ended.
    kept_seconds: Option<u64>,
}

impl JobReply {
    fn new(id: &JobId, state: &JobState) -> Self {
        let empty = Self {
            id: id.to_string(),
            state: "queued",
            ahead: None,
            step: None,
            problem: None,
            result: None,
            kept_seconds: None,
        };
        match state {
            JobState::Queued(ahead) => Self { ahead: Some(ahead.count()), ..empty },
            JobState::Working(step) => Self { state: "working", step: Some(*step), ..empty },
            JobState::Ended(Kept { end, until }) => {
                let left = until.saturating_duration_since(std::time::Instant::now()).as_secs();
                let ended = Self { kept_seconds: Some(left), ..empty };
                match end {
                    Ok(_) => Self { state: "done", result: Some(format!("{}/result", address(id))), ..ended },
                    Err(failure) => Self { state: "failed", problem: Some(failure.problem()), ..ended },
                }
            }
        }
    }
}

fn address(id: &JobId) -> String {
    format!("/api/jobs/{id}")
}

fn unknown() -> Failure {
    Failure::not_there(
        "there is no such job",
        "it was ended, or what became of it is no longer kept; begin another one",
    )
}

/// Begins a job.
pub(super) async fn begin(
    State(state): State<ApiState>,
    headers: HeaderMap,
    parameters: Parameters,
    body: Body,
) -> Result<Response, Failure> {
    let work = prepare(&state, &headers, parameters, body).await?;
    let place = state.queue.enter().ok_or_else(Failure::busy)?;
    let id = JobId::random()?;
    let waiting = JobState::Queued(place.ahead());
    let reply = JobReply::new(&id, &waiting);
    state.jobs.begin(id.clone(), waiting);
    let work = timed(&state, WORK, move |watch: &dyn Watch| encoded(work(watch)?));
    let task = tokio::spawn(run(state.clone(), id.clone(), place, work));
    state.jobs.attach(&id, task.abort_handle());
    Ok((StatusCode::ACCEPTED, [(LOCATION, address(&id))], Json(reply)).into_response())
}

/// JSON and PNG: clients choose when they fetch it.
fn encoded(mut reply: TranslationReply) -> Result<[Vec<u8>; 2], Failure> {
    let png = reply.take_png().unwrap_or_default();
    Ok([json(&reply)?, png])
}

/// Does the work in its turn, keeps what comes of it for its time, and forgets it.
async fn run<Work>(state: ApiState, id: JobId, place: Place, work: Work)
where
    Work: FnOnce(&dyn Watch) -> Result<[Vec<u8>; 2], Failure> + Send + 'static,
{
    let jobs = state.jobs.clone();
    let noting = (jobs.clone(), id.clone());
    let result = place.run(move |audience| work(&Noting { audience, jobs: &noting.0, id: &noting.1 })).await;
    let end: End = match result.unwrap_or_else(|_stopped| Err(unfinished())) {
        Ok(encoded) => jobs.keep(encoded, &state.queue.memory).await,
        Err(failure) => Err(failure),
    };
    jobs.end(&id, end);
    sleep(JOB_KEPT).await;
    jobs.remove(&id);
}

/// Notes what is being done, until somebody deletes the job.
struct Noting<'a> {
    audience: &'a Audience,
    jobs: &'a Jobs,
    id: &'a JobId,
}

impl Watch for Noting<'_> {
    fn begin(&self, step: Step) -> Result<(), ServiceError> {
        if !self.audience.is_waiting() {
            return Err(ServiceError::Gone);
        }
        self.jobs.set(self.id, JobState::Working(step));
        Ok(())
    }
}

/// What has become of a job.
pub(super) async fn look(State(state): State<ApiState>, Path(id): Path<String>) -> Result<Json<JobReply>, Failure> {
    state.jobs.look(&id, JobReply::new).map(Json).ok_or_else(unknown)
}

/// The result of a job, as JSON or as a picture.
pub(super) async fn result(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let end = state.jobs.look(&id, |_, state| match state {
        JobState::Ended(kept) => Some(kept.end.clone()),
        _ => None,
    });
    let result = end.ok_or_else(unknown)?.ok_or_else(Failure::not_ready)??;
    let (kind, bytes) = match Wanted::of(&headers) {
        Wanted::Png => ("image/png", result.png),
        Wanted::Json | Wanted::Events => ("application/json", result.json),
    };
    let mut response = ([(CONTENT_TYPE, kind)], bytes).into_response();
    response.extensions_mut().insert(AlreadyCounted);
    Ok(response)
}

/// Ends a job, and forgets what became of it.
pub(super) async fn remove(State(state): State<ApiState>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let is_known = state.jobs.look(&id, |id, _| id.clone()).is_some_and(|id| state.jobs.remove(&id));
    if is_known { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}
