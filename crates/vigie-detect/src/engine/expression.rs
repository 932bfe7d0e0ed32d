//! A regular expression that is compiled when it first has to run, in the form that the value at hand needs.
//!
//! Nearly every value is ASCII. There the classes of Unicode (`\w` with its 140,000 letters, `.` over sequences of
//! bytes, `\b` which the fast automata cannot do at all) say the same as their ASCII forms, and those make automata
//! that are a hundred times smaller. So each expression has two: one for values of ASCII, one for all others.

use std::sync::OnceLock;

use regex::{Regex, bytes};

/// An expression that loading has checked.
#[derive(Debug)]
pub(crate) struct Expression {
    source: String,
    /// For ASCII; `None` inside when the source cannot be said without Unicode (`\p{L}`, any letter beyond ASCII).
    ascii: OnceLock<Option<bytes::Regex>>,
    any: OnceLock<Option<Regex>>,
}

impl Expression {
    /// Nothing is compiled yet.
    pub(crate) fn new(source: &str) -> Expression {
        Expression { source: source.to_owned(), ascii: OnceLock::new(), any: OnceLock::new() }
    }

    /// Whether it matches somewhere in the text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        if text.is_ascii() { self.is_match_in_ascii(text) } else { self.is_match_in_any(text) }
    }

    /// The same, for a text that is known to be ASCII.
    pub(crate) fn is_match_in_ascii(&self, text: &str) -> bool {
        match self.ascii.get_or_init(|| ascii(&self.source)) {
            Some(regex) => regex.is_match(text.as_bytes()),
            None => self.is_match_in_any(text),
        }
    }

    /// The same, for a text of which nothing is known.
    pub(crate) fn is_match_in_any(&self, text: &str) -> bool {
        // Loading refused what does not compile.
        let any = self.any.get_or_init(|| Regex::new(&self.source).ok());
        any.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn ascii(source: &str) -> Option<bytes::Regex> {
    // The long s and the sign of the kelvin are ASCII letters without case: what writes them means them.
    if !source.is_ascii() {
        return None;
    }
    bytes::RegexBuilder::new(source).unicode(false).build().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::{Expression, ascii};

    /// Pieces in which Unicode and ASCII could differ.
    const PIECES: &[&str] = &[
        "a",
        "K",
        "s",
        r"\w",
        r"\W",
        r"\d",
        r"\D",
        r"\s",
        r"\S",
        r"\b",
        r"\B",
        ".",
        "[^a]",
        "[a-z]",
        "[^\\x00-\\x7f]",
        "[k-s]",
        r"\x{212a}",
        "é",
        r"\p{L}",
        "(?i)",
        "(?s)",
        "(?m)",
        "^",
        "$",
        "+",
        "*",
        "{2}",
        "|",
        "[[:word:]]",
        "(?u:\\w)",
        r"\x20",
        r"\xe9",
        "(?i:\u{17f})",
    ];

    proptest! {
        #[test]
        fn on_ascii_both_forms_say_the_same(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 1..7),
            text in "[ -~\\n\\t\u{0}\u{1c}\u{b}]{0,12}|[aKks1_ ]{0,8}|[kKsSé ]{0,5}",
        ) {
            let source = pieces.concat();
            if let Ok(plain) = Regex::new(&source) {
                prop_assert_eq!(Expression::new(&source).is_match(&text), plain.is_match(&text), "{}", source);
            }
        }
    }

    #[test]
    fn what_needs_unicode_runs_with_it() {
        assert!(ascii(r"\p{L}+").is_none());
        assert!(Expression::new(r"\p{L}+").is_match("x"));
        assert!(Expression::new(r"(?i)k\b").is_match("\u{212a}"));
        assert!(!Expression::new(r"(?-u:\w)é").is_match("x"));
    }
}
