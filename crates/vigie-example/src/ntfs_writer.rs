//! A master file table and a change journal, written as NTFS writes them.
//!
//! Format: <https://flatcap.github.io/linux-ntfs/ntfs/concepts/file_record.html> and
//! <https://learn.microsoft.com/en-us/windows/win32/api/winioctl/ns-winioctl-usn_record_v2>.

use vigie_model::Time;

use crate::clock::filetime;

/// Size of a record of the table, in bytes.
pub const RECORD_BYTES: usize = 1024;
/// The root folder's record and how often it was used.
pub const ROOT: (u64, u16) = (5, 5);

/// A file or folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its record and how often that was used.
    pub own: (u64, u16),
    /// The folder it lies in.
    pub parent: (u64, u16),
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Created, modified: what programs show.
    pub shown: [Time; 2],
    /// The same as kept with the name.
    pub by_name: [Time; 2],
    /// Its alternate streams: names and contents.
    pub streams: Vec<(String, Vec<u8>)>,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file whose content lies in the record.
    Small(Vec<u8>),
    /// A file of this size whose content lies elsewhere.
    Large(u64),
    /// A file that was deleted, with the content that its record still holds.
    Deleted(Vec<u8>),
}

impl Entry {
    /// A file or folder with one pair of times.
    pub fn new(own: (u64, u16), parent: (u64, u16), name: &str, kind: Kind, time: Time) -> Entry {
        let name = name.to_owned();
        Entry { own, parent, name, kind, shown: [time; 2], by_name: [time; 2], streams: Vec::new() }
    }
}

/// A table that holds these entries at their places; the records between are empty.
pub fn table(entries: &[Entry]) -> Vec<u8> {
    let last = entries.iter().map(|entry| entry.own.0).max().unwrap_or(0);
    let mut table = vec![0; (usize::try_from(last).unwrap_or(0) + 1) * RECORD_BYTES];
    for entry in entries {
        let at = usize::try_from(entry.own.0).unwrap_or(0) * RECORD_BYTES;
        table[at..at + RECORD_BYTES].copy_from_slice(&record(entry));
    }
    if table.starts_with(&[0]) {
        // Every table begins with its own record.
        let own = Entry::new((0, 1), ROOT, "$MFT", Kind::Large(table.len() as u64), Time::MIN);
        table[..RECORD_BYTES].copy_from_slice(&record(&own));
    }
    table
}

