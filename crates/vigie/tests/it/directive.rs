//! From evidence in its native formats, and what its owners declare, to who has done what was ordered.

use std::fs;
use std::path::Path;

use serde_json::Value;
use vigie_assess::knowledge;
use vigie_detect::{RuleSet, Sources};
use vigie_model::directive::{Condition, Directive, Evidence};
use vigie_report::{DIRECTIVE_SCHEMA, catalog};

use crate::run::{Ran, vigie};

const DECLARED: &str = "\
organisation,host,action,declared,date,note
Hotel Bellevue,MAIL01,ed-21-02/patch,yes,2021-03-04T20:00:00Z,\"done, says the <b>admin</b>\"
Hotel Bellevue,MAIL01,ed-21-02/result,yes,2021-03-04T20:00:00Z,
Hotel Bellevue,MAIL01,ed-21-02/disconnect,yes,2021-03-04T20:00:00Z,=cmd()
Lake Inn,,ed-21-02/patch,yes,2021-03-04,
Lake Inn,,ed-21-02/report,yes,2021-03-05 11:59 EST,
Lake Inn,,ed-21-02/inventory,yes,2021-03-05 11:59 EST,
Nowhere \u{1b}[31m<script>,GHOST,ed-21-02/patch,yes,2021-03-04,
";

fn status(folder: &Path, more: &[&str]) -> Ran {
    let mut args = vec!["directive", "status", "answers", "--directive", "ed-21-02", "-q"];
    args.extend(more);
    vigie(folder, &args)
}

/// The statuses of the actions of an organisation, by action.
fn of<'a>(report: &'a Value, organisation: &str, action: &str) -> &'a str {
    let named = |list: &'a Value, key: &str, name: &str| {
        list.as_array().unwrap().iter().find(|one| one[key] == name).unwrap()
    };
    let found = named(&report["directives"][0]["organisations"], "organisation", organisation);
    named(&found["actions"], "action", action)["status"].as_str().unwrap()
}

