//! Content scanners: each file's bytes are seen once and whole, hits and skips are told, for any number of threads.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use vigie::engine::content::{ContentHit, ContentRules, ContentScanner, End, File, Findings};
use vigie::engine::{Config, Content, Hits, Progress, check, hunt};
use vigie_detect::{Bundled, RuleSet, Sources};
use vigie_model::Assessment;
use vigie_model::diagnostic::Code;
use vigie_model::rule::RuleInfo;

use crate::run::vigie;

/// What the scanner of these tests looks at, at most.
const LOOKS_AT: u64 = 1 << 20;

/// Finds a word; gives up on one text, panics on another.
#[derive(Debug)]
struct Words;

struct WordScanner;

impl ContentRules for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn rules(&self) -> Vec<RuleInfo> {
        ["unseen", "needle"].map(|id| RuleInfo { id: id.to_owned(), ..RuleInfo::default() }).to_vec()
    }

    fn asks(&self, file: &File<'_>, _head: &[u8]) -> Option<u64> {
        (!file.path.ends_with("not-asked.txt")).then_some(LOOKS_AT)
    }

    fn scanner(&self) -> Box<dyn ContentScanner + '_> {
        Box::new(WordScanner)
    }
}

impl ContentScanner for WordScanner {
    fn scan(&mut self, _file: &File<'_>, bytes: &[u8]) -> Findings {
        assert!(!bytes.starts_with(b"panic"), "as the file says");
        if bytes.starts_with(b"slow") {
            let notes = vec![(Code::ContentTimeLimit, "1 s".to_owned())];
            return Findings { notes, end: End::Stopped, ..Findings::default() };
        }
        let at = bytes.windows(6).position(|window| window == b"needle");
        let hit = |at: usize| ContentHit { rule: 1, offset: at as u64, fields: Vec::new() };
        Findings { hits: at.map(hit).into_iter().collect(), ..Findings::default() }
    }
}

fn lay_out(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write("a-plain.txt", b"hay hay needle hay");
    write("b-page.aspx", b"<%@ Page Language=\"C#\" %>needle");
    write("c-not-asked.txt", b"needle");
    write("d-slow.txt", b"slow needle");
    write("e-panic.txt", b"panic needle");
    write("f-empty.txt", b"");
    // The needle lies across the places where the readers stop: of the head, and of the blocks after it.
    let mut long = vec![b'.'; 1 << 20];
    long[(64 << 10) - 3..][..6].copy_from_slice(b"needle");
    write("g-at-the-limit.bin", &long);
    long.push(b'.');
    write("h-beyond-the-limit.bin", &long);
}

/// No rules but those of the scanner.
fn rules(content: &mut Content) -> Arc<RuleSet> {
    let mut rules = RuleSet::load(&Sources { bundled: Bundled::None, ..Sources::default() }).unwrap();
    content.add(&mut rules, Arc::new(Words));
    Arc::new(rules)
}

fn assess(folder: &Path, threads: usize) -> Assessment {
    let mut content = Content::default();
    let rules = rules(&mut content);
    let config = Config { content, threads, host: Some("H".to_owned()), ..Config::default() };
    check(&[folder.to_owned()], &rules, &config, &Progress::hidden()).assessments.remove(0)
}

#[test]
fn every_file_is_seen_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let assessment = assess(folder.path(), 1);
    let mut places: Vec<(&str, &str)> = assessment
        .findings
        .iter()
        .flat_map(|finding| &finding.proofs)
        .map(|proof| (proof.evidence.path.rsplit('/').next().unwrap(), proof.evidence.place.as_str()))
        .collect();
    places.sort_unstable();
    let expected =
        [("a-plain.txt", "offset 8"), ("b-page.aspx", "offset 25"), ("g-at-the-limit.bin", "offset 65533")];
    assert_eq!(places, expected);
    for finding in &assessment.findings {
        assert_eq!(finding.sha256.as_deref(), Some(finding.proofs[0].evidence.sha256.as_str()));
        assert!(finding.object.is_some(), "the file is what it is about");
        assert_eq!(finding.proofs[0].artifact, "evidence.file/words");
    }
}

