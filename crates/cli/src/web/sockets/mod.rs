//! From a listening socket to answers, within limits: time for a request's header, time for taking an answer, open connections.

mod connections;
mod paced;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use self::connections::{Admitted, Phase};
use self::paced::Paced;
use super::limits::{CROWDED_OUT, CROWDED_PAUSE, FAREWELL, HEADER_TIME, MAX_HEADER_BYTES, MEMORY_PAUSE, STALL_TIME};
use super::rate::Peer;

pub(super) use self::connections::{Connection, Connections};

/// Answers on `listener` until `shutdown` is ready, then lets open connections finish for at most [`FAREWELL`]. `rest` is called
/// every few seconds.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    connections: Connections,
    mut rest: impl FnMut(),
    shutdown: impl Future<Output = ()>,
) {
    let (end, ending) = watch::channel(());
    let mut tasks = JoinSet::new();
    let mut pauses = interval(MEMORY_PAUSE);
    let mut shutdown = pin!(shutdown);
    // One that has connected and waits for room.
    let mut waiting = None;
    loop {
        tokio::select! {
            accepted = listener.accept(), if waiting.is_none() => match accepted {
                Ok(accepted) => waiting = Some(accepted),
                Err(error) if is_of_one_connection(&error) => {}
                // No file descriptors or no memory: others make room, and the new one is taken in a moment.
                Err(_) => {
                    connections.make_room(CROWDED_OUT);
                    sleep(CROWDED_PAUSE).await;
                }
            },
            // Others wait in the system's queue meanwhile.
            admitted = connections.admit_soon(), if waiting.is_some() => if let Some((stream, peer)) = waiting.take() {
                tasks.spawn(answer(stream, Peer(peer.ip()), app.clone(), admitted, ending.clone()));
            },
            Some(_ended) = tasks.join_next() => {}
            _ = pauses.tick() => rest(),
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    end.send_replace(());
    // Whoever has not finished by then is dropped with the tasks.
    let _ = timeout(FAREWELL, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Whether accepting failed because the peer had gone again.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Answers the requests of one connection until it ends, has to give way, or the server ends.
async fn answer(stream: TcpStream, peer: Peer, app: Router, admitted: Admitted, mut ending: watch::Receiver<()>) {
    let app = TowerToHyperService::new(app);
    let connection = Arc::clone(&admitted.connection);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let connection = Arc::clone(&connection);
        connection.enter(Phase::Receiving);
        request.extensions_mut().insert(Arc::clone(&connection));
        request.extensions_mut().insert(peer);
        let response = app.call(request);
        async move {
            let response = response.await;
            connection.enter(Phase::Idle);
            response
        }
    });
    let mut builder = http1::Builder::new();
    // The time for a header also bounds how long a connection may wait for its next request.
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(MAX_HEADER_BYTES);
    let stream = TokioIo::new(Paced::new(stream, STALL_TIME));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut is_ending = false;
    loop {
        tokio::select! {
            // How a connection failed concerns only its peer.
            _ = connection.as_mut() => return,
            () = admitted.connection.gives_way() => return,
            _ = ending.changed(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
