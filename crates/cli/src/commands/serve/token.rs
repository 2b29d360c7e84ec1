//! The token of a server, from its file.

use std::path::Path;

use anyhow::Context;

use crate::output::{Console, advised};
use crate::web::SHORTEST_TOKEN;

/// Largest file that is read.
const MOST_BYTES: u64 = 64 * 1024;

/// The first line of a file, without spaces around it.
///
/// # Errors
/// If there is no such file, or its first line is too short to be a token, or has characters that no header can carry.
pub(super) fn read(path: &Path, console: &Console) -> anyhow::Result<String> {
    let name = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("{name}: cannot read the token"))?.len();
    let wrong = |found: &str| {
        let error = format!("{name}: expected a token of at least {SHORTEST_TOKEN} visible ASCII characters, {found}");
        advised(error, "for example: head -c 24 /dev/urandom | base64 > FILE")
    };
    if size > MOST_BYTES {
        return Err(wrong(&format!("found a file of {size} bytes")));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot read the token"))?;
    let token = text.lines().next().unwrap_or_default().trim();
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("found others in its first line"));
    }
    if token.len() < SHORTEST_TOKEN {
        return Err(wrong(&format!("found {} in its first line", token.len())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            console
                .warn(&format!("{name} can be read by other users of this computer; chmod 600 keeps it to yourself"));
        }
    }
    Ok(token.to_owned())
}
