//! Every rule is accounted for: bound, tried, matched, or the reason why it could not fire.

use std::sync::Arc;

use crate::help::{batch, event, load, rule, windows};

fn with_source(id: &str, source: &str, detection: &str) -> String {
    rule(detection)
        .replace("id: t", &format!("id: {id}"))
        .replace("logsource: {}", &format!("logsource: {{{source}}}"))
}

#[test]
fn says_of_each_rule_whether_it_could_fire() {
    let files = [
        with_source(
            "fires",
            "product: windows, service: security",
            "s:\n  EventID: 4624\n  LogonType: 3\ncondition: s",
        ),
        with_source(
            "other-event",
            "product: windows, service: security",
            "s:\n  EventID: 4720\ncondition: s",
        ),
        with_source(
            "no-field",
            "product: windows, service: security",
            "s:\n  EventID: 4624\n  Nope: 1\ncondition: s",
        ),
        with_source("no-log", "product: windows, service: system", "s:\n  EventID: 7045\ncondition: s"),
        with_source("not-read", "product: okta, service: okta", "s:\n  a: b\ncondition: s"),
        with_source(
            "no-values",
            "product: windows, service: security",
            "s:\n  Ip|expand: '%ours%'\ncondition: s",
        ),
    ];
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let rules = Arc::new(load(&files).unwrap());
    let schema =
        windows("Security", "Microsoft-Windows-Security-Auditing", 4624, &["EventID", "LogonType", "Ip"]);
    let row = |kind: &str| vec![Some("4624".to_owned()), Some(kind.to_owned()), None];
    let events = batch(&schema, &[row("3"), row("2"), row("3")]);
    let mut scanner = rules.scanner();
    let mut hits = Vec::new();
    scanner.scan(&events, &mut hits);
    let liveness = rules.liveness(&scanner.into_tally());
    assert_eq!(liveness.len(), rules.rules.len());
    let of = |id: &str| liveness.iter().find(|rule| rule.id == id).unwrap();
    assert_eq!((of("fires").evaluated, of("fires").matched), (3, 2));
    assert_eq!(of("fires").bound, ["windows.event/Security"]);
    assert_eq!(of("fires").cannot_fire, None);
    let reason = |id: &str| of(id).cannot_fire.clone().unwrap();
    assert_eq!(reason("other-event"), "the evidence has its log but none of the events it speaks of");
    assert_eq!(reason("no-field"), "the evidence has no field Nope");
    assert_eq!(reason("no-log"), "no such log source in the evidence: product windows, service system");
    assert_eq!(reason("not-read"), "Vigie does not read such logs: product okta, service okta");
    assert_eq!(reason("no-values"), "the placeholder %ours% has no values");
}

#[test]
fn counts_add_up_over_scanners() {
    let rules = Arc::new(load(&[&rule("s:\n  F: a\ncondition: s")]).unwrap());
    let schema = crate::help::schema(&["F"]);
    let mut total = vigie_detect::Tally::default();
    for value in ["a", "b", "a"] {
        let mut scanner = rules.scanner();
        scanner.scan(&event(&schema, &[value]), &mut Vec::new());
        total.merge(scanner.into_tally());
    }
    let liveness = rules.liveness(&total);
    assert_eq!((liveness[0].evaluated, liveness[0].matched), (3, 2));
}

#[test]
fn rules_are_chosen_by_record_not_by_file() {
    // hayabusa#1599: a file whose first record is of another channel must not hide the rest.
    let rules = Arc::new(
        load(&[&with_source(
            "t",
            "category: process_creation, product: windows",
            "s:\n  Image|endswith: '\\cmd.exe'\ncondition: s",
        )])
        .unwrap(),
    );
    let security = windows("Security", "", 4624, &["Image"]);
    let sysmon = windows("ForwardedEvents", "Microsoft-Windows-Sysmon", 1, &["Image"]);
    let audit = windows("Security", "", 4688, &["NewProcessName"]);
    let image = "C:\\Windows\\System32\\cmd.exe";
    let events = [event(&security, &[image]), event(&sysmon, &[image]), event(&audit, &[image])];
    let streams: Vec<String> = crate::help::hits(&rules, &events).into_iter().map(|hit| hit.stream).collect();
    assert_eq!(streams, ["windows.event/ForwardedEvents", "windows.event/Security"]);
}

#[test]
fn asks_only_for_columns_that_serve() {
    let rules = Arc::new(
        load(&[&with_source("t", "category: webserver", "s:\n  sc-status: 200\ncondition: s")]).unwrap(),
    );
    let mut schema = crate::help::schema(&["time-taken", "sc-status", "cs-uri-stem"]);
    schema.artifact = "iis.w3c".into();
    let wanted = rules.scanner().wants(&schema);
    assert_eq!([wanted.has(0), wanted.has(1), wanted.has(2)], [false, true, true]);
    schema.artifact = "windows.event".into();
    let wanted = rules.scanner().wants(&schema);
    assert!((0..3).all(|column| !wanted.has(column)));
}

#[test]
fn names_are_found_with_or_without_blanks() {
    let detection = "s:\n  EventID: 1119\n  ThreatName|endswith: EICAR\ncondition: s";
    let rules =
        Arc::new(load(&[&with_source("t", "product: windows, service: windefend", detection)]).unwrap());
    let channel = "Microsoft-Windows-Windows Defender/Operational";
    let schema = windows(channel, "", 1119, &["Severity", "Threat Name"]);
    assert_eq!(crate::help::hits(&rules, &[event(&schema, &["5", "Virus:EICAR"])]).len(), 1);
}

#[test]
fn an_event_that_names_a_channel_means_that_one() {
    // Event 104 of the System log tells which log was cleared in a field that is called Channel, too.
    let detection = "s:\n  EventID: 104\n  Channel: Security\ncondition: s";
    let rules = Arc::new(load(&[&with_source("t", "product: windows, service: system", detection)]).unwrap());
    let schema = windows("System", "Microsoft-Windows-Eventlog", 104, &["Channel"]);
    let events = [event(&schema, &["Security"]), event(&schema, &["Application"])];
    assert_eq!(crate::help::hits(&rules, &events).len(), 1);
    let without = windows("System", "Microsoft-Windows-Eventlog", 104, &["Other"]);
    assert_eq!(crate::help::hits(&rules, &[event(&without, &["Security"])]).len(), 0);
}
