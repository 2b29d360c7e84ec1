//! The page of `portraitist demo`: its address, the browser, and its end.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use portraitist_nn::builtin;

use super::service::DemoService;
use crate::arguments::DemoArguments;
use crate::models::open_recognizer;
use crate::output::{Console, advised};
use crate::translator::FaceTranslator;
use crate::web::limits::{DEFAULT_ADDRESS, LAST_DRAWING};
use crate::web::stylise::StyliseState;
use crate::web::{self, AppState};

/// Serves the page until it is asked to end.
pub(super) fn run(
    translator: FaceTranslator,
    arguments: &DemoArguments,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let address = arguments.addr;
    ensure!(address.ip().is_loopback(), "--addr must be on loopback, such as {DEFAULT_ADDRESS}, found {address}");
    let service = DemoService { translator, recognizer: open_recognizer(builtin::RECOGNIZER, "cpu")? };
    let state = AppState { stylise: StyliseState::new(Arc::new(service)) };
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
        console.say(&format!("the demo is at {page} (Ctrl-C ends it)"));
        if !arguments.no_open && webbrowser::open(&page).is_err() {
            console.say("no browser could be opened; open the address yourself");
        }
        web::serve(listener, state, asked_to_end()).await.context("the page cannot be served")
    })?;
    runtime.shutdown_timeout(LAST_DRAWING);
    Ok(ExitCode::SUCCESS)
}

/// Ready when Ctrl-C was pressed or the system asks the program to end.
async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    // Without a way to listen, only the end of the process ends the page.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
