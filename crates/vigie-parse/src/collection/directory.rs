//! The list of a zip's entries: from its central directory, and where that is damaged from the local headers.
//!
//! Specification: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT> (6.3.10). Read here, not by a library,
//! because a damaged archive must still give the entries that can be read, and the same name twice both of them.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use memchr::memmem;
use vigie_container::zip_crypto::{Encryption, Strength};
use vigie_model::Time;
use vigie_model::time::Day;

use super::{FileTimes, names};

/// The end record and the longest comment behind it.
const END_SEARCH_BYTES: u64 = 22 + 65_535;
const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";
/// How much of an archive without a directory is searched at a time.
const SCAN_CHUNK_BYTES: usize = 1 << 20;

/// An entry of a zip.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name for display, with forward slashes.
    pub name: String,
    /// Uncompressed size in bytes, as stated.
    pub size: u64,
    /// Compressed size in bytes, as stated.
    pub compressed: u64,
    /// Times.
    pub times: FileTimes,
    /// Folder, file or link.
    pub kind: EntryKind,
    pub(super) header: u64,
    pub(super) method: u16,
    pub(super) crc: Option<u32>,
    pub(super) lock: Lock,
    /// Whether the header states the size, and not a record behind the data.
    pub(super) sized: bool,
    pub(super) unsafe_name: Option<&'static str>,
}

/// Whether an entry is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// It is not.
    Open,
    /// In a way that a password opens.
    Password(Encryption),
    /// In a way that is not read.
    Unknown(&'static str),
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, or another thing of a Unix file system that is no file.
    Special,
}

/// What could be listed.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    /// What of the archive's own structure is damaged.
    pub(super) damage: Option<String>,
    /// Whether there are more entries than the limit.
    pub(super) cut: bool,
}

/// Lists the entries of an archive of `size` bytes.
pub(super) fn read(reader: &mut (impl Read + Seek), size: u64, entries_max: usize) -> io::Result<Directory> {
    let mut directory = Directory::default();
    match find_end(reader, size)? {
        Some(end) => read_central(reader, &end, entries_max, &mut directory)?,
        None => directory.damage = Some("no central directory at the end".to_owned()),
    }
    if directory.damage.is_some() {
        scan_local(reader, entries_max, &mut directory)?;
    }
    Ok(directory)
}

/// Where the central directory is.
struct End {
    start: u64,
    /// Where the end records begin: the directory cannot go beyond.
    limit: u64,
    entries: u64,
    /// Added to every stated offset: bytes put before the archive.
    shift: u64,
}

fn find_end(reader: &mut (impl Read + Seek), size: u64) -> io::Result<Option<End>> {
    let tail_start = size.saturating_sub(END_SEARCH_BYTES);
    let tail = read_at(reader, tail_start, END_SEARCH_BYTES)?;
    for at in memmem::rfind_iter(&tail, END_SIGNATURE) {
        let Some(record) = tail.get(at..) else { continue };
        let fields = (u16_at(record, 10), u32_at(record, 12), u32_at(record, 16), u16_at(record, 20));
        let (Some(entries), Some(bytes), Some(offset), Some(comment)) = fields else { continue };
        if record.len() < 22_usize.saturating_add(usize::from(comment)) {
            continue;
        }
        let position = tail_start.saturating_add(at as u64);
        let mut end = (position, u64::from(entries), u64::from(bytes), u64::from(offset));
        if entries == u16::MAX || bytes == u32::MAX || offset == u32::MAX {
            end = zip64_end(reader, position)?.unwrap_or(end);
        }
        return locate(reader, end).map(Some);
    }
    Ok(None)
}

/// The directory as its end record states it, or right before the end record when something was put before it.
fn locate(reader: &mut (impl Read + Seek), end: (u64, u64, u64, u64)) -> io::Result<End> {
    let (limit, entries, bytes, offset) = end;
    let adjacent = limit.saturating_sub(bytes);
    let starts_there =
        |reader: &mut _, at: u64| -> io::Result<bool> { Ok(read_at(reader, at, 4)? == CENTRAL_SIGNATURE) };
    let start = if adjacent != offset && adjacent > offset && starts_there(reader, adjacent)? {
        adjacent
    } else {
        offset
    };
    Ok(End { start, limit, entries, shift: start.saturating_sub(offset) })
}

