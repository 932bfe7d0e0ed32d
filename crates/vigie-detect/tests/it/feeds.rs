//! Feeds of indicators: what they say is what is matched, and every indicator is accounted for.

use std::sync::Arc;

use vigie_detect::{Bundled, FeedSummary, RuleSet, Sources, Tally};
use vigie_model::rule::Level;
use vigie_model::{Schema, Time};

use crate::help::{event, hits, schema};

/// A hash that nothing has, and its halves in other kinds.
const SHA256: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const SHA1: &str = "00112233445566778899aabbccddeeff00112233";
const MD5: &str = "00112233445566778899aabbccddeeff";

fn load(feeds: &[&str]) -> Result<RuleSet, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut indicators = Vec::new();
    for (index, feed) in feeds.iter().enumerate() {
        let path = folder.path().join(format!("{index}.feed"));
        std::fs::write(&path, feed).unwrap();
        indicators.push(path);
    }
    let sources = Sources { bundled: Bundled::None, indicators, ..Sources::default() };
    let shown = format!("{}/", folder.path().display());
    RuleSet::load(&sources).map_err(|errors| errors.to_string().replace(&shown, ""))
}

/// How many indicators run, cannot run, were said again.
fn sums(set: &RuleSet) -> (u64, u64, u64) {
    let sum = |of: fn(&FeedSummary) -> u64| set.feeds.iter().map(of).sum();
    let (evaluated, unevaluated) = (sum(|feed| feed.evaluated), sum(|feed| feed.unevaluated));
    assert_eq!(evaluated + unevaluated, set.rules.len() as u64, "each has its line in the account");
    (evaluated, unevaluated, sum(|feed| feed.repeated))
}

/// The reasons for which indicators cannot fire.
fn reasons(set: RuleSet) -> Vec<String> {
    let evaluated = set.compiled().len();
    let set = Arc::new(set);
    let liveness = set.liveness(&Tally::default());
    liveness.into_iter().skip(evaluated).map(|rule| rule.cannot_fire.unwrap()).collect()
}

fn files() -> Schema {
    Schema {
        artifact: "evidence.file".into(),
        ..schema(&["TargetFilename", "Size", "sha256", "md5", "sha1"])
    }
}

fn bundle(objects: &str) -> String {
    format!("{{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{objects}]}}")
}

/// A bundle with one indicator of this pattern.
fn pattern(pattern: &str) -> String {
    let pattern = serde_json::Value::from(pattern);
    bundle(&format!(
        "{{\"type\":\"indicator\",\"id\":\"indicator--1\",\"name\":\"N\",\"pattern_type\":\"stix\",\"pattern\":{pattern}}}"
    ))
}

/// Whether a pattern matches an event with these fields.
fn matches(text: &str, fields: &[(&str, &str)]) -> bool {
    let set = load(&[&pattern(text)]).unwrap();
    assert_eq!(sums(&set), (1, 0, 0), "{text}: {:?}", reasons(load(&[&pattern(text)]).unwrap()));
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let values: Vec<&str> = fields.iter().map(|(_, value)| *value).collect();
    !hits(&Arc::new(set), &[event(&schema(&names), &values)]).is_empty()
}

fn unanswered(text: &str) -> String {
    reasons(load(&[&pattern(text)]).unwrap()).remove(0)
}

#[test]
fn stix_properties_are_the_fields_of_logs() {
    for (text, field, value) in [
        (format!("[file:hashes.'SHA-256' = '{SHA256}']"), "sha256", SHA256),
        (format!("[file:hashes.\"SHA-1\" = '{SHA1}']"), "sha1", SHA1),
        (format!("[file:hashes.MD5 = '{}']", MD5.to_uppercase()), "Hashes", &*format!("SHA1=0,MD5={MD5}")),
        ("[file:name = 'x.aspx']".to_owned(), "TargetFilename", r"C:\inetpub\wwwroot\X.aspx"),
        ("[file:name LIKE 'shell%.asp_']".to_owned(), "TargetFilename", r"C:\a\shell17.aspx"),
        (r"[file:name MATCHES '^[a-z0-9]{8}\\.aspx$']".to_owned(), "TargetFilename", r"C:\a\abcd1234.aspx"),
        (
            r"[file:parent_directory_ref.path = 'C:\\Windows\\Temp']".to_owned(),
            "Image",
            r"C:\Windows\Temp\a.exe",
        ),
        ("[ipv4-addr:value = '203.0.113[.]7']".to_owned(), "c-ip", "203.0.113.7"),
        ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']".to_owned(), "ClientIpAddress", "203.0.113.9"),
        ("[ipv6-addr:value = '2001:db8::1']".to_owned(), "SourceIp", "2001:0db8:0:0::1"),
        (
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '203.0.113.7']"
                .to_owned(),
            "DestinationIp",
            "203.0.113.7",
        ),
        ("[domain-name:value = 'evil.example']".to_owned(), "QueryName", "www.evil.example"),
        ("[domain-name:value IN ('a.example', 'evil.example')]".to_owned(), "cs-host", "evil.example"),
        ("[url:value = 'hxxps://evil.example/a.aspx']".to_owned(), "Url", "https://evil.example/a.aspx"),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'python requests']"
                .to_owned(),
            "cs(User-Agent)",
            "python+requests",
        ),
        (
            "[network-traffic:extensions.'http-request-ext'.request_value LIKE '/owa/auth/%.js']".to_owned(),
            "cs-uri-stem",
            "/owa/auth/x.js",
        ),
        ("[process:command_line LIKE '%lsass%']".to_owned(), "CommandLine", "procdump -ma LSASS.exe"),
        ("[process:command_line MATCHES 'net\\\\s+group']".to_owned(), "CommandLine", "net  group /domain"),
        ("[process:name = 'x.exe'] OR [file:name = 'y.exe']".to_owned(), "Image", r"C:\y.exe"),
    ] {
        assert!(matches(&text, &[(field, value)]), "{text} on {value}");
        assert!(!matches(&text, &[(field, "something else")]), "{text} on something else");
    }
}

