//! Values of binary XML as text, in the form that Windows gives them in an event's XML.
//!
//! Types and layouts: MS-EVEN6 section 2.2.12 and [MS-DTYP]; which characters XML cannot hold, and so become `_`:
//! <https://www.w3.org/TR/xml/#charsets>. A size that does not fit its type is told before anything is written.

use std::io::Write as _;

use encoding_rs::WINDOWS_1252;
use vigie_model::Time;

use super::evtx_token::until_nul;

/// No value.
pub(super) const NULL: u8 = 0x00;
/// UTF-16.
pub(super) const TEXT: u8 = 0x01;
const ANSI: u8 = 0x02;
const BINARY: u8 = 0x0e;
const SIZE: u8 = 0x10;
const FILETIME: u8 = 0x11;
const SYSTEMTIME: u8 = 0x12;
const SID: u8 = 0x13;
/// A value that is XML itself.
pub(super) const BINARY_XML: u8 = 0x21;
/// Marks an array of values of the type in the other bits.
const ARRAY: u8 = 0x80;

/// Values of an array that are told apart; a value has 64 KiB at most.
pub(super) const ITEMS_MAX: usize = 4096;

/// The size that a type always has, in bytes; `None` for types of any size and unknown ones.
fn fixed(kind: u8) -> Option<usize> {
    match kind {
        0x03 | 0x04 => Some(1),
        0x05 | 0x06 => Some(2),
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => Some(4),
        0x09 | 0x0a | 0x0c | FILETIME | 0x15 => Some(8),
        0x0f | SYSTEMTIME => Some(16),
        _ => None,
    }
}

/// Whether a value's size fits its type; no bytes at all is no value, of whatever type.
pub(super) fn is_sound(kind: u8, bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return kind & !ARRAY <= 0x15 || kind == BINARY_XML;
    }
    match kind {
        NULL | ANSI | BINARY | BINARY_XML | 0x82 => true,
        TEXT | 0x81 => bytes.len().is_multiple_of(2),
        SIZE => matches!(bytes.len(), 4 | 8),
        SID => sid_bytes(bytes).is_some_and(|size| size <= bytes.len()),
        0x93 => items(kind, bytes) > 0,
        _ if kind & ARRAY != 0 => fixed(kind & !ARRAY).is_some_and(|size| bytes.len().is_multiple_of(size)),
        // More bytes than the type has are kept by some writers; fewer cannot be a value.
        _ => fixed(kind).is_some_and(|size| size <= bytes.len()),
    }
}

/// Whether it is an array, which repeats the element that holds it.
pub(super) fn is_array(kind: u8) -> bool {
    kind & ARRAY != 0
}

/// Whether its text is worth remembering: short work to find again, long work to write.
pub(super) fn is_worth_keeping(kind: u8) -> bool {
    matches!(kind, TEXT | SID)
}

/// Whether a value leaves the attribute that it fills out.
pub(super) fn is_empty(kind: u8, bytes: &[u8]) -> bool {
    bytes.is_empty() || kind == NULL || (kind == TEXT && bytes.starts_with(&[0, 0]))
}

/// How many values an array holds.
pub(super) fn items(kind: u8, bytes: &[u8]) -> usize {
    let mut count = 0_usize;
    let mut rest = bytes;
    // Each turn takes at least a byte.
    while let Some((_, after)) = split_item(kind, rest)
        && count < ITEMS_MAX
    {
        count = count.saturating_add(1);
        rest = after;
    }
    count
}

/// One value of an array, by its place.
pub(super) fn item(kind: u8, bytes: &[u8], place: usize) -> Option<(u8, &[u8])> {
    if let Some(size) = fixed(kind & !ARRAY) {
        let start = place.checked_mul(size)?;
        return Some((kind & !ARRAY, bytes.get(start..start.checked_add(size)?)?));
    }
    let mut rest = bytes;
    for _ in 0..place.min(ITEMS_MAX) {
        rest = split_item(kind, rest)?.1;
    }
    split_item(kind, rest).map(|(item, _)| (kind & !ARRAY, item))
}

