//! The same server more than once, servers of nobody, and names that several have.

use vigie_directive::known;
use vigie_model::directive::Status;

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
