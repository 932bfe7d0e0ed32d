//! The same server more than once, servers of nobody, and names that several have.

use vigie_directive::known;
use vigie_model::directive::{InTime, Status};

use crate::material::{Evidence, MARCH, OPEN, asked, declared, registered, server, status};

#[test]
fn later_evidence_of_a_patch_wins_and_the_contradiction_stays_told() {
    let first = Evidence::of(OPEN, "2021-01-02T00:00:00Z", "2021-03-05T09:00:00Z");
    let second = Evidence::of(MARCH, "2021-03-06T01:00:00Z", "2021-03-07T00:00:00Z");
    let known = [second.known("Harbor", "MAIL01"), first.known("Harbor", "MAIL01")];
    let rows = declared("Harbor,MAIL01,patch,yes,2021-03-04T18:00:00Z,\n");
    let before = asked(&known, &rows, &[], "2021-03-06T00:00:00Z");
    assert_eq!(status(&before.directives[0], "Harbor", "patch"), Status::Contradicted);
    let after = asked(&known, &rows, &[], "2021-03-08T00:00:00Z");
    assert_eq!(status(&after.directives[0], "Harbor", "patch"), Status::Proven);
    let [told] = after.directives[0].contradictions.as_slice() else { panic!("one contradiction") };
    assert!(!told.stands, "it was done since");
}

#[test]
fn a_patch_that_was_taken_back_is_no_patch() {
    let fixed = Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-04T00:00:00Z");
    let back = Evidence::of(OPEN, "2021-03-04T10:00:00Z", "2021-03-04T12:00:00Z");
    let known = [fixed.known("Harbor", "MAIL01"), back.known("Harbor", "MAIL01")];
    let report = asked(&known, &[], &[], "2021-03-05T12:00:01-05:00");
    assert_eq!(status(&report.directives[0], "Harbor", "patch"), Status::Late);
}

#[test]
fn the_word_of_the_owner_is_no_proof() {
    let mut json = Evidence::of(OPEN, "2021-03-04T10:00:00Z", "2021-03-04T12:00:00Z").json("MAIL01");
    json["verdicts"][0]["verdict"] = "not exposed".into();
    json["verdicts"][0]["ways"][0]["runs"] = serde_json::json!([]);
    json["verdicts"][0]["exposure"]["from"] = serde_json::Value::Null;
    let read = |json: &serde_json::Value| {
        let bytes = serde_json::to_vec(json).expect("it is JSON");
        vec![
            known::read("a.json", vec!["Harbor".to_owned()], &bytes)
                .unwrap_or_else(|error| panic!("{error}")),
        ]
    };
    let result = |json: &serde_json::Value, action: &str| {
        status(&asked(&read(json), &[], &[], "2021-03-05T00:00:00Z").directives[0], "Harbor", action)
    };
    assert_eq!((result(&json, "result"), result(&json, "triage")), (Status::Proven, Status::Proven));
    let note = serde_json::json!([{"key": "owner_states", "args": {"fact": "reachable", "value": "false"}}]);
    json["verdicts"][0]["exposure"]["notes"] = note;
    assert_eq!((result(&json, "result"), result(&json, "triage")), (Status::Due, Status::Due));
}

#[test]
fn a_server_that_several_have_or_nobody_is_named_and_not_dropped() {
    let evidence = Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-04T00:00:00Z");
    let known = [evidence.known("post", "MAIL01"), evidence.known("MX9", "MX9")];
    let register = registered("MAIL01,Harbor,\nMAIL01,Lake,\n");
    let report = asked(&known, &[], &register, "2021-03-05T12:00:00-05:00");
    let reasons: Vec<&str> = report.set_aside.iter().map(|one| one.reason.key.as_str()).collect();
    assert_eq!(reasons, ["no_organisation", "several_organisations"]);
    assert_eq!(status(&report.directives[0], "", "patch"), Status::Proven, "both are shown without an owner");
    assert_eq!(server(&report.directives[0], "Lake", "patch").reasons.len(), 1, "no assessment of it");
}

#[test]
fn a_folder_outweighs_what_another_declares_of_the_same_name() {
    let open = Evidence::of(OPEN, "2021-01-02T00:00:00Z", "2021-03-05T09:00:00Z");
    let fixed = Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-05T00:00:00Z");
    let known = [open.known("Harbor", "MAIL01"), fixed.known("Lake", "MAIL01")];
    let rows =
        declared("Harbor,MAIL01,patch,yes,2021-03-04T18:00:00Z,\nLake,,report,yes,2021-03-04T18:00:00Z,\n");
    let report = asked(&known, &rows, &[], "2021-03-05T12:00:00-05:00");
    assert_eq!(status(&report.directives[0], "Harbor", "patch"), Status::Contradicted);
    assert_eq!(status(&report.directives[0], "Lake", "patch"), Status::Proven);
    assert!(report.set_aside.is_empty());
}