/// The first value of what is left of an array, and the rest.
fn split_item(kind: u8, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if rest.is_empty() {
        return None;
    }
    match kind & !ARRAY {
        TEXT => {
            let end = rest.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0]);
            let Some(end) = end.map(|end| end.saturating_mul(2)) else { return Some((rest, &[])) };
            Some((rest.get(..end)?, rest.get(end.saturating_add(2)..)?))
        }
        ANSI => {
            let end = memchr::memchr(0, rest);
            let Some(end) = end else { return Some((rest, &[])) };
            Some((rest.get(..end)?, rest.get(end.saturating_add(1)..)?))
        }
        SID => rest.split_at_checked(sid_bytes(rest)?),
        kind => rest.split_at_checked(fixed(kind)?),
    }
}

/// The size of the identifier that begins here, in bytes.
fn sid_bytes(bytes: &[u8]) -> Option<usize> {
    let parts = usize::from(*bytes.get(1)?);
    parts.checked_mul(4)?.checked_add(8)
}

/// The moment that a value stands for, where it is the kind of number that Windows keeps moments in.
pub(super) fn moment(kind: u8, bytes: &[u8]) -> Option<Time> {
    match kind {
        FILETIME => filetime(number(bytes)),
        _ => None,
    }
}

/// A count of 100 ns since 1601 as a moment; `None` beyond what can be told.
pub(super) fn filetime(ticks: u64) -> Option<Time> {
    let micros = i64::try_from(ticks.div_euclid(10)).ok()?;
    Time::from_micros(micros.checked_sub(EPOCH_1601_MICROS)?)
}

const EPOCH_1601_MICROS: i64 = 11_644_473_600_000_000;

/// The little-endian number of up to eight bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Appends a value as text. A value that [`is_sound`] turns down gives something, but nothing to rely on.
pub(super) fn write(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let bytes = fixed(kind).and_then(|size| bytes.get(..size)).unwrap_or(bytes);
    match kind {
        TEXT => utf16(until_nul(bytes), out),
        ANSI => ansi(bytes, out),
        0x03..=0x0a => integer(kind, bytes, out),
        0x0b => real(bytes.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes)), out),
        0x0c => real(f64::from_bits(number(bytes)), out),
        0x0d => boolean(number(bytes), out),
        BINARY => bytes.iter().for_each(|byte| hex_byte(*byte, UPPER, out)),
        0x0f => guid(bytes, out),
        SIZE | 0x14 | 0x15 => hex(number(bytes), out),
        FILETIME => filetime_text(number(bytes), out),
        SYSTEMTIME => systemtime_text(bytes, out),
        SID => sid(bytes, out),
        _ if is_array(kind) => list(kind, bytes, out),
        _ => {}
    }
}

/// An array where no element can be repeated: its values with commas between them.
fn list(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    // Each turn takes at least a byte.
    while let Some((item, after)) = split_item(kind, rest) {
        if rest.len() < bytes.len() {
            out.push(b',');
        }
        write(kind & !ARRAY, item, out);
        rest = after;
    }
}

/// How many units of UTF-16 are looked at together: what fits vector registers.
const UNITS: usize = 16;

/// Appends UTF-16 as UTF-8; what XML cannot hold becomes `_`, as Windows writes it.
pub(super) fn utf16(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk::<{ 2 * UNITS }>() {
        let mut units = [0_u16; UNITS];
        for (unit, bytes) in units.iter_mut().zip(block.as_chunks::<2>().0) {
            *unit = u16::from_le_bytes(*bytes);
        }
        // Without a branch a unit, so that it becomes vector code: no unit lies outside of blank to `~` and DEL.
        if units.iter().fold(0_u16, |odd, unit| odd | u16::from(unit.wrapping_sub(0x20) >= 0x60)) != 0 {
            let taken = slow(rest, UNITS, out);
            rest = rest.get(taken..).unwrap_or_default();
            continue;
        }
        #[allow(clippy::cast_possible_truncation, reason = "ASCII, as was just seen")]
        out.extend_from_slice(&units.map(|unit| unit as u8));
        rest = after;
    }
    slow(rest, UNITS, out);
}

