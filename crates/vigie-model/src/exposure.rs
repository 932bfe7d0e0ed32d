//! Was this server open: the builds it ran, when it was fixed, and who could reach it.

use serde::{Deserialize, Serialize};

use crate::finding::Statement;
use crate::hit::EvidencePlace;
use crate::time::{Day, Time};

/// Exposure of one server to one campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The conclusion.
    pub state: ExposureState,
    /// First day in the window on which it was, or may have been, open.
    pub from: Option<Day>,
    /// Last such day.
    pub to: Option<Day>,
    /// Whether it could be reached from the internet.
    pub reachable: Reachable,
    /// An outside address that it answered: the proof of `reachable`.
    pub reachable_proof: Option<EvidencePlace>,
    /// A moment at which an outside address was still answered: of the log file that begins last with one, the first
    /// such request. Others may have come after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_until: Option<Time>,
    /// Builds seen, oldest first.
    pub builds: Vec<BuildSeen>,
    /// The moment from which every build seen holds the fixes.
    pub patched_at: Option<Time>,
    /// What a reader must know of the above: traps, conflicts between sources.
    pub notes: Vec<Statement>,
}

/// Whether the server was open in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExposureState {
    /// Unpatched on at least one day of the window, and reachable from the internet: proven.
    Exposed,
    /// Unpatched in the window, proven; whether it could be reached is not known.
    Unpatched,
    /// Patched before the window or never reachable: proven.
    #[serde(rename = "not exposed")]
    NotExposed,
    /// No evidence says.
    Unknown,
}

/// Whether anybody on the internet could reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reachable {
    /// It answered an outside address.
    Yes,
    /// The owner states it was not, with `--facts`.
    No,
    /// No evidence says.
    Unknown,
}

/// A build and when evidence saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildSeen {
    /// `15.1.2176.9`.
    pub build: String,
    /// `Exchange 2016 CU19 Mar21SU`; empty when the table does not know it.
    pub name: String,
    /// First time seen.
    pub from: Option<Time>,
    /// Last time seen.
    pub to: Option<Time>,
    /// Whether it holds the fixes of all the pack's CVEs; `None` when the table cannot tell.
    pub fixed: Option<bool>,
    /// Where it was first seen.
    pub proof: EvidencePlace,
}
