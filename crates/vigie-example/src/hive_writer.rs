//! Registry hives and their transaction logs, written as Windows writes them.
//!
//! Specification: <https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md>.

use vigie_model::Time;

use crate::clock::filetime;

/// Size of the base block, and what bins are multiples of, in bytes.
pub const PAGE_BYTES: usize = 4096;
/// Data above this many bytes is written in segments.
const SEGMENT_BYTES: usize = 16_344;
/// The seed of the hashes in transaction logs.
const SEED: u64 = 0x82EF_4D88_7A4E_55C5;
/// A key has at most this many subkeys in one list; more are spread over several.
const LIST_MAX: usize = 500;

/// A key, its values and the keys below it.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// When it was last written.
    pub written: Time,
    /// Its values, by name.
    pub values: Vec<(String, Value)>,
    /// The keys right below it.
    pub keys: Vec<Key>,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `REG_SZ`.
    Text(String),
    /// `REG_EXPAND_SZ`.
    Expand(String),
    /// `REG_MULTI_SZ`.
    Texts(Vec<String>),
    /// `REG_DWORD`.
    Number(u32),
    /// `REG_QWORD`.
    Long(u64),
    /// `REG_BINARY`.
    Bytes(Vec<u8>),
}

impl Key {
    /// A key without anything in it.
    pub fn new(name: &str, written: Time) -> Key {
        Key { name: name.to_owned(), written, values: Vec::new(), keys: Vec::new() }
    }

    /// With a value more.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Key {
        self.values.push((name.to_owned(), value));
        self
    }

    /// The key of a path below this one; those that are missing are made, written at the same moment.
    pub fn at(&mut self, path: &str) -> &mut Key {
        let written = self.written;
        path.split('\\').fold(self, |key, name| {
            let place = key.keys.iter().position(|known| known.name.eq_ignore_ascii_case(name));
            let place = place.unwrap_or_else(|| {
                key.keys.push(Key::new(name, written));
                key.keys.len() - 1
            });
            &mut key.keys[place]
        })
    }
}

/// A clean hive. `file` is the path that its base block names.
pub fn write(root: &Key, file: &str, sequence: u32) -> Vec<u8> {
    let mut bins = Bins { bytes: vec![0; 32] };
    let root_cell = bins.key(root, u32::MAX, 0x2c);
    let rest = bins.bytes.len().next_multiple_of(PAGE_BYTES) - bins.bytes.len();
    if rest > 0 {
        // What is free at the end is one free cell: its size is positive.
        let at = bins.bytes.len();
        bins.bytes.resize(at + rest, 0);
        put_u32(&mut bins.bytes, at, u32::try_from(rest).unwrap_or(0));
    }
    let size = u32::try_from(bins.bytes.len()).unwrap_or(0);
    bins.bytes[..4].copy_from_slice(b"hbin");
    put_u32(&mut bins.bytes, 8, size);
    bins.bytes[20..28].copy_from_slice(&filetime(root.written).to_le_bytes());
    let mut hive = base_block(root_cell, size, file, root.written);
    set_sequences(&mut hive, sequence, sequence);
    hive.extend_from_slice(&bins.bytes);
    hive
}

/// Makes a hive look as one whose last write did not end, and gives the transaction log (`.LOG1`) that brings it to the
/// state `after`: pages that differ, as one entry.
pub fn make_dirty(before: &mut [u8], after: &[u8], sequence: u32) -> Vec<u8> {
    set_sequences(before, sequence, sequence - 1);
    let bins = &after[PAGE_BYTES..];
    let old = &before[PAGE_BYTES..];
    let differs = |page: &usize| old.get(*page..*page + PAGE_BYTES) != Some(&bins[*page..*page + PAGE_BYTES]);
    let pages: Vec<usize> = (0..bins.len()).step_by(PAGE_BYTES).filter(differs).collect();
    let mut log = before[..512].to_vec();
    put_u32(&mut log, 28, 6);
    set_sequences(&mut log, sequence, sequence);
    let size = (40 + pages.len() * (8 + PAGE_BYTES)).next_multiple_of(512);
    let mut entry = vec![0; 40];
    entry[..4].copy_from_slice(b"HvLE");
    for (at, value) in [(4, size), (12, sequence as usize), (16, bins.len()), (20, pages.len())] {
        put_u32(&mut entry, at, u32::try_from(value).unwrap_or(0));
    }
    for page in &pages {
        entry.extend_from_slice(&u32::try_from(*page).unwrap_or(0).to_le_bytes());
        entry.extend_from_slice(&u32::try_from(PAGE_BYTES).unwrap_or(0).to_le_bytes());
    }
    for page in &pages {
        entry.extend_from_slice(&bins[*page..*page + PAGE_BYTES]);
    }
    entry.resize(size, 0);
    let first = marvin(&entry[40..]);
    entry[24..32].copy_from_slice(&first.to_le_bytes());
    let second = marvin(&entry[..32]);
    entry[32..40].copy_from_slice(&second.to_le_bytes());
    log.extend_from_slice(&entry);
    log
}