/// Appends about as many units, one by one; tells how many bytes they took.
fn slow(text: &[u8], units: usize, out: &mut Vec<u8>) -> usize {
    let all = text.as_chunks::<2>().0;
    let mut at = 0_usize;
    while let Some(unit) = all.get(at).filter(|_| at < units).map(|unit| u16::from_le_bytes(*unit)) {
        at = at.saturating_add(1);
        match unit {
            0x20..=0x7f | 0x09 | 0x0a | 0x0d => out.extend(unit.to_le_bytes().first()),
            0..=0x1f | 0xfffe | 0xffff => out.push(b'_'),
            0xd800..=0xdfff => {
                let low = all.get(at).map(|unit| u16::from_le_bytes(*unit));
                let pair = char::decode_utf16([unit, low.unwrap_or(0)]).next().and_then(Result::ok);
                // A first half without its second, or a second without its first, is no character.
                push(pair.unwrap_or('_'), out);
                at = at.saturating_add(usize::from(pair.is_some()));
            }
            _ => push(char::from_u32(u32::from(unit)).unwrap_or('_'), out),
        }
    }
    at.saturating_mul(2)
}

fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Text of one byte a character; NULs, which fill such texts up, are dropped.
fn ansi(bytes: &[u8], out: &mut Vec<u8>) {
    let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    for character in text.chars() {
        let can_stand = !character.is_ascii_control() || matches!(character, '\t' | '\n' | '\r' | '\x7f');
        push(if can_stand { character } else { '_' }, out);
    }
}

fn integer(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let value = number(bytes);
    // Signed types have odd numbers; the sign is the highest bit of as many bytes as there are.
    let unused = 64_u32.saturating_sub(u32::try_from(bytes.len()).unwrap_or(8).saturating_mul(8));
    let signed = (value << unused.min(63)).cast_signed() >> unused.min(63);
    if kind.is_multiple_of(2) || signed >= 0 {
        decimal(value, out);
    } else {
        out.push(b'-');
        decimal(signed.unsigned_abs(), out);
    }
}

/// Digits of the largest number of 64 bits.
const DIGITS_MAX: usize = 20;

fn decimal(value: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; DIGITS_MAX];
    let mut rest = value;
    let mut used = 0_usize;
    for digit in digits.iter_mut().rev() {
        *digit = digit_of(rest.rem_euclid(10));
        rest = rest.div_euclid(10);
        used = used.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(DIGITS_MAX.saturating_sub(used)..).unwrap_or_default());
}

fn digit_of(value: u64) -> u8 {
    u8::try_from(value).unwrap_or(0).saturating_add(b'0')
}

fn real(value: impl std::fmt::Debug, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = write!(out, "{value:?}");
}

/// Windows writes bit masks where truth values belong: those stay numbers.
fn boolean(value: u64, out: &mut Vec<u8>) {
    match value {
        0 => out.extend_from_slice(b"false"),
        1 => out.extend_from_slice(b"true"),
        _ => integer(0x07, value.to_le_bytes().get(..4).unwrap_or_default(), out),
    }
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

fn hex_byte(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    let digit = |value: u8| digits.get(usize::from(value & 15)).copied().unwrap_or(b'0');
    out.extend_from_slice(&[digit(byte >> 4), digit(byte)]);
}

fn hex(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0x");
    let used = 64_u32.saturating_sub(value.leading_zeros()).div_ceil(4).max(1);
    for place in (0..used).rev() {
        let nibble = (value >> place.saturating_mul(4).min(60)) & 15;
        out.extend(LOWER.get(usize::try_from(nibble).unwrap_or(0)));
    }
}

/// In which order a GUID's bytes are written, with the length of its groups.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'{');
    for (place, from) in GUID_ORDER.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        hex_byte(bytes.get(*from).copied().unwrap_or(0), LOWER, out);
    }
    out.push(b'}');
}

