//! Fifty invented organisations of which the truth is known, ten of them with a false declaration.

use std::fmt::Write as _;

use vigie_directive::Known;
use vigie_model::directive::{DirectiveReport, DirectiveState, InTime, Status};

use crate::material::{Evidence, MARCH, OPEN, asked, declared, registered, server, status};

use Status::{Contradicted, DeclaredOnly, Due, Exempt, Late, NotDue, Proven};

/// What an organisation did, and what it said.
struct Kind {
    name: &'static str,
    organisations: usize,
    group: &'static str,
    evidence: fn() -> Evidence,
    /// Action, answer and moment of each declaration.
    says: &'static [(&'static str, &'static str, &'static str)],
    /// At noon: patch, triage, result, disconnect, report.
    noon: [Status; 5],
    /// A second later.
    after: [Status; 5],
    /// The action that was falsely declared.
    lie: Option<&'static str>,
}

const ACTIONS: [&str; 5] = ["patch", "triage", "result", "disconnect", "report"];
const EVE: &str = "2021-03-04T18:00:00Z";

fn open_until_the_eve() -> Evidence {
    Evidence::of(OPEN, "2021-01-02T00:00:00Z", "2021-03-04T12:00:00Z")
}

fn patched() -> Evidence {
    Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-04T12:00:00Z")
}

fn open_after_it_was_declared() -> Evidence {
    Evidence::of(OPEN, "2021-01-02T00:00:00Z", "2021-03-05T09:00:00Z")
}

fn answered_after_it_was_declared() -> Evidence {
    Evidence { outside_until: Some("2021-03-05T08:00:00Z"), ..open_after_it_was_declared() }
}

fn compromised() -> Evidence {
    Evidence { verdict: "compromised", ..open_until_the_eve() }
}

fn days_missing() -> Evidence {
    Evidence { covered_from: "2021-02-15", verdict: "insufficient evidence", ..patched() }
}

fn known_too_late() -> Evidence {
    Evidence::of(MARCH, "2021-03-04T20:00:00Z", "2021-03-05T20:00:00Z")
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { name: "honest", organisations: 6, group: "able", evidence: patched, lie: None,
        says: &[("patch", "yes", EVE), ("triage", "yes", EVE), ("result", "yes", EVE), ("report", "yes", EVE)],
        noon: [Proven, Proven, Proven, NotDue, DeclaredOnly], after: [Proven, Proven, Proven, NotDue, DeclaredOnly] },
    Kind { name: "silent", organisations: 6, group: "", evidence: open_until_the_eve, lie: None, says: &[],
        noon: [Due, Proven, Proven, NotDue, Due], after: [Late, Proven, Proven, NotDue, Late] },
    Kind { name: "declares after its evidence", organisations: 5, group: "able", evidence: open_until_the_eve, lie: None,
        says: &[("patch", "yes", EVE)],
        noon: [DeclaredOnly, Proven, Proven, NotDue, Due], after: [DeclaredOnly, Proven, Proven, NotDue, Late] },
    Kind { name: "exempt", organisations: 4, group: "able", evidence: open_until_the_eve, lie: None,
        says: &[("patch", "exempt", EVE), ("report", "exempt", EVE)],
        noon: [Exempt, Proven, Proven, NotDue, Exempt], after: [Exempt, Proven, Proven, NotDue, Exempt] },
    Kind { name: "unable and disconnected", organisations: 5, group: "unable", evidence: days_missing, lie: None,
        says: &[("disconnect", "yes", EVE)],
        noon: [Proven, NotDue, NotDue, DeclaredOnly, Due], after: [Proven, NotDue, NotDue, DeclaredOnly, Late] },
    Kind { name: "compromised and says so", organisations: 5, group: "able", evidence: compromised, lie: None,
        says: &[("result", "no", EVE), ("disconnect", "yes", EVE), ("report", "yes", EVE)],
        noon: [NotDue, Proven, Proven, DeclaredOnly, DeclaredOnly],
        after: [NotDue, Proven, Proven, DeclaredOnly, DeclaredOnly] },
    Kind { name: "known too late", organisations: 5, group: "able", evidence: known_too_late, lie: None, says: &[],
        noon: [Due, Due, Due, NotDue, Due], after: [Late, Late, Late, NotDue, Late] },
    Kind { name: "declares a second late", organisations: 4, group: "able", evidence: open_until_the_eve, lie: None,
        says: &[("patch", "yes", "2021-03-05T12:00:01-05:00")],
        noon: [Due, Proven, Proven, NotDue, Due], after: [DeclaredOnly, Proven, Proven, NotDue, Late] },
    Kind { name: "not patched", organisations: 3, group: "able", evidence: open_after_it_was_declared, lie: Some("patch"),
        says: &[("patch", "yes", EVE)],
        noon: [Contradicted, Proven, Proven, NotDue, Due], after: [Contradicted, Proven, Proven, NotDue, Late] },
    Kind { name: "not disconnected", organisations: 2, group: "unable", evidence: answered_after_it_was_declared,
        lie: Some("disconnect"), says: &[("disconnect", "yes", EVE)],
        noon: [NotDue, Proven, Proven, Contradicted, Due], after: [NotDue, Proven, Proven, Contradicted, Late] },
    Kind { name: "not clean", organisations: 2, group: "able", evidence: compromised, lie: Some("result"),
        says: &[("result", "yes", EVE)],
        noon: [Due, Proven, Contradicted, Due, Due], after: [Late, Proven, Contradicted, Late, Late] },
    Kind { name: "not looked", organisations: 3, group: "able", evidence: days_missing, lie: Some("triage"),
        says: &[("triage", "yes", EVE)],
        noon: [Proven, Contradicted, Due, NotDue, Due], after: [Proven, Contradicted, Late, NotDue, Late] },
];

