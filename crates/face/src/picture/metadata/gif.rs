//! GIF: how many frames there are.

use super::model::{Frames, Metadata};

/// Counts the image descriptors (GIF89a, section 20).
pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let count = count_frames(bytes).max(1);
    Metadata { frames: Frames { count, what: "frames" }, ..Metadata::default() }
}

/// Up to where the file can be followed.
fn count_frames(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut at = 13 + bytes.get(10).map_or(0, |&flags| colour_table_bytes(flags));
    while let Some(&introducer) = bytes.get(at) {
        let data = match introducer {
            0x21 => at + 2,
            0x2C => {
                let Some(&flags) = bytes.get(at + 9) else { break };
                count += 1;
                // Ten bytes of descriptor, the colours, one byte of code size.
                at + 10 + colour_table_bytes(flags) + 1
            }
            _ => break,
        };
        match end_of_blocks(bytes, data) {
            Some(end) => at = end,
            None => break,
        }
    }
    count
}

fn colour_table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Skips blocks, each led by its length, up to the empty one.
fn end_of_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}