#[test]
fn stix_tests_join_inside_one_observation() {
    let text =
        format!("[file:name = 'x.aspx' AND (file:hashes.MD5 = '{MD5}' OR file:hashes.MD5 != '{MD5}')]");
    assert!(matches(&text, &[("TargetFilename", r"C:\x.aspx"), ("md5", MD5)]));
    let text = "[process:name = 'cmd.exe' AND process:command_line NOT LIKE '%good%']";
    assert!(matches(text, &[("Image", r"C:\cmd.exe"), ("CommandLine", "cmd /c bad")]));
    assert!(!matches(text, &[("Image", r"C:\cmd.exe"), ("CommandLine", "cmd /c good")]));
}

#[test]
fn what_stix_asks_and_events_cannot_answer_is_said() {
    for (text, reason) in [
        ("[a:b = '1'] FOLLOWEDBY [a:b = '2']", "a:b is in none of the logs"),
        ("[file:name = '1'] FOLLOWEDBY [file:name = '2']", "FOLLOWEDBY joins events in time"),
        ("[file:name = '1'] AND [file:name = '2']", "joins several observations with AND"),
        ("([file:name = '1'] OR [file:name = '2']) WITHIN 5 SECONDS", "WITHIN joins events in time"),
        ("[file:size > 5]", "`>` on a value"),
        ("[file:name != 'x.exe']", "it says only what is absent"),
        ("[EXISTS file:name]", "EXISTS file:name asks for no value"),
        ("[file:hashes.'SSDEEP' = '3:a:b']", "hashes of this kind"),
        ("[file:name MATCHES '(a)\\\\1']", "cannot be run in linear time"),
        ("[email-message:subject = 'x']", "is in none of the logs"),
        ("[ipv4-addr:value = 'nowhere']", "not an address or network"),
    ] {
        let said = unanswered(text);
        assert!(said.contains(reason), "{text}: {said}");
    }
}

#[test]
fn mistakes_in_patterns_have_their_place() {
    for (text, message) in [
        ("file:name = 'x'", "`file:name` stands where `[` is needed"),
        ("[file:name = 'x'", "the end stands where `]` is needed"),
        ("[file:name 'x']", "'x' stands where a comparison is needed"),
        ("[file:name = 'x", "a quote that does not close"),
        ("[name = 'x']", "`name` is no path of a property"),
        ("[file:name = 'x'] more", "`more` after the end of the pattern"),
    ] {
        let said = load(&[&pattern(text)]).unwrap_err();
        assert!(said.starts_with("0.feed#/objects/0/pattern: error: "), "{said}");
        assert!(said.contains(message), "{text}: {said}");
    }
}

