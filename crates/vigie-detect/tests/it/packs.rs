//! Packs: read strictly, hashed, and their indicators matched like rules.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use vigie_detect::ir::Rule;
use vigie_detect::{OnError, RuleSet, Sources};
use vigie_model::Schema;
use vigie_model::rule::{Confidence, Role, Stage};
use vigie_model::schema::Skim;

use crate::errors::check;
use crate::help::{event, hits, schema};

const PACK: &str = r#"
id = "inn"
version = "2026-11-24"
title = { en = "Inn", fr = "Auberge" }
summary = { en = "A case.", fr = "Un cas." }
cves = ["CVE-2021-26855"]
references = []

[window]
from = "2021-01-03"
until = "2021-03-31"
fix = "2021-03-02"
why = { en = "Since.", fr = "Depuis." }

[[way]]
id = "door"
title = { en = "The door", fr = "La porte" }
needs = [["iis.w3c"]]

[[action]]
id = "lock"
when = ["compromised"]
title = { en = "Lock", fr = "Fermer" }
detail = { en = "Now.", fr = "Maintenant." }
"#;

const RULE: &str = "title: Shell answered\nid: 6f1a\nstatus: test\nlevel: high\ntags:\n  - attack.t1505.003\n  - vigie.stage.used\n  - vigie.way.door\nlogsource:\n  category: webserver\ndetection:\n  s:\n    cs-uri-stem|endswith: '/inn.aspx'\n  condition: s\n";
const TEXTS: &str = "[rule.\"6f1a\"]\ntitle = \"Le shell a répondu\"\ndescription = \"Oui.\"\n";
const INDICATORS: &str = "type,value,stage,way,level,title,note\n\
address,203.0.113.0/24,attempted,door,medium,Known address,\n\
sha256,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,foothold,,critical,Known shell,\"seen, twice\"\n\
path,\\aspnet_client\\inn.aspx,foothold,,high,Known path,\n\
user-agent,\"Mozilla/5.0 (X, like Y)\",attempted,,low,Known agent,\n\
domain,evil.example,attempted,,low,Known domain,\n\
url,/owa/auth/inn.aspx?x=1,used,,high,Known address of a shell,\n";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join("inn").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn load(files: &[(&str, &str)]) -> Result<RuleSet, String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    let sources =
        Sources { packs: vec![folder.path().join("inn").display().to_string()], ..Sources::default() };
    let shown = format!("{}/", folder.path().display());
    RuleSet::load(&sources).map_err(|errors| errors.to_string().replace(&shown, ""))
}

fn whole() -> Vec<(&'static str, &'static str)> {
    vec![
        ("pack.toml", PACK),
        ("sigma/shell.yml", RULE),
        ("text.fr.toml", TEXTS),
        ("indicators.csv", INDICATORS),
    ]
}

#[test]
fn a_rule_carries_its_meaning() {
    let rules = load(&whole()).unwrap();
    let info = &rules.rules[0];
    assert_eq!((info.stage, info.way.as_deref(), info.role), (Some(Stage::Used), Some("door"), Role::Trace));
    assert_eq!((info.confidence, info.pack.as_deref()), (Confidence::Medium, Some("inn")));
    assert_eq!(info.attack, ["T1505.003"]);
    assert_eq!(rules.packs[0].rule["6f1a"].fr.title, "Le shell a répondu");
    assert_eq!((rules.pack_refs[0].rules, rules.pack_refs[0].indicators), (1, 6));
}

#[test]
fn the_hash_follows_names_and_content() {
    let hash = |files: &[(&str, &str)]| load(files).unwrap().pack_refs[0].sha256.clone();
    let first = hash(&whole());
    assert_eq!(first.len(), 64);
    assert_eq!(first, hash(&whole()));
    let mut other = whole();
    other.push(("README.md", "not part of what is known"));
    assert_eq!(first, hash(&other));
    let longer = format!("{RULE}# a word\n");
    other[1].1 = &longer;
    assert_ne!(first, hash(&other));
}

