//! The log of a VHDX: what was about to be written when it was last open.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::vhdx::checksum_fits;
use crate::bytes::take_at;
use crate::cache::{copy_from, within};
use crate::field::{array, u32_le, u64_le};
use crate::{Bytes, Failure, ReadAt};

const PAGE: u64 = 4096;
/// Bytes of a log; Windows makes one of 1 MiB.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// Pages that a log may put in place.
const PAGES_MAX: usize = 16_384;

/// An entry of the log.
struct Entry {
    at: usize,
    len: usize,
    tail: usize,
    sequence: u64,
}

/// The image with the pages of its log in place.
pub(super) fn replay(image: &Bytes, log: (u64, u64), guid: [u8; 16]) -> io::Result<Bytes> {
    let (start, len) = log;
    if len == 0 || len > LOG_BYTES_MAX || len % PAGE != 0 {
        return Err(Failure::damaged(format!("a log of {len} bytes")).into());
    }
    let bytes = take_at(image.as_ref(), start, usize::try_from(len).unwrap_or(0))?;
    // Twice in a row, so that an entry that goes on at the beginning lies in one piece.
    let ring = [bytes.as_slice(), bytes.as_slice()].concat();
    let entries: Vec<Entry> =
        (0..bytes.len()).step_by(4096).filter_map(|at| entry_at(&ring, at, bytes.len(), guid)).collect();
    let Some(head) = entries.iter().max_by_key(|entry| entry.sequence) else {
        return Err(Failure::damaged("no whole entry in the log").into());
    };
    let mut patched = Patched { image: Arc::clone(image), pages: BTreeMap::new(), size: image.size() };
    let mut at = head.tail;
    let mut expected = None;
    // Each turn takes the entry that follows: there are no more than were found.
    for _ in 0..entries.len() {
        let entry =
            entries.iter().find(|entry| entry.at == at && expected.is_none_or(|it| it == entry.sequence));
        let Some(entry) = entry else { break };
        apply(&ring, entry, &mut patched)?;
        if entry.sequence == head.sequence {
            return Ok(Arc::new(patched));
        }
        at = entry.at.saturating_add(entry.len).checked_rem(bytes.len()).unwrap_or(0);
        expected = entry.sequence.checked_add(1);
    }
    Err(Failure::damaged("the entries of the log do not follow one another").into())
}

fn entry_at(ring: &[u8], at: usize, log: usize, guid: [u8; 16]) -> Option<Entry> {
    let header = ring.get(at..)?;
    if !header.starts_with(b"loge") || array(header, 32) != Some(guid) {
        return None;
    }
    let len = usize::try_from(u32_le(header, 8)?).ok()?;
    let tail = usize::try_from(u32_le(header, 12)?).ok()?;
    let whole = header.get(..len).filter(|_| len > 0 && len <= log && len.is_multiple_of(4096))?;
    checksum_fits(whole).then_some(())?;
    Some(Entry { at, len, tail, sequence: u64_le(header, 16)? })
}

fn apply(ring: &[u8], entry: &Entry, patched: &mut Patched) -> io::Result<()> {
    let whole = ring.get(entry.at..).and_then(|rest| rest.get(..entry.len)).unwrap_or_default();
    let count = usize::try_from(u32_le(whole, 24).unwrap_or(0)).unwrap_or(0);
    // Data pages follow the pages that hold header and descriptors.
    let mut data = count.saturating_mul(32).saturating_add(64).div_ceil(4096).saturating_mul(4096);
    let damaged = || io::Error::from(Failure::damaged("a descriptor of the log is damaged"));
    for descriptor in whole.get(64..).unwrap_or_default().chunks_exact(32).take(count) {
        let place = u64_le(descriptor, 16).filter(|place| place.is_multiple_of(PAGE)).ok_or_else(damaged)?;
        if descriptor.starts_with(b"zero") {
            let len = u64_le(descriptor, 8).unwrap_or(0);
            if len.checked_div(PAGE).is_none_or(|pages| pages > PAGES_MAX as u64) {
                return Err(damaged());
            }
            for page in (0..len).step_by(4096) {
                patched.put(place.saturating_add(page), vec![0; 4096])?;
            }
        } else if descriptor.starts_with(b"desc") {
            let sector = whole.get(data..).and_then(|rest| rest.get(..4096)).ok_or_else(damaged)?;
            if !sector.starts_with(b"data") {
                return Err(damaged());
            }
            let page = [
                descriptor.get(8..16).unwrap_or_default(),
                sector.get(8..4092).unwrap_or_default(),
                descriptor.get(4..8).unwrap_or_default(),
            ];
            patched.put(place, page.concat())?;
            data = data.saturating_add(4096);
        } else {
            return Err(damaged());
        }
    }
    Ok(())
}

/// An image with some pages replaced.
#[derive(Debug)]
struct Patched {
    image: Bytes,
    pages: BTreeMap<u64, Vec<u8>>,
    size: u64,
}

impl Patched {
    fn put(&mut self, place: u64, page: Vec<u8>) -> io::Result<()> {
        if self.pages.len() >= PAGES_MAX {
            return Err(Failure::damaged(format!("the log holds more than {PAGES_MAX} pages")).into());
        }
        self.size = self.size.max(place.saturating_add(PAGE));
        self.pages.insert(place, page);
        Ok(())
    }
}

impl ReadAt for Patched {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let inside = at % PAGE;
        let page = at.saturating_sub(inside);
        if let Some(bytes) = self.pages.get(&page) {
            return Ok(copy_from(bytes, inside, buffer));
        }
        let next = self.pages.range(page..).next().map_or(u64::MAX, |(place, _)| *place);
        self.image.read_at(at, within(buffer, next.saturating_sub(at)))
    }
}
