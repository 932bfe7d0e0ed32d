//! A registry hive in memory: its keys and values by their cells.
//!
//! Format: <https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md>.
//! A cell is named by its offset from the end of the base block. Nothing is trusted: sizes, counts and offsets may be
//! anything, so a cell is read within its own bounds, and a walk takes no cell twice, which ends every cycle.

use super::little_endian::{filetime_at, latin1, slice, u16_at, u32_at, utf16};
use vigie_model::Time;

/// Size of the base block, in bytes.
pub(super) const BASE_BLOCK_BYTES: usize = 4096;
/// Keys within keys. Windows allows 512.
const DEPTH_MAX: usize = 512;
/// Levels of lists of subkeys within lists. Windows writes two.
const LIST_DEPTH_MAX: usize = 4;
/// A path of keys is cut here, in bytes.
const PATH_BYTES_MAX: usize = 4096;
/// Data above this many bytes lies in segments of this size.
const SEGMENT_BYTES: usize = 16_344;
/// No offset at all.
const NONE: u32 = u32::MAX;

/// A hive's bytes, from its base block on.
pub(super) struct Hive<'a> {
    /// All of it.
    pub(super) bytes: &'a [u8],
}

/// A key node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    /// Offset of its cell from the end of the base block, in bytes.
    pub(super) cell: u32,
    node: &'a [u8],
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    /// Offset of its cell from the end of the base block, in bytes.
    pub(super) cell: u32,
    node: &'a [u8],
}

