//! One test walks `packs/*`: rules compile, fire on the positive cases, stay silent on the clean ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use vigie::engine::{Config, Progress, check};
use vigie_detect::{RuleSet, Sources};

fn packs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    folders(&root).into_iter().filter(|folder| folder.join("pack.toml").exists()).collect()
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut folders: Vec<PathBuf> = entries.unwrap_or_default();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders
}

/// Lays a case out in a scratch folder; files whose text an antivirus would take away are stored as base64.
fn lay_out(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() {
            fs::create_dir_all(to.join(&name)).unwrap();
            lay_out(&entry, &to.join(&name));
        } else if let Some(plain) = name.strip_suffix(".b64") {
            fs::write(to.join(plain), base64(&fs::read(&entry).unwrap())).unwrap();
        } else {
            fs::copy(&entry, to.join(&name)).unwrap();
        }
    }
}

fn base64(text: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=') {
        let value = ALPHABET.iter().position(|letter| letter == byte).expect("a base64 letter");
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    out
}

fn rules(pack: &Path) -> Arc<RuleSet> {
    let sources = Sources { packs: vec![pack.to_str().unwrap().to_owned()], ..Sources::default() };
    Arc::new(RuleSet::load(&sources).unwrap_or_else(|errors| panic!("{errors}")))
}

fn id(pack: &Path) -> &str {
    pack.file_name().unwrap().to_str().unwrap()
}

/// Matches per rule id, and the pack's verdict and stage in one case.
fn assess(pack: &Path, case: &Path, rules: &Arc<RuleSet>) -> (BTreeMap<String, u64>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    lay_out(&case.join("collection"), folder.path());
    let run = check(&[folder.path().to_owned()], rules, &Config::default(), &Progress::hidden());
    let assessment = run.assessments.first().unwrap();
    let hits =
        assessment.rules.iter().filter(|rule| rule.matched > 0).map(|rule| (rule.id.clone(), rule.matched));
    let verdict = assessment.verdicts.iter().find(|verdict| verdict.pack == id(pack));
    let (verdict, stage) =
        verdict.map_or(("not asked", "no trace"), |verdict| (verdict.verdict.word(), verdict.stage.word()));
    (hits.collect(), verdict.to_owned(), stage.to_owned())
}

#[test]
fn every_case_of_every_pack_ends_as_expected() {
    let mut failures = Vec::new();
    for pack in packs() {
        let rules = rules(&pack);
        for case in folders(&pack.join("cases")) {
            let (hits, verdict, stage) = assess(&pack, &case, &rules);
            let seen = serde_json::json!({ "verdict": verdict, "stage": stage, "hits": hits });
            let file = case.join("expected.json");
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&file, format!("{}\n", serde_json::to_string_pretty(&seen).unwrap())).unwrap();
            }
            let expected: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            if seen != expected {
                failures.push(format!("{}:\n  seen     {seen}\n  expected {expected}", case.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_fires_on_some_case_and_every_pack_has_a_silent_one() {
    let mut fired: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut own: BTreeSet<(String, String)> = BTreeSet::new();
    for pack in packs() {
        let rules = rules(&pack);
        let mut silent = 0;
        let fired = fired.entry(id(&pack).to_owned()).or_default();
        for case in folders(&pack.join("cases")) {
            let (hits, _, _) = assess(&pack, &case, &rules);
            silent += usize::from(hits.is_empty());
            fired.extend(hits.into_keys());
        }
        assert!(silent > 0, "{}: no clean case", pack.display());
        let known = rules.packs.iter().find(|known| known.id == id(&pack)).unwrap();
        for used in &known.uses {
            users.entry(used.clone()).or_default().push(known.id.clone());
        }
        let mine = rules.rules.iter().filter(|rule| rule.pack.as_ref() == Some(&known.id));
        own.extend(mine.map(|rule| (known.id.clone(), rule.id.clone())));
    }
    // A rule fires in a case of its own pack, or of one that uses it. Indicators are values, not logic: a case for each
    // would only repeat the file.
    let fires = |pack: &String, rule: &String| {
        users.get(pack).into_iter().flatten().chain([pack]).any(|pack| fired[pack].contains(rule))
    };
    let dead: Vec<_> = own.iter().filter(|(pack, id)| !id.contains(':') && !fires(pack, id)).collect();
    assert!(dead.is_empty(), "no case fires {dead:?}");
}

#[test]
fn every_rule_is_told_in_every_language() {
    for pack in packs() {
        let rules = rules(&pack);
        for known in &rules.packs {
            let untold: Vec<&str> = rules
                .rules
                .iter()
                .filter(|rule| rule.pack.as_ref() == Some(&known.id))
                .filter(|rule| !rule.id.contains(':') && !known.rule.contains_key(&rule.id))
                .map(|rule| rule.id.as_str())
                .collect();
            assert!(untold.is_empty(), "{}: no French text for {untold:?}", known.id);
            let texts = known.rule.keys().filter(|id| rules.rules.iter().all(|rule| rule.id != **id));
            assert_eq!(texts.count(), 0, "{}: texts of rules that do not exist", known.id);
        }
    }
}