/// The same log as Windows wrote it before 8.1: a bitmap of 512-byte pages, then the pages. The hives must have one size.
pub fn make_dirty_old(before: &mut [u8], after: &[u8], sequence: u32) -> Vec<u8> {
    set_sequences(before, sequence, sequence - 1);
    let (old, bins) = (&before[PAGE_BYTES..], &after[PAGE_BYTES..]);
    let mut log = before[..512].to_vec();
    put_u32(&mut log, 28, 1);
    set_sequences(&mut log, sequence, sequence);
    log.extend_from_slice(b"DIRT");
    let pages: Vec<bool> = old.chunks(512).zip(bins.chunks(512)).map(|(old, new)| old != new).collect();
    log.extend(pages.chunks(8).map(|byte| {
        byte.iter().enumerate().fold(0_u8, |bits, (bit, dirty)| bits | (u8::from(*dirty) << bit))
    }));
    log.resize(log.len().next_multiple_of(512), 0);
    for (page, _) in bins.chunks(512).zip(&pages).filter(|(_, dirty)| **dirty) {
        log.extend_from_slice(page);
    }
    log
}

fn base_block(root: u32, size: u32, file: &str, written: Time) -> Vec<u8> {
    let mut block = vec![0; PAGE_BYTES];
    block[..4].copy_from_slice(b"regf");
    block[12..20].copy_from_slice(&filetime(written).to_le_bytes());
    for (at, value) in [(20, 1), (24, 5), (32, 1), (36, root), (40, size), (44, 1)] {
        put_u32(&mut block, at, value);
    }
    for (place, unit) in block[48..112].chunks_exact_mut(2).zip(file.encode_utf16()) {
        place.copy_from_slice(&unit.to_le_bytes());
    }
    block
}