#[test]
fn signs_that_are_declared_are_never_shown_as_proof_of_none() {
    let clean = Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-04T00:00:00Z");
    let rows = declared("Harbor,MAIL01,result,no,2021-03-04T18:00:00Z,\n");
    let report = asked(&[clean.known("Harbor", "MAIL01")], &rows, &[], "2021-03-05T12:00:00-05:00");
    let result = server(&report.directives[0], "Harbor", "result");
    assert_eq!(result.status, Status::DeclaredOnly);
    assert_eq!(result.reasons[0].key, "found_nothing", "what evidence shows is told all the same");
    assert!(result.proof.is_none());
}

#[test]
fn a_day_without_an_hour_that_holds_the_deadline_cannot_be_told_in_time() {
    for (day, in_time) in [
        ("2021-03-04", InTime::Yes),
        ("2021-03-05", InTime::CannotTell),
        ("2021-03-06", InTime::No),
        ("2021-03-05T23:59:59Z", InTime::No),
    ] {
        let rows = declared(&format!("Harbor,,report,yes,{day},\n"));
        let report = asked(&[], &rows, &[], "2021-03-08T00:00:00Z");
        assert_eq!(server(&report.directives[0], "Harbor", "report").in_time, Some(in_time), "{day}");
    }
}

#[test]
fn a_build_that_was_seen_later_or_without_a_time_counts_for_nothing_and_is_told() {
    let mut one =
        Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-04T00:00:00Z").known("Harbor", "MAIL01");
    let at = |text| Some(crate::material::at(text));
    for (from, note) in [(at("2021-03-06T00:00:00Z"), "build_later"), (None, "build_undated")] {
        (one.builds[0].from, one.builds[0].to) = (from, from);
        let report = asked(&[one.clone()], &[], &[], "2021-03-05T12:00:00-05:00");
        let patch = server(&report.directives[0], "Harbor", "patch");
        assert_eq!((patch.status, patch.reasons[0].key.as_str()), (Status::Due, note));
    }
    one.builds[0].build = OPEN.to_owned();
    let rows = declared("Harbor,MAIL01,patch,yes,2021-03-04T18:00:00Z,\n");
    (one.builds[0].from, one.builds[0].to) = (at("2021-01-02T00:00:00Z"), at("2021-03-06T00:00:00Z"));
    let report = asked(&[one], &rows, &[], "2021-03-05T12:00:00-05:00");
    assert!(
        report.directives[0].contradictions.is_empty(),
        "by then it was seen open before it was declared"
    );
}

#[test]
fn a_triage_is_whole_with_the_first_assessments_that_cover_it() {
    let first = Evidence::of(MARCH, "2021-03-03T20:00:00Z", "2021-03-04T00:00:00Z");
    let second = Evidence::of(MARCH, "2021-03-06T01:00:00Z", "2021-03-07T00:00:00Z");
    let known = [second.known("Harbor", "MAIL01"), first.known("Harbor", "MAIL01")];
    let report = asked(&known, &[], &[], "2021-03-08T00:00:00Z");
    let triage = server(&report.directives[0], "Harbor", "triage");
    assert_eq!((triage.status, triage.in_time), (Status::Proven, Some(InTime::Yes)));
    assert!(triage.proof.is_some_and(|proof| proof.assessment.contains("2021-03-04")));
}

#[test]
fn that_versions_are_supported_is_refuted_by_builds_and_never_proven() {
    let of = |build, rows: &str| {
        let evidence = Evidence::of(build, "2021-04-02T00:00:00Z", "2021-04-20T00:00:00Z");
        let report =
            asked(&[evidence.known("Harbor", "MAIL01")], &declared(rows), &[], "2021-05-01T00:00:00Z");
        status(&report.directives[0], "Harbor", "supported")
    };
    let yes = "Harbor,MAIL01,supported,yes,2021-04-10T00:00:00Z,\n";
    assert_eq!((of(OPEN, ""), of(OPEN, yes)), (Status::Due, Status::DeclaredOnly));
    assert_eq!(of("14.3.123.4", yes), Status::Contradicted);
}
