//! What the owner knows and evidence cannot show: `--facts FILE`, a small TOML file.

use serde::Deserialize;
use vigie_model::Day;

/// Statements of the owner. Each is shown as such in the report, never as proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerFacts {
    /// Whether the server could be reached from the internet (`false`: behind a VPN only).
    pub reachable: Option<bool>,
    /// The day on which it could first be reached.
    pub reachable_since: Option<Day>,
    /// The day on which the fix was installed.
    pub patched_on: Option<Day>,
}

/// The file was not understood.
#[derive(Debug, thiserror::Error)]
#[error("the facts file is not understood: {0}")]
pub struct FactsError(#[from] toml::de::Error);

impl OwnerFacts {
    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is not TOML, or holds a key that is none of the above.
    pub fn parse(text: &str) -> Result<OwnerFacts, FactsError> {
        Ok(toml::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_and_refuses_unknown_keys() {
        let facts = OwnerFacts::parse("reachable = true\npatched_on = \"2021-03-05\"\n").unwrap();
        assert_eq!(facts.patched_on, Day::parse("2021-03-05"));
        assert!(OwnerFacts::parse("patchedon = \"2021-03-05\"").is_err());
    }
}
