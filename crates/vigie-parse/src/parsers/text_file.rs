//! Text files that are read as a whole (configurations, reports): decoded at once, every byte accounted for.

use std::io::Read;

use encoding_rs::WINDOWS_1252;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use super::encoding::{Encoding, mark_bytes};
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
    made: Held,
    /// Bytes of the byte order mark.
    mark: u64,
    /// Bytes that `text` was made of.
    held: u64,
    account: Account,
}

/// How the text that is held was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
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
        let (text, made, mark) = decode(bytes, sink);
        let account = Account { parsed_bytes: held, rejected_bytes: left };
        TextFile { text, made, mark, held, account }
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
        let bytes = match self.made {
            Held::Utf8 => head.len(),
            Held::Windows1252 => head.chars().count(),
            Held::Utf16 => head.encode_utf16().count().saturating_mul(2),
        };
        self.mark.saturating_add(bytes as u64).min(self.held)
    }
}

/// The text of bytes in whatever encoding Windows writes, how it was made, and the length of its byte order mark.
fn decode(bytes: Vec<u8>, sink: &mut dyn Sink) -> (String, Held, u64) {
    let mark = mark_bytes(&bytes);
    if let Some(codec) = Encoding::of(&bytes).wide() {
        let (text, had_errors) = codec.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        if had_errors {
            sink.diagnostic(Code::Encoding, "", "half of a UTF-16 character, shown as U+FFFD", 0);
        }
        return (text.into_owned(), Held::Utf16, mark as u64);
    }
    let mut bytes = bytes;
    bytes.drain(..mark);
    match String::from_utf8(bytes) {
        Ok(text) => (text, Held::Utf8, mark as u64),
        Err(error) => {
            sink.diagnostic(Code::Encoding, "", "not UTF-8", 0);
            let text = WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned();
            (text, Held::Windows1252, mark as u64)
        }
    }
}

/// The last part of a path with either slash, lower case.
pub(crate) fn name_of(path: &str) -> String {
    path.rsplit(['\\', '/']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use vigie_model::evidence::Fact;
    use vigie_model::schema::Wanted;
    use vigie_model::{EventBatch, Schema};

    use super::*;

    /// Keeps the codes that are told.
    #[derive(Default)]
    struct Codes(Vec<Code>);

    impl Sink for Codes {
        fn wants(&mut self, _: &Schema) -> Wanted {
            Wanted::All
        }

        fn batch(&mut self, _: &EventBatch) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn fact(&mut self, _: Fact) {}

        fn diagnostic(&mut self, code: Code, _: &str, _: &str, _: u64) {
            self.0.push(code);
        }
    }

    fn told(bytes: &[u8]) -> (String, Vec<Code>) {
        let mut codes = Codes::default();
        let (text, _, _) = decode(bytes.to_vec(), &mut codes);
        (text, codes.0)
    }

    #[test]
    fn text_that_cannot_be_decoded_is_said() {
        assert_eq!(told(b"\xff\xfe<\0>\0"), ("<>".to_owned(), Vec::new()));
        assert_eq!(told(b"\xff\xfe<\0\0\xd8>\0"), ("<\u{fffd}>".to_owned(), vec![Code::Encoding]));
        assert_eq!(told(b"<\0>\0x"), ("<>\u{fffd}".to_owned(), vec![Code::Encoding]));
        assert_eq!(told(b"h\xe9"), ("hé".to_owned(), vec![Code::Encoding]));
    }
}
