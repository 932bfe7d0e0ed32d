//! Everything known of one campaign, as data: `packs/<id>/pack.toml` and its texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Day;
use crate::verdict::Verdict;

/// A text in each of the languages reports are written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// French.
    pub fr: String,
}

/// A campaign pack without its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// The folder's name, `proxylogon`.
    pub id: String,
    /// The date of what it knows, `2026-11-24`; packs are compared by it.
    pub version: Day,
    /// The campaign's name.
    pub title: Text,
    /// One paragraph for a person who never heard of it.
    pub summary: Text,
    /// The CVEs whose fix ends the exposure: a server is patched when it holds the fixes of all of them.
    pub cves: Vec<String>,
    /// The product that it attacks; a pack about another one is only asked when its traces are there.
    #[serde(default)]
    pub product: Product,
    /// Where its use would show.
    #[serde(default)]
    pub seen: Seen,
    /// What the fix needs besides the build (a setting, an app to deploy): with it, a build that holds the fix does not
    /// yet prove that the door is closed.
    #[serde(default)]
    pub setting: Option<Text>,
    /// Packs whose rules count for this one, too, on the days at risk: what anybody does after an entry.
    #[serde(default)]
    pub uses: Vec<String>,
    /// The period in which an open server was at risk; none for what belongs to no campaign: such a pack gives a
    /// verdict only when its rules found something.
    #[serde(default)]
    pub window: Option<Window>,
    /// The ways in, in the order of the report.
    #[serde(default)]
    pub way: Vec<Way>,
    /// What to do, in order.
    #[serde(default)]
    pub action: Vec<Action>,
    /// Translations of the rules' titles and descriptions, by rule id.
    #[serde(default)]
    pub rule: BTreeMap<String, RuleText>,
    /// Where the facts come from.
    pub references: Vec<String>,
}

/// A server product with campaigns of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Product {
    /// Microsoft Exchange Server.
    #[default]
    Exchange,
    /// Microsoft `SharePoint` Server.
    SharePoint,
}

/// Where the use of a flaw leaves its traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// In what the server writes: a complete collection can rule it out.
    #[default]
    OnTheServer,
    /// In mailboxes, on other computers, in the cloud: the server's evidence tells at most whether it was open.
    Elsewhere,
}

/// The period in which an unpatched server was at risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First day of known exploitation.
    pub from: Day,
    /// The day from which nobody should still have been open; an unpatched server stays at risk after it, but
    /// coverage is not asked for later days.
    pub until: Day,
    /// When the fix came out.
    pub fix: Day,
    /// Why these days, with sources and how sure they are.
    pub why: Text,
}

/// One way in, and the evidence that would show its use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Short name, used by the rules' `vigie.way.<id>` tags.
    pub id: String,
    /// The CVE it uses; empty for what follows after the entry.
    #[serde(default)]
    pub cve: String,
    /// What it is.
    pub title: Text,
    /// Alternatives: a day is covered when all streams of one of them are there on that day. A stream is
    /// `artifact/stream` or `artifact` for any of its streams.
    pub needs: Vec<Vec<String>>,
    /// What this evidence cannot show, said plainly.
    #[serde(default)]
    pub blind: Option<Text>,
}

/// A step for the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Short name.
    pub id: String,
    /// The verdicts after which it is due.
    pub when: Vec<Verdict>,
    /// What to do, one line.
    pub title: Text,
    /// Why and how.
    pub detail: Text,
}

/// The translation of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Title and description in French; the rule file itself holds the English.
    pub fr: TitleAndDescription,
}

/// A title and its explanation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TitleAndDescription {
    /// One line.
    pub title: String,
    /// Full sentences.
    pub description: String,
}