fn sid(bytes: &[u8], out: &mut Vec<u8>) {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else { return };
    let [revision, parts, authority @ ..] = head;
    out.extend_from_slice(b"S-");
    decimal(u64::from(*revision), out);
    out.push(b'-');
    let authority = authority.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    decimal(authority, out);
    for part in rest.as_chunks::<4>().0.iter().take(usize::from(*parts)) {
        out.push(b'-');
        decimal(u64::from(u32::from_le_bytes(*part)), out);
    }
}

/// Year, month, day, hour, minute, second and 100 ns of it.
type Civil = [u64; 7];

fn civil_text(civil: Civil, out: &mut Vec<u8>) {
    let mut text = *b"0000-00-00T00:00:00.0000000Z";
    let places = [0..4, 5..7, 8..10, 11..13, 14..16, 17..19, 20..27];
    for (mut value, place) in civil.into_iter().zip(places) {
        for digit in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
            *digit = digit_of(value.rem_euclid(10));
            value = value.div_euclid(10);
        }
    }
    out.extend_from_slice(&text);
}

const TICKS_PER_SECOND: u64 = 10_000_000;
const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_SECOND;
/// From the first of March of the year 0 to the first of January 1601.
const DAYS_TO_1601: u64 = 584_694;

/// Ticks since 1601 as Windows prints them: seven decimals, the last four digits of the year.
fn filetime_text(ticks: u64, out: &mut Vec<u8>) {
    if ticks > i64::MAX.cast_unsigned() {
        return civil_text([0; 7], out);
    }
    // Days since the first of March of the year 0, in eras of 400 years: Howard Hinnant, chrono-compatible dates.
    let days = ticks.div_euclid(TICKS_PER_DAY).saturating_add(DAYS_TO_1601);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = day.div_euclid(1_460).saturating_add(day.div_euclid(146_096));
    let year = day.saturating_sub(leaps).saturating_add(day.div_euclid(36_524)).div_euclid(365);
    let before =
        year.saturating_mul(365).saturating_add(year.div_euclid(4)).saturating_sub(year.div_euclid(100));
    let of_year = day.saturating_sub(before);
    let month = of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let of_month = of_year.saturating_sub(month.saturating_mul(153).saturating_add(2).div_euclid(5));
    let year = era.saturating_mul(400).saturating_add(year).saturating_add(u64::from(month >= 10));
    let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
    let rest = ticks.rem_euclid(TICKS_PER_DAY);
    let seconds = rest.div_euclid(TICKS_PER_SECOND);
    civil_text(
        [
            year.rem_euclid(10_000),
            month,
            of_month.saturating_add(1),
            seconds.div_euclid(3_600),
            seconds.div_euclid(60).rem_euclid(60),
            seconds.rem_euclid(60),
            rest.rem_euclid(TICKS_PER_SECOND),
        ],
        out,
    );
}

