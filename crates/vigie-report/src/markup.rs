//! Writes HTML in which only this crate's own code can open an element or name an attribute.
//!
//! Names of elements and attributes are `&'static str`; everything else is escaped on its way in. So whatever
//! the evidence holds, the page has the elements and attributes that the code wrote and no others.

use sha2::{Digest, Sha256};

use crate::escape;

/// Attributes of an element: names from the code, values escaped.
pub(crate) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A page as it is written.
#[derive(Debug, Default)]
pub(crate) struct Page {
    out: String,
}

impl Page {
    /// The page's bytes so far.
    pub(crate) fn into_string(self) -> String {
        self.out
    }

    /// Markup of the code itself: the document type, styles and scripts that are embedded.
    pub(crate) fn fixed(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// Text, escaped, with control and direction characters shown and no address that a program would follow.
    pub(crate) fn text(&mut self, text: &str) {
        self.escaped(&escape::name(text));
    }

    /// An element of a pack's own text, which may name an address to go to.
    pub(crate) fn prose(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.open(tag, attributes);
        self.escaped(&escape::visible(text));
        self.close(tag);
    }

    fn escaped(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                _ => self.out.push(char),
            }
        }
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.extend([" ", name, "=\""]);
            for char in escape::name(value).chars() {
                match char {
                    '&' => self.out.push_str("&amp;"),
                    '<' => self.out.push_str("&lt;"),
                    '>' => self.out.push_str("&gt;"),
                    '"' => self.out.push_str("&quot;"),
                    '\'' => self.out.push_str("&#39;"),
                    _ => self.out.push(char),
                }
            }
            self.out.push('"');
        }
        self.out.push('>');
    }

    /// An element without content.
    pub(crate) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
    }

    /// An element of text.
    pub(crate) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// An element and what `inside` writes in it.
    pub(crate) fn within(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Page),
    ) {
        self.open(tag, attributes);
        inside(self);
        self.close(tag);
        if matches!(
            tag,
            "section" | "article" | "tr" | "li" | "details" | "svg" | "table" | "dl" | "header" | "main"
        ) {
            self.out.push('\n');
        }
    }

    fn close(&mut self, tag: &'static str) {
        self.out.extend(["</", tag, ">"]);
    }
}

/// A value usable in `id` and in a link to it: letters and digits of the text only.
pub(crate) fn anchor(kind: &str, text: &str) -> String {
    let safe: String = text.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("{kind}-{safe}")
}

/// The source expression that lets a browser apply exactly this embedded style or script.
pub(crate) fn csp_hash(source: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(source.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let packed = chunk.iter().fold(0_u32, |packed, byte| packed << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for index in 0..4_usize {
            let six = (packed >> (18 - 6 * index)) & 63;
            let letter = ALPHABET.get(six as usize).copied().unwrap_or(b'A');
            out.push(if index > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn nothing_in_a_value_is_markup() {
        let mut page = Page::default();
        page.leaf("p", &[("title", "\"><script>'")], "</p><script>&\u{202e}");
        assert_eq!(
            page.into_string(),
            "<p title=\"&quot;&gt;&lt;script&gt;&#39;\">&lt;/p&gt;&lt;script&gt;&amp;\\u{202e}</p>"
        );
    }
}
