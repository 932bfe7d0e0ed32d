//! What stops a rule, a pack or an indicator from loading: always with the place, the line and a hint.

use std::fmt;

/// One mistake in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct LoadError {
    /// The file, as it was named: `packs/proxylogon/sigma/x.yml`.
    pub path: String,
    /// Line, from 1; 0 when the mistake is the file itself.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// What is wrong, one line.
    pub message: String,
    /// The line of the file, without its end; empty when there is none to show.
    pub source_line: String,
    /// What to do about it, one line; empty when the message says it all.
    pub hint: String,
}

impl LoadError {
    /// A mistake that lies in no line, as a folder that is not there.
    pub fn of_file(path: &str, message: impl Into<String>, hint: &str) -> LoadError {
        LoadError {
            path: path.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            source_line: String::new(),
            hint: hint.to_owned(),
        }
    }

    /// `12:5: message`, for the list of what was not loaded.
    pub fn reason(&self) -> String {
        match (self.line, self.hint.is_empty()) {
            (0, true) => self.message.clone(),
            (0, false) => format!("{} ({})", self.message, self.hint),
            (line, true) => format!("{line}:{}: {}", self.column, self.message),
            (line, false) => format!("{line}:{}: {} ({})", self.column, self.message, self.hint),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: error: {}", self.path, self.message)?;
        } else {
            write!(f, "{}:{}:{}: error: {}", self.path, self.line, self.column, self.message)?;
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            // A tab would move the caret; rule files that hold one are shown with blanks.
            let shown = self.source_line.replace('\t', " ");
            let indent = " ".repeat(self.column.saturating_sub(1) as usize);
            write!(f, "\n{margin} |\n{number} | {shown}\n{margin} | {indent}^")?;
        }
        if !self.hint.is_empty() {
            write!(f, "\nhelp: {}", self.hint)?;
        }
        Ok(())
    }
}

/// Every mistake found while loading, in order of file and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadErrors(pub Vec<LoadError>);

impl std::error::Error for LoadErrors {}

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}