/// Position, entries, bytes and offset out of the zip64 end record.
fn zip64_end(reader: &mut (impl Read + Seek), position: u64) -> io::Result<Option<(u64, u64, u64, u64)>> {
    let locator = read_at(reader, position.saturating_sub(20), 20)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    // Bytes put before the archive make the stated offset wrong; the record then lies right before its locator.
    for at in [u64_at(&locator, 8).unwrap_or(0), position.saturating_sub(20 + 56)] {
        let record = read_at(reader, at, 56)?;
        if record.starts_with(b"PK\x06\x06") {
            let fields = (u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48));
            if let (Some(entries), Some(bytes), Some(offset)) = fields {
                return Ok(Some((at, entries, bytes, offset)));
            }
        }
    }
    Ok(None)
}

fn read_central(
    reader: &mut (impl Read + Seek),
    end: &End,
    entries_max: usize,
    directory: &mut Directory,
) -> io::Result<()> {
    reader.seek(SeekFrom::Start(end.start))?;
    let mut reader = BufReader::with_capacity(1 << 18, reader.take(end.limit.saturating_sub(end.start)));
    for count in 0..end.entries {
        if directory.entries.len() >= entries_max {
            directory.cut = true;
            return Ok(());
        }
        let Some(mut entry) = central_header(&mut reader)? else {
            let message =
                format!("the central directory breaks off after {count} of {} entries", end.entries);
            directory.damage = Some(message);
            return Ok(());
        };
        entry.header = entry.header.saturating_add(end.shift);
        directory.entries.push(entry);
    }
    Ok(())
}

/// The next header of the directory; `None` where there is none.
fn central_header(reader: &mut impl Read) -> io::Result<Option<Entry>> {
    let fixed = take(reader, 46)?;
    if fixed.len() < 46 || !fixed.starts_with(CENTRAL_SIGNATURE) {
        return Ok(None);
    }
    let length = |at| usize::from(u16_at(&fixed, at).unwrap_or(0));
    let name = take(reader, length(28))?;
    let extra = take(reader, length(30))?;
    let comment = take(reader, length(32))?;
    if name.len() < length(28) || extra.len() < length(30) || comment.len() < length(32) {
        return Ok(None);
    }
    let mut entry = entry_of(fixed.get(6..).unwrap_or_default(), &name, &extra);
    entry.header = u64::from(u32_at(&fixed, 42).unwrap_or(0));
    let made_on_unix = fixed.get(5).is_some_and(|system| *system == 3 || *system == 19);
    let mode = u32_at(&fixed, 38).unwrap_or(0) >> 28;
    if made_on_unix && entry.kind == EntryKind::File && !matches!(mode, 0 | 8) {
        entry.kind = if mode == 4 { EntryKind::Folder } else { EntryKind::Special };
    }
    zip64_extra(&extra, &mut entry);
    Ok(Some(entry))
}

/// The part that central and local headers share, from "version needed" on.
fn entry_of(fields: &[u8], name: &[u8], extra: &[u8]) -> Entry {
    let flags = u16_at(fields, 2).unwrap_or(0);
    // Before display, which writes backslashes of its own: Windows tools write them as separators.
    let mut raw = unicode_name(extra).unwrap_or_else(|| name.to_vec());
    raw.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    let unsafe_name = names::unsafe_reason(&raw);
    let name = names::display_bytes(&raw);
    let kind = if name.ends_with('/') { EntryKind::Folder } else { EntryKind::File };
    let mut entry = Entry {
        unsafe_name,
        size: u64::from(u32_at(fields, 18).unwrap_or(0)),
        compressed: u64::from(u32_at(fields, 14).unwrap_or(0)),
        times: times_of(fields, extra),
        kind,
        header: 0,
        method: u16_at(fields, 4).unwrap_or(0),
        crc: u32_at(fields, 10),
        lock: Lock::Open,
        sized: true,
        name,
    };
    if flags & 1 != 0 {
        lock(&mut entry, fields, extra);
    }
    entry
}

