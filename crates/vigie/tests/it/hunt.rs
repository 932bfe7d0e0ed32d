//! `vigie hunt` and `vigie estimate` as a user runs them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::vigie;

const IIS: &str = "#Software: Microsoft Internet Information Services 10.0\r\n\
#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\r\n\
2021-03-01 00:00:01 GET /owa/ - 203.0.113.9 Mozilla/5.0 200\r\n\
2021-03-01 00:00:02 POST /ecp/y.js a=1 203.0.113.9 =cmd|'/c+calc'!A1 200\r\n\
2021-03-01 00:00:03 POST /ecp/y.js a=2 203.0.113.9 curl 200\r\n\
2021-03-01 00:09:04 POST /ecp/y.js a=3 198.51.100.7 curl 200\r\n";

const RULE: &str = "title: Script posted to\nid: 6b5ae0c6-9ab2-4a5e-8d38-0f1b5f6b0f02\nname: posted\nlevel: high\n\
tags:\n  - attack.t1190\nlogsource:\n  category: webserver\ndetection:\n  a:\n    cs-method: POST\n    \
cs-uri-stem|endswith: .js\n  condition: a\n";

const CORRELATION: &str = "---\ntitle: Posted twice in a minute\nid: 6b5ae0c6-9ab2-4a5e-8d38-0f1b5f6b0f03\nlevel: critical\n\
correlation:\n  type: event_count\n  rules:\n    - posted\n  group-by:\n    - c-ip\n  timespan: 1m\n  condition:\n    gte: 2\n";

fn evidence(folder: &Path, rules: &str) {
    fs::write(folder.join("u_ex.log"), IIS).unwrap();
    fs::write(folder.join("rule.yml"), rules).unwrap();
}

#[test]
fn hits_are_one_object_a_line_with_their_proof() {
    let folder = tempfile::tempdir().unwrap();
    evidence(folder.path(), RULE);
    let ran = vigie(folder.path(), &["hunt", "u_ex.log", "--rules", "rule.yml", "--format", "jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let hits: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<&str> = hits.iter().map(|hit| hit["evidence"]["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["line 4", "line 5", "line 6"]);
    let first = &hits[0];
    assert_eq!(first["time"], "2021-03-01T00:00:02.000000Z");
    assert_eq!((first["level"].as_str(), first["artifact"].as_str()), (Some("high"), Some("iis.w3c/W3SVC1")));
    assert_eq!(first["evidence"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(first["fields"]["cs-uri-stem"], "/ecp/y.js");
}

#[test]
fn no_hit_is_exit_code_one_and_no_evidence_three() {
    let folder = tempfile::tempdir().unwrap();
    evidence(folder.path(), &RULE.replace(".js", ".never"));
    assert_eq!(vigie(folder.path(), &["hunt", "u_ex.log", "--rules", "rule.yml"]).code, 1);
    assert_eq!(vigie(folder.path(), &["hunt", "rule.yml", "--rules", "rule.yml"]).code, 3);
    assert_eq!(vigie(folder.path(), &["hunt", "none.log", "--rules", "rule.yml"]).code, 2);
}

#[test]
fn a_correlation_hits_where_it_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    evidence(folder.path(), &format!("{RULE}{CORRELATION}"));
    let args = ["hunt", "u_ex.log", "--rules", "rule.yml", "--format", "jsonl", "--min-level", "critical"];
    let ran = vigie(folder.path(), &args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let hits: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(hits.len(), 1, "{}", ran.out);
    assert_eq!(hits[0]["evidence"]["place"], "line 5");
}

#[test]
fn filters_formats_and_the_formula_guard() {
    let folder = tempfile::tempdir().unwrap();
    evidence(folder.path(), RULE);
    let hunt =
        |more: &[&str]| vigie(folder.path(), &[&["hunt", "u_ex.log", "--rules", "rule.yml"], more].concat());
    assert_eq!(hunt(&["--from", "2021-03-01T00:05:00Z"]).out.lines().count(), 1);
    assert_eq!(hunt(&["--attack", "T1505"]).code, 1);
    assert_eq!(hunt(&["--attack", "T1190"]).out.lines().count(), 3);
    let csv = hunt(&["--format", "csv"]).out;
    assert_eq!(csv.lines().count(), 4);
    assert!(!csv.contains(",="), "{csv}");
    let layer: Value = serde_json::from_str(&hunt(&["--format", "navigator"]).out).unwrap();
    assert_eq!(layer["techniques"][0]["techniqueID"], "T1190");
    assert_eq!(layer["techniques"][0]["score"], 3);
}

#[test]
fn placeholders_come_from_a_file_and_rules_that_wait_for_them_are_named() {
    let folder = tempfile::tempdir().unwrap();
    evidence(folder.path(), &RULE.replace("cs-uri-stem|endswith: .js", "c-ip|expand: '%scanners%'"));
    let hunt =
        |more: &[&str]| vigie(folder.path(), &[&["hunt", "u_ex.log", "--rules", "rule.yml"], more].concat());
    let without = hunt(&[]);
    assert_eq!(without.code, 1);
    assert!(without.err.contains("Script posted to: %scanners%"), "{}", without.err);
    fs::write(folder.path().join("ours.toml"), "scanners = [\"198.51.100.*\"]\n").unwrap();
    let with = hunt(&["--placeholders", "ours.toml"]);
    assert_eq!((with.code, with.out.lines().count()), (0, 1), "{}", with.err);
    assert!(!with.err.contains("without values"), "{}", with.err);
    fs::write(folder.path().join("ours.toml"), "ok = \"x\"\nscanners = \n").unwrap();
    let wrong = hunt(&["--placeholders", "ours.toml"]);
    assert_eq!(wrong.code, 3);
    assert!(wrong.err.contains("ours.toml:2:"), "{}", wrong.err);
}

#[test]
fn the_liveness_of_every_rule_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let other =
        RULE.replace("webserver", "process_creation").replace("0f02", "0f04").replace("name: posted\n", "");
    evidence(folder.path(), &format!("{RULE}---\n{other}"));
    let ran = vigie(folder.path(), &["hunt", "u_ex.log", "--rules", "rule.yml", "--liveness", "live.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let live: Vec<Value> =
        serde_json::from_slice(&fs::read(folder.path().join("live.json")).unwrap()).unwrap();
    assert_eq!((live[0]["evaluated"].as_u64(), live[0]["matched"].as_u64()), (Some(4), Some(3)));
    assert!(live[0]["cannot_fire"].is_null());
    assert!(live[1]["cannot_fire"].is_string(), "{}", live[1]);
}

#[test]
fn an_estimate_never_goes_below_what_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    // Invented counts.
    fs::write(folder.path().join("two.csv"), "police,hospital,count\n1,1,794\n1,0,710\n0,1,741\n").unwrap();
    let ran = vigie(folder.path(), &["estimate", "--table", "two.csv", "--json", "--threads", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((told["n_seen"].as_u64(), told["floor"].as_u64()), (Some(2245), Some(2245)));
    for estimate in told["estimates"].as_array().unwrap() {
        assert!(estimate["estimate"].as_f64().is_none_or(|n| n >= 2245.0), "{estimate}");
    }
    assert_eq!(vigie(folder.path(), &["estimate"]).code, 2);
    assert_eq!(vigie(folder.path(), &["estimate", "--table", "none.csv"]).code, 3);
}
