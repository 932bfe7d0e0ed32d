//! Assessments of invented servers, as `vigie check` writes them, and the question asked of them.

use serde_json::{Value, json};
use vigie_directive::declarations::{self, Declaration};
use vigie_directive::register::{self, Registered};
use vigie_directive::{Known, Material, known, zone};
use vigie_model::Time;
use vigie_model::directive::{Directive, DirectiveReport, DirectiveResult, ServerResult, Status};

/// Before the fixes of March, with them, and with those of April.
pub(crate) const OPEN: &str = "15.1.2176.2";
pub(crate) const MARCH: &str = "15.1.2176.9";

/// The order of the builds of one update: enough of a table for a test.
fn held(build: &str, cve: &str) -> Option<bool> {
    let revision = build.strip_prefix("15.1.2176.")?.parse::<u32>().ok()?;
    Some(revision >= if cve.starts_with("CVE-2021-28") { 12 } else { 9 })
}

/// What one assessment says.
#[derive(Clone)]
pub(crate) struct Evidence {
    pub(crate) build: (&'static str, &'static str, &'static str),
    pub(crate) verdict: &'static str,
    /// From this day on the ways in are covered.
    pub(crate) covered_from: &'static str,
    pub(crate) outside_until: Option<&'static str>,
    pub(crate) last: &'static str,
}

impl Evidence {
    /// Complete and clean, of one build that was seen between two moments.
    pub(crate) fn of(build: &'static str, from: &'static str, to: &'static str) -> Evidence {
        let verdict = "no evidence of compromise";
        let build = (build, from, to);
        Evidence { build, verdict, covered_from: "2021-01-03", outside_until: None, last: to }
    }

    pub(crate) fn json(&self, host: &str) -> Value {
        let mut runs =
            vec![json!({"from": self.covered_from, "to": "2021-03-04", "state": "covered", "lacking": []})];
        if self.covered_from != "2021-01-03" {
            let lacking = json!({"from": "2021-01-03", "to": "2021-02-14", "state": "before", "lacking": ["iis.w3c/W3SVC1"]});
            runs.insert(0, lacking);
        }
        let way = |way: &str| json!({"way": way, "cve": "", "title": {"en": "", "fr": ""}, "blind": null, "runs": runs, "stage": "no trace"});
        let place =
            json!({"path": "evidence.zip!/ExchangeSetup.log", "place": "line 7", "offset": 0, "sha256": ""});
        let (build, from, to) = self.build;
        let build =
            json!({"build": build, "name": "", "from": from, "to": to, "fixed": null, "proof": place});
        let exposure = json!({"state": "exposed", "from": "2021-01-03", "to": "2021-03-04", "reachable": "yes",
            "reachable_proof": null, "outside_until": self.outside_until, "builds": [build], "patched_at": null, "notes": []});
        json!({
            "schema": "vigie-assessment/1", "host": host, "tool": {"tlp": "AMBER"},
            "verdicts": [{"pack": "proxylogon", "verdict": self.verdict, "exposure": exposure,
                "ways": [way("ssrf"), way("oab-write"), way("shell")]}],
            "coverage": [{"stream": "iis.w3c/W3SVC1", "density": "busy", "files": 1, "events": 1,
                "first": "2021-01-01T00:00:00.000000Z", "last": self.last, "gaps": [], "damaged": []}],
        })
    }

    pub(crate) fn known(&self, organisation: &str, host: &str) -> Known {
        let bytes = serde_json::to_vec(&self.json(host)).expect("it is JSON");
        let path = format!("{organisation}/{host}/{}/assessment.json", self.last);
        known::read(&path, vec![organisation.to_owned()], &bytes).unwrap_or_else(|error| panic!("{error}"))
    }
}

pub(crate) fn directives() -> Vec<Directive> {
    let all = vigie_directive::bundled().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    all.into_iter().filter(|one| one.id == "ed-21-02").collect()
}

pub(crate) fn declared(rows: &str) -> Vec<Declaration> {
    let text = format!("organisation,host,action,declared,date,note\n{rows}");
    declarations::read("d.csv", text.as_bytes(), &directives(), &[])
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

pub(crate) fn registered(rows: &str) -> Vec<Registered> {
    let text = format!("host,organisation,group\n{rows}");
    register::read("r.csv", text.as_bytes(), &directives()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

pub(crate) fn at(text: &str) -> Time {
    zone::with_zone(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn asked(
    known: &[Known],
    declarations: &[Declaration],
    register: &[Registered],
    moment: &str,
) -> DirectiveReport {
    let directives = directives();
    let material = Material { directives: &directives, known, declarations, register, held };
    vigie_directive::status(&material, at(moment))
}

/// The status of an action of an organisation.
pub(crate) fn status(result: &DirectiveResult, organisation: &str, action: &str) -> Status {
    let of = result.organisations.iter().find(|one| one.organisation == organisation);
    let actions = &of.unwrap_or_else(|| panic!("no {organisation}")).actions;
    actions.iter().find(|one| one.action == action).unwrap_or_else(|| panic!("no {action}")).status
}

/// The first server's result.
pub(crate) fn server(result: &DirectiveResult, organisation: &str, action: &str) -> ServerResult {
    let of = result.organisations.iter().find(|one| one.organisation == organisation);
    let found = of.and_then(|one| one.actions.iter().find(|one| one.action == action));
    found.and_then(|one| one.servers.first()).expect("a server").clone()
}
