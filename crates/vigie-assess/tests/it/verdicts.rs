//! The verdict on hand-made evidence, and what it says would change it.

use vigie_assess::{FileEvidence, OwnerFacts};
use vigie_model::coverage::DayState;
use vigie_model::evidence::{Fact, FactKind};
use vigie_model::exposure::ExposureState;
use vigie_model::rule::Stage;
use vigie_model::verdict::Verdict;
use vigie_model::{Assessment, Day};

use crate::evidence::{
    GUESS, SCANNED, TRIED, WRITTEN, assessed, assessed_with, build, complete, hit, log, pack, time,
};

fn keys(assessment: &Assessment) -> Vec<&str> {
    assessment
        .verdicts
        .iter()
        .flat_map(|verdict| &verdict.reasons)
        .map(|reason| reason.key.as_str())
        .collect()
}

#[test]
fn complete_evidence_without_a_trace_is_no_evidence_of_compromise() {
    let assessment = assessed(complete(), &OwnerFacts::default());
    let verdict = assessment.worst().unwrap();
    assert_eq!(verdict.verdict, Verdict::NoEvidence, "{verdict:#?}");
    assert_eq!(verdict.exposure.state, ExposureState::Exposed);
    assert_eq!(verdict.exposure.to, Day::parse("2021-03-03"));
    assert!(verdict.coverage.complete);
    assert_eq!((verdict.coverage.days, verdict.coverage.ways), (6, 2));
    assert_eq!(verdict.actions.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["keep-logs"]);
}

#[test]
fn logs_that_begin_late_are_never_clean() {
    let mut front = log("exchange.httpproxy/Ecp", "2021-03-01", "2021-03-10", "203.0.113.50");
    front.facts = vec![build("15.1.2176.2", "2021-03-05T00:00:00Z")];
    let files = vec![front, log("web.root", "2021-03-10", "2021-03-10", "-")];
    let assessment = assessed(files, &OwnerFacts::default());
    let verdict = assessment.worst().unwrap();
    assert_eq!(verdict.verdict, Verdict::PresumedCompromised);
    let entry = verdict.ways.first().unwrap();
    let states: Vec<(String, DayState)> =
        entry.runs.iter().map(|run| (run.from.to_string(), run.state)).collect();
    assert_eq!(states, [("2021-02-26".into(), DayState::Before), ("2021-03-01".into(), DayState::Covered)]);
    assert!(keys(&assessment).contains(&"logs_begin_late"));
    let next: Vec<&str> = verdict.next_evidence.iter().map(|statement| statement.key.as_str()).collect();
    assert_eq!(next, ["collect_stream", "collect_stream", "collect_central_logs", "collect_usn"]);
}

#[test]
fn a_scanner_raises_no_stage_and_an_attempt_does() {
    let mut files = complete();
    let fields = [("ClientIpAddress", "198.51.100.9")];
    files[0].hits = vec![hit(SCANNED, "exchange.httpproxy/Ecp", "2021-03-01T10:00:00Z", &fields)];
    let scanned = assessed(files.clone(), &OwnerFacts::default());
    assert_eq!(scanned.verdict(), Verdict::NoEvidence);
    assert!(keys(&scanned).contains(&"scanners_only"));
    files[0].hits.push(hit(TRIED, "exchange.httpproxy/Ecp", "2021-03-01T11:00:00Z", &fields));
    let tried = assessed(files, &OwnerFacts::default());
    assert_eq!(tried.verdict(), Verdict::Attempted);
    assert!(keys(&tried).contains(&"attempts_only"));
}

#[test]
fn a_guess_alone_raises_no_stage() {
    let mut files = complete();
    files[1].hits = vec![hit(GUESS, "iis.w3c/W3SVC1", "2021-03-01T10:00:00Z", &[])];
    let assessment = assessed(files, &OwnerFacts::default());
    assert_eq!(assessment.verdict(), Verdict::NoEvidence);
    assert_eq!(assessment.findings.len(), 1, "it is shown all the same");
}

#[test]
fn one_written_file_is_a_compromise_whatever_is_missing() {
    let mut front = log("exchange.httpproxy/Ecp", "2021-03-05", "2021-03-05", "10.0.0.1");
    front.hits = vec![hit(WRITTEN, "exchange.httpproxy/Ecp", "2021-03-05T10:00:00Z", &[])];
    let assessment = assessed(vec![front], &OwnerFacts::default());
    assert_eq!(assessment.verdict(), Verdict::Compromised);
    assert_eq!(assessment.worst().unwrap().stage, Stage::Foothold);
}

#[test]
fn nothing_known_is_insufficient_evidence() {
    let assessment =
        assessed(vec![log("iis.w3c/W3SVC1", "2023-01-01", "2023-01-02", "10.0.0.1")], &OwnerFacts::default());
    let verdict = assessment.worst().unwrap();
    assert_eq!(verdict.verdict, Verdict::InsufficientEvidence);
    assert_eq!(verdict.exposure.state, ExposureState::Unknown);
    for key in ["no_build_seen", "no_reachability", "evidence_outside_window", "no_exchange_evidence"] {
        assert!(keys(&assessment).contains(&key), "{key}");
    }
}