/// How an encrypted entry is encrypted; with AES the true method stands in an extra field (0x9901).
fn lock(entry: &mut Entry, fields: &[u8], extra: &[u8]) {
    let flags = u16_at(fields, 2).unwrap_or(0);
    let aes = extra_fields(extra).find(|(id, _)| *id == 0x9901).map(|(_, data)| data);
    entry.lock = match (entry.method, aes) {
        (99, Some(data)) => {
            // The second version leaves the checksum out: the authentication code does its work.
            if u16_at(data, 0) == Some(2) {
                entry.crc = None;
            }
            entry.method = u16_at(data, 5).unwrap_or(0);
            let strength = data.get(4).copied().and_then(Strength::of);
            strength.map_or(Lock::Unknown("AES of an unknown strength"), |strength| {
                Lock::Password(Encryption::Aes(strength))
            })
        }
        (99, None) => Lock::Unknown("AES without its extra field"),
        _ if flags & 0x40 != 0 => Lock::Unknown("PKWARE's strong encryption"),
        _ => {
            // Where the checksum follows the data the time stands in for it.
            let check = if flags & 8 != 0 { fields.get(7) } else { fields.get(13) };
            Lock::Password(Encryption::ZipCrypto { check: check.copied().unwrap_or(0) })
        }
    };
}

