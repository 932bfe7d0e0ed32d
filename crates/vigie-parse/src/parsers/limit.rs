//! Values and lists that are kept up to a limit: what is longer is cut, and the file says so, once.
//!
//! A value that vanished for its length would be a place to hide in; one without a limit, copied into every event, a
//! small file that becomes gigabytes.

use vigie_model::diagnostic::Code;

use crate::Sink;

/// Bytes that are kept of what is repeated in many events: the name of a server, of a threat, of a program.
pub(super) const CONTEXT_BYTES_MAX: usize = 4 * 1024;

/// What was cut of one file.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// The line of the first cut, and what was kept.
    first: Option<(u64, String)>,
}

impl Cuts {
    /// Adds a piece to a value of at most `max` bytes, as far as whole characters fit.
    pub(super) fn push(&mut self, value: &mut String, piece: &str, max: usize, line: u64) {
        let room = max.saturating_sub(value.len());
        let fits = piece.get(..piece.floor_char_boundary(room)).unwrap_or_default();
        value.push_str(fits);
        if fits.len() < piece.len() {
            self.note(&format!("a value has more than the {max} bytes that are kept"), line);
        }
    }

    /// The part of a text that is kept: at most `max` bytes of its beginning.
    pub(super) fn fit<'t>(&mut self, text: &'t str, max: usize, line: u64) -> &'t str {
        let fits = text.get(..text.floor_char_boundary(max)).unwrap_or_default();
        if fits.len() < text.len() {
            self.note(&format!("a value has more than the {max} bytes that are kept"), line);
        }
        fits
    }

    /// The beginning of a text of which at most `max` bytes are kept.
    pub(super) fn head(&mut self, text: &str, max: usize, line: u64) -> String {
        self.fit(text, max, line).to_owned()
    }

    /// What is repeated in many events, [`CONTEXT_BYTES_MAX`] of it.
    pub(super) fn context(&mut self, text: &str, line: u64) -> String {
        self.head(text, CONTEXT_BYTES_MAX, line)
    }

    /// Whether a list of at most `max` items has room for one more.
    pub(super) fn has_room(&mut self, length: usize, max: usize, line: u64) -> bool {
        let has_room = length < max;
        if !has_room {
            self.note(&format!("a list has more than the {max} items that are kept"), line);
        }
        has_room
    }

    fn note(&mut self, message: &str, line: u64) {
        self.first.get_or_insert_with(|| (line, message.to_owned()));
    }

    /// Says what was cut, if anything was: asked for when the file was read, whoever stopped it.
    pub(super) fn say(&self, sink: &mut dyn Sink) {
        if let Some((line, message)) = &self.first {
            sink.diagnostic(Code::LimitReached, &format!("line {line}"), message, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_between_characters() {
        let mut cuts = Cuts::default();
        assert_eq!(cuts.head("abc", 3, 1), "abc");
        assert!(cuts.has_room(1, 2, 1) && cuts.first.is_none());
        assert_eq!(cuts.head("ééé", 5, 2), "éé");
        assert!(!cuts.has_room(2, 2, 3));
        let mut full = "full".to_owned();
        cuts.push(&mut full, "er", 4, 4);
        assert_eq!((full.as_str(), cuts.first.map(|(line, _)| line)), ("full", Some(2)));
    }
}