fn record(entry: &Entry) -> Vec<u8> {
    let mut bytes = vec![0; 56];
    bytes[..4].copy_from_slice(b"FILE");
    let (in_use, is_folder) = match entry.kind {
        Kind::Folder => (1, 2),
        Kind::Small(_) | Kind::Large(_) => (1, 0),
        Kind::Deleted(_) => (0, 0),
    };
    for (at, value) in [(4, 48), (6, 3), (16, entry.own.1), (18, 1), (20, 56), (22, in_use | is_folder)] {
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    let mut times: Vec<u8> = Vec::new();
    for time in [entry.shown[0], entry.shown[1], entry.shown[1], entry.shown[1]] {
        times.extend_from_slice(&filetime(time).to_le_bytes());
    }
    times.resize(72, 0);
    resident(&mut bytes, 0x10, "", &times);
    resident(&mut bytes, 0x30, "", &name_content(entry));
    match &entry.kind {
        Kind::Folder => {}
        Kind::Small(content) | Kind::Deleted(content) => resident(&mut bytes, 0x80, "", content),
        Kind::Large(size) => elsewhere(&mut bytes, *size),
    }
    for (name, content) in &entry.streams {
        resident(&mut bytes, 0x80, name, content);
    }
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    let used = u32::try_from(bytes.len().next_multiple_of(8)).unwrap_or(0);
    bytes[24..28].copy_from_slice(&used.to_le_bytes());
    bytes[28..32].copy_from_slice(&1024_u32.to_le_bytes());
    bytes[44..48].copy_from_slice(&u32::try_from(entry.own.0).unwrap_or(0).to_le_bytes());
    bytes.resize(RECORD_BYTES, 0);
    protect(&mut bytes);
    bytes
}

/// Keeps the ends of the sectors elsewhere, as NTFS does to notice half a write.
fn protect(record: &mut [u8]) {
    let check = [1, 0];
    record[48..50].copy_from_slice(&check);
    for sector in 0..2 {
        let end = (sector + 1) * 512 - 2;
        let kept = [record[end], record[end + 1]];
        record[50 + sector * 2..52 + sector * 2].copy_from_slice(&kept);
        record[end..end + 2].copy_from_slice(&check);
    }
}

fn name_content(entry: &Entry) -> Vec<u8> {
    let mut content = reference(entry.parent).to_vec();
    for time in [entry.by_name[0], entry.by_name[1], entry.by_name[1], entry.by_name[1]] {
        content.extend_from_slice(&filetime(time).to_le_bytes());
    }
    content.resize(64, 0);
    let name = wide(&entry.name);
    content.push(u8::try_from(name.len() / 2).unwrap_or(0));
    content.push(1);
    content.extend_from_slice(&name);
    content
}

fn reference((entry, sequence): (u64, u16)) -> [u8; 8] {
    (entry | u64::from(sequence) << 48).to_le_bytes()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn resident(record: &mut Vec<u8>, kind: u32, name: &str, content: &[u8]) {
    let name = wide(name);
    let content_at = (24 + name.len()).next_multiple_of(8);
    let length = (content_at + content.len()).next_multiple_of(8);
    let start = record.len();
    record.extend_from_slice(&kind.to_le_bytes());
    record.extend_from_slice(&u32::try_from(length).unwrap_or(0).to_le_bytes());
    record.extend_from_slice(&[0, u8::try_from(name.len() / 2).unwrap_or(0), 24, 0, 0, 0, 0, 0]);
    record.extend_from_slice(&u32::try_from(content.len()).unwrap_or(0).to_le_bytes());
    record.extend_from_slice(&u16::try_from(content_at).unwrap_or(0).to_le_bytes());
    record.extend_from_slice(&[0, 0]);
    record.extend_from_slice(&name);
    record.resize(start + content_at, 0);
    record.extend_from_slice(content);
    record.resize(start + length, 0);
}

fn elsewhere(record: &mut Vec<u8>, size: u64) {
    record.extend_from_slice(&0x80_u32.to_le_bytes());
    record.extend_from_slice(&72_u32.to_le_bytes());
    record.extend_from_slice(&[1, 0, 64, 0, 0, 0, 0, 0]);
    for value in [0, 0, 64, size.next_multiple_of(4096), size, size] {
        record.extend_from_slice(&value.to_le_bytes());
    }
    record.extend_from_slice(&[0x11, 0x01, 0x10, 0, 0, 0, 0, 0]);
}

/// A change of the journal.
#[derive(Clone, Debug)]
pub struct Change {
    /// The file's record.
    pub own: (u64, u16),
    /// The folder's record.
    pub parent: (u64, u16),
    /// The file's name.
    pub name: String,
    /// When.
    pub time: Time,
    /// Why, as bits.
    pub reason: u32,
}

/// A journal: `hole` zeroes first, where its oldest records were, then the changes.
pub fn journal(changes: &[Change], hole: usize) -> Vec<u8> {
    let mut bytes = vec![0; hole];
    for change in changes {
        let name = wide(&change.name);
        let size = (60 + name.len()).next_multiple_of(8);
        let start = bytes.len();
        bytes.extend_from_slice(&u32::try_from(size).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&[2, 0, 0, 0]);
        bytes.extend_from_slice(&reference(change.own));
        bytes.extend_from_slice(&reference(change.parent));
        bytes.extend_from_slice(&(start as u64).to_le_bytes());
        bytes.extend_from_slice(&filetime(change.time).to_le_bytes());
        for value in [change.reason, 0, 0, 0x20] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&60_u16.to_le_bytes());
        bytes.extend_from_slice(&name);
        bytes.resize(start + size, 0);
    }
    bytes
}