/// The fields of an extra block: identifier and data.
fn extra_fields(extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = extra;
    std::iter::from_fn(move || {
        let (id, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let data = rest.get(4..length.checked_add(4)?)?;
        rest = rest.get(length.checked_add(4)?..)?;
        Some((id, data))
    })
}

/// Info-ZIP's Unicode path (0x7075), for archives whose names are in an old code page.
fn unicode_name(extra: &[u8]) -> Option<Vec<u8>> {
    let (_, data) = extra_fields(extra).find(|(id, _)| *id == 0x7075)?;
    data.get(5..).filter(|name| !name.is_empty()).map(<[u8]>::to_vec)
}

/// Sizes and offset that did not fit 32 bits (0x0001), in their fixed order.
fn zip64_extra(extra: &[u8], entry: &mut Entry) {
    let Some((_, mut data)) = extra_fields(extra).find(|(id, _)| *id == 1) else { return };
    for field in [&mut entry.size, &mut entry.compressed, &mut entry.header] {
        if *field == u64::from(u32::MAX) {
            let Some(value) = u64_at(data, 0) else { return };
            *field = value;
            data = data.get(8..).unwrap_or_default();
        }
    }
}

/// Times: NTFS (0x000a) before Unix (0x5455) before MS-DOS, whose zone nobody recorded.
fn times_of(fields: &[u8], extra: &[u8]) -> FileTimes {
    let mut times = FileTimes { modified: dos_time(fields), created: None };
    if let Some((_, data)) = extra_fields(extra).find(|(id, _)| *id == 0x5455) {
        let seconds = data.first().filter(|flags| **flags & 1 != 0).and_then(|_| u32_at(data, 1));
        let micros = seconds.map(|seconds| i64::from(seconds.cast_signed()).saturating_mul(1_000_000));
        times.modified = micros.and_then(Time::from_micros).or(times.modified);
    }
    if let Some((_, data)) = extra_fields(extra).find(|(id, _)| *id == 0x000a) {
        let stamps = data.get(8..).filter(|_| u16_at(data, 4) == Some(1)).unwrap_or_default();
        times.modified = u64_at(stamps, 0).and_then(filetime).or(times.modified);
        times.created = u64_at(stamps, 16).and_then(filetime);
    }
    times
}

/// 100 ns since 1601; zero is no time.
pub(super) fn filetime(ticks: u64) -> Option<Time> {
    let micros = i64::try_from(ticks / 10).ok().filter(|micros| *micros > 0)?;
    Time::from_micros(micros.checked_sub(11_644_473_600_000_000)?)
}

fn dos_time(fields: &[u8]) -> Option<Time> {
    let (time, date) = (u32::from(u16_at(fields, 6)?), u32::from(u16_at(fields, 8)?));
    let year = 1980_i32.checked_add((date >> 9).cast_signed())?;
    Day::from_civil(year, (date >> 5) & 15, date & 31)?;
    let (hour, minute, second) = (time >> 11, (time >> 5) & 63, (time & 31).saturating_mul(2));
    let seconds = hour.saturating_mul(3600).saturating_add(minute.saturating_mul(60)).saturating_add(second);
    Time::from_civil(year, (date >> 5) & 15, date & 31, seconds, 0)
}

/// Finds entries by their local headers, and adds those that the directory did not give.
fn scan_local(
    reader: &mut (impl Read + Seek),
    entries_max: usize,
    directory: &mut Directory,
) -> io::Result<()> {
    let mut known: Vec<u64> = directory.entries.iter().map(|entry| entry.header).collect();
    known.sort_unstable();
    let mut at = 0_u64;
    let mut unsized_entry: Option<usize> = None;
    while let Some(header) = next_signature(reader, at)? {
        if let Some(open) = unsized_entry.take().and_then(|index| directory.entries.get_mut(index)) {
            open.compressed = header.saturating_sub(open.header);
        }
        at = header.saturating_add(4);
        let Some((entry, data_start)) = local_header(reader, header)? else { continue };
        at = if entry.sized { data_start.saturating_add(entry.compressed) } else { data_start };
        if known.binary_search(&header).is_ok() {
            continue;
        }
        if directory.entries.len() >= entries_max {
            directory.cut = true;
            return Ok(());
        }
        if !entry.sized {
            unsized_entry = Some(directory.entries.len());
        }
        directory.entries.push(entry);
    }
    if let Some(open) = unsized_entry.and_then(|index| directory.entries.get_mut(index)) {
        open.compressed = reader.seek(SeekFrom::End(0))?.saturating_sub(open.header);
    }
    Ok(())
}

/// The position of the next local header at or after `at`.
fn next_signature(reader: &mut (impl Read + Seek), mut at: u64) -> io::Result<Option<u64>> {
    loop {
        let chunk = read_at(reader, at, SCAN_CHUNK_BYTES as u64)?;
        if let Some(index) = memmem::find(&chunk, LOCAL_SIGNATURE) {
            return Ok(Some(at.saturating_add(index as u64)));
        }
        if chunk.len() < SCAN_CHUNK_BYTES {
            return Ok(None);
        }
        at = at.saturating_add(chunk.len().saturating_sub(3) as u64);
    }
}

/// An entry by its local header, and where its data begins. Without checksum when sizes follow the data.
fn local_header(reader: &mut (impl Read + Seek), at: u64) -> io::Result<Option<(Entry, u64)>> {
    let fixed = read_at(reader, at, 30)?;
    if fixed.len() < 30 {
        return Ok(None);
    }
    let name_len = u64::from(u16_at(&fixed, 26).unwrap_or(0));
    let extra_len = u64::from(u16_at(&fixed, 28).unwrap_or(0));
    let name = read_at(reader, at.saturating_add(30), name_len)?;
    let extra = read_at(reader, at.saturating_add(30).saturating_add(name_len), extra_len)?;
    if (name.len() as u64) < name_len || (extra.len() as u64) < extra_len || name.is_empty() {
        return Ok(None);
    }
    let mut entry = entry_of(fixed.get(4..).unwrap_or_default(), &name, &extra);
    zip64_extra(&extra, &mut entry);
    entry.header = at;
    if u16_at(&fixed, 6).is_some_and(|flags| flags & 8 != 0) {
        entry.crc = None;
        entry.sized = false;
    }
    Ok(Some((entry, at.saturating_add(30).saturating_add(name_len).saturating_add(extra_len))))
}

/// Where the data of an entry begins, by its local header.
pub(super) fn data_start(reader: &mut (impl Read + Seek), header: u64) -> io::Result<Option<u64>> {
    let fixed = read_at(reader, header, 30)?;
    if !fixed.starts_with(LOCAL_SIGNATURE) {
        return Ok(None);
    }
    let lengths = u16_at(&fixed, 26).zip(u16_at(&fixed, 28));
    Ok(lengths.map(|(name, extra)| {
        header.saturating_add(30).saturating_add(u64::from(name)).saturating_add(u64::from(extra))
    }))
}

/// Up to `count` bytes from a position; fewer at the end.
fn read_at(reader: &mut (impl Read + Seek), at: u64, count: u64) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    reader.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn take(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}
