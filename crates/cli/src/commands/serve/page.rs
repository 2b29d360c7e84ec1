//! The server's address, the browser, and its end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use portraitist_nn::inference::InferencePrecision;
use serde::Serialize;
use tokio::net::TcpListener;

use super::service::Networks;
use crate::interruption;
use crate::memory::give_memory_back;
use crate::output::{Console, advised};
use crate::web::api::ApiState;
use crate::web::datasets::{DatasetsPlace, DatasetsState};
use crate::web::gallery::Gallery;
use crate::web::limits::{DEFAULT_ADDRESS, LAST_DRAWING};
use crate::web::runs::RunsFolder;
use crate::web::{self, Access, AppState, Budget};

/// What is served, and where.
pub(in crate::commands) struct Serving<'a> {
    pub(in crate::commands) address: SocketAddr,
    pub(in crate::commands) model: &'a Path,
    pub(in crate::commands) precision: InferencePrecision,
    pub(in crate::commands) budget: Budget,
    pub(in crate::commands) access: Access,
    pub(in crate::commands) datasets: Option<DatasetsPlace>,
    pub(in crate::commands) runs: Option<RunsFolder>,
    pub(in crate::commands) gallery: Option<Gallery>,
    /// Whether the page is opened in the browser.
    pub(in crate::commands) opens: bool,
}

/// What `--json` prints when the page is there.
#[derive(Serialize)]
struct Opened<'a> {
    address: &'a str,
}

/// Serves until it is asked to end.
pub(in crate::commands) fn run(serving: Serving<'_>, console: &Console) -> anyhow::Result<ExitCode> {
    let Serving { address, model, precision, budget, access, datasets, runs, gallery, opens } = serving;
    let networks = Networks::open(model, precision, budget.keeps_all)?;
    let is_bounded = budget != Budget::default();
    let api = ApiState::new(Arc::new(networks), budget, access);
    let api = if is_bounded { api.with_after_work(give_memory_back) } else { api };
    let datasets = datasets.map(|place| DatasetsState::open(&place, api.memory())).transpose()?;
    let (runs, gallery) = (runs.map(Arc::new), gallery.map(Arc::new));
    let state = AppState { datasets, runs, gallery, give_memory_back, ..AppState::new(api) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            // The usual port is taken, by another server perhaps: any free one will do.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && address == DEFAULT_ADDRESS => {
                TcpListener::bind((address.ip(), 0)).await?
            }
            Err(error) => return Err(advised(format!("cannot listen on {address}: {error}"), "choose another --addr")),
        };
        let page = format!("http://{}/", listener.local_addr()?);
        // Without it nobody finds the page: it is said even when quiet.
        console.announce(&format!("the page is at {page} (Ctrl-C ends it)"));
        console.result(&Opened { address: &page }, "")?;
        let _ends_in_order = interruption::Loop::begin();
        if opens && webbrowser::open(&page).is_err() {
            console.say("no browser could be opened; open the address yourself");
        }
        web::serve(listener, state, interruption::asked()).await;
        interruption::stop();
        anyhow::Ok(())
    })?;
    runtime.shutdown_timeout(LAST_DRAWING);
    Ok(ExitCode::SUCCESS)
}
