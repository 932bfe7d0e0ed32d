//! Text that an attacker chose, put wherever a report shows text from evidence, through every renderer.

use std::collections::BTreeMap;

use vigie_model::assessment::{Actor, ActorKind, Assessment, SCHEMA, TimelineEntry, Tool};
use vigie_model::diagnostic::{Code, Diagnostic};
use vigie_model::evidence::ManifestEntry;
use vigie_model::exposure::BuildSeen;
use vigie_model::finding::Statement;
use vigie_model::finding::{Finding, Proof};
use vigie_model::hit::EvidencePlace;
use vigie_model::intrusion::{Intrusion, Tie, TieKind};
use vigie_model::patches::{CveExposure, CveState, PatchLevel, Seen};
use vigie_model::rule::{Confidence, Level, Role, Stage};
use vigie_model::{Day, Time};
use vigie_report::{Lang, RENDERERS, Style};

/// Opens an element that no renderer writes by itself.
const MARK: &str = "<zq";

/// Renders an assessment full of the bytes in every format and language.
///
/// # Panics
/// When a renderer does, or lets an attacker's text out of its place.
pub fn render(data: &[u8]) {
    let text = format!("{MARK} {}", String::from_utf8_lossy(data));
    let assessment = assessment(&text);
    for renderer in RENDERERS {
        for lang in Lang::ALL {
            let mut out = Vec::new();
            let style = Style { lang: *lang, ..Style::default() };
            renderer.render(&assessment, &style, &mut out).expect("a Vec takes everything");
            let out = String::from_utf8(out).expect("reports are UTF-8");
            judge(renderer.name(), &out, &assessment);
        }
    }
}

fn judge(format: &str, out: &str, assessment: &Assessment) {
    match format {
        "html" => assert!(!out.to_ascii_lowercase().contains(MARK), "an element from evidence in the page"),
        "text" => {
            let control = out.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(control, None, "a control character from evidence on the terminal");
        }
        "json" => {
            let back: Assessment = serde_json::from_str(out).expect("what is written can be read");
            assert_eq!(back, *assessment);
        }
        _ => assert!(!out.is_empty(), "{format} wrote nothing"),
    }
}

/// An assessment whose every text from evidence is `text`.
fn assessment(text: &str) -> Assessment {
    let time = Time::from_micros(1_614_500_000_000_000);
    let owned = || text.to_owned();
    let place = EvidencePlace { path: owned(), place: owned(), offset: 7, sha256: "0".repeat(64) };
    let proof = Proof {
        rule_id: "rule".to_owned(),
        evidence: place,
        artifact: owned(),
        time,
        fields: BTreeMap::from([(owned(), owned())]),
    };
    let finding = Finding {
        id: "F1".to_owned(),
        pack: None,
        title: owned(),
        description: owned(),
        localized: BTreeMap::new(),
        level: Level::Critical,
        confidence: Confidence::High,
        stage: Stage::Foothold,
        role: Role::Trace,
        way: None,
        attack: vec![owned()],
        time,
        last: time,
        actor: Some(owned()),
        object: Some(owned()),
        sha256: None,
        events: 1,
        proofs: vec![proof],
        joined: Vec::new(),
    };
    let entry = TimelineEntry {
        time: Time::MIN,
        finding: "F1".to_owned(),
        stage: Stage::Foothold,
        actor: Some(owned()),
        object: Some(owned()),
        artifact: owned(),
        path: owned(),
        place: owned(),
    };
    Assessment {
        schema: SCHEMA.to_owned(),
        host: owned(),
        host_from: "option".to_owned(),
        collection: "evidence.zip".to_owned(),
        tool: Tool { name: "vigie".to_owned(), version: "0".to_owned(), command: owned(), tlp: owned() },
        packs: Vec::new(),
        verdicts: vec![verdict(text)],
        patches: Some(patches(text)),
        intrusions: vec![intrusion(text)],
        findings: vec![finding],
        timeline: vec![entry],
        timeline_total: 1,
        coverage: Vec::new(),
        manifest: vec![manifest(text)],
        diagnostics: vec![Diagnostic::once(text, Code::BadLine, owned(), owned())],
        rules: Vec::new(),
        not_asked: Vec::new(),
        not_loaded: Vec::new(),
    }
}

fn patches(text: &str) -> PatchLevel {
    let owned = || text.to_owned();
    let proof = EvidencePlace { path: owned(), place: owned(), offset: 0, sha256: owned() };
    let seen = Seen { build: owned(), time: None, proof: proof.clone() };
    let build =
        BuildSeen { build: owned(), name: owned(), from: None, to: None, fixed: None, proof: proof.clone() };
    let flaw = CveExposure {
        cve: owned(),
        state: CveState::Open,
        fix_published: None,
        exploited: None,
        open_first: Some(seen.clone()),
        open_last: Some(seen.clone()),
        fixed_first: Some(seen),
        conditions: vec![Statement::new("condition_setting_override").with("detail", text)],
    };
    PatchLevel {
        build,
        seen_last: None,
        seen_last_proof: proof,
        supported_until: None,
        knowledge: Day(20_676),
        cves: vec![flaw],
        fixed_throughout: 1,
    }
}

fn intrusion(text: &str) -> Intrusion {
    let owned = || text.to_owned();
    Intrusion {
        id: owned(),
        stage: Stage::Used,
        first: None,
        last: None,
        actors: vec![owned(), "192.0.2.1".to_owned()],
        ties: vec![Tie { kind: TieKind::Page, value: owned(), actors: vec![owned()] }],
        pages: vec![owned()],
        findings: vec![owned()],
    }
}

fn manifest(text: &str) -> ManifestEntry {
    ManifestEntry {
        path: text.to_owned(),
        host_path: Some(text.to_owned()),
        size: 1,
        sha256: None,
        modified: None,
        artifact: None,
        unread: Some(text.to_owned()),
        events: 0,
        parsed_bytes: 0,
        rejected_bytes: 1,
        first: None,
        last: None,
    }
}

fn verdict(text: &str) -> vigie_model::assessment::PackVerdict {
    use vigie_model::exposure::{Exposure, ExposureState, Reachable};
    use vigie_model::pack::Text;
    let both = || Text { en: "campaign".to_owned(), fr: "campagne".to_owned() };
    vigie_model::assessment::PackVerdict {
        pack: "proxylogon".to_owned(),
        title: both(),
        summary: both(),
        verdict: vigie_model::verdict::Verdict::Compromised,
        stage: Stage::Foothold,
        coverage: vigie_model::coverage::CoverageSummary::default(),
        exposure: Exposure {
            outside_until: None,
            state: ExposureState::Exposed,
            from: None,
            to: None,
            reachable: Reachable::Unknown,
            reachable_proof: None,
            builds: Vec::new(),
            patched_at: None,
            notes: Vec::new(),
        },
        reasons: Vec::new(),
        ways: Vec::new(),
        actors: vec![Actor {
            name: text.to_owned(),
            kind: ActorKind::Attacker,
            stage: Stage::Foothold,
            first: None,
            last: None,
            events: 1,
            findings: vec!["F1".to_owned()],
        }],
        actions: Vec::new(),
        next_evidence: Vec::new(),
    }
}