fn told(report: &Value, schema: &jsonschema::Validator) {
    let errors: Vec<String> =
        schema.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Every statement of a report, at any depth: its key and the names of its values.
fn statements(report: &Value, found: &mut Vec<(String, Vec<String>)>) {
    match report {
        Value::Array(list) => list.iter().for_each(|one| statements(one, found)),
        Value::Object(fields) => match (&fields.get("key"), &fields.get("args")) {
            (Some(Value::String(key)), Some(Value::Object(args))) => {
                found.push((key.clone(), args.keys().cloned().collect()));
            }
            _ => fields.values().for_each(|one| statements(one, found)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every reason is one that the catalogues have words for, with the values that the words ask for.
fn assert_worded(report: &Value) {
    let mut found = Vec::new();
    statements(report, &mut found);
    assert!(!found.is_empty(), "a report gives reasons");
    for (key, args) in found {
        let known = catalog::REASONS.iter().find(|(known, _)| *known == key);
        let (_, names) = known.unwrap_or_else(|| panic!("no catalogue has the reason `{key}`"));
        assert_eq!(args, *names, "{key}");
    }
}

#[test]
fn real_evidence_is_held_against_declarations() {
    let folder = tempfile::tempdir().unwrap();
    for (example, organisation) in [("hotel-compromised", "Hotel Bellevue"), ("hotel-patched", "Lake Inn")] {
        let out = format!("answers/{organisation}/MAIL01");
        vigie(folder.path(), &["check", &format!("{example}.zip"), "--output", &out, "-q"]);
    }
    fs::write(folder.path().join("d.csv"), DECLARED).unwrap();
    let noon = ["--declarations", "d.csv", "--at", "2021-03-13T12:00:00-05:00"];
    let ran = status(folder.path(), &[&noon[..], &["--format", "json"]].concat());
    assert_eq!(ran.code, 20, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    told(&report, &jsonschema::draft202012::new(&serde_json::from_str(DIRECTIVE_SCHEMA).unwrap()).unwrap());
    assert_worded(&report);
    for action in ["patch", "result", "disconnect"] {
        assert_eq!(of(&report, "Hotel Bellevue", action), "contradicted", "{action}");
    }
    assert_eq!(report["directives"][0]["contradictions"].as_array().unwrap().len(), 3);
    for (action, status) in
        [("patch", "proven"), ("triage", "proven"), ("result", "proven"), ("report", "declared only")]
    {
        assert_eq!(of(&report, "Lake Inn", action), status, "{action}");
    }
    assert_eq!(of(&report, "Nowhere \u{1b}[31m<script>", "patch"), "declared only");
    for lang in ["en", "fr"] {
        let page = status(folder.path(), &[&noon[..], &["--format", "html", "--lang", lang]].concat());
        assert_eq!(page.code, 20);
        assert!(
            page.out.contains("&lt;script&gt;")
                && !page.out.contains("<script>N")
                && !page.out.contains("<b>")
        );
        assert!(!page.out.contains('\u{1b}'));
        let table = status(folder.path(), &[&noon[..], &["--lang", lang]].concat());
        assert!(table.out.contains("Hotel Bellevue") && !table.out.contains('\u{1b}'));
    }
    let early = status(folder.path(), &["--declarations", "d.csv", "--at", "2021-03-02T12:00:00Z"]);
    assert_eq!(early.code, 0, "nothing was ordered: {}", early.out);
}

#[test]
fn what_cannot_be_asked_or_read_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("answers/A/B")).unwrap();
    assert_eq!(status(folder.path(), &[]).code, 2, "an empty folder, and nobody declared anything");
    assert_eq!(status(folder.path(), &["--at", "2021-03-05T12:00:00"]).code, 2, "a time without its zone");
    assert_eq!(vigie(folder.path(), &["directive", "show", "ed-99-99"]).code, 2);
    fs::write(folder.path().join("answers/A/B/assessment.json"), r#"{"schema":"vigie-assessment/9"}"#)
        .unwrap();
    let ran = status(folder.path(), &[]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("vigie-assessment/9"), "named, with its version: {}", ran.out);
    fs::write(folder.path().join("d.csv"), "organisation,host\nA,B\n").unwrap();
    let wrong = status(folder.path(), &["--declarations", "d.csv"]);
    assert_eq!(wrong.code, 3);
    assert!(wrong.err.contains("d.csv:1: error: the column `action` is missing"), "{}", wrong.err);
    assert_eq!(vigie(folder.path(), &["directive", "list", "--lang", "fr"]).code, 0);
    fs::create_dir_all(folder.path().join("deep").join("d/".repeat(10))).unwrap();
    let deep = vigie(folder.path(), &["summary", "deep"]);
    assert_eq!(deep.code, 3, "a summary does not leave out in silence: {}", deep.err);
    assert!(deep.err.contains("folders lie too deep in one another"), "{}", deep.err);
}

/// The names in a directive that packs and tables explain, and those of them that nothing explains.
fn unexplained(directive: &Directive, rules: &RuleSet) -> Vec<String> {
    let cves = knowledge::current().cves();
    let pack = |id: &str| rules.packs.iter().find(|pack| pack.id == id);
    let mut needs = rules.packs.iter().flat_map(|pack| &pack.way).flat_map(|way| &way.needs).flatten();
    let mut wrong = Vec::new();
    for action in &directive.actions {
        let mut check = |known: bool, name: &str| {
            if !known {
                wrong.push(format!("{}/{}: {name}", directive.id, action.id));
            }
        };
        match &action.applies {
            Condition::Signs { pack: id } => check(pack(id).is_some(), id),
            Condition::Exchange | Condition::Below { .. } | Condition::Hybrid => {}
        }
        match &action.evidence {
            Evidence::Fixed { cves: asked } => {
                for cve in asked {
                    check(cves.contains(&cve.as_str()), cve);
                }
            }
            Evidence::Triage { pack: id, ways, .. } => {
                check(pack(id).is_some(), id);
                let known =
                    |way: &String| pack(id).is_some_and(|pack| pack.way.iter().any(|one| one.id == *way));
                for way in ways {
                    check(known(way), way);
                }
            }
            Evidence::Result { pack: id } => check(pack(id).is_some(), id),
            Evidence::LogsKept { stream, .. } => check(needs.any(|known| known == stream), stream),
            Evidence::AtLeast { .. }
            | Evidence::NotBelow { .. }
            | Evidence::Disconnected
            | Evidence::Declared => {}
        }
    }
    wrong
}

#[test]
fn names_in_bundled_directives_are_those_of_packs_and_tables() {
    let rules = RuleSet::load(&Sources::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let all = vigie_directive::bundled().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let wrong: Vec<String> = all.iter().flat_map(|one| unexplained(one, &rules)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The same test sees a mistake in each kind of name.
    let mut march = all.into_iter().find(|one| one.id == "ed-21-02").unwrap();
    for action in &mut march.actions {
        if let Condition::Signs { pack } = &mut action.applies {
            pack.push('x');
        }
        match &mut action.evidence {
            Evidence::Fixed { cves } => cves[0].push('x'),
            Evidence::Triage { ways, .. } => ways[0].push('x'),
            Evidence::Result { pack } => pack.push('x'),
            Evidence::LogsKept { stream, .. } => stream.push('x'),
            Evidence::AtLeast { .. }
            | Evidence::NotBelow { .. }
            | Evidence::Disconnected
            | Evidence::Declared => {}
        }
    }
    let told = unexplained(&march, &rules).join(" ");
    for name in ["triage: ssrfx", "result: proxylogonx", "images: proxylogonx", "logs-180: iis.w3c/W3SVC1x"] {
        assert!(told.contains(name), "{name}: {told}");
    }
    assert!(told.contains("patch: CVE-2021-26855x"), "{told}");
}
