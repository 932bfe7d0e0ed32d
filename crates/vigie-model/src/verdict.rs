//! The answer, and the exit code that goes with it.

use serde::{Deserialize, Serialize};

/// The verdict for one server and one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Stage foothold or higher.
    #[serde(rename = "compromised")]
    Compromised,
    /// Open to the internet and unpatched in the window, and coverage cannot rule it out.
    #[serde(rename = "presumed compromised")]
    PresumedCompromised,
    /// Attempts seen, success ruled out by coverage.
    #[serde(rename = "attempted")]
    Attempted,
    /// Anything else: and it says which evidence would change that.
    #[serde(rename = "insufficient evidence")]
    InsufficientEvidence,
    /// Exposed, and complete coverage shows nothing.
    #[serde(rename = "no evidence of compromise")]
    NoEvidence,
    /// Patched before the window, or never reachable, proven.
    #[serde(rename = "not exposed")]
    NotExposed,
}

impl Verdict {
    /// Every verdict, worst first: the order of summaries.
    pub const ALL: &'static [Verdict] = &[
        Verdict::Compromised,
        Verdict::PresumedCompromised,
        Verdict::InsufficientEvidence,
        Verdict::Attempted,
        Verdict::NoEvidence,
        Verdict::NotExposed,
    ];

    /// The words of the product page, as serialised.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Compromised => "compromised",
            Verdict::PresumedCompromised => "presumed compromised",
            Verdict::Attempted => "attempted",
            Verdict::InsufficientEvidence => "insufficient evidence",
            Verdict::NoEvidence => "no evidence of compromise",
            Verdict::NotExposed => "not exposed",
        }
    }

    /// A key for catalogues and styles: `presumed_compromised`.
    pub const fn key(self) -> &'static str {
        match self {
            Verdict::Compromised => "compromised",
            Verdict::PresumedCompromised => "presumed_compromised",
            Verdict::Attempted => "attempted",
            Verdict::InsufficientEvidence => "insufficient_evidence",
            Verdict::NoEvidence => "no_evidence",
            Verdict::NotExposed => "not_exposed",
        }
    }

    /// The exit code of `vigie check`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Verdict::Compromised | Verdict::PresumedCompromised => 20,
            Verdict::Attempted => 10,
            Verdict::InsufficientEvidence => 30,
            Verdict::NoEvidence | Verdict::NotExposed => 0,
        }
    }

    /// How bad, for choosing the worst of several packs or hosts: position in [`Verdict::ALL`].
    pub fn rank(self) -> usize {
        Verdict::ALL.iter().position(|verdict| *verdict == self).unwrap_or(usize::MAX)
    }
}
