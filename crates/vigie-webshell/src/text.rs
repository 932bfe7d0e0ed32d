//! Bytes to text, whatever a server would take: marks, no marks, code pages, UTF-7.
//!
//! Encoding Standard: <https://encoding.spec.whatwg.org>. UTF-7: <https://www.rfc-editor.org/rfc/rfc2152>.

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1252};

/// How many bytes at the front tell an encoding without a mark.
const SAMPLE: usize = 4096;

/// The text and the name of its encoding.
pub(crate) fn decode(bytes: &[u8]) -> (String, &'static str) {
    if let Some((text, name)) = by_mark(bytes) {
        return (text, name);
    }
    if let Some((text, name)) = wide_without_mark(bytes) {
        return (text, name);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if text.contains("+A") && says_utf7(text) {
            return (decode_utf7(text), "utf-7");
        }
        return (text.to_owned(), "utf-8");
    }
    let name = code_page(bytes);
    let (text, _) = name.decode_without_bom_handling(bytes);
    (text.into_owned(), name.name())
}

fn by_mark(bytes: &[u8]) -> Option<(String, &'static str)> {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe, 0, 0]) {
        return Some((wide32(rest, u32::from_le_bytes), "utf-32le"));
    }
    if let Some(rest) = bytes.strip_prefix(&[0, 0, 0xfe, 0xff]) {
        return Some((wide32(rest, u32::from_be_bytes), "utf-32be"));
    }
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return Some((wide16(rest, u16::from_le_bytes), "utf-16le"));
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return Some((wide16(rest, u16::from_be_bytes), "utf-16be"));
    }
    if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        return Some((String::from_utf8_lossy(rest).into_owned(), "utf-8"));
    }
    if bytes.starts_with(b"+/v") {
        return Some((decode_utf7(&String::from_utf8_lossy(bytes)), "utf-7"));
    }
    None
}

fn wide16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

fn wide32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> String {
    bytes
        .chunks_exact(4)
        .map(|four| char::from_u32(read([four[0], four[1], four[2], four[3]])).unwrap_or('\u{fffd}'))
        .collect()
}

/// UTF-16 or UTF-32 by where the zeros are.
fn wide_without_mark(bytes: &[u8]) -> Option<(String, &'static str)> {
    let sample = bytes.get(..bytes.len().min(SAMPLE)).unwrap_or(bytes);
    if sample.len() < 16 {
        return None;
    }
    let share = |step: usize, offset: usize| {
        let cells = sample.iter().skip(offset).step_by(step);
        let all = cells.clone().count().max(1);
        cells.filter(|byte| **byte == 0).count() * 100 / all
    };
    if share(4, 1) > 90 && share(4, 2) > 90 && share(4, 3) > 90 && share(4, 0) < 10 {
        return Some((wide32(bytes, u32::from_le_bytes), "utf-32le"));
    }
    if share(4, 0) > 90 && share(4, 1) > 90 && share(4, 2) > 90 && share(4, 3) < 10 {
        return Some((wide32(bytes, u32::from_be_bytes), "utf-32be"));
    }
    if share(2, 1) > 70 && share(2, 0) < 10 {
        return Some((wide16(bytes, u16::from_le_bytes), "utf-16le"));
    }
    if share(2, 0) > 70 && share(2, 1) < 10 {
        return Some((wide16(bytes, u16::from_be_bytes), "utf-16be"));
    }
    None
}

/// Whether the page asks to be read as UTF-7: by its code page, or because nothing else makes its markup appear.
fn says_utf7(text: &str) -> bool {
    let lower = text.get(..text.len().min(SAMPLE)).unwrap_or(text).to_ascii_lowercase();
    if lower.contains("65000") || lower.contains("utf-7") || lower.contains("utf7") {
        return true;
    }
    // `+ADw` is `<` and `+ACU` is `%`.
    !text.contains("<%") && (text.contains("+ADw") || text.contains("+ACU"))
}

/// UTF-7 to text; what is not UTF-7 stays.
fn decode_utf7(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('+') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let tail = rest.get(at + 1..).unwrap_or("");
        let end =
            tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '/')).unwrap_or(tail.len());
        let coded = tail.get(..end).unwrap_or("");
        rest = tail.get(end..).unwrap_or("");
        if coded.is_empty() {
            out.push('+');
        } else {
            out.push_str(&utf7_run(coded));
        }
        rest = rest.strip_prefix('-').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

fn utf7_run(coded: &str) -> String {
    let bytes = crate::codec::base64(coded);
    wide16(&bytes, u16::from_be_bytes)
}

/// The code page of bytes that are not UTF-8: double-byte pages pair their high bytes, single-byte pages do not.
fn code_page(bytes: &[u8]) -> &'static Encoding {
    let says =
        String::from_utf8_lossy(bytes.get(..bytes.len().min(SAMPLE)).unwrap_or(bytes)).to_ascii_lowercase();
    let named = [
        ("950", BIG5),
        ("big5", BIG5),
        ("932", SHIFT_JIS),
        ("shift_jis", SHIFT_JIS),
        ("euc-kr", EUC_KR),
        ("949", EUC_KR),
    ];
    if (says.contains("codepage") || says.contains("charset"))
        && let Some((_, page)) = named
            .iter()
            .find(|(word, _)| says.contains(&format!("={word}")) || says.contains(&format!("=\"{word}")))
    {
        return page;
    }
    let mut paired = 0usize;
    let mut single = 0usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte < 0x80 {
            continue;
        }
        if bytes.get(at).is_some_and(|next| *next >= 0x80) {
            paired += 1;
            at += 1;
        } else {
            single += 1;
        }
    }
    if paired > single * 2 { GBK } else { WINDOWS_1252 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn wide_text_without_a_mark_is_read() {
        let page = "<%@ Page Language=\"C#\" %> hello and more";
        assert_eq!(decode(&encoded(page, u16::to_le_bytes)).0, page);
        assert_eq!(decode(&encoded(page, u16::to_be_bytes)).0, page);
        let wide: Vec<u8> = page.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_eq!(decode(&wide).0, page);
    }

    #[test]
    fn utf7_is_read_where_the_page_asks_for_it() {
        let page = "<%@ codepage=65000 %>+ADwAJQ- x = 1 +ACUAPg-";
        assert_eq!(decode(page.as_bytes()).0, "<%@ codepage=65000 %><% x = 1 %>");
        assert_eq!(decode(b"1 +AAA = 2 <% %>").0, "1 +AAA = 2 <% %>");
    }

    #[test]
    fn double_byte_pages_keep_their_quotes() {
        let bytes = [b"x = \"".as_slice(), &[0xb9, 0xdc, 0xc0, 0xed, 0xd4, 0xb1], b"\" : y"].concat();
        let (text, name) = decode(&bytes);
        assert_eq!(name, "GBK");
        assert!(text.starts_with("x = \"") && text.ends_with("\" : y"));
    }
}
