//! Whether bytes hold a server-side page, and the text of them that rules read.
//!
//! ASP.NET directives: <https://learn.microsoft.com/en-us/previous-versions/dotnet/netframework-4.0/t8syafc7(v=vs.100)>.
//! A page need not begin as one: `ProxyLogon`'s shells stand in the middle of a virtual directory's dump, `ProxyShell`'s
//! behind the header of a mailbox file (`!BDN`) or of a certificate request, and ASP.NET compiles them all the same.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::{memchr, memchr_iter};

/// Text of a file that is kept for rules, in bytes of the file.
pub(super) const CONTENT_BYTES_MAX: usize = 1 << 20;
/// Of a page that begins beyond that: what is kept from its beginning on, in place of as much of the padding.
const WINDOW_BYTES: usize = CONTENT_BYTES_MAX / 2;
/// How far a tag or directive is read for its attributes, in characters.
const TAG_MAX: usize = 2_048;
/// What is looked at to tell text from binary.
const SAMPLE_BYTES: usize = 64 * 1024;

/// Directives that make a file a server-side one.
static DIRECTIVES: &[&str] = &[
    "page",
    "control",
    "webhandler",
    "webservice",
    "application",
    "master",
    "servicehost",
    "language",
    "import",
    "assembly",
    "register",
];

/// Where a page begins in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Offset of its `<`.
    pub(super) at: usize,
    /// Bytes per character: 1, or 2 in UTF-16.
    step: usize,
}

/// The first server-side directive or script.
pub(super) fn find_mark(bytes: &[u8]) -> Option<Mark> {
    memchr_iter(b'<', bytes).find_map(|at| {
        let next = at.checked_add(1)?;
        // UTF-16 of either order has a NUL between two characters of ASCII.
        let step = if bytes.get(next) == Some(&0) { 2 } else { 1 };
        is_mark(Characters { bytes, at, step }).then_some(Mark { at, step })
    })
}

/// ASCII characters from a place on; ends at the first other one.
#[derive(Clone)]
struct Characters<'b> {
    bytes: &'b [u8],
    at: usize,
    step: usize,
}

impl Iterator for Characters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let byte = *self.bytes.get(self.at)?;
        if !byte.is_ascii() || byte == 0 {
            return None;
        }
        if self.step == 2 && self.bytes.get(self.at.checked_add(1)?).is_some_and(|high| *high != 0) {
            return None;
        }
        self.at = self.at.checked_add(self.step)?;
        Some(char::from(byte.to_ascii_lowercase()))
    }
}

fn is_mark(mut characters: Characters<'_>) -> bool {
    characters.next();
    if characters.clone().take(2).eq("%@".chars()) {
        let rest = characters.skip(2).take(TAG_MAX).skip_while(char::is_ascii_whitespace);
        let word: String = rest.take_while(char::is_ascii_alphabetic).take(16).collect();
        return DIRECTIVES.contains(&word.as_str());
    }
    if !characters.clone().take(6).eq("script".chars()) {
        return false;
    }
    let tag = tag_of(characters);
    let Some((_, value)) = tag.split_once("runat") else { return false };
    let value = value.trim_start().strip_prefix('=').map(str::trim_start);
    value.is_some_and(|value| value.trim_start_matches(['"', '\'']).trim_start().starts_with("server"))
}

/// A tag's text up to its end. It ends at the next `<` as well, outside of quotes: so a file of a million
/// unfinished tags is read about once and not a thousand times.
fn tag_of(characters: Characters<'_>) -> String {
    let mut quote = None;
    let inside = characters.take(TAG_MAX).take_while(|character| {
        match (quote, *character) {
            (None, '>' | '<') => return false,
            (None, mark @ ('"' | '\'')) => quote = Some(mark),
            (Some(open), mark) if open == mark => quote = None,
            (None | Some(_), _) => {}
        }
        true
    });
    inside.collect()
}

/// Whether the bytes read as text.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    if matches!(sample, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        return true;
    }
    let controls =
        sample.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
    memchr(0, sample).is_none() && controls.saturating_mul(50) <= sample.len()
}