#[test]
fn the_owner_can_say_what_no_log_shows() {
    let owner = OwnerFacts { reachable: Some(false), ..OwnerFacts::default() };
    let mut front = log("exchange.httpproxy/Ecp", "2021-03-05", "2021-03-05", "10.0.0.1");
    front.facts = vec![build("15.1.2176.2", "2021-03-05T00:00:00Z")];
    let assessment = assessed(vec![front.clone()], &owner);
    assert_eq!(assessment.verdict(), Verdict::NotExposed);
    // Evidence outweighs the owner's word.
    let mut open = log("exchange.httpproxy/Ecp", "2021-03-05", "2021-03-05", "203.0.113.4");
    open.facts = front.facts;
    assert_eq!(assessed(vec![open], &owner).verdict(), Verdict::PresumedCompromised);
}

#[test]
fn a_fix_before_the_window_is_not_exposed() {
    let mut files = complete();
    files[0].facts = vec![build("15.1.2242.4", "2021-02-20T00:00:00Z")];
    let mut pack = pack();
    pack.window.as_mut().unwrap().fix = Day::parse("2021-02-09").unwrap();
    let assessment = assessed_with(files.clone(), &OwnerFacts::default(), pack);
    assert_eq!(assessment.verdict(), Verdict::NotExposed);
    assert!(keys(&assessment).contains(&"patched_before_window"));
    // The same before the fix existed is a wrong clock.
    assert_ne!(assessed(files, &OwnerFacts::default()).verdict(), Verdict::NotExposed);
}

#[test]
fn an_uninstalled_fix_opens_the_server_again() {
    let mut files = complete();
    files[0].facts.push(build("15.1.2176.2", "2021-03-06T00:00:00Z"));
    let verdict = assessed(files, &OwnerFacts::default());
    assert_eq!(verdict.worst().unwrap().exposure.to, Day::parse("2021-03-08"), "{:#?}", verdict.worst());
}

#[test]
fn a_needed_file_that_cannot_be_opened_is_never_clean() {
    let mut files = complete();
    let mut shut = log("iis.w3c/W3SVC1", "2021-02-28", "2021-02-28", "10.0.0.1");
    shut.tally = vigie_assess::Tally::default();
    shut.entry.path = "W3SVC1/u_ex210228.log".into();
    let code = vigie_model::diagnostic::Code::Encrypted;
    shut.diagnostics =
        vec![vigie_model::Diagnostic::once(&shut.entry.path, code, String::new(), String::new())];
    files.push(shut);
    assert_eq!(assessed(files, &OwnerFacts::default()).verdict(), Verdict::PresumedCompromised);
}

/// A registry hive that says what it is asked to, written until the day after the window began.
fn hive(facts: &[(FactKind, &str, &str)]) -> FileEvidence {
    let mut file = log("windows.registry/SOFTWARE", "2021-03-12", "2021-03-12", "-");
    file.tally = vigie_assess::Tally::default();
    file.entry.last = Some(time("2021-03-12T00:00:00Z"));
    let fact = |(kind, value, at): &(FactKind, &str, &str)| Fact {
        kind: *kind,
        value: (*value).into(),
        time: Some(time(at)),
        place: "offset 4800".into(),
    };
    file.facts = facts.iter().map(fact).collect();
    file
}

#[test]
fn the_registry_proves_an_update_over_a_cumulative_update() {
    let base = (FactKind::BuildBase, "15.1.2176.2", "2020-12-19T04:00:00Z");
    let update = (FactKind::UpdateInstalled, "KB5000871", "2021-03-03T02:00:00Z");
    let mut files = complete();
    files[0].facts.clear();
    files.push(hive(&[base, update]));
    let assessment = assessed(files, &OwnerFacts::default());
    let exposure = &assessment.worst().unwrap().exposure;
    let seen: Vec<(&str, Option<bool>)> =
        exposure.builds.iter().map(|build| (build.build.as_str(), build.fixed)).collect();
    assert_eq!(seen, [("15.1.2176.2", Some(false)), ("15.1.2176.9", Some(true))]);
    assert_eq!(exposure.patched_at, Some(time("2021-03-03T02:00:00Z")));
    assert_eq!(exposure.builds[1].proof.place, "offset 4800");
}

#[test]
fn a_registry_without_updates_proves_that_the_server_stayed_open() {
    let mut files = complete();
    files[0].facts.clear();
    files.push(hive(&[(FactKind::BuildBase, "15.1.2176.2", "2020-12-19T04:00:00Z")]));
    let assessment = assessed(files, &OwnerFacts::default());
    let exposure = &assessment.worst().unwrap().exposure;
    assert_eq!((exposure.state, exposure.patched_at), (ExposureState::Exposed, None));
    assert_eq!(exposure.builds[0].to, Some(time("2021-03-12T00:00:00Z")));
}

#[test]
fn an_update_that_no_table_holds_proves_no_build() {
    let base = (FactKind::BuildBase, "15.1.2176.2", "2021-03-11T00:00:00Z");
    let update = (FactKind::UpdateInstalled, "KB9999999", "2021-03-03T02:00:00Z");
    let mut files = complete();
    files[0].facts.clear();
    files.push(hive(&[base, update]));
    let exposure = &assessed(files, &OwnerFacts::default()).worst().unwrap().exposure.clone();
    assert_eq!(exposure.builds, []);
}
