//! The layers that hide a text in a page: base64, hexadecimal, percent and unicode escapes, deflate.

use std::io::Read;

use crate::limits::MAX_INFLATED;

/// Base64 in either alphabet; what does not belong to it is passed over.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits: u32 = 0;
    let mut count = 0u8;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0x00ff_ffff;
        count += 1;
        if count > 1 {
            let shift = match count {
                2 => 4,
                3 => 2,
                _ => 0,
            };
            out.push(u8::try_from((bits >> shift) & 0xff).unwrap_or(0));
            if count == 4 {
                count = 0;
                bits = 0;
            }
        }
    }
    out
}

/// Base64 of bytes, with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let get = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = get(0) << 16 | get(1) << 8 | get(2);
        for n in 0..4usize {
            if n > three.len() {
                out.push('=');
            } else {
                let index = usize::try_from((bits >> (18 - 6 * n)) & 63).unwrap_or(0);
                out.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
            }
        }
    }
    out
}

/// Pairs of hexadecimal digits, with or without separators.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    if digits.len() < 2 || digits.len() * 2 < text.chars().count() {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap_or(0)).collect())
}

/// `%41`, `%u0041`, `+`.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let digits = |from: usize, count: usize| -> Option<u32> {
            let part: String = chars.get(from..from + count)?.iter().collect();
            u32::from_str_radix(&part, 16).ok()
        };
        let wide =
            if c == '%' && matches!(chars.get(at + 1), Some('u' | 'U')) { digits(at + 2, 4) } else { None };
        if let Some(found) = wide.and_then(char::from_u32) {
            out.extend(found.to_string().into_bytes());
            at += 6;
        } else if let Some(found) = if c == '%' { digits(at + 1, 2) } else { None } {
            out.push(u8::try_from(found).unwrap_or(b'?'));
            at += 3;
        } else {
            out.extend(c.to_string().into_bytes());
            at += 1;
        }
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => error.into_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// `&lt;`, `&#60;`, `&#x3c;`.
pub(crate) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let tail = rest.get(at..).unwrap_or("");
        let end = tail.find(';').filter(|end| *end < 12);
        let found = end.and_then(|end| entity(tail.get(1..end)?));
        if let (Some(c), Some(end)) = (found, end) {
            out.push(c);
            rest = tail.get(end + 1..).unwrap_or("");
        } else {
            out.push('&');
            rest = tail.get(1..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let value = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(value)
        }
    }
}

/// What deflate, zlib or gzip hold, up to a limit.
pub(crate) fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let limit = u64::try_from(MAX_INFLATED).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes).take(limit).read_to_end(&mut out)
    } else if bytes.first() == Some(&0x78) {
        flate2::read::ZlibDecoder::new(bytes).take(limit).read_to_end(&mut out)
    } else {
        flate2::read::DeflateDecoder::new(bytes).take(limit).read_to_end(&mut out)
    };
    (read.is_ok() && !out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_both_ways() {
        for text in ["", "a", "ab", "abc", "abcd", "hello, world"] {
            assert_eq!(base64(&to_base64(text.as_bytes())), text.as_bytes());
        }
        assert_eq!(base64("aGk\r\n="), b"hi");
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescape("%68%u0069 %zz"), "hi %zz");
        assert_eq!(entities("&lt;a &#38; &#x41; &no &amp"), "<a & A &no &amp");
        assert_eq!(hex("68-69").as_deref(), Some(b"hi".as_slice()));
    }
}
