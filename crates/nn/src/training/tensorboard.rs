//! TensorBoard's event files: scalars in protocol buffers, in records with checksums.
//!
//! Written by hand because it is four message types: `Event { 1: double wall_time, 2: int64 step,
//! 3: string file_version | 5: Summary | 7: SessionLog }`, `Summary { 1: repeated Value }`, `Value { 1: string tag,
//! 2: float simple_value }`, `SessionLog { 1: enum status }`; each record is length, masked CRC32C of it, data, masked
//! CRC32C of that.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// A `SessionLog` that says that a program has started.
const STATUS_START: [u8; 2] = [1 << 3, 1];

/// An event file being written.
#[derive(Debug)]
pub(super) struct EventFile {
    file: BufWriter<File>,
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

impl EventFile {
    /// Starts a new event file in `folder`. The next step is `next`: TensorBoard forgets what other files in the folder say
    /// of it and of later steps, which are done again.
    pub(super) fn create(folder: &Path, next: u64) -> std::io::Result<Self> {
        let name = format!("events.out.tfevents.{:.6}.portraitist", now());
        let file = OpenOptions::new().create_new(true).write(true).open(folder.join(name))?;
        let mut events = Self { file: BufWriter::new(file) };
        let mut event = double(1, now());
        event.extend(bytes(3, b"brain.Event:2"));
        events.record(&event)?;
        let mut event = at_step(next);
        event.extend(bytes(7, &STATUS_START));
        events.record(&event)?;
        events.file.flush()?;
        Ok(events)
    }

    /// Writes the scalars of one step.
    pub(super) fn write<'a>(
        &mut self,
        step: u64,
        scalars: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> std::io::Result<()> {
        let mut summary = Vec::new();
        for (tag, value) in scalars {
            let mut entry = bytes(1, tag.as_bytes());
            entry.push(2 << 3 | 5);
            entry.extend((value as f32).to_le_bytes());
            summary.extend(bytes(1, &entry));
        }
        let mut event = at_step(step);
        event.extend(bytes(5, &summary));
        self.record(&event)?;
        self.file.flush()
    }

    fn record(&mut self, data: &[u8]) -> std::io::Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&masked_checksum(&length).to_le_bytes())?;
        self.file.write_all(data)?;
        self.file.write_all(&masked_checksum(data).to_le_bytes())
    }
}

/// The beginning of an event of a step.
fn at_step(step: u64) -> Vec<u8> {
    let mut event = double(1, now());
    event.push(2 << 3);
    event.extend(varint(step));
    event
}

fn masked_checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn bytes(field: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    out.extend(varint(data.len() as u64));
    out.extend(data);
    out
}

fn double(field: u8, value: f64) -> Vec<u8> {
    let mut out = vec![field << 3 | 1];
    out.extend(value.to_le_bytes());
    out
}
