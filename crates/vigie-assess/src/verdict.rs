//! The verdict: a pure function of stage, exposure and coverage.

use vigie_model::exposure::ExposureState;
use vigie_model::rule::Stage;
use vigie_model::verdict::Verdict;

/// Whether every way in was covered on every day at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It was.
    Complete,
    /// It was not, or no day is known to be at risk.
    Incomplete,
}

/// The table of the product page.
///
/// `reached` means that the flaw answered: what was done through it leaves no trace in these logs that would
/// have to be there (reading mail, for one), so no coverage can rule out success.
pub fn decide(stage: Stage, exposure: ExposureState, coverage: Coverage) -> Verdict {
    match (stage, exposure, coverage) {
        (Stage::Foothold | Stage::Used | Stage::Impact, _, _) => Verdict::Compromised,
        (Stage::Reached, _, _) => Verdict::PresumedCompromised,
        (_, ExposureState::NotExposed, _) => Verdict::NotExposed,
        (Stage::Attempted, _, Coverage::Complete) => Verdict::Attempted,
        (Stage::NoTrace, _, Coverage::Complete) => Verdict::NoEvidence,
        (Stage::Attempted | Stage::NoTrace, ExposureState::Exposed, Coverage::Incomplete) => {
            Verdict::PresumedCompromised
        }
        (
            Stage::Attempted | Stage::NoTrace,
            ExposureState::Unpatched | ExposureState::Unknown,
            Coverage::Incomplete,
        ) => Verdict::InsufficientEvidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [ExposureState; 4] =
        [ExposureState::Exposed, ExposureState::Unpatched, ExposureState::NotExposed, ExposureState::Unknown];

    #[test]
    fn truth_table() {
        use Coverage::{Complete, Incomplete};
        use ExposureState::{Exposed, NotExposed, Unknown, Unpatched};
        for (stage, exposure, coverage, verdict) in [
            (Stage::NoTrace, Exposed, Complete, Verdict::NoEvidence),
            (Stage::NoTrace, Exposed, Incomplete, Verdict::PresumedCompromised),
            (Stage::NoTrace, Unpatched, Incomplete, Verdict::InsufficientEvidence),
            (Stage::NoTrace, Unknown, Incomplete, Verdict::InsufficientEvidence),
            (Stage::NoTrace, NotExposed, Incomplete, Verdict::NotExposed),
            (Stage::Attempted, Exposed, Complete, Verdict::Attempted),
            (Stage::Attempted, Exposed, Incomplete, Verdict::PresumedCompromised),
            (Stage::Attempted, Unknown, Incomplete, Verdict::InsufficientEvidence),
            (Stage::Reached, Exposed, Complete, Verdict::PresumedCompromised),
            (Stage::Foothold, NotExposed, Complete, Verdict::Compromised),
        ] {
            assert_eq!(decide(stage, exposure, coverage), verdict, "{stage:?} {exposure:?} {coverage:?}");
        }
    }

    #[test]
    fn a_higher_stage_never_gives_a_better_verdict() {
        for exposure in STATES {
            for coverage in [Coverage::Complete, Coverage::Incomplete] {
                let ranks: Vec<usize> =
                    Stage::ALL.iter().map(|stage| decide(*stage, exposure, coverage).rank()).collect();
                let sorted = ranks.windows(2).all(|pair| matches!(pair, [low, high] if low >= high));
                assert!(sorted, "{exposure:?} {coverage:?} {ranks:?}");
            }
        }
    }

    #[test]
    fn no_evidence_needs_complete_coverage() {
        for stage in Stage::ALL {
            for exposure in STATES {
                let verdict = decide(*stage, exposure, Coverage::Incomplete);
                assert!(!matches!(verdict, Verdict::NoEvidence | Verdict::Attempted));
            }
        }
    }
}