fn systemtime_text(bytes: &[u8], out: &mut Vec<u8>) {
    let field = |place: usize| {
        let bytes = bytes.as_chunks::<2>().0.get(place);
        bytes.map_or(0, |bytes| u64::from(u16::from_le_bytes(*bytes)))
    };
    let (year, month, day) = (field(0), field(1), field(3));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_date = (1601..=30_827).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
    let is_time = field(4) < 24 && field(5) < 60 && field(6) < 60 && field(7) < 1_000;
    if is_date && is_time {
        let ticks = field(7).saturating_mul(10_000);
        civil_text([year.rem_euclid(10_000), month, day, field(4), field(5), field(6), ticks], out);
    } else {
        civil_text([1601, 1, 1, 0, 0, 0, 0], out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: u8, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write(kind, bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn texts_of_any_length_and_script() {
        for length in 0..70 {
            let plain: String = ('!'..='~').cycle().take(length).collect();
            assert_eq!(text(TEXT, &wide(&plain)), plain);
            for odd in ["é", "日", "😀", "\t", "\u{7f}"] {
                let mixed = format!("{plain}{odd}{plain}");
                assert_eq!(text(TEXT, &wide(&mixed)), mixed);
            }
        }
        assert_eq!(text(TEXT, &wide("one\0two")), "one");
        assert_eq!(text(TEXT, &wide("a\u{1}\u{fffe}b")), "a__b");
        assert_eq!(text(TEXT, &[0x61, 0, 0x00, 0xd8, 0x62, 0, 0x00, 0xdc]), "a_b_");
        assert_eq!(text(ANSI, b"caf\xe9\0\x01\0"), "café_");
    }

    #[test]
    fn numbers_in_their_forms() {
        assert_eq!(text(0x03, &[0xff]), "-1");
        assert_eq!(text(0x04, &[0xff]), "255");
        assert_eq!(text(0x05, &[0, 0x80]), "-32768");
        assert_eq!(text(0x07, &[0xff; 4]), "-1");
        assert_eq!(text(0x09, &i64::MIN.to_le_bytes()), "-9223372036854775808");
        assert_eq!(text(0x0a, &[0xff; 8]), "18446744073709551615");
        assert_eq!(text(0x0b, &1.5_f32.to_le_bytes()), "1.5");
        assert_eq!(text(0x0d, &[1, 0, 0, 0]), "true");
        assert_eq!(text(0x0d, &[0xfe, 0xff, 0xff, 0xff]), "-2");
        assert_eq!(text(BINARY, &[0xab, 1]), "AB01");
        assert_eq!(text(SIZE, &[0; 4]), "0x0");
        assert_eq!(text(0x15, &0x8020_u64.to_le_bytes()), "0x8020");
        assert_eq!(text(SID, &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0]), "S-1-5-32-544");
        let guid: Vec<u8> = (0..16).collect();
        assert_eq!(text(0x0f, &guid), "{03020100-0504-0706-0809-0a0b0c0d0e0f}");
        assert_eq!(text(0x88, &[1, 0, 0, 0, 2, 0, 0, 0]), "1,2");
    }

    #[test]
    fn moments_as_windows_prints_them() {
        let ticks = 132_591_500_441_234_567_u64;
        assert_eq!(text(FILETIME, &ticks.to_le_bytes()), "2021-03-02T09:14:04.1234567Z");
        assert_eq!(filetime(ticks).unwrap().to_string(), "2021-03-02T09:14:04.123456Z");
        assert_eq!(text(FILETIME, &[0xff; 8]), "0000-00-00T00:00:00.0000000Z");
        let leap = [0xe8, 7, 2, 0, 4, 0, 29, 0, 23, 0, 59, 0, 58, 0, 7, 0];
        assert_eq!(text(SYSTEMTIME, &leap), "2024-02-29T23:59:58.0070000Z");
        assert_eq!(text(SYSTEMTIME, &[0; 16]), "1601-01-01T00:00:00.0000000Z");
        // Every month, by the reader that is used for text logs.
        for day in 0..2_000_u64 {
            let ticks = ticks + day * 31 * TICKS_PER_DAY;
            let printed = text(FILETIME, &ticks.to_le_bytes());
            assert_eq!(Time::parse(printed.as_bytes()), filetime(ticks), "{printed}");
        }
    }

    #[test]
    fn arrays_are_told_apart() {
        let texts = wide("one\0\0three\0");
        assert_eq!(items(0x81, &texts), 3);
        assert_eq!(item(0x81, &texts, 2), Some((TEXT, &wide("three")[..])));
        assert_eq!(item(0x81, &texts, 3), None);
        assert_eq!(items(0x81, &wide("no end")), 1);
        assert_eq!(items(0x86, &[1, 0, 2, 0]), 2);
        assert_eq!(item(0x86, &[1, 0, 2, 0], 1), Some((0x06, &[2, 0][..])));
        assert!(!is_sound(0x86, &[1, 0, 2]) && !is_sound(0x08, &[1]) && !is_sound(0x7f, &[1]));
        assert!(is_sound(0x08, &[]) && is_sound(0x81, &texts) && !is_sound(SID, &[1, 9, 0]));
    }
}
