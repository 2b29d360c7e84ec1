//! Ctrl-C and requests to end: one rule for every command.
//!
//! The first Ctrl-C (SIGINT), SIGTERM or SIGHUP lets a command that works through many things finish the one in hand, say what
//! was done, and end with 130, 143 or 129. A command that has nothing of the kind ends at once, and so does every command when
//! it is asked a second time, whatever its main thread waits for. `--json` prints one object in each case.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What has been asked for, and who takes care of it.
#[derive(Debug)]
struct State {
    /// The first signal.
    asked: Option<Signal>,
    /// Loops that look at [`asked`](Self::asked) between two things.
    loops: usize,
    /// A loop has ended before its end.
    stopped: bool,
}

static STATE: Mutex<State> = Mutex::new(State { asked: None, loops: 0, stopped: false });

/// Wakes who waits in [`asked`].
static ASKED: Notify = Notify::const_new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The terminal is gone.
    Hangup,
    /// Ctrl-C.
    Interrupt,
    /// `kill`, or the system is shut down.
    Terminate,
}

impl Signal {
    /// What a process ends with that ends because of it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hangup => "a hangup of the terminal",
            Self::Interrupt => "Ctrl-C",
            Self::Terminate => "a request to end",
        }
    }

    /// What is said of a command that it ended.
    pub(crate) fn message(self) -> String {
        format!("interrupted by {}", self.name())
    }
}

/// While it lives, the first request only sets a mark, which its owner looks at with [`is_asked`] or [`stops_here`].
#[derive(Debug)]
#[must_use = "dropped at once, it does nothing"]
pub(crate) struct Loop(());

impl Loop {
    /// Begins a loop that looks at the mark at least every few seconds.
    pub(crate) fn begin() -> Self {
        state().loops += 1;
        Self(())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        state().loops -= 1;
    }
}

/// Whether the program was asked to end.
pub(crate) fn is_asked() -> bool {
    state().asked.is_some()
}

/// Ready when the program was asked to end.
pub(crate) async fn asked() {
    let asked = ASKED.notified();
    if !is_asked() {
        asked.await;
    }
}

/// Notes that work is left undone because the program was asked to end.
pub(crate) fn stop() {
    state().stopped = true;
}

/// Whether to leave a loop that has more to do; the program then ends as interrupted.
pub(crate) fn stops_here() -> bool {
    let mut state = state();
    state.stopped |= state.asked.is_some();
    state.asked.is_some()
}

/// The signal, if it left work undone.
pub(crate) fn stopped_by() -> Option<Signal> {
    let state = state();
    state.asked.filter(|_| state.stopped)
}

/// Listens on a thread of its own, which goes on when the main thread hangs. `wait` is called when a loop will end; `end` when
/// the program ends at once.
pub(crate) fn listen(wait: impl Fn() + Send + 'static, end: impl Fn(Signal) + Send + 'static) -> std::io::Result<()> {
    let receive = move |signal: Signal| {
        let is_awaited = {
            let mut state = state();
            let is_awaited = state.asked.is_none() && state.loops > 0;
            state.asked.get_or_insert(signal);
            is_awaited
        };
        if is_awaited {
            ASKED.notify_waiters();
            return wait();
        }
        end(signal);
        std::process::exit(signal.exit_code().into());
    };
    // Registered before the first command begins: a request that comes early is not lost.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let requests = runtime.block_on(async { platform::Requests::register() })?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(requests.deliver(receive)))?;
    Ok(())
}

#[cfg(unix)]
mod platform {
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::Signal;

    /// Streams of requests; none of hangups where the program shall outlive its terminal.
    pub(super) struct Requests {
        interrupt: Stream,
        terminate: Stream,
        hangup: Option<Stream>,
    }

    impl Requests {
        /// Replaces what the system would do on a request.
        pub(super) fn register() -> std::io::Result<Self> {
            let hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
            let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            Ok(Self { interrupt, terminate, hangup })
        }

        /// Calls `receive` for every request.
        pub(super) async fn deliver(mut self, receive: impl Fn(Signal)) {
            loop {
                let hangup = async {
                    match &mut self.hangup {
                        Some(hangup) => hangup.recv().await,
                        None => std::future::pending().await,
                    }
                };
                receive(tokio::select! {
                    _ = self.interrupt.recv() => Signal::Interrupt,
                    _ = self.terminate.recv() => Signal::Terminate,
                    _ = hangup => Signal::Hangup,
                });
            }
        }
    }

    /// Whether the program was started by `nohup`; Linux tells.
    fn is_hangup_ignored() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Signal;

    /// Ctrl-C, which is all that there is.
    pub(super) struct Requests;

    impl Requests {
        /// Nothing to prepare.
        pub(super) fn register() -> std::io::Result<Self> {
            Ok(Self)
        }

        /// Calls `receive` for every request.
        pub(super) async fn deliver(self, receive: impl Fn(Signal)) {
            while tokio::signal::ctrl_c().await.is_ok() {
                receive(Signal::Interrupt);
            }
        }
    }
}
