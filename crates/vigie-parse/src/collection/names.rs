//! Names of files as attackers may choose them: shown escaped, judged, percent-decoded.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use vigie_model::diagnostic::Code;

use super::Findings;

/// A name in display form: control and text-direction characters escaped, bytes that are no text as `\xNN`.
pub(super) fn display(name: &OsStr) -> String {
    display_bytes(name.as_encoded_bytes())
}

/// The same for raw bytes.
pub(super) fn display_bytes(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_deceptive(character) {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            } else {
                shown.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// Characters that are not what they look like in a path: controls, and those that turn the reading direction.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A raw name with forward slashes: Windows tools write backslashes as separators.
pub(super) fn forward(name: &[u8]) -> Vec<u8> {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}

/// The names that an archive gave so far. Kept as hashes: a million names cost a few megabytes.
#[derive(Default)]
pub(super) struct Seen {
    exact: HashSet<u64>,
    folded: HashSet<u64>,
}

impl Seen {
    /// Says what is wrong with a raw name.
    pub(super) fn judge(&mut self, path: &str, raw: &[u8], findings: &mut Findings) {
        let raw = forward(raw);
        if let Some(reason) = unsafe_reason(&raw) {
            findings.note(path, Code::UnsafeName, reason);
        }
        self.name(path, &String::from_utf8_lossy(&raw), findings);
    }

    /// Says when a name stands twice, or differs from another only by the case of letters, which Windows ignores.
    pub(super) fn name(&mut self, path: &str, name: &str, findings: &mut Findings) {
        let is_new = self.exact.insert(hash(name));
        let is_new_folded = self.folded.insert(hash(&name.to_lowercase()));
        if !is_new {
            findings.note(path, Code::Duplicate, "another entry has this name");
        } else if !is_new_folded {
            findings.note(path, Code::Duplicate, "another entry has this name but for the case of letters");
        }
    }
}

/// The same on every run.
fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// What makes an archive entry's name unsafe as a path, if anything does. `name` has forward slashes.
pub(super) fn unsafe_reason(name: &[u8]) -> Option<&'static str> {
    let Ok(name) = std::str::from_utf8(name) else { return Some("the name is not UTF-8") };
    if name.starts_with("//") {
        return Some("the name is a network path");
    }
    if name.starts_with('/') {
        return Some("the name is absolute");
    }
    if name.chars().any(is_deceptive) {
        return Some("the name holds control or text-direction characters");
    }
    for (index, part) in name.split('/').enumerate() {
        match part {
            ".." => return Some("the name climbs out of the archive with '..'"),
            "." => return Some("the name holds a '.' component"),
            _ if index == 0 && is_drive(part) => return Some("the name starts with a drive"),
            _ if part.contains(':') => return Some("the name holds a colon, as alternate data streams do"),
            _ if part.ends_with(['.', ' ']) => return Some("a part of the name ends in a dot or blank"),
            _ => {}
        }
    }
    None
}

/// Whether a component is `C:`.
pub(super) fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Undoes percent escapes (`C%3A` is `C:`); a percent sign that escapes nothing stays.
pub(super) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|pair| (pair, after)),
            _ => None,
        };
        if let Some(((high, low), after)) = escaped {
            bytes.push((high << 4) | low);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    display_bytes(&bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_deceives() {
        assert_eq!(display_bytes(b"a\x00b\x1b[31m\xffc"), "a\\u{0}b\\u{1b}[31m\\xffc");
        assert_eq!(display_bytes("gpj.\u{202e}exe".as_bytes()), "gpj.\\u{202e}exe");
        assert_eq!(display_bytes("été".as_bytes()), "été");
    }

    #[test]
    fn judges_names() {
        for name in
            ["../x", "/x", "//server/share/x", "C:/x", "a/b.aspx:hidden", "a/x. ", "a/\u{202e}x", "a/./b"]
        {
            assert!(unsafe_reason(name.as_bytes()).is_some(), "{name}");
        }
        for name in ["C/inetpub/x.log", "uploads/auto/C%3A/a", "a..b/c"] {
            assert_eq!(unsafe_reason(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn decodes_percent_escapes() {
        assert_eq!(percent_decode("%5C%5C.%5CC%3A"), "\\\\.\\C:");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }
}
