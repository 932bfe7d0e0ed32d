//! What evidence was needed, and what of it was there: why "nothing found" is not "nothing looked at".

use serde::{Deserialize, Serialize};

use crate::pack::Text;
use crate::time::{Day, Time};

/// What one stream of one artifact held, over the whole collection of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCoverage {
    /// `exchange.httpproxy/Ecp`.
    pub stream: String,
    /// How often it writes by itself.
    pub density: Density,
    /// Files read.
    pub files: u64,
    /// Events read.
    pub events: u64,
    /// The first event's time.
    pub first: Option<Time>,
    /// The last event's time.
    pub last: Option<Time>,
    /// Days inside the span with no event, as runs.
    pub gaps: Vec<DayRun>,
    /// Days on which bytes of it were lost, as runs.
    pub damaged: Vec<DayRun>,
}

/// How often a stream writes by itself, so what its silence means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Density {
    /// Health probes write to it every hour: a silent day inside its span is a gap.
    #[default]
    Busy,
    /// It writes when something happens: silence inside its span is normal.
    Sparse,
    /// The state of the host when it was collected (a web root): it covers every day before, for what is
    /// still there.
    State,
}

/// Consecutive days, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DayRun {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// Coverage of one way in, over the days at risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayCoverage {
    /// The way's id in its pack.
    pub way: String,
    /// The CVE it uses; empty for what follows after the entry.
    pub cve: String,
    /// What it is.
    pub title: Text,
    /// What this evidence cannot show.
    pub blind: Option<Text>,
    /// The days at risk, without gaps between runs, in order.
    pub runs: Vec<CoverageRun>,
    /// The highest stage seen through this way.
    pub stage: crate::rule::Stage,
}

/// Days in the same state for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRun {
    /// First day.
    pub from: Day,
    /// Last day, included.
    pub to: Day,
    /// The state.
    pub state: DayState,
    /// The streams that are the reason, when the state is not `covered`.
    pub lacking: Vec<String>,
}

/// Whether a day's evidence was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayState {
    /// All that one alternative needs was read for the whole day.
    Covered,
    /// It was read for a part of the day (logs begin or end on it).
    Partial,
    /// Bytes of it were lost.
    Damaged,
    /// The logs span the day but hold nothing of it: switched off, or removed.
    Gap,
    /// Before the first event that is left: unknown, never clean.
    Before,
    /// After the last event that is left.
    After,
    /// The collection holds no such evidence at all.
    Absent,
}

impl DayState {
    /// Every state, best first.
    pub const ALL: &'static [DayState] = &[
        DayState::Covered,
        DayState::Partial,
        DayState::Damaged,
        DayState::Gap,
        DayState::Before,
        DayState::After,
        DayState::Absent,
    ];

    /// The word, as serialised.
    pub const fn word(self) -> &'static str {
        match self {
            DayState::Covered => "covered",
            DayState::Partial => "partial",
            DayState::Damaged => "damaged",
            DayState::Gap => "gap",
            DayState::Before => "before",
            DayState::After => "after",
            DayState::Absent => "absent",
        }
    }
}

/// Coverage of one pack in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// Every way in was covered on every day at risk.
    pub complete: bool,
    /// Days at risk.
    pub days: u64,
    /// Of those, days on which every way in was covered.
    pub days_covered: u64,
    /// Ways in.
    pub ways: u64,
    /// Of those, ways covered on every day at risk.
    pub ways_covered: u64,
}