#[test]
fn what_was_not_looked_at_is_named_and_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let assessment = assess(folder.path(), 2);
    let mut told: Vec<(&str, Code, &str)> = assessment
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code.id().starts_with("V06"))
        .map(|told| (told.path.rsplit('/').next().unwrap(), told.code, told.message.as_str()))
        .collect();
    told.sort_unstable();
    let expected = [
        ("d-slow.txt", Code::ContentTimeLimit, "words: 1 s"),
        ("e-panic.txt", Code::ContentScannerFailed, "words: stopped on an internal error"),
        (
            "h-beyond-the-limit.bin",
            Code::ContentTooLarge,
            "words: 1048577 bytes, at most 1048576 are looked at",
        ),
    ];
    assert_eq!(told, expected);
    let liveness: Vec<(&str, u64, u64)> =
        assessment.rules.iter().map(|rule| (rule.id.as_str(), rule.evaluated, rule.matched)).collect();
    assert_eq!(liveness, [("unseen", 3, 0), ("needle", 3, 3)]);
    assert!(assessment.rules.iter().all(|rule| rule.bound == ["evidence.file/words"]));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["one", "two", "three"] {
        fs::create_dir(folder.path().join(part)).unwrap();
        lay_out(&folder.path().join(part));
    }
    let one = assess(folder.path(), 1);
    assert_eq!(one.findings.len(), 9);
    for threads in [2, 8] {
        assert_eq!(assess(folder.path(), threads), one, "{threads} threads");
    }
}

#[test]
fn a_hunt_gives_them_in_path_order() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let mut content = Content::default();
    let rules = rules(&mut content);
    let config = Config { content, hits: Hits::All, ..Config::default() };
    let mut found = Vec::new();
    let hunted = hunt(&[folder.path().to_owned()], &rules, &config, &Progress::hidden(), &mut |file| {
        found.extend(file.hits.iter().map(|hit| (file.place(hit).path, hit.offset)));
    });
    let names: Vec<&str> = found.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["a-plain.txt", "b-page.aspx", "g-at-the-limit.bin"]);
    assert_eq!(rules.liveness(&hunted.tally)[1].matched, 3);
}

#[test]
fn hashes_of_any_file_are_indicators() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("tiny");
    fs::create_dir(&pack).unwrap();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/proxylogon/pack.toml");
    let text = fs::read_to_string(real).unwrap().replacen("id = \"proxylogon\"", "id = \"tiny\"", 1);
    let text = text.replacen("uses = [\"generic\"]", "uses = []", 1);
    fs::write(pack.join("pack.toml"), text).unwrap();
    let indicators = "type,value,stage,way,level,title,note\n\
        md5,5d41402abc4b2a76b9719d911017c592,foothold,,high,By MD5,\n\
        sha1,aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d,foothold,,high,By SHA-1,\n\
        sha256,2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824,foothold,,high,By SHA-256,\n\
        path,hello.bin,foothold,,high,By name,\n";
    fs::write(pack.join("indicators.csv"), indicators).unwrap();
    let evidence = folder.path().join("evidence");
    fs::create_dir_all(evidence.join("inetpub/wwwroot")).unwrap();
    for name in ["hello.bin", "inetpub/wwwroot/hello.bin"] {
        fs::write(evidence.join(name), "hello").unwrap();
    }
    let packs = vec![pack.to_str().unwrap().to_owned()];
    let rules = Arc::new(RuleSet::load(&Sources { packs, ..Sources::default() }).unwrap());
    let assessment =
        check(&[evidence], &rules, &Config::default(), &Progress::hidden()).assessments.remove(0);
    let matched: Vec<(&str, u64)> =
        assessment.rules.iter().map(|rule| (rule.title.as_str(), rule.matched)).collect();
    assert_eq!(matched, [("By MD5", 2), ("By SHA-1", 2), ("By SHA-256", 2), ("By name", 2)]);
    assert_eq!(assessment.findings.len(), 8, "one for each file and indicator");
    assert!(assessment.findings.iter().all(|finding| finding.sha256.is_some() && finding.object.is_some()));
}

