//! How the text of a file is encoded: by its byte order mark, or by what its first characters look like.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE};

/// An encoding that Windows writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or Windows-1252 where it is not.
    Bytes,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// The encoding of a text that begins with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Encoding {
        match bytes {
            [0xff, 0xfe, ..] => Encoding::Utf16Le,
            [0xfe, 0xff, ..] => Encoding::Utf16Be,
            [first, 0, second, 0, ..] if is_ascii(*first) && is_ascii(*second) => Encoding::Utf16Le,
            [0, first, 0, second, ..] if is_ascii(*first) && is_ascii(*second) => Encoding::Utf16Be,
            _ => Encoding::Bytes,
        }
    }

    /// What decodes it, where it has two bytes a unit.
    pub(crate) fn wide(self) -> Option<&'static encoding_rs::Encoding> {
        match self {
            Encoding::Bytes => None,
            Encoding::Utf16Le => Some(UTF_16LE),
            Encoding::Utf16Be => Some(UTF_16BE),
        }
    }
}

/// A character that text begins with.
fn is_ascii(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

/// Bytes of the byte order mark that a text begins with; 0 without one.
pub(crate) fn mark_bytes(bytes: &[u8]) -> usize {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => 2,
        [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// The head of a file as text without its mark, for recognition.
pub(crate) fn head_text(head: &[u8]) -> Cow<'_, str> {
    let text = head.get(mark_bytes(head)..).unwrap_or_default();
    match Encoding::of(head).wide() {
        Some(codec) => codec.decode_without_bom_handling(text).0,
        None => String::from_utf8_lossy(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_first_characters_tell() {
        for (bytes, encoding, text) in [
            (&b"\xff\xfea\0"[..], Encoding::Utf16Le, "a"),
            (b"\xfe\xff\0a", Encoding::Utf16Be, "a"),
            (b"<\0?\0", Encoding::Utf16Le, "<?"),
            (b"\r\0\n\0<\0", Encoding::Utf16Le, "\r\n<"),
            (b"\0<\0?", Encoding::Utf16Be, "<?"),
            (b"\xef\xbb\xbfa", Encoding::Bytes, "a"),
            (b"\x01\0\x02\0", Encoding::Bytes, "\x01\0\x02\0"),
            (b"", Encoding::Bytes, ""),
        ] {
            assert_eq!((Encoding::of(bytes), &*head_text(bytes)), (encoding, text), "{bytes:?}");
        }
    }
}