#[test]
fn indicators_match_where_logs_hold_such_things() {
    let rules = Arc::new(load(&whole()).unwrap());
    let hash = "A".repeat(64);
    let of = |artifact: &'static str, fields: &[&str]| Schema { artifact: artifact.into(), ..schema(fields) };
    let events = [
        event(&of("iis.w3c", &["c-ip", "X-Forwarded-For"]), &["10.0.0.1", "203.0.113.9,+10.0.0.2"]),
        event(
            &of("web.root", &["TargetFilename", "sha256"]),
            &["D:\\inetpub\\aspnet_client\\INN.aspx", &hash],
        ),
        event(&of("iis.w3c", &["cs(User-Agent)"]), &["Mozilla/5.0+(X,+like+Y)"]),
        event(
            &of("exchange.httpproxy", &["UserAgent", "UrlHost"]),
            &["Mozilla/5.0 (X  like Y)", "mail.evil.example"],
        ),
        event(&of("iis.w3c", &["cs-uri-stem", "cs-uri-query"]), &["/owa/auth/INN.aspx", "x=1&y=2"]),
        event(&of("iis.w3c", &["c-ip", "cs(User-Agent)"]), &["198.51.100.1", "curl"]),
    ];
    let titles: Vec<String> =
        hits(&rules, &events).into_iter().map(|hit| rules.rules[hit.rule as usize].title.clone()).collect();
    let expected = [
        "Known address",
        "Known shell",
        "Known path",
        "Known agent",
        "Known agent",
        "Known domain",
        "Shell answered",
        "Known address of a shell",
    ];
    assert_eq!(titles, expected);
}

#[test]
fn mistakes_in_packs_are_shown_with_place_and_hint() {
    let with = |name: &'static str, content: &str| {
        let mut files = whole();
        let content: &'static str = content.to_owned().leak();
        match files.iter_mut().find(|(file, _)| *file == name) {
            Some(file) => file.1 = content,
            None => files.push((name, content)),
        }
        load(&files).expect_err(name)
    };
    check("pack-unknown-field", &with("pack.toml", &PACK.replace("cves =", "cve =")));
    check("pack-other-name", &with("pack.toml", &PACK.replace("\"inn\"", "\"out\"")));
    check("pack-unknown-way", &with("sigma/shell.yml", &RULE.replace("way.door", "way.window")));
    check("pack-unknown-tag", &with("sigma/shell.yml", &RULE.replace("vigie.way.door", "vigie.color.red")));
    check("pack-no-stage", &with("sigma/shell.yml", &RULE.replace("  - vigie.stage.used\n", "")));
    check("pack-no-id", &with("sigma/shell.yml", &RULE.replace("id: 6f1a\n", "")));
    check("pack-text-of-no-rule", &with("text.fr.toml", &TEXTS.replace("6f1a", "ffff")));
    check(
        "indicator-mistakes",
        &with(
            "indicators.csv",
            &INDICATORS.replace("203.0.113.0/24", "203.0.113").replace("used,,high", "owned,,high"),
        ),
    );
}

#[test]
fn going_on_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &whole());
    write(folder.path(), &[("sigma/broken.yml", "title: Broken\n")]);
    let sources = Sources {
        packs: vec![folder.path().join("inn").display().to_string()],
        on_error: OnError::NameAndGoOn,
        ..Sources::default()
    };
    let rules = RuleSet::load(&sources).unwrap();
    assert_eq!(rules.rules.len(), 7);
    assert_eq!(rules.not_loaded.len(), 1);
    assert!(rules.not_loaded[0].source.ends_with("sigma/broken.yml"));
    assert!(rules.not_loaded[0].reason.contains("no `detection`"), "{}", rules.not_loaded[0].reason);
}

#[test]
fn every_bundled_pack_loads() {
    let rules = RuleSet::load(&Sources::default()).map_err(|errors| errors.to_string()).unwrap();
    assert_eq!(rules.packs.len(), vigie_detect::pack::bundled_ids().len());
    assert_eq!(rules.not_loaded, []);
}

/// Every line of a log is cut into columns as soon as one rule may match without any literal.
#[test]
fn rules_of_packs_let_web_logs_be_skimmed() {
    let rules = RuleSet::load(&Sources::default()).unwrap();
    let logs = [
        ("iis.w3c", "W3SVC1", vigie_example::formats::iis::FIELDS.split(' ').collect::<Vec<_>>()),
        ("exchange.httpproxy", "Ecp", vigie_example::formats::httpproxy::FIELDS.split(',').collect()),
    ];
    for (artifact, stream, fields) in logs {
        let schema = Schema { artifact: artifact.into(), stream: stream.into(), ..schema(&fields) };
        let hinders = |rule: &&Rule| {
            let alone = Arc::new(RuleSet::of(vec![(*rule).clone()]));
            alone.scanner().skim(&schema, "2021-03-03 05:12:44 nothing\n", &mut Vec::new()) == Skim::ReadAll
        };
        let hindering: Vec<&str> =
            rules.compiled().iter().filter(hinders).map(|rule| rule.info.title.as_str()).collect();
        assert_eq!(hindering, [""; 0], "{artifact}");
    }
}