fn names() -> impl Iterator<Item = (String, &'static Kind)> {
    let each = |kind: &'static Kind| {
        (0..kind.organisations).map(move |number| (format!("{} {number}", kind.name), kind))
    };
    KINDS.iter().flat_map(each)
}

fn fifty(moment: &str) -> DirectiveReport {
    let mut known: Vec<Known> = Vec::new();
    let mut rows = String::new();
    let mut register = String::new();
    for (name, kind) in names() {
        // Every one of them calls its server the same.
        known.push((kind.evidence)().known(&name, "MAIL01"));
        let _ = writeln!(register, "MAIL01,{name},{}", kind.group);
        for (action, answer, when) in kind.says {
            let _ = writeln!(rows, "{name},MAIL01,{action},{answer},{when},");
        }
    }
    asked(&known, &declared(&rows), &registered(&register), moment)
}

fn check(moment: &str, truth: fn(&Kind) -> [Status; 5]) {
    let report = fifty(moment);
    let result = &report.directives[0];
    assert_eq!(result.organisations.len(), 50);
    for (name, kind) in names() {
        for (action, wanted) in ACTIONS.iter().zip(truth(kind)) {
            assert_eq!(status(result, &name, action), wanted, "{name}: {action} at {moment}");
        }
    }
    let mut lies: Vec<(String, String)> =
        names().filter_map(|(name, kind)| Some((name, kind.lie?.to_owned()))).collect();
    let mut found: Vec<(String, String)> =
        result.contradictions.iter().map(|one| (one.organisation.clone(), one.action.clone())).collect();
    lies.sort();
    found.sort();
    assert_eq!(lies.len(), 10);
    assert_eq!(found, lies, "at {moment}");
    assert!(result.contradictions.iter().all(|one| one.stands && !one.proof.assessment.is_empty()));
}

#[test]
fn on_friday_noon_every_status_is_right_and_the_ten_are_found() {
    check("2021-03-05T12:00:00-05:00", |kind| kind.noon);
    check("2021-03-05T11:59:59-05:00", |kind| kind.noon);
    check("2021-03-05 18:00 CET", |kind| kind.noon);
}

#[test]
fn a_second_later_what_was_due_is_late() {
    check("2021-03-05T12:00:01-05:00", |kind| kind.after);
    check("2021-03-05T17:00:01Z", |kind| kind.after);
}

#[test]
fn before_the_order_nobody_is_asked() {
    let report = fifty("2021-03-02T23:59:59-05:00");
    assert_eq!(report.directives[0].state, DirectiveState::NotIssued);
    assert!(report.directives[0].organisations.is_empty());
    // Neither assessments nor declarations were there, and each is named.
    let declared: usize = names().map(|(_, kind)| kind.says.len()).sum();
    assert_eq!(report.set_aside.len(), 50 + declared);
    assert_eq!(fifty("2021-03-03T00:00:00-05:00").directives[0].state, DirectiveState::InForce);
}

#[test]
fn what_was_not_known_does_not_count_and_is_told() {
    let noon = fifty("2021-03-05T12:00:00-05:00");
    let reasons = |key: &str| noon.set_aside.iter().filter(|one| one.reason.key == key).count();
    assert_eq!((reasons("dated_later"), reasons("declared_later")), (5, 4));
    let evening = fifty("2021-03-05T20:00:00Z");
    let result = server(&evening.directives[0], "known too late 0", "patch");
    assert_eq!((result.status, result.in_time), (Proven, Some(InTime::Yes)), "seen fixed on the eve");
    let triage = server(&evening.directives[0], "known too late 0", "triage");
    assert_eq!((triage.status, triage.in_time), (Proven, Some(InTime::CannotTell)));
    let second = server(&evening.directives[0], "declares a second late 0", "patch");
    assert_eq!((second.status, second.in_time), (DeclaredOnly, Some(InTime::No)));
}

#[test]
fn supplements_ask_from_their_day_on() {
    let day = |moment: &str, action: &str| status(&fifty(moment).directives[0], "honest 0", action);
    assert_eq!(day("2021-03-30T23:59:59-04:00", "scan"), NotDue);
    assert_eq!(day("2021-03-31T00:00:00-04:00", "scan"), Due);
    assert_eq!(day("2021-04-05T12:00:01-04:00", "scan"), Late);
    assert_eq!(day("2021-04-12T23:59:59-04:00", "patch-april"), NotDue);
    assert_eq!(day("2021-04-16T00:01:00-04:00", "patch-april"), Due);
    assert_eq!(day("2021-04-16T00:01:01-04:00", "patch-april"), Late);
    // In winter time the same words would be an hour later.
    assert_eq!(day("2021-04-16T00:01:00-05:00", "patch-april"), Late);
}

#[test]
fn after_its_end_nothing_is_due_and_what_was_found_stays() {
    let report = fifty("2026-01-08T00:00:00-05:00");
    let result = &report.directives[0];
    assert_eq!(result.state, DirectiveState::Closed);
    let all = result.organisations.iter().flat_map(|one| &one.actions);
    assert!(all.clone().all(|one| !matches!(one.status, Late | Due)));
    assert_eq!(all.filter(|one| one.status == Contradicted).count(), 10);
    assert_eq!(server(result, "silent 0", "report").reasons[0].key, "closed_late");
}
