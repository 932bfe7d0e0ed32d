//! Numbers and texts at places of binary formats of Windows: nothing where the bytes end first.

use vigie_model::Time;

/// Between the first days of the FILETIME clock (1601) and of Unix (1970), in microseconds.
const FILETIME_TO_UNIX_MICROS: i64 = 11_644_473_600_000_000;

/// The bytes of a range, where they are all there.
#[inline]
pub(crate) fn slice(bytes: &[u8], start: usize, length: usize) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(length)?)
}

/// Two bytes.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    slice(bytes, at, 2)?.try_into().ok().map(u16::from_le_bytes)
}

/// Four bytes.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    slice(bytes, at, 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// Eight bytes.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    slice(bytes, at, 8)?.try_into().ok().map(u64::from_le_bytes)
}

/// A FILETIME: tenths of microseconds since 1601, UTC. Nothing for zero, which stands for "never".
pub(crate) fn filetime(ticks: u64) -> Option<Time> {
    let micros = i64::try_from(ticks / 10).ok().filter(|micros| *micros > 0)?;
    Time::from_micros(micros.checked_sub(FILETIME_TO_UNIX_MICROS)?)
}

/// The FILETIME at a place.
pub(crate) fn filetime_at(bytes: &[u8], at: usize) -> Option<Time> {
    filetime(u64_at(bytes, at)?)
}

/// UTF-16, least byte first; halves of pairs that stand alone become U+FFFD, an odd last byte is left out.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Latin-1, as Windows calls "compressed" names of the registry.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        assert_eq!(u32_at(&[1, 2, 3], 0), None);
        assert_eq!(u16_at(&[1, 2, 3], 1), Some(0x0302));
        assert_eq!(u64_at(&[0; 8], usize::MAX), None);
    }

    #[test]
    fn times_of_windows() {
        let written = filetime(132_592_219_642_500_000).unwrap();
        assert_eq!(written.to_string(), "2021-03-03T05:12:44.250000Z");
        assert_eq!((filetime(0), filetime(u64::MAX)), (None, None));
    }

    #[test]
    fn texts() {
        assert_eq!(utf16(b"a\0\xe9\0x"), "aé");
        assert_eq!(utf16(b"\x00\xd8"), "\u{fffd}");
        assert_eq!(latin1(b"caf\xe9"), "café");
    }
}