#[test]
fn a_stix_bundle_is_accounted_for_whole() {
    let feed = bundle(&format!(
        "{{\"type\":\"indicator\",\"id\":\"indicator--a\",\"name\":\"Known shell\",\"confidence\":85,\
           \"valid_until\":\"2021-06-01T00:00:00Z\",\"pattern\":\"[file:hashes.MD5 = '{MD5}']\",\
           \"external_references\":[{{\"external_id\":\"T1505.003\"}}]}},\
         {{\"type\":\"indicator\",\"id\":\"indicator--b\",\"pattern_type\":\"yara\",\"pattern\":\"rule a {{}}\"}},\
         {{\"type\":\"indicator\",\"id\":\"indicator--c\",\"revoked\":true,\"pattern\":\"[file:name='a']\"}},\
         {{\"type\":\"malware\",\"id\":\"malware--a\"}},\
         {{\"type\":\"file\",\"name\":\"x\",\"hashes\":{{\"MD5\":\"{MD5}\",\"SHA-256\":\"{SHA256}\"}}}},\
         {{\"type\":\"ipv4-addr\",\"value\":\"203.0.113.7\"}}"
    ));
    let set = load(&[&feed]).unwrap();
    assert_eq!(sums(&set), (3, 2, 0), "the MD5 of the file is the indicator's");
    let shell = &set.rules[0];
    assert_eq!(
        (shell.title.as_str(), shell.level, shell.attack.as_slice()),
        ("Known shell", Level::High, &["T1505.003".to_owned()][..])
    );
    assert!(shell.description.contains("valid until 2021-06-01"));
    let said = reasons(set);
    assert!(said[0].contains("yara") && said[0].contains("--yara"), "{said:?}");
    assert!(said[1].contains("revoked"), "{said:?}");
}

#[test]
fn a_match_outside_of_what_the_feed_holds_for_valid_is_told_and_said_to_be_so() {
    let indicator = |dates: &str| {
        let pattern = "\"pattern\":\"[ipv4-addr:value = '203.0.113.7']\"";
        let feed = bundle(&format!("{{\"type\":\"indicator\",\"id\":\"indicator--v\",{dates}{pattern}}}"));
        Arc::new(load(&[&feed]).unwrap())
    };
    let batch = |time: &str| {
        let mut batch = event(&schema(&["c-ip"]), &["203.0.113.7"]);
        batch.times[0] = Time::parse(time.as_bytes());
        batch
    };
    let said = |dates: &str, time: &str| {
        let found = hits(&indicator(dates), &[batch(time)]);
        assert_eq!(found.len(), 1, "it is never hidden");
        found[0].field("Indicator").map(str::to_owned)
    };
    let dates = "\"valid_from\":\"2021-03-01T00:00:00Z\",\"valid_until\":\"2021-06-01T00:00:00Z\",";
    assert_eq!(said(dates, "2021-03-01T00:00:00Z"), None);
    assert_eq!(said(dates, "2021-05-31T23:59:59Z"), None);
    let late = said(dates, "2021-06-01T00:00:00Z").unwrap();
    assert!(late.starts_with("not valid any more: the feed says until 2021-06-01"), "{late}");
    let early = said(dates, "2021-02-28T00:00:00Z").unwrap();
    assert!(early.starts_with("not valid yet: the feed says from 2021-03-01"), "{early}");
    assert_eq!(said(dates, "no time"), None);
    assert_eq!(said("", "2031-01-01T00:00:00Z"), None);
}

#[test]
fn misp_attributes_and_objects_are_read() {
    let attribute = |kind: &str, value: &str, more: &str| {
        format!("{{\"type\":\"{kind}\",\"value\":\"{value}\",\"to_ids\":true{more}}}")
    };
    let attributes = [
        attribute("filename|sha256", &format!("x.aspx|{SHA256}"), ""),
        attribute("ip-dst|port", "203.0.113[.]7|443", ""),
        attribute("domain|ip", "evil.example|203.0.113.8", ",\"comment\":\"seen twice\""),
        attribute("mutex", "m", ""),
        attribute("yara", "rule a", ""),
        "{\"type\":\"ip-src\",\"value\":\"203.0.113.9\",\"to_ids\":false}".to_owned(),
        attribute("sha256", SHA256, ""),
        attribute("sha1", SHA1, ",\"deleted\":true"),
    ];
    let object = format!("{{\"name\":\"file\",\"Attribute\":[{}]}}", attribute("md5", MD5, ""));
    let misp = format!(
        "{{\"Event\":{{\"info\":\"Mail servers\",\"threat_level_id\":\"1\",\
           \"Tag\":[{{\"name\":\"misp-galaxy:mitre-attack-pattern=\\\"Web Shell - T1505.003\\\"\"}}],\
           \"Attribute\":[{}],\"Object\":[{object}]}}}}",
        attributes.join(",")
    );
    for feed in [misp.clone(), format!("[{misp}]"), format!("{{\"response\":[{misp}]}}")] {
        let set = load(&[&feed]).unwrap();
        assert_eq!(sums(&set), (4, 4, 1), "{feed}");
        assert!(set.rules.iter().all(|rule| rule.description.contains("Mail servers")));
        assert_eq!(set.rules[0].attack, ["T1505.003"]);
        let levels: Vec<Level> = set.rules.iter().take(4).map(|rule| rule.level).collect();
        assert_eq!(levels, [Level::High, Level::Medium, Level::Medium, Level::High]);
        let set = Arc::new(set);
        let file = event_of_file(&["C:\\y.bin", "5", SHA256, MD5, SHA1]);
        assert_eq!(hits(&set, &[file]).len(), 2, "by SHA-256 and by MD5");
        let connection = event(&schema(&["DestinationIp"]), &["203.0.113.8"]);
        assert_eq!(hits(&set, &[connection]).len(), 1);
    }
}

