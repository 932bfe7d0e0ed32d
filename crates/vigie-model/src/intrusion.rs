//! Several attackers on one server: which addresses belong together, and why.

use serde::{Deserialize, Serialize};

use crate::rule::Stage;
use crate::time::Time;

/// Attackers that belong together, by what they share; alone where nothing ties them to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intrusion {
    /// `I1`, in the order of first traces.
    pub id: String,
    /// The highest step proven for any of them.
    pub stage: Stage,
    /// First trace.
    pub first: Option<Time>,
    /// Last trace.
    pub last: Option<Time>,
    /// Their addresses or accounts.
    pub actors: Vec<String>,
    /// What ties them; empty for one alone.
    pub ties: Vec<Tie>,
    /// Planted pages that they used.
    pub pages: Vec<String>,
    /// The findings they stand in, in order.
    pub findings: Vec<String>,
}

/// Something that attackers share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// What kind of thing.
    pub kind: TieKind,
    /// The thing itself.
    pub value: String,
    /// Who shares it.
    pub actors: Vec<String>,
}

/// What ties attackers together, the firmest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TieKind {
    /// The same planted page, used by both.
    Page,
    /// The same user agent, which nobody else came with.
    Agent,
    /// The same network, within a week.
    Network,
}

impl TieKind {
    /// The word of the catalog: `tie.` and this.
    pub const fn word(self) -> &'static str {
        match self {
            TieKind::Page => "page",
            TieKind::Agent => "agent",
            TieKind::Network => "network",
        }
    }
}
