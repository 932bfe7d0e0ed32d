//! A JSON object to its leaves, in one pass and without a tree.
//!
//! Grammar: RFC 8259, but more forgiving than a JSON library may be: what an attacker writes into a command line
//! (half a surrogate pair, a raw control character) reaches the log through exporters that do not check it, and
//! must not cost the line. Such text is replaced or kept; only a broken structure is an error.

use memchr::memchr2;

/// Objects and arrays within each other.
const DEPTH_MAX: usize = 32;

/// Why a text is no object: what was met, and the byte offset in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// What was met.
    pub(super) what: &'static str,
    /// Where, in bytes.
    pub(super) offset: usize,
}

/// Takes the leaves of an object: the dotted path of keys and the value as text. `null` gives no leaf; the
/// elements of an array come one after the other under the array's own path.
pub(super) trait Leaves {
    /// One leaf.
    fn leaf(&mut self, path: &str, value: &str);
}

struct Scanner<'t, 's> {
    text: &'t str,
    at: usize,
    path: String,
    scratch: String,
    leaves: &'s mut dyn Leaves,
}

/// Reads the object that begins at `from`; the offset behind it. Leaves met before an error have been given.
pub(super) fn object(text: &str, from: usize, leaves: &mut dyn Leaves) -> Result<usize, Malformed> {
    let mut scanner = Scanner { text, at: from, path: String::new(), scratch: String::new(), leaves };
    if scanner.peek() != Some(b'{') {
        return Err(scanner.error("no object"));
    }
    scanner.value(0)?;
    Ok(scanner.at)
}

impl Scanner<'_, '_> {
    fn error(&self, what: &'static str) -> Malformed {
        Malformed { what, offset: self.at }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.byte() {
            self.at = self.at.saturating_add(1);
        }
        self.byte()
    }