fn event_of_file(values: &[&str]) -> vigie_model::EventBatch {
    event(&files(), values)
}

#[test]
fn the_feed_of_march_2021_is_read_in_both_shapes() {
    let json = format!(
        "[{{\"DateAdded\":\"2021-03-10\",\"FirstSeen\":\"2021-03-05T10:07:29.0421232Z\",\"Indicator\":\"{SHA256}\",\
           \"IndicatorType\":\"sha256\",\"TLP\":\"White\",\"AdditionalMetadata\":{{\"FileMd5\":\"{MD5}\",\"FileSha1\":\"{SHA1}\"}}}},\
          {{\"Indicator\":\"C:\\\\inetpub\\\\wwwroot\\\\x.aspx\",\"IndicatorType\":\"filepath\",\"AdditionalMetadata\":\"\"}},\
          {{\"Indicator\":\"evil[.]example\",\"IndicatorType\":\"domainname\",\"AdditionalMetadata\":\"\"}},\
          {{\"Indicator\":\"evil.example\",\"IndicatorType\":\"domainname\",\"AdditionalMetadata\":\"\"}},\
          {{\"Indicator\":\"x\",\"IndicatorType\":\"mutex\"}}]"
    );
    let set = load(&[&json]).unwrap();
    assert_eq!(sums(&set), (3, 1, 1));
    let set = Arc::new(set);
    assert_eq!(
        hits(&set, &[event_of_file(&[r"D:\a", "1", "-", MD5, "-"])]).len(),
        1,
        "another hash of the same file"
    );
    assert_eq!(hits(&set, &[event_of_file(&[r"C:\inetpub\wwwroot\X.ASPX", "1", "-", "-", "-"])]).len(), 1);
    let csv =
        "DateAdded,FirstSeen,Indicator,IndicatorType,TLP\r\n2021-04-01,,evil.example,domainname,White\r\n";
    assert_eq!(sums(&load(&[csv]).unwrap()), (1, 0, 0));
    assert_eq!(sums(&load(&[csv, &json]).unwrap()), (3, 1, 2), "two feeds may say the same");
}

#[test]
fn our_own_csv_is_a_feed_too() {
    let csv = "type,value,stage,way,level,title,note\naddress,203.0.113[.]7,,,high,Control server,\n";
    let set = load(&[csv]).unwrap();
    assert_eq!(sums(&set), (1, 0, 0));
    assert_eq!(
        (set.rules[0].id.as_str(), set.rules[0].pack.as_deref()),
        ("indicator:address:203.0.113.7", None)
    );
}

#[test]
fn feeds_that_do_not_load_say_where_and_why() {
    for (feed, message) in [
        ("{\"type\":\"bundle\",\n\"objects\":[}", "0.feed:2:12: error: not JSON: expected value"),
        ("{\"a\":1}", "0.feed: error: no feed that is known\nhelp: read are STIX 2.1 bundles, MISP events"),
        ("nothing here\n", "0.feed:1:1: error: the first line must name the columns"),
        (
            "type,value,stage,way,level,title,note\nmd5,12,,,high,T,\n",
            "0.feed:2:5: error: not a md5 of 32 digits",
        ),
        (
            "[{\"Indicator\":\"12\",\"IndicatorType\":\"md5\"}]",
            "0.feed#/0/Indicator: error: not a md5 of 32 digits",
        ),
        (
            "{\"Event\":{\"Attribute\":[{\"type\":\"md5\",\"value\":\"x\",\"to_ids\":true}]}}",
            "0.feed#/Event/Attribute/0: error: md5 x: not a md5 of 32 digits",
        ),
        ("", "0.feed: error: the feed holds no indicator"),
        ("\u{0}\u{1}", "0.feed:1:1: error:"),
    ] {
        let said = load(&[feed]).unwrap_err();
        assert!(said.starts_with(message), "{feed:?}:\n{said}");
    }
}

#[test]
fn one_of_each_format_loads_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/indicators");
    let read = |name: &str| std::fs::read_to_string(folder.join(name).join("input")).unwrap();
    for (name, format, expected) in [
        ("stix_bundle", "STIX bundle", (4, 1, 0)),
        ("misp_event", "MISP", (4, 2, 0)),
        ("mstic_json", "MSTIC feed", (2, 0, 0)),
        ("mstic_csv", "MSTIC feed", (1, 0, 0)),
        ("own_csv", "CSV", (2, 0, 0)),
    ] {
        let set = load(&[&read(name)]).unwrap();
        assert_eq!((set.feeds[0].format, sums(&set)), (format, expected), "{name}");
    }
}
