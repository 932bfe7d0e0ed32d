//! Where in a file a mistake lies: the parsers below us say what is wrong, seldom where.

use crate::error::LoadError;

/// A file or one YAML document of it, with the number of the line before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// The file, as it was named.
    pub path: &'a str,
    /// The document.
    pub body: &'a str,
    /// Lines of the file before the document.
    pub lines_before: u32,
}

impl Text<'_> {
    /// The error at the first line on which `found` says at which byte it lies; line 1 of the text otherwise.
    pub(crate) fn error_where(
        &self,
        found: impl Fn(&str) -> Option<usize>,
        message: impl Into<String>,
        hint: &str,
    ) -> LoadError {
        let place = self.body.lines().enumerate().find_map(|(index, line)| Some((index, found(line)?)));
        let (index, byte) = place.unwrap_or((0, 0));
        self.error_at(index, byte, message, hint)
    }

    /// The error at the first occurrence of a piece of text.
    pub(crate) fn error_on(&self, needle: &str, message: impl Into<String>, hint: &str) -> LoadError {
        self.error_where(|line| line.find(needle), message, hint)
    }

    /// The error at a top-level or nested YAML key.
    pub(crate) fn error_on_key(&self, key: &str, message: impl Into<String>, hint: &str) -> LoadError {
        self.error_where(|line| key_at(line, key), message, hint)
    }

    /// The error at a TOML key.
    pub(crate) fn error_on_key_equals(&self, key: &str, message: impl Into<String>, hint: &str) -> LoadError {
        let found = |line: &str| line.strip_prefix(key)?.trim_start().starts_with('=').then_some(0);
        self.error_where(found, message, hint)
    }

    /// The error at a line (from 0, in this text) and byte of it.
    pub(crate) fn error_at(
        &self,
        index: usize,
        byte: usize,
        message: impl Into<String>,
        hint: &str,
    ) -> LoadError {
        let source_line = self.body.lines().nth(index).unwrap_or_default();
        let characters = source_line.get(..byte).map_or(0, |before| before.chars().count());
        let line =
            u32::try_from(index).unwrap_or(u32::MAX).saturating_add(self.lines_before).saturating_add(1);
        LoadError {
            path: self.path.to_owned(),
            line,
            column: u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1),
            message: message.into(),
            source_line: source_line.to_owned(),
            hint: hint.to_owned(),
        }
    }

    /// The line index and byte of the first character of a key's value.
    pub(crate) fn value_of_key(&self, key: &str) -> Option<(usize, usize)> {
        self.body.lines().enumerate().find_map(|(index, line)| {
            let after = key_at(line, key)? + key.len() + 1;
            let blanks = line.get(after..)?.len() - line.get(after..)?.trim_start().len();
            Some((index, after + blanks))
        })
    }
}

/// The byte at which a line holds this key, `key:`, perhaps after `- ` or in quotes.
fn key_at(line: &str, key: &str) -> Option<usize> {
    let start = line.len() - line.trim_start_matches([' ', '-', '\'', '"']).len();
    let rest = line.get(start..)?.strip_prefix(key)?;
    rest.trim_start_matches(['\'', '"']).starts_with(':').then_some(start)
}

/// The documents of a YAML file, by its `---` lines. Documents that depend on each other (`action:`) stay one.
pub(crate) fn documents<'a>(path: &'a str, file: &'a str) -> Vec<Text<'a>> {
    let whole = vec![Text { path, body: file, lines_before: 0 }];
    if file.lines().any(|line| key_at(line, "action") == Some(0)) {
        return whole;
    }
    let (mut documents, mut start, mut lines_before, mut line_number) = (Vec::new(), 0, 0, 0);
    let mut at = 0;
    for line in file.split_inclusive('\n') {
        line_number += 1;
        at += line.len();
        if line.trim_end() == "---" {
            push_document(&mut documents, path, file.get(start..at - line.len()), lines_before);
            (start, lines_before) = (at, line_number);
        }
    }
    push_document(&mut documents, path, file.get(start..), lines_before);
    if documents.is_empty() { whole } else { documents }
}

fn push_document<'a>(documents: &mut Vec<Text<'a>>, path: &'a str, text: Option<&'a str>, lines_before: u32) {
    let Some(text) = text else { return };
    let blank = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if !blank {
        documents.push(Text { path, body: text, lines_before });
    }
}
