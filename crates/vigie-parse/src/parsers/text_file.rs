//! Text files that are read as a whole (configurations, reports): decoded at once, every byte accounted for.

use std::io::Read;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use crate::{Input, Sink};

/// A configuration or report is no larger, in bytes; what follows is given up.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Bytes read at a time behind that.
const BLOCK_BYTES: usize = 1 << 18;

/// A file as text.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Its content, without byte order mark.
    pub(crate) text: String,
    encoding: Encoding,
    /// Bytes of the byte order mark.
    mark: u64,
    /// Bytes that `text` was made of.
    held: u64,
    account: Account,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Windows1252,
    Utf16,
}

impl TextFile {
    /// Reads a file to its end.
    pub(crate) fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> TextFile {
        let mut bytes = Vec::new();
        // `Input` gives its end in place of errors, and the caller reports them.
        let _read = input.take(FILE_BYTES_MAX).read_to_end(&mut bytes);
        let mut block = vec![0; BLOCK_BYTES];
        let mut left = 0_u64;
        while let Ok(count) = input.read(&mut block)
            && count > 0
        {
            left = left.saturating_add(count as u64);
        }
        if left > 0 {
            let message = format!("more than the {FILE_BYTES_MAX} bytes that are read of such a file");
            sink.diagnostic(Code::LimitReached, &format!("offset {FILE_BYTES_MAX}"), &message, left);
        }
        let held = bytes.len() as u64;
        let (text, encoding, mark) = decode(bytes, sink);
        let account = Account { parsed_bytes: held, rejected_bytes: left };
        TextFile { text, encoding, mark, held, account }
    }

    /// Gives up a part of the text: from one byte of it to another.
    pub(crate) fn reject(&mut self, from: usize, to: usize, note: (Code, &str), sink: &mut dyn Sink) {
        let (code, message) = note;
        let bytes = self.bytes_to(to).saturating_sub(self.bytes_to(from)).min(self.account.parsed_bytes);
        if bytes > 0 {
            self.account.parsed_bytes = self.account.parsed_bytes.saturating_sub(bytes);
            self.account.rejected_bytes = self.account.rejected_bytes.saturating_add(bytes);
            sink.diagnostic(code, &format!("line {}", self.line_of(from)), message, bytes);
        }
    }

    /// Gives up all from a byte of the text on, because the receiver wants no more.
    pub(crate) fn abandon(&mut self, from: usize) {
        let bytes = self.held.saturating_sub(self.bytes_to(from)).min(self.account.parsed_bytes);
        self.account.parsed_bytes = self.account.parsed_bytes.saturating_sub(bytes);
        self.account.rejected_bytes = self.account.rejected_bytes.saturating_add(bytes);
    }

    /// How its bytes were spent.
    pub(crate) fn account(&self) -> Account {
        self.account
    }

    /// The number of the line, from 1, on which a byte of the text stands.
    pub(crate) fn line_of(&self, at: usize) -> u64 {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        (memchr::memchr_iter(b'\n', before).count() as u64).saturating_add(1)
    }

    /// How many bytes of the file a beginning of the text takes.
    fn bytes_to(&self, at: usize) -> u64 {
        if at >= self.text.len() {
            return self.held;
        }
        let head = self.text.get(..at).unwrap_or(&self.text);
        let bytes = match self.encoding {
            Encoding::Utf8 => head.len(),
            Encoding::Windows1252 => head.chars().count(),
            Encoding::Utf16 => head.encode_utf16().count().saturating_mul(2),
        };
        self.mark.saturating_add(bytes as u64).min(self.held)
    }
}

/// The text of bytes in whatever encoding Windows writes, how it was encoded, and the length of its byte order mark.
fn decode(bytes: Vec<u8>, sink: &mut dyn Sink) -> (String, Encoding, u64) {
    let (wide, mark) = match bytes.as_slice() {
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (Some(UTF_16LE), 0),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => (Some(UTF_16BE), 0),
        [0xef, 0xbb, 0xbf, ..] => (None, 3),
        _ => (None, 0),
    };
    if let Some(codec) = wide {
        let (text, _) = codec.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return (text.into_owned(), Encoding::Utf16, mark as u64);
    }
    let mut bytes = bytes;
    bytes.drain(..mark);
    match String::from_utf8(bytes) {
        Ok(text) => (text, Encoding::Utf8, mark as u64),
        Err(error) => {
            sink.diagnostic(Code::Encoding, "", "not UTF-8", 0);
            let text = WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned();
            (text, Encoding::Windows1252, mark as u64)
        }
    }
}

/// The head of a file as text, for recognition.
pub(crate) fn head_text(head: &[u8]) -> String {
    let text = match head {
        [0xff, 0xfe, ..] => UTF_16LE.decode(head).0,
        [0xfe, 0xff, ..] => UTF_16BE.decode(head).0,
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => UTF_16LE.decode(head).0,
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => UTF_16BE.decode(head).0,
        _ => String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)),
    };
    text.into_owned()
}

/// The last part of a path with either slash, lower case.
pub(crate) fn name_of(path: &str) -> String {
    path.rsplit(['\\', '/']).next().unwrap_or_default().to_ascii_lowercase()
}
