//! Values for the `%placeholders%` of rules with `expand`: a file that says what is special about one network.
//!
//! ```toml
//! # What Sigma's rules call %Domain_Controllers%, %Administrators%, ...
//! Domain_Controllers = ["DC01", "DC02"]
//! Administrators = ["*-adm", "Administrator"]
//! Mail_Server = "EXCH01"
//! ```
//!
//! TOML, a name and its values a line; wildcards mean what they mean in a rule. A rule whose placeholder has no values
//! can never match, and is named: see [`crate::RuleSet::without_values`].

use std::path::Path;

use toml::Value;

use crate::error::LoadError;
use crate::pack;
use crate::place::Text;
use crate::sigma::Placeholders;

/// Bytes of a file of placeholders.
const BYTES_MAX: u64 = 16 << 20;
/// Shown with every mistake.
const HINT: &str = "write a line for each placeholder: Administrators = [\"*-adm\", \"Administrator\"]";

/// Reads a file of placeholders.
///
/// # Errors
/// When it cannot be read, is no TOML, or a name has values that are no texts.
pub fn read(path: &Path) -> Result<Placeholders, LoadError> {
    let shown = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        LoadError::of_file(&shown, format!("the placeholders cannot be read: {error}"), HINT)
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
        return Err(LoadError::of_file(&shown, "the file is too large for placeholders", HINT));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    parse(&shown, pack::as_text(&shown, &bytes)?)
}

/// The same from text; `path` is what errors call it.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &str, text: &str) -> Result<Placeholders, LoadError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let mut error = pack::toml_error(path, text, &error);
        HINT.clone_into(&mut error.hint);
        error
    })?;
    let place = Text { path, body: text, lines_before: 0 };
    let mut found = Placeholders::new();
    for (name, value) in table {
        let values =
            texts(&value).map_err(|message| place.error_on(&name, format!("`{name}` {message}"), HINT))?;
        // Rules write the name with or without its signs.
        found.insert(name.trim_matches('%').to_owned(), values);
    }
    Ok(found)
}

fn texts(value: &Value) -> Result<Vec<String>, &'static str> {
    const NO_TEXT: &str = "must be a text or a list of texts";
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Err(NO_TEXT)
        }
    };
    match value {
        Value::Array(values) if values.is_empty() => Err("has no values: a rule with it could never match"),
        Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}
