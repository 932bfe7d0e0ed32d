//! What of a file's bytes do YARA rules know? YARA-X, within limits on time and matches.
//!
//! `compile` reads rule files strictly: every mistake with its file, line and column. `YaraRules` says of each rule
//! what reports need; a `YaraScanner` for each thread runs all of them over the bytes of one file after another.
//!
//! # What of a rule's metadata and tags is read
//! * `description`, `reference`, `author`: told with a finding.
//! * `level` or `severity` in Sigma's words, or `score` or `severity` from 0 to 100: the level; without them `medium`.
//! * `attack`, `mitre_attack`, `mitre_att`, and tags as `T1505_003`: ATT&CK techniques.
//! * `status` or `confidence` (`stable`, `test`, `experimental`; `high`, `medium`, `low`): how sure a match makes.
//! * in a pack: `stage`, `way`, `role`, as the `vigie.` tags of a Sigma rule.
#![cfg(feature = "engine")]

mod compile;
mod info;
mod scan;

pub use compile::{Compiled, Mistake, Owner, RuleFile, YaraRules, compile};
pub use scan::{FILE_BYTES_MAX, Found, Scanned, YaraScanner};