    fn take(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn value(&mut self, depth: usize) -> Result<(), Malformed> {
        if depth >= DEPTH_MAX {
            return Err(self.error("nested too deep"));
        }
        match self.peek() {
            Some(b'{') => self.members(depth),
            Some(b'[') => self.elements(depth),
            Some(b'"') => {
                let mut value = std::mem::take(&mut self.scratch);
                value.clear();
                self.string(&mut value)?;
                self.leaves.leaf(&self.path, &value);
                self.scratch = value;
                Ok(())
            }
            Some(_) => self.bare(),
            None => Err(self.error("cut")),
        }
    }

    fn members(&mut self, depth: usize) -> Result<(), Malformed> {
        self.take();
        if self.peek() == Some(b'}') {
            self.take();
            return Ok(());
        }
        let outer = self.path.len();
        // Each turn takes at least a key from the text.
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("no key"));
            }
            if outer > 0 {
                self.path.push('.');
            }
            let mut path = std::mem::take(&mut self.path);
            let key = self.string(&mut path);
            self.path = path;
            key?;
            if self.peek() != Some(b':') {
                return Err(self.error("no colon after a key"));
            }
            self.take();
            self.value(depth.saturating_add(1))?;
            self.path.truncate(outer);
            match self.peek() {
                Some(b',') => self.take(),
                Some(b'}') => {
                    self.take();
                    return Ok(());
                }
                Some(_) => return Err(self.error("no comma after a member")),
                None => return Err(self.error("cut")),
            }
        }
    }

    fn elements(&mut self, depth: usize) -> Result<(), Malformed> {
        self.take();
        if self.peek() == Some(b']') {
            self.take();
            return Ok(());
        }
        // Each turn takes at least a value from the text.
        loop {
            self.value(depth.saturating_add(1))?;
            match self.peek() {
                Some(b',') => self.take(),
                Some(b']') => {
                    self.take();
                    return Ok(());
                }
                Some(_) => return Err(self.error("no comma after an element")),
                None => return Err(self.error("cut")),
            }
        }
    }

    /// A number, `true`, `false` or `null`, as it is written.
    fn bare(&mut self) -> Result<(), Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let is_number = word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
        match word {
            "true" | "false" => self.leaves.leaf(&self.path, word),
            "null" => {}
            word if is_number && !word.is_empty() => self.leaves.leaf(&self.path, word),
            _ => return Err(self.error("no value")),
        }
        self.at = self.at.saturating_add(end);
        Ok(())
    }

    /// Appends the string that begins here.
    fn string(&mut self, out: &mut String) -> Result<(), Malformed> {
        self.take();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = memchr2(b'"', b'\\', rest.as_bytes()) else {
                return Err(self.error("a string without end"));
            };
            out.push_str(rest.get(..length).unwrap_or_default());
            self.at = self.at.saturating_add(length);
            if self.byte() == Some(b'"') {
                self.take();
                return Ok(());
            }
            self.take();
            self.escape(out)?;
        }
    }

    /// Appends what the escape behind a backslash stands for.
    fn escape(&mut self, out: &mut String) -> Result<(), Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(mark) = rest.chars().next() else { return Err(self.error("a string without end")) };
        let plain = match mark {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.unicode(out),
            other => other,
        };
        out.push(plain);
        self.at = self.at.saturating_add(mark.len_utf8());
        Ok(())
    }

    /// `\uXXXX`, or two of them for a character beyond the first plane; half a pair becomes U+FFFD.
    fn unicode(&mut self, out: &mut String) -> Result<(), Malformed> {
        let first = self.hex_at(self.at.saturating_add(1)).ok_or_else(|| self.error("no \\u escape"))?;
        self.at = self.at.saturating_add(5);
        if (0xD800..0xDC00).contains(&first)
            && self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"))
        {
            let second = self.hex_at(self.at.saturating_add(2));
            if let Some(second) = second.filter(|second| (0xDC00..0xE000).contains(second)) {
                let high = first.saturating_sub(0xD800).wrapping_shl(10);
                let code = high.saturating_add(second.saturating_sub(0xDC00)).saturating_add(0x1_0000);
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                self.at = self.at.saturating_add(6);
                return Ok(());
            }
        }
        out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    fn hex_at(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at.checked_add(4)?)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct All(Vec<(String, String)>);

    impl Leaves for All {
        fn leaf(&mut self, path: &str, value: &str) {
            self.0.push((path.to_owned(), value.to_owned()));
        }
    }

    fn leaves(text: &str) -> (Result<usize, Malformed>, Vec<(String, String)>) {
        let mut all = All::default();
        let end = object(text, 0, &mut all);
        (end, all.0)
    }

    #[test]
    fn nested_objects_and_arrays_give_dotted_leaves() {
        let text = r#"{"a":{"b":"x","c":[1,{"d":true},null]},"e":-1.5e3,"f":{},"g":[]} tail"#;
        let (end, all) = leaves(text);
        assert_eq!(end, Ok(text.len() - 5));
        let expected = [("a.b", "x"), ("a.c", "1"), ("a.c.d", "true"), ("e", "-1.5e3")];
        assert_eq!(all, expected.map(|(path, value)| (path.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_an_exporter_did_not_check_does_not_cost_the_line() {
        let (end, all) = leaves("{\"a\":\"\\ud800x\\ude00 \\ud83d\\ude00 \\u003cscript\\u003e \\q\u{1}\"}");
        assert!(end.is_ok());
        assert_eq!(all.first().unwrap().1, "\u{FFFD}x\u{FFFD} \u{1F600} <script> q\u{1}");
    }

    #[test]
    fn broken_structure_is_an_error_with_its_place() {
        let deep = "{\"a\":".repeat(40);
        for (text, what) in [
            ("[1]", "no object"),
            ("{\"a\"", "no colon after a key"),
            ("{\"a\":1", "cut"),
            ("{\"a\":1 \"b\":2}", "no comma after a member"),
            ("{\"a\":[1 2]}", "no comma after an element"),
            ("{\"a\":\"x", "a string without end"),
            ("{\"a\":\"\\u12", "no \\u escape"),
            ("{a:1}", "no key"),
            ("{\"a\":nope}", "no value"),
            (deep.as_str(), "nested too deep"),
        ] {
            assert_eq!(leaves(text).0.unwrap_err().what, what, "{text}");
        }
    }

    #[test]
    fn agrees_with_a_json_library_on_sound_objects() {
        for text in [r#"{"a":"\"\\\/\b\f\n\r\t é"}"#, r#"{"k":{"é.x":"1"}}"#, r#"{ "a" : 12 , "b" : "" }"#]
        {
            let tree: serde_json::Value = serde_json::from_str(text).unwrap();
            let (_, all) = leaves(text);
            for (path, value) in all {
                let pointer = format!("/{}", path.replacen('.', "/", 1));
                let found = tree.pointer(&pointer).unwrap();
                assert_eq!(found.as_str().map_or_else(|| found.to_string(), str::to_owned), value, "{text}");
            }
        }
    }
}
