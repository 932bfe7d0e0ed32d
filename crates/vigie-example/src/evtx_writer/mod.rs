//! Windows event log files, written as Windows writes them: chunks of 64 KiB, binary XML, templates defined once a
//! chunk and referred to afterwards.
//!
//! Specification: Joachim Metz, "Windows XML Event Log (EVTX) format", libyal/libevtx; and MS-EVEN6 section 2.2.12
//! for the binary XML.

mod binxml;
mod chunk;
pub mod damage;

use std::io::{self, Seek, SeekFrom, Write};

use vigie_model::Time;

use crate::ident::{Guid, Sid};
use chunk::Chunk;

/// Size of the block that holds the file header, in bytes.
pub const FILE_HEADER_BYTES: usize = 4096;
/// Size of a chunk, in bytes.
pub const CHUNK_BYTES: usize = 65_536;

/// Who writes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// `MSExchange CmdletLogs`.
    pub name: String,
    /// Its GUID; classic sources have none.
    pub guid: Option<Guid>,
}

/// One event, as its provider hands it to Windows.
#[derive(Clone, Debug)]
pub struct Event {
    /// Who writes it.
    pub provider: Provider,
    /// The log it goes to.
    pub channel: String,
    /// The machine's name.
    pub computer: String,
    /// When.
    pub time: Time,
    /// The event's number.
    pub id: u16,
    /// The high half of a classic source's event id; manifest providers have none.
    pub qualifiers: Option<u16>,
    /// Version of the event's definition.
    pub version: u8,
    /// 0 audit, 2 error, 3 warning, 4 information.
    pub level: u8,
    /// Task category.
    pub task: u16,
    /// Keyword bits.
    pub keywords: u64,
    /// The writing process; 0 for classic sources.
    pub process_id: u32,
    /// The writing thread.
    pub thread_id: u32,
    /// On whose behalf.
    pub user: Option<Sid>,
    /// The provider's own data.
    pub data: Data,
}

/// The provider's own data of an event.
#[derive(Clone, Debug)]
pub enum Data {
    /// `<Data Name="...">`, as manifest providers write.
    Named(Vec<(String, Value)>),
    /// Strings without names, as classic sources write.
    Positional(Vec<String>),
}

/// A value of binary XML.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// UTF-16 text; more than 32,767 units are cut.
    Text(String),
    /// One unsigned byte.
    U8(u8),
    /// Two.
    U16(u16),
    /// Four.
    U32(u32),
    /// Eight.
    U64(u64),
    /// Four bytes shown as hexadecimal.
    Hex32(u32),
    /// Eight bytes shown as hexadecimal.
    Hex64(u64),
    /// A truth value of four bytes.
    Bool(bool),
    /// A GUID.
    Guid(Guid),
    /// A security identifier.
    Sid(Sid),
    /// A moment.
    Time(Time),
}

/// Writes one event log.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    start: u64,
    chunk: Chunk,
    chunks: u16,
    next_record: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file at the stream's position. `first_record` is the number of its first record: more than 1 in a
    /// log that has wrapped.
    pub fn new(mut out: W, first_record: u64) -> io::Result<Writer<W>> {
        let start = out.stream_position()?;
        out.write_all(&[0; FILE_HEADER_BYTES])?;
        Ok(Writer { out, start, chunk: Chunk::new(first_record), chunks: 0, next_record: first_record })
    }

    /// Adds an event and tells its record number. Fails when the event alone does not fit into a chunk, or the file
    /// holds 65,535 chunks already.
    pub fn push(&mut self, event: &Event) -> io::Result<u64> {
        let id = self.next_record;
        if !self.chunk.push(id, event) {
            self.flush()?;
            if !self.chunk.push(id, event) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the event is larger than a chunk"));
            }
        }
        self.next_record += 1;
        Ok(id)
    }

    /// Bytes of the file so far, whole chunks only.
    pub fn written_bytes(&self) -> u64 {
        FILE_HEADER_BYTES as u64 + u64::from(self.chunks) * CHUNK_BYTES as u64
    }

    fn flush(&mut self) -> io::Result<()> {
        self.chunks = self.chunks.checked_add(1).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "an event log holds 65,535 chunks at most")
        })?;
        let full = std::mem::replace(&mut self.chunk, Chunk::new(self.next_record));
        self.out.write_all(&full.finish())
    }

    /// Ends the file and gives the stream back, positioned after it.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.chunk.is_empty() || self.chunks == 0 {
            self.flush()?;
        }
        let end = self.out.stream_position()?;
        self.out.seek(SeekFrom::Start(self.start))?;
        self.out.write_all(&file_header(self.chunks, self.next_record))?;
        self.out.seek(SeekFrom::Start(end))?;
        Ok(self.out)
    }
}

/// A whole log in memory; the events must be in the order of time.
pub fn to_bytes<'a>(events: impl IntoIterator<Item = &'a Event>, first_record: u64) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(io::Cursor::new(Vec::new()), first_record)?;
    for event in events {
        writer.push(event)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn file_header(chunks: u16, next_record: u64) -> [u8; FILE_HEADER_BYTES] {
    let mut header = [0; FILE_HEADER_BYTES];
    header[..8].copy_from_slice(b"ElfFile\0");
    header[16..24].copy_from_slice(&u64::from(chunks.saturating_sub(1)).to_le_bytes());
    header[24..32].copy_from_slice(&next_record.to_le_bytes());
    header[32..36].copy_from_slice(&128_u32.to_le_bytes());
    header[36..38].copy_from_slice(&1_u16.to_le_bytes());
    header[38..40].copy_from_slice(&3_u16.to_le_bytes());
    header[40..42].copy_from_slice(&4096_u16.to_le_bytes());
    header[42..44].copy_from_slice(&chunks.to_le_bytes());
    seal_file_header(&mut header);
    header
}

/// Writes the checksum that the first 120 bytes of a file header ask for.
fn seal_file_header(header: &mut [u8]) {
    let checksum = crc32fast::hash(&header[..120]);
    header[124..128].copy_from_slice(&checksum.to_le_bytes());
}