/// The text that rules read; `None` of binary content without a page in it.
pub(super) fn text_of(bytes: &[u8], mark: Option<Mark>) -> Option<String> {
    if mark.is_none() && !is_text(bytes) {
        return None;
    }
    let encoding = encoding_of(bytes);
    match mark.filter(|mark| mark.at > 0 && mark.step == 2 && encoding != UTF_16LE && encoding != UTF_16BE) {
        // UTF-16 inside of something else: the page in its own encoding, behind what stands before it.
        Some(mark) => {
            let before = bytes.get(..mark.at.min(WINDOW_BYTES)).unwrap_or_default();
            let page = bytes.get(mark.at..).unwrap_or_default();
            Some(decode(before, encoding) + &decode(cut(page, WINDOW_BYTES), UTF_16LE))
        }
        None => Some(match mark {
            Some(mark) if mark.at >= CONTENT_BYTES_MAX => {
                // A page cut from its place starts on a whole character: its `<` is one, but for UTF-16BE.
                let from = if encoding == UTF_16BE { mark.at.saturating_sub(1) } else { mark.at };
                let page = bytes.get(from..).unwrap_or_default();
                decode(cut(bytes, WINDOW_BYTES), encoding) + "\n" + &decode(cut(page, WINDOW_BYTES), encoding)
            }
            Some(_) | None => decode(cut(bytes, CONTENT_BYTES_MAX), encoding),
        }),
    }
}

fn cut(bytes: &[u8], max: usize) -> &[u8] {
    bytes.get(..max).unwrap_or(bytes)
}

fn encoding_of(bytes: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    match std::str::from_utf8(cut(bytes, CONTENT_BYTES_MAX)) {
        Ok(_) => UTF_8,
        // The cut at the limit may split the last character.
        Err(error) if error.error_len().is_none() && bytes.len() > CONTENT_BYTES_MAX => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

fn decode(bytes: &[u8], encoding: &'static Encoding) -> String {
    encoding.decode(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn pages_are_found_in_any_spelling_and_place() {
        for text in [
            "<%@ Page Language=\"C#\" %>",
            "\u{FEFF}  <%@page language='jscript'%>",
            "<%@\r\n\tWebHandler Class=\"x\"%>",
            "Name : OAB\r\nExternalUrl : http://f/<script language=\"JScript\" runat=\"server\">x</script>",
            "<SCRIPT RunAt = 'Server' language=c#>",
            "<script runat=server>",
            "<script title='a > b < c' runat='server'>",
        ] {
            assert!(find_mark(text.as_bytes()).is_some(), "{text}");
            assert!(find_mark(&utf16(text)).is_some(), "{text} in UTF-16");
            let behind = [b"!BDN\0\x01\xff<<%<".as_slice(), text.as_bytes()].concat();
            assert!(find_mark(&behind).is_some(), "{text} behind a header");
        }
    }

    #[test]
    fn what_is_no_page() {
        for text in [
            "<script src=a.js>",
            "<script>var runat='server'</script>",
            "<% echo %>",
            "<%@ nothing %>",
            "<",
            "",
        ] {
            assert_eq!(find_mark(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn text_is_decoded_and_binary_left_out() {
        assert_eq!(text_of(b"\xef\xbb\xbfh\xc3\xa9", None).unwrap(), "hé");
        assert_eq!(text_of(b"h\xe9", None).unwrap(), "hé");
        assert_eq!(text_of(&[b"\xff\xfe".as_slice(), &utf16("hé")].concat(), None).unwrap(), "hé");
        assert_eq!(text_of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None), None);
        let page = [b"!BDN\0\0".as_slice(), b"<%@ Page %>"].concat();
        assert!(text_of(&page, find_mark(&page)).unwrap().contains("<%@ Page %>"));
        let page = [b"!BDN\0\0\x01".as_slice(), &utf16("<%@ Page %>")].concat();
        assert!(text_of(&page, find_mark(&page)).unwrap().contains("<%@ Page %>"));
    }

    #[test]
    fn padding_before_a_page_does_not_hide_it() {
        let page = [vec![b' '; 3 << 20], b"<%@ Page %>tail".to_vec()].concat();
        let text = text_of(&page, find_mark(&page)).unwrap();
        assert!(text.ends_with("<%@ Page %>tail"));
        assert!(text.len() <= CONTENT_BYTES_MAX);
    }
}