/// Sets both sequence numbers and the checksum over the base block.
pub fn set_sequences(block: &mut [u8], primary: u32, secondary: u32) {
    put_u32(block, 4, primary);
    put_u32(block, 8, secondary);
    let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    let sum = match (0..508).step_by(4).fold(0, |sum, at| sum ^ word(at)) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    };
    put_u32(block, 508, sum);
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn marvin(data: &[u8]) -> u64 {
    let mut state = ((SEED & 0xffff_ffff) as u32, (SEED >> 32) as u32);
    let mut words = data.chunks_exact(4);
    for word in words.by_ref() {
        mix(&mut state, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    }
    let mut last = words.remainder().to_vec();
    last.push(0x80);
    last.resize(4, 0);
    mix(&mut state, u32::from_le_bytes([last[0], last[1], last[2], last[3]]));
    mix(&mut state, 0);
    u64::from(state.0) | u64::from(state.1) << 32
}

fn mix(state: &mut (u32, u32), word: u32) {
    state.0 = state.0.wrapping_add(word);
    state.1 ^= state.0;
    state.0 = state.0.rotate_left(20).wrapping_add(state.1);
    state.1 = state.1.rotate_left(9) ^ state.0;
    state.0 = state.0.rotate_left(27).wrapping_add(state.1);
    state.1 = state.1.rotate_left(19);
}

/// The bins of a hive being filled: one large bin, its header first.
struct Bins {
    bytes: Vec<u8>,
}

impl Bins {
    /// Puts an allocated cell and gives its offset.
    fn cell(&mut self, content: &[u8]) -> u32 {
        let at = self.bytes.len();
        let size = (content.len() + 4).next_multiple_of(8);
        self.bytes.extend_from_slice(&i32::try_from(size).map_or(0, |size| -size).to_le_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(at + size, 0);
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn offsets(&mut self, head: &[u8], offsets: &[u32]) -> u32 {
        let mut content = head.to_vec();
        content.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        self.cell(&content)
    }

    fn key(&mut self, key: &Key, parent: u32, flags: u16) -> u32 {
        // The node comes first, as Windows allocates it; what it points to is filled in afterwards.
        let mut node = vec![0_u8; 76];
        node[..2].copy_from_slice(b"nk");
        node[2..4].copy_from_slice(&flags.to_le_bytes());
        node[4..12].copy_from_slice(&filetime(key.written).to_le_bytes());
        let name = name_bytes(&key.name);
        if !key.name.is_ascii() {
            node[2] &= !0x20;
        }
        node[72..74].copy_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        for (at, value) in
            [(16, parent), (28, u32::MAX), (32, u32::MAX), (40, u32::MAX), (44, u32::MAX), (48, u32::MAX)]
        {
            put_u32(&mut node, at, value);
        }
        node.extend_from_slice(&name);
        let cell = self.cell(&node);
        let values: Vec<u32> = key.values.iter().map(|(name, value)| self.value(name, value)).collect();
        let keys: Vec<u32> = key.keys.iter().map(|below| self.key(below, cell, 0x20)).collect();
        let value_list = if values.is_empty() { u32::MAX } else { self.offsets(&[], &values) };
        let key_list = self.key_list(&key.keys, &keys);
        let at = cell as usize + 4;
        let counts = (u32::try_from(keys.len()).unwrap_or(0), u32::try_from(values.len()).unwrap_or(0));
        for (field, value) in [(20, counts.0), (28, key_list), (36, counts.1), (40, value_list)] {
            put_u32(&mut self.bytes, at + field, value);
        }
        cell
    }

    /// A list of subkeys: `lf` with the first letters of names, several of them below an `ri` when there are many.
    fn key_list(&mut self, keys: &[Key], cells: &[u32]) -> u32 {
        if cells.is_empty() {
            return u32::MAX;
        }
        let mut lists = Vec::new();
        for (keys, cells) in keys.chunks(LIST_MAX).zip(cells.chunks(LIST_MAX)) {
            let mut content = b"lf".to_vec();
            content.extend_from_slice(&u16::try_from(cells.len()).unwrap_or(0).to_le_bytes());
            for (key, cell) in keys.iter().zip(cells) {
                let mut hint: Vec<u8> = key.name.bytes().take(4).collect();
                hint.resize(4, 0);
                content.extend_from_slice(&cell.to_le_bytes());
                content.extend_from_slice(&hint);
            }
            lists.push(self.cell(&content));
        }
        if let [only] = lists.as_slice() {
            return *only;
        }
        let mut head = b"ri".to_vec();
        head.extend_from_slice(&u16::try_from(lists.len()).unwrap_or(0).to_le_bytes());
        self.offsets(&head, &lists)
    }

    fn value(&mut self, name: &str, value: &Value) -> u32 {
        let (kind, data) = encoded(value);
        let mut node = vec![0_u8; 20];
        node[..2].copy_from_slice(b"vk");
        let bytes = name_bytes(name);
        node[2..4].copy_from_slice(&u16::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
        let size = u32::try_from(data.len()).unwrap_or(0);
        if data.len() <= 4 {
            put_u32(&mut node, 4, size | 0x8000_0000);
            node[8..8 + data.len()].copy_from_slice(&data);
        } else {
            put_u32(&mut node, 4, size);
            let cell = self.data(&data);
            put_u32(&mut node, 8, cell);
        }
        put_u32(&mut node, 12, kind);
        node[16] = u8::from(name.is_ascii());
        node.extend_from_slice(&bytes);
        self.cell(&node)
    }

    fn data(&mut self, data: &[u8]) -> u32 {
        if data.len() <= SEGMENT_BYTES {
            return self.cell(data);
        }
        let segments: Vec<u32> = data.chunks(SEGMENT_BYTES).map(|part| self.cell(part)).collect();
        let list = self.offsets(&[], &segments);
        let mut record = b"db".to_vec();
        record.extend_from_slice(&u16::try_from(segments.len()).unwrap_or(0).to_le_bytes());
        record.extend_from_slice(&list.to_le_bytes());
        self.cell(&record)
    }
}

fn name_bytes(name: &str) -> Vec<u8> {
    if name.is_ascii() { name.as_bytes().to_vec() } else { wide(name) }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn encoded(value: &Value) -> (u32, Vec<u8>) {
    match value {
        Value::Text(text) => (1, wide(&format!("{text}\0"))),
        Value::Expand(text) => (2, wide(&format!("{text}\0"))),
        Value::Bytes(bytes) => (3, bytes.clone()),
        Value::Number(number) => (4, number.to_le_bytes().to_vec()),
        Value::Texts(texts) => (7, wide(&(texts.join("\0") + "\0\0"))),
        Value::Long(number) => (11, number.to_le_bytes().to_vec()),
    }
}