impl<'a> Hive<'a> {
    /// The content of an allocated cell, without its size.
    fn cell(&self, offset: u32) -> Option<&'a [u8]> {
        if offset == NONE || !offset.is_multiple_of(8) {
            return None;
        }
        let start = BASE_BLOCK_BYTES.checked_add(usize::try_from(offset).ok()?)?;
        let size = u32_at(self.bytes, start)?.cast_signed();
        // Allocated cells have a negative size.
        let size = usize::try_from(size.checked_neg()?).ok()?;
        slice(self.bytes, start, size)?.get(4..)
    }

    /// The first key.
    pub(super) fn root(&self) -> Option<Key<'a>> {
        self.key_at(u32_at(self.bytes, 36)?)
    }

    fn key_at(&self, cell: u32) -> Option<Key<'a>> {
        let node = self.cell(cell).filter(|node| node.starts_with(b"nk") && node.len() >= 76)?;
        Some(Key { cell, node })
    }

    /// The keys right below a key. Lists that refer to themselves give what they have once.
    pub(super) fn subkeys(&self, key: Key<'a>) -> Vec<Key<'a>> {
        self.subkeys_within(key, &mut (self.bytes.len() / 4))
    }

    /// The same, where `room` says how many entries of lists may still be read: a hive cannot hold more of them than
    /// a quarter of its bytes, whatever its lists share.
    fn subkeys_within(&self, key: Key<'a>, room: &mut usize) -> Vec<Key<'a>> {
        let mut found = Vec::new();
        if u32_at(key.node, 20).is_some_and(|count| count > 0) {
            self.add_list(u32_at(key.node, 28).unwrap_or(NONE), LIST_DEPTH_MAX, room, &mut found);
        }
        found
    }

    fn add_list(&self, cell: u32, depth: usize, room: &mut usize, found: &mut Vec<Key<'a>>) {
        let Some(list) = self.cell(cell) else { return };
        let (step, nested) = match list.get(..2) {
            Some(b"lf" | b"lh") => (8, false),
            Some(b"li") => (4, false),
            Some(b"ri") => (4, true),
            _ => return,
        };
        let count = usize::from(u16_at(list, 2).unwrap_or(0));
        for entry in list.get(4..).unwrap_or_default().chunks_exact(step).take(count) {
            let Some(left) = room.checked_sub(1) else { return };
            *room = left;
            let Some(offset) = u32_at(entry, 0) else { continue };
            if !nested {
                found.extend(self.key_at(offset));
            } else if let Some(depth) = depth.checked_sub(1) {
                self.add_list(offset, depth, room, found);
            }
        }
    }

    /// The values of a key.
    pub(super) fn values(&self, key: Key<'a>) -> impl Iterator<Item = Value<'a>> {
        let count = usize::try_from(u32_at(key.node, 36).unwrap_or(0)).unwrap_or(0);
        let list = u32_at(key.node, 40).filter(|_| count > 0).and_then(|cell| self.cell(cell));
        let cells = list.unwrap_or_default().chunks_exact(4).take(count).filter_map(|entry| u32_at(entry, 0));
        cells.filter_map(|cell| {
            let node = self.cell(cell).filter(|node| node.starts_with(b"vk") && node.len() >= 20)?;
            Some(Value { cell, node })
        })
    }

    /// The bytes of a value, at most `max` of them.
    pub(super) fn data(&self, value: Value<'a>, max: usize) -> Vec<u8> {
        let size = u32_at(value.node, 4).unwrap_or(0);
        let length = usize::try_from(size & 0x7fff_ffff).unwrap_or(0);
        if size & 0x8000_0000 != 0 {
            return slice(value.node, 8, length.min(4)).unwrap_or_default().to_vec();
        }
        let cell = u32_at(value.node, 8).and_then(|offset| self.cell(offset)).unwrap_or_default();
        if length > SEGMENT_BYTES && cell.starts_with(b"db") {
            return self.segments(cell, length.min(max));
        }
        cell.get(..length.min(max)).unwrap_or(cell).iter().take(max).copied().collect()
    }

    fn segments(&self, record: &[u8], length: usize) -> Vec<u8> {
        let count = usize::from(u16_at(record, 2).unwrap_or(0));
        let list = u32_at(record, 4).and_then(|offset| self.cell(offset)).unwrap_or_default();
        let mut data = Vec::new();
        for entry in list.chunks_exact(4).take(count) {
            let left = length.saturating_sub(data.len());
            if left == 0 {
                break;
            }
            let part = u32_at(entry, 0).and_then(|offset| self.cell(offset)).unwrap_or_default();
            data.extend(part.iter().take(left.min(SEGMENT_BYTES)));
        }
        data
    }

    /// The key of a path below the root, names compared without case.
    pub(super) fn find(&self, path: &str) -> Option<Key<'a>> {
        self.find_below(self.root()?, path)
    }

    /// The key of a path below a key.
    pub(super) fn find_below(&self, key: Key<'a>, path: &str) -> Option<Key<'a>> {
        path.split('\\').try_fold(key, |key, name| {
            self.subkeys(key).into_iter().find(|key| key.name().eq_ignore_ascii_case(name))
        })
    }

    /// A value of a key by its name, as text.
    pub(super) fn text(&self, key: Key<'a>, name: &str) -> Option<String> {
        let value = self.values(key).find(|value| value.name().eq_ignore_ascii_case(name))?;
        matches!(value.kind(), 1 | 2).then(|| trimmed(&utf16(&self.data(value, PATH_BYTES_MAX))))
    }

    /// A value of a key by its name, as a number.
    pub(super) fn number(&self, key: Key<'a>, name: &str) -> Option<u32> {
        let value = self.values(key).find(|value| value.name().eq_ignore_ascii_case(name))?;
        u32_at(&self.data(value, 4), 0).filter(|_| value.kind() == 4)
    }

    /// Gives every key to `visit` with its path below the root, parents first. Says how many cells were asked for
    /// twice: a sound hive has none.
    pub(super) fn walk(&self, visit: &mut dyn FnMut(Key<'a>, &str) -> bool) -> u64 {
        let mut seen = Seen::of(self.bytes.len());
        let mut room = self.bytes.len() / 4;
        let mut again = 0_u64;
        let mut path = String::new();
        let mut waiting: Vec<(Key<'a>, usize, usize)> =
            self.root().map(|root| (root, 0, 0)).into_iter().collect();
        while let Some((key, depth, parent)) = waiting.pop() {
            path.truncate(parent);
            if !seen.first_time(key.cell) {
                again = again.saturating_add(1);
                continue;
            }
            if depth > 0 {
                add_name(&mut path, &key.name());
            }
            if !visit(key, &path) {
                break;
            }
            // A list of subkeys that two keys share would be walked for both: the keys in it are taken once.
            let list = u32_at(key.node, 28).filter(|_| u32_at(key.node, 20).is_some_and(|count| count > 0));
            if depth >= DEPTH_MAX || list.is_some_and(|list| !seen.first_time(list)) {
                again = again.saturating_add(1);
                continue;
            }
            let below = self.subkeys_within(key, &mut room).into_iter().rev();
            waiting.extend(below.map(|key| (key, depth.saturating_add(1), path.len())));
        }
        again
    }
}

fn add_name(path: &mut String, name: &str) {
    if path.len().saturating_add(name.len()) < PATH_BYTES_MAX {
        if !path.is_empty() {
            path.push('\\');
        }
        path.push_str(name);
    }
}

/// Without the NULs that end it; those within stay, since they are how names are hidden.
pub(super) fn trimmed(text: &str) -> String {
    text.trim_end_matches('\0').to_owned()
}

impl Key<'_> {
    /// Its name.
    pub(super) fn name(&self) -> String {
        let length = usize::from(u16_at(self.node, 72).unwrap_or(0));
        let flags = u16_at(self.node, 2).unwrap_or(0);
        name_of(self.node.get(76..).unwrap_or_default(), length, flags & 0x0020 != 0)
    }

    /// When it or one of its values was last changed.
    pub(super) fn written(&self) -> Option<Time> {
        filetime_at(self.node, 4)
    }

    /// How many values it says it has.
    pub(super) fn value_count(&self) -> u32 {
        u32_at(self.node, 36).unwrap_or(0)
    }

    /// Where its list of values lies.
    pub(super) fn value_list(&self) -> u32 {
        u32_at(self.node, 40).unwrap_or(NONE)
    }
}

impl Value<'_> {
    /// Its name; empty for the default value.
    pub(super) fn name(&self) -> String {
        let length = usize::from(u16_at(self.node, 2).unwrap_or(0));
        let flags = u16_at(self.node, 16).unwrap_or(0);
        name_of(self.node.get(20..).unwrap_or_default(), length, flags & 1 != 0)
    }

    /// Its type, `REG_SZ` and so on, as a number.
    pub(super) fn kind(&self) -> u32 {
        u32_at(self.node, 12).unwrap_or(0)
    }
}

fn name_of(bytes: &[u8], length: usize, is_latin: bool) -> String {
    let bytes = bytes.get(..length).unwrap_or(bytes);
    if is_latin { latin1(bytes) } else { utf16(bytes) }
}

/// Cells that were taken: a bit for each place where one can begin.
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// None of a hive of this size.
    pub(super) fn of(bytes: usize) -> Seen {
        Seen(vec![0; (bytes / 512).saturating_add(1)])
    }

    /// Whether a cell is taken for the first time; one outside of the hive never is.
    pub(super) fn first_time(&mut self, cell: u32) -> bool {
        let place = cell / 8;
        let word = usize::try_from(place / 64).ok().and_then(|word| self.0.get_mut(word));
        let bit = 1_u64.checked_shl(place % 64).unwrap_or(0);
        word.is_some_and(|word| {
            let first = *word & bit == 0;
            *word |= bit;
            first
        })
    }
}
