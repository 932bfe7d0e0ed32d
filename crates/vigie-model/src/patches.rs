//! Was this server patched: every flaw that is known, and from when to when it was seen open to it.

use serde::{Deserialize, Serialize};

use crate::exposure::BuildSeen;
use crate::finding::Statement;
use crate::hit::EvidencePlace;
use crate::time::{Day, Time};

/// The patch level of one server, by the build that was seen last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchLevel {
    /// The build that was seen last.
    pub build: BuildSeen,
    /// When it was.
    pub seen_last: Option<Time>,
    /// Where.
    pub seen_last_proof: EvidencePlace,
    /// The last day on which its product got updates from Microsoft; `None` while it does.
    pub supported_until: Option<Day>,
    /// The last day that the tables of builds and fixes know of.
    pub knowledge: Day,
    /// Flaws to which it was open at some time, or of which the build alone does not decide; the worst first.
    pub cves: Vec<CveExposure>,
    /// Known flaws that every build seen was free of.
    pub fixed_throughout: u64,
}

impl PatchLevel {
    /// The flaws of one state, the worst first.
    pub fn of_state(&self, state: CveState) -> impl Iterator<Item = &CveExposure> {
        self.cves.iter().filter(move |exposure| exposure.state == state)
    }
}

/// One flaw on one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CveExposure {
    /// `CVE-2021-26855`, or an advisory's number.
    pub cve: String,
    /// Whether the build that was seen last has it.
    pub state: CveState,
    /// The day on which its first fix came out.
    pub fix_published: Option<Day>,
    /// What CISA's list of exploited flaws says of it; `None` when it is not on it.
    pub exploited: Option<Exploited>,
    /// The first sight of a build without the fix. It was open before too, since its installation.
    pub open_first: Option<Seen>,
    /// The last sight of a build without the fix.
    pub open_last: Option<Seen>,
    /// The first sight, after that, of a build with the fix.
    pub fixed_first: Option<Seen>,
    /// What the fix needs besides its build.
    pub conditions: Vec<Statement>,
}

impl CveExposure {
    /// Worst first: open and exploited, open, then what is not decided, then what was closed.
    pub fn weight(&self) -> (CveState, bool, std::cmp::Reverse<String>) {
        (self.state, self.exploited.is_none(), std::cmp::Reverse(self.cve.clone()))
    }
}

/// Whether the build that was seen last has a flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CveState {
    /// It lacks the fix.
    Open,
    /// No fix was published for its product any more; whether it has the flaw is not published either.
    Unsupported,
    /// Two sources name different first fixed builds, and this build lies between.
    SourcesDisagree,
    /// Its build holds the fix, or needs none, and a setting decides.
    NeedsSetting,
    /// The build does not tell.
    Unknown,
    /// It holds the fix now, and did not always.
    Fixed,
}

/// A flaw on CISA's list of known exploited vulnerabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exploited {
    /// The day on which CISA listed it.
    pub listed: Day,
    /// The day by which agencies had to be done.
    pub due: Day,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
}

/// A build at a moment, and the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// `15.1.2176.9`.
    pub build: String,
    /// When; `None` where the proof has no time.
    pub time: Option<Time>,
    /// Where.
    pub proof: EvidencePlace,
}
