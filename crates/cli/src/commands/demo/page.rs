//! The page of `portraitist demo`: its address, the browser, and its end.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use portraitist_nn::builtin;
use serde::Serialize;

use super::service::DemoService;
use crate::arguments::DemoArguments;
use crate::interruption;
use crate::models::open_recognizer;
use crate::output::{Console, advised};
use crate::translator::FaceTranslator;
use crate::web::limits::{DEFAULT_ADDRESS, LAST_DRAWING};
use crate::web::stylise::StyliseState;
use crate::web::{self, AppState};

/// What `--json` prints when the page is there.
#[derive(Serialize)]
struct Opened<'a> {
    address: &'a str,
}

/// Serves the page until it is asked to end.
pub(super) fn run(
    translator: FaceTranslator,
    arguments: &DemoArguments,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let address = arguments.addr;
    ensure!(address.ip().is_loopback(), "--addr must be on loopback, such as {DEFAULT_ADDRESS}, found {address}");
    let recognizer = open_recognizer(builtin::RECOGNIZER, "cpu")?.with_precision(arguments.precision.into());
    let service = DemoService { translator, recognizer };
    let stylise = StyliseState::new(Arc::new(service));
    let state = AppState { stylise, give_memory_back: crate::memory::give_memory_back };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => listener,
            // The usual port is taken, by another demo perhaps: any free one will do.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && address.port() == DEFAULT_ADDRESS.port() => {
                tokio::net::TcpListener::bind((address.ip(), 0)).await?
            }
            Err(error) => return Err(advised(format!("cannot listen on {address}: {error}"), "choose another --addr")),
        };
        let page = format!("http://{}/", listener.local_addr()?);
        // Without it nobody finds the page: it is said even when quiet.
        console.announce(&format!("the demo is at {page} (Ctrl-C ends it)"));
        console.result(&Opened { address: &page }, "")?;
        let _ends_in_order = interruption::Loop::begin();
        if !arguments.no_open && webbrowser::open(&page).is_err() {
            console.say("no browser could be opened; open the address yourself");
        }
        web::serve(listener, state, interruption::asked()).await;
        interruption::stop();
        anyhow::Ok(())
    })?;
    runtime.shutdown_timeout(LAST_DRAWING);
    Ok(ExitCode::SUCCESS)
}
