//! What stops a directive, a register or a list of declarations from loading: the place, the line and a hint.

use std::fmt;

/// One mistake in a file that a person wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct Mistake {
    /// The file, as it was named.
    pub path: String,
    /// Line, from 1; 0 when the mistake is the file itself.
    pub line: u64,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u64,
    /// What is wrong, one line.
    pub message: String,
    /// What to do about it, one line; empty when the message says it all.
    pub hint: String,
}

/// Mistakes told at most; all are counted.
const TOLD_MAX: usize = 20;

impl Mistake {
    /// A mistake at a byte of a text.
    pub(crate) fn at(path: &str, text: &str, byte: usize, message: impl Into<String>, hint: &str) -> Mistake {
        let before = text.get(..byte.min(text.len())).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        Mistake {
            path: path.to_owned(),
            line: before.matches('\n').count() as u64 + 1,
            column: column as u64 + 1,
            message: message.into(),
            hint: hint.to_owned(),
        }
    }

    /// A mistake on a line.
    pub(crate) fn on_line(path: &str, line: u64, message: impl Into<String>, hint: &str) -> Mistake {
        Mistake { path: path.to_owned(), line, column: 0, message: message.into(), hint: hint.to_owned() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": error: {}", self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\nhelp: {}", self.hint)?;
        }
        Ok(())
    }
}

/// Every mistake of a file, in order of line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().take(TOLD_MAX).enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        if let Some(more) = self.0.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
            write!(f, "\nand {more} more mistakes")?;
        }
        Ok(())
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Mistakes {
        Mistakes(vec![mistake])
    }
}
