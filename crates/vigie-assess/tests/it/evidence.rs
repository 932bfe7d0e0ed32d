//! Hand-made evidence: a campaign with two ways in, rules of each kind, and files with hits.

use std::sync::Arc;

use vigie_assess::{FileEvidence, HostEvidence, OwnerFacts, Scope, Tally, assess};
use vigie_model::assessment::Tool;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::{Fact, FactKind, ManifestEntry};
use vigie_model::pack::{Action, Pack, Product, Seen, Text, Way, Window};
use vigie_model::rule::{Confidence, Level, Role, RuleInfo, Stage};
use vigie_model::verdict::Verdict;
use vigie_model::{Assessment, BatchBuilder, Day, Hit, Schema, Time};

pub(crate) const REACHED: u32 = 0;
pub(crate) const WRITTEN: u32 = 1;
pub(crate) const SHELL_FILE: u32 = 2;
pub(crate) const SEEN_THERE: u32 = 3;
pub(crate) const SCANNED: u32 = 4;
pub(crate) const GUESS: u32 = 5;
pub(crate) const TRIED: u32 = 6;
pub(crate) const USED: u32 = 7;

fn text(words: &str) -> Text {
    Text { en: words.to_owned(), fr: words.to_owned() }
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn time(text: &str) -> Time {
    Time::parse(text.as_bytes()).unwrap()
}

pub(crate) fn pack() -> Pack {
    let way = |id: &str, cve: &str, needs: &[&str]| Way {
        id: id.into(),
        cve: cve.into(),
        title: text(id),
        needs: vec![needs.iter().map(|need| (*need).to_owned()).collect()],
        blind: None,
    };
    let action = |id: &str, when: &[Verdict]| Action {
        id: id.into(),
        when: when.to_vec(),
        title: text(id),
        detail: text(id),
    };
    Pack {
        id: "test".into(),
        version: day("2026-11-24"),
        title: text("Test"),
        summary: text("Test"),
        cves: vec!["CVE-2021-26855".into()],
        product: Product::Exchange,
        seen: Seen::OnTheServer,
        setting: None,
        uses: vec![],
        window: Some(Window {
            from: day("2021-02-26"),
            until: day("2021-03-08"),
            fix: day("2021-03-02"),
            why: text("why"),
        }),
        way: vec![
            way("entry", "CVE-2021-26855", &["exchange.httpproxy/Ecp"]),
            way("shell", "", &["iis.w3c/W3SVC1", "web.root"]),
        ],
        action: vec![action("isolate", &[Verdict::Compromised]), action("keep-logs", &[Verdict::NoEvidence])],
        rule: std::collections::BTreeMap::new(),
        references: vec![],
    }
}

pub(crate) fn rules() -> Vec<RuleInfo> {
    let rule = |id: &str, stage: Stage, way: &str, role: Role, confidence: Confidence| RuleInfo {
        id: id.into(),
        title: id.into(),
        level: Level::High,
        confidence,
        pack: Some("test".into()),
        stage: Some(stage),
        way: Some(way.into()),
        role,
        ..RuleInfo::default()
    };
    vec![
        rule("reached", Stage::Reached, "entry", Role::Trace, Confidence::High),
        rule("written", Stage::Foothold, "entry", Role::Trace, Confidence::High),
        rule("shell-file", Stage::Foothold, "shell", Role::Trace, Confidence::High),
        rule("seen-there", Stage::Foothold, "shell", Role::Witness, Confidence::Medium),
        rule("scanned", Stage::Attempted, "entry", Role::Scanner, Confidence::High),
        rule("guess", Stage::Impact, "shell", Role::Trace, Confidence::Low),
        rule("tried", Stage::Attempted, "entry", Role::Trace, Confidence::Medium),
        rule("used", Stage::Used, "shell", Role::Trace, Confidence::High),
    ]
}

pub(crate) fn hit(rule: u32, stream: &str, at: &str, fields: &[(&str, &str)]) -> Hit {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Hit { rule, time: Some(time(at)), stream: stream.into(), number: 7, offset: 700, fields }
}

/// A file of one stream with an event in every hour of the days, by a client.
pub(crate) fn log(stream: &str, from: &str, to: &str, client: &str) -> FileEvidence {
    let (artifact, name) = stream.split_once('/').unwrap_or((stream, ""));
    let schema = Schema {
        artifact: artifact.to_owned().into(),
        stream: name.to_owned(),
        fields: vec!["c-ip".into()],
        ..Schema::default()
    };
    let mut builder = BatchBuilder::new(Arc::new(schema));
    for day in day(from).through(day(to)) {
        for hour in 0..24 {
            let at = day.start().plus_micros(hour * 3_600_000_000);
            builder.push(at, Position { number: 1, offset: 10 }, [Some(client)]);
        }
    }
    let density = if artifact == "web.root" { Density::State } else { Density::Busy };
    let mut tally = Tally::default();
    tally.observe(&builder.take(), density);
    // Of the web folders one file stands for both that matter.
    let path = if artifact == "web.root" { "wwwroot/owa".to_owned() } else { format!("{stream}.log") };
    let entry = ManifestEntry {
        path,
        host_path: None,
        size: 1000,
        sha256: Some("ab".repeat(32)),
        modified: None,
        artifact: Some(artifact.to_owned()),
        unread: None,
        events: 1,
        parsed_bytes: 1000,
        rejected_bytes: 0,
        first: None,
        last: None,
    };
    FileEvidence { entry, diagnostics: vec![], facts: vec![], hits: vec![], tally }
}

/// The evidence of a server that was open to the internet from before the window until it was fixed.
pub(crate) fn complete() -> Vec<FileEvidence> {
    let mut front = log("exchange.httpproxy/Ecp", "2021-02-20", "2021-03-10", "203.0.113.50");
    front.facts =
        vec![build("15.1.2176.2", "2021-02-20T00:00:00Z"), build("15.1.2176.9", "2021-03-03T01:00:00Z")];
    let site = log("iis.w3c/W3SVC1", "2021-02-20", "2021-03-10", "203.0.113.50");
    vec![front, site, log("web.root", "2021-03-10", "2021-03-10", "-")]
}

pub(crate) fn build(value: &str, at: &str) -> Fact {
    Fact { kind: FactKind::BuildRunning, value: value.into(), time: Some(time(at)), place: "line 2".into() }
}

pub(crate) fn assessed(files: Vec<FileEvidence>, owner: &OwnerFacts) -> Assessment {
    assessed_with(files, owner, pack())
}

pub(crate) fn assessed_with(files: Vec<FileEvidence>, owner: &OwnerFacts, pack: Pack) -> Assessment {
    let (rules, packs) = (rules(), [pack]);
    let host = HostEvidence {
        host: "MAIL01".into(),
        host_from: "events",
        collection: "mail01.zip".into(),
        files,
        diagnostics: vec![],
        rules: &rules,
        packs: &packs,
        pack_refs: &[],
        not_loaded: &[],
        liveness: vec![],
        tool: Tool::default(),
        scope: Scope::All,
    };
    assess(host, owner)
}
