//! A case's process: what it prints, and its end when the program is asked to end.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::interruption;

/// How often the process is looked at.
const PAUSE: Duration = Duration::from_millis(20);
/// A terminal's Ctrl-C reaches the process first, perhaps: so long the program may take to hear of it.
const LATE: Duration = Duration::from_millis(200);

/// Runs a command to its end; `None` if the program was asked to end meanwhile, which ends the command, too.
///
/// # Errors
/// If it cannot be started or waited for.
pub(super) fn output_unless_asked(command: &mut Command) -> std::io::Result<Option<Output>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(|| everything(stdout));
        let stderr = scope.spawn(|| everything(stderr));
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if interruption::is_asked() {
                // One that has ended already cannot be ended.
                let _ = child.kill();
            }
            thread::sleep(PAUSE);
        };
        if !status.success() && !interruption::is_asked() {
            thread::sleep(LATE);
        }
        let gathered = |thread: thread::ScopedJoinHandle<'_, Vec<u8>>| thread.join().unwrap_or_default();
        let output = Output { status, stdout: gathered(stdout), stderr: gathered(stderr) };
        Ok((output.status.success() || !interruption::is_asked()).then_some(output))
    })
}

fn everything(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What has come until then is what there is.
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    bytes
}