/// A folder with two files of the same content and a log, and what names them in three formats.
fn feeds(folder: &Path) {
    fs::create_dir_all(folder.join("evidence/inetpub/wwwroot")).unwrap();
    for name in ["evidence/tool.bin", "evidence/inetpub/wwwroot/page.aspx"] {
        fs::write(folder.join(name), "hello").unwrap();
    }
    let log = "#Software: Microsoft Internet Information Services 10.0\r\n\
        #Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\r\n\
        2021-03-01 00:00:01 GET /owa/ - 203.0.113.9 python+requests 200\r\n";
    fs::write(folder.join("evidence/u_ex.log"), log).unwrap();
    let stix = "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"id\":\"indicator--1\",\"name\":\"A tool\",\
        \"pattern_type\":\"stix\",\"pattern\":\"[file:hashes.MD5 = '5d41402abc4b2a76b9719d911017c592']\"},\
        {\"type\":\"indicator\",\"id\":\"indicator--2\",\"name\":\"Steps\",\"pattern_type\":\"stix\",\
        \"pattern\":\"[file:name = 'a'] FOLLOWEDBY [file:name = 'b']\"}]}";
    fs::write(folder.join("stix.json"), stix).unwrap();
    let misp = "{\"Event\":{\"info\":\"I\",\"Attribute\":[\
        {\"type\":\"ip-src\",\"value\":\"203.0.113[.]9\",\"to_ids\":true},\
        {\"type\":\"user-agent\",\"value\":\"python requests\",\"to_ids\":true},\
        {\"type\":\"sha1\",\"value\":\"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\",\"to_ids\":true}]}}";
    fs::write(folder.join("misp.json"), misp).unwrap();
}

#[test]
fn feeds_are_hunted_with() {
    let folder = tempfile::tempdir().unwrap();
    feeds(folder.path());
    let args = [
        "hunt",
        "evidence",
        "--indicators",
        "stix.json",
        "--indicators",
        "misp.json",
        "--format",
        "jsonl",
        "--liveness",
        "live.json",
    ];
    let ran = vigie(folder.path(), &args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let hits: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |hit: &Value| {
        let path = hit["evidence"]["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (path, hit["rule_title"].as_str().unwrap().to_owned(), hit["artifact"].as_str().unwrap().to_owned())
    };
    let mut found: Vec<_> = hits.iter().map(told).collect();
    found.sort();
    let titles: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|(path, title, artifact)| (path.as_str(), title.as_str(), artifact.as_str()))
        .collect();
    let (sha1, file) = ("MISP: sha1 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", "evidence.file");
    let expected = [
        ("page.aspx", "A tool", file),
        ("page.aspx", sha1, file),
        ("tool.bin", "A tool", file),
        ("tool.bin", sha1, file),
        ("u_ex.log", "MISP: address 203.0.113.9", "iis.w3c/W3SVC1"),
        ("u_ex.log", "MISP: user-agent python requests", "iis.w3c/W3SVC1"),
    ];
    assert_eq!(titles, expected);
    assert!(
        ran.err.contains("stix.json: STIX bundle, 1 indicators, 1 more cannot be evaluated"),
        "{}",
        ran.err
    );
    let live: Value = serde_json::from_slice(&fs::read(folder.path().join("live.json")).unwrap()).unwrap();
    assert_eq!(live.as_array().unwrap().len(), 5, "every indicator has its line");
    let reasons: Vec<&str> =
        live.as_array().unwrap().iter().filter_map(|rule| rule["cannot_fire"].as_str()).collect();
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].contains("FOLLOWEDBY"), "{reasons:?}");
}

#[test]
fn feeds_are_checked_with_and_files_alone_are_enough_to_hunt_in() {
    let folder = tempfile::tempdir().unwrap();
    feeds(folder.path());
    let ran = vigie(folder.path(), &["check", "evidence", "--indicators", "stix.json", "--output", "out"]);
    assert_ne!(ran.code, 2, "{}", ran.err);
    let assessment = crate::run::assessment(&folder.path().join("out"));
    let finding = assessment["findings"].as_array().unwrap().iter().find(|f| f["title"] == "A tool").unwrap();
    assert_eq!(finding["sha256"].as_str().unwrap().len(), 64);
    assert!(assessment["tool"]["command"].as_str().unwrap().contains("--indicators stix.json"));
    fs::create_dir(folder.path().join("loose")).unwrap();
    fs::write(folder.path().join("loose/tool.bin"), "hello").unwrap();
    assert_eq!(vigie(folder.path(), &["hunt", "loose", "--indicators", "stix.json"]).code, 0);
    fs::write(folder.path().join("loose/tool.bin"), "other").unwrap();
    assert_eq!(vigie(folder.path(), &["hunt", "loose", "--indicators", "stix.json"]).code, 1);
}

