//! Hits that tell one story, with their proofs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hit::EvidencePlace;
use crate::pack::TitleAndDescription;
use crate::rule::{Confidence, Level, Role, Stage};
use crate::time::Time;

/// One story: what happened, who, to what, and every proof of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `F1`, `F2`, ...: in order of first time; stable for the same evidence and packs.
    pub id: String,
    /// The pack that tells it; `None` for rules given with `--rules`.
    pub pack: Option<String>,
    /// One line, English.
    pub title: String,
    /// What it means, English.
    pub description: String,
    /// Title and description in other languages, by language code.
    pub localized: BTreeMap<String, TitleAndDescription>,
    /// Sigma's word.
    pub level: Level,
    /// How sure.
    pub confidence: Confidence,
    /// The step it proves.
    pub stage: Stage,
    /// What it says in the story.
    pub role: Role,
    /// The way in.
    pub way: Option<String>,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// First time; `None` when no proof has one.
    pub time: Option<Time>,
    /// Last time.
    pub last: Option<Time>,
    /// Who: an address or an account, as the evidence spells it.
    pub actor: Option<String>,
    /// To what: a file, an address of a page, a cmdlet.
    pub object: Option<String>,
    /// SHA-256 of the file the finding is about, for findings on files.
    pub sha256: Option<String>,
    /// How many events prove it.
    pub events: u64,
    /// The proofs, oldest first; at most [`PROOFS_MAX`] are kept, `events` counts all.
    pub proofs: Vec<Proof>,
    /// Ids of other findings joined to this one, and through what.
    pub joined: Vec<Join>,
}

/// Proofs kept with a finding.
pub const PROOFS_MAX: usize = 50;

/// One event that proves a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The rule that matched.
    pub rule_id: String,
    /// Where.
    pub evidence: EvidencePlace,
    /// The artifact and stream, `exchange.httpproxy/Ecp`.
    pub artifact: String,
    /// When.
    pub time: Option<Time>,
    /// The fields that matter, as read.
    pub fields: BTreeMap<String, String>,
}

/// A link between findings that name the same thing in two sources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Join {
    /// The other finding.
    pub finding: String,
    /// What they share: `request`, `canary`, `file`, `page`, `actor`.
    pub by: String,
    /// The shared value.
    pub value: String,
}

/// A sentence of the assessment, kept as a key and its values so that every language can say it: the texts
/// are in the report's catalogue under `statement.<key>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Statement {
    /// The catalogue key.
    pub key: String,
    /// The values of its placeholders.
    pub args: BTreeMap<String, String>,
}

impl Statement {
    /// A statement without values yet.
    pub fn new(key: &str) -> Statement {
        Statement { key: key.to_owned(), args: BTreeMap::new() }
    }

    /// The same with one value more.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "callers hand over numbers, days and names alike")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Statement {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}
