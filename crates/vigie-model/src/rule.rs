//! What is known of a rule: its identity, what a match proves, and whether it could have fired here.

use serde::{Deserialize, Serialize};

/// Sigma's levels, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Enriches other events.
    #[default]
    Informational,
    /// Notable, rarely an incident.
    Low,
    /// Should be reviewed.
    Medium,
    /// Should be reviewed at once.
    High,
    /// An incident.
    Critical,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: &'static [Level] =
        &[Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];

    /// Sigma's word.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Informational => "informational",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }
}

/// The ladder: the highest step that evidence proves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Nothing seen. Says nothing of what could be seen: that is coverage.
    #[default]
    #[serde(rename = "no trace")]
    NoTrace,
    /// Somebody tried.
    #[serde(rename = "attempted")]
    Attempted,
    /// The flaw answered.
    #[serde(rename = "reached")]
    Reached,
    /// A file, an account or a setting was planted.
    #[serde(rename = "foothold")]
    Foothold,
    /// Commands ran through it.
    #[serde(rename = "used")]
    Used,
    /// Credentials dumped, mailboxes exported, data encrypted.
    #[serde(rename = "impact")]
    Impact,
}

impl Stage {
    /// Every stage, lowest first.
    pub const ALL: &'static [Stage] =
        &[Stage::NoTrace, Stage::Attempted, Stage::Reached, Stage::Foothold, Stage::Used, Stage::Impact];

    /// The word of the product page, as serialised.
    pub const fn word(self) -> &'static str {
        match self {
            Stage::NoTrace => "no trace",
            Stage::Attempted => "attempted",
            Stage::Reached => "reached",
            Stage::Foothold => "foothold",
            Stage::Used => "used",
            Stage::Impact => "impact",
        }
    }

    /// The stage with this word.
    pub fn from_word(word: &str) -> Option<Stage> {
        Stage::ALL.iter().copied().find(|stage| stage.word() == word)
    }
}

/// How sure a match of the rule makes: from Sigma's `status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// `experimental`, or no status.
    #[default]
    Low,
    /// `test`.
    Medium,
    /// `stable`.
    High,
}

impl Confidence {
    /// The word, as serialised.
    pub const fn word(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// What a match says in its pack's story; from the rule's `vigie.*` tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Proves its stage by itself: the default of a rule with a stage.
    #[default]
    Trace,
    /// Supports a story, proves nothing alone: shown in the timeline only.
    Context,
    /// Proves its stage, but whoever left it need not have caused it: a stranger who found a web shell there.
    Witness,
    /// The mark of a scanner, a researcher or somebody who probes: raises no stage by itself.
    Scanner,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[Role::Trace, Role::Context, Role::Witness, Role::Scanner];

    /// The word, as serialised and as in the `vigie.role.<word>` tag.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Trace => "trace",
            Role::Context => "context",
            Role::Witness => "witness",
            Role::Scanner => "scanner",
        }
    }

    /// Whether a match raises the stage of its campaign.
    pub const fn proves(self) -> bool {
        match self {
            Role::Trace | Role::Witness => true,
            Role::Context | Role::Scanner => false,
        }
    }
}

/// A rule as the engine and the reports see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// The rule's UUID, or for an indicator `<pack>:<kind>:<value>`.
    pub id: String,
    /// Its title, English.
    pub title: String,
    /// What it means, in full sentences, English.
    pub description: String,
    /// Sigma's level.
    pub level: Level,
    /// From Sigma's `status`.
    pub confidence: Confidence,
    /// The pack it came with; `None` for rules given with `--rules`.
    pub pack: Option<String>,
    /// The stage a match proves; `None` for rules that belong to no pack.
    pub stage: Option<Stage>,
    /// The way in it watches.
    pub way: Option<String>,
    /// What a match says in the story.
    pub role: Role,
    /// ATT&CK technique ids, `T1505.003`.
    pub attack: Vec<String>,
    /// Where it was loaded from: `packs/proxylogon/sigma/x.yml`.
    pub source: String,
}

/// Whether a rule could have fired here. The counts are over the whole run on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liveness {
    /// The rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Sigma's level.
    pub level: Level,
    /// The pack it came with.
    pub pack: Option<String>,
    /// Streams it was bound to, `exchange.httpproxy/Ecp`.
    pub bound: Vec<String>,
    /// Events it was tried on.
    pub evaluated: u64,
    /// Events that matched.
    pub matched: u64,
    /// Why it could not fire; `None` when it could.
    pub cannot_fire: Option<String>,
}