#[test]
fn a_feed_that_does_not_load_stops_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    feeds(folder.path());
    fs::write(folder.path().join("bad.json"), "{\"type\":\"bundle\",\n \"objects\":[}").unwrap();
    let ran = vigie(folder.path(), &["check", "evidence", "--indicators", "bad.json"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("bad.json:2:13: error: not JSON") && ran.err.contains("help: "), "{}", ran.err);
}

/// A pack with one YARA file.
fn pack_with_yara(folder: &Path) {
    fs::create_dir_all(folder.join("tiny/yara")).unwrap();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/proxylogon/pack.toml");
    let text = fs::read_to_string(real).unwrap().replacen("id = \"proxylogon\"", "id = \"tiny\"", 1);
    fs::write(folder.join("tiny/pack.toml"), text).unwrap();
    let rule = "rule hello { meta: stage = \"foothold\" strings: $a = \"hello\" condition: $a }";
    fs::write(folder.join("tiny/yara/hello.yar"), rule).unwrap();
}

#[cfg(not(feature = "yara"))]
#[test]
fn a_build_without_yara_says_so() {
    let folder = tempfile::tempdir().unwrap();
    feeds(folder.path());
    pack_with_yara(folder.path());
    let ran = vigie(folder.path(), &["hunt", "evidence", "--yara", "tiny/yara"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("this build has no YARA") && ran.err.contains("--features yara"), "{}", ran.err);
    let args = ["hunt", "evidence", "--pack", "tiny", "--indicators", "misp.json", "--liveness", "live.json"];
    assert_eq!(vigie(folder.path(), &args).code, 0);
    let live: Value = serde_json::from_slice(&fs::read(folder.path().join("live.json")).unwrap()).unwrap();
    let yara = live.as_array().unwrap().iter().find(|rule| rule["id"] == "tiny:yara:hello.yar").unwrap();
    assert_eq!(yara["cannot_fire"], "this build has no YARA");
}

#[cfg(feature = "yara")]
mod with_yara {
    use super::*;

    #[test]
    fn yara_rules_are_hunted_with_and_checked_with() {
        let folder = tempfile::tempdir().unwrap();
        feeds(folder.path());
        pack_with_yara(folder.path());
        let args = ["hunt", "evidence", "--yara", "tiny/yara", "--format", "jsonl"];
        let ran = vigie(folder.path(), &args);
        assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{}", ran.err);
        let hit: Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
        assert_eq!(
            (hit["rule_id"].as_str(), hit["artifact"].as_str()),
            (Some("yara:tiny/yara/hello.yar:hello"), Some("evidence.file/yara"))
        );
        assert_eq!(hit["fields"]["Strings"], "$a at 0x0 \"hello\"");
        let ran = vigie(folder.path(), &["check", "evidence", "--pack", "tiny", "--output", "out"]);
        assert_eq!(ran.code, 20, "a planted page is a foothold: {}", ran.err);
        let assessment = crate::run::assessment(&folder.path().join("out"));
        assert_eq!(assessment["packs"][0]["rules"], 1);
        // Not on the log: a pack's rule speaks of what was planted.
        let rules = assessment["rules"].as_array().unwrap();
        let live = rules.iter().find(|rule| rule["pack"] == "tiny").unwrap();
        assert_eq!(
            (live["id"].as_str(), live["evaluated"].as_u64(), live["matched"].as_u64()),
            (Some("tiny:yara:hello"), Some(2), Some(2))
        );
    }

    #[test]
    fn yara_rules_that_do_not_load_stop_a_check_and_are_named_by_a_hunt() {
        let folder = tempfile::tempdir().unwrap();
        feeds(folder.path());
        fs::write(
            folder.path().join("r.yar"),
            "rule a {\n  condition:\n    $x\n}\nrule b { condition: filesize == 5 }",
        )
        .unwrap();
        let ran = vigie(folder.path(), &["check", "evidence", "--yara", "r.yar"]);
        assert_eq!(ran.code, 3);
        assert!(
            ran.err.contains("r.yar:3:5: error: unknown pattern `$x`") && ran.err.contains("help: "),
            "{}",
            ran.err
        );
        let ran = vigie(folder.path(), &["hunt", "evidence", "--yara", "r.yar"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.contains("r.yar: 3:5: unknown pattern"), "{}", ran.err);
    }
}
