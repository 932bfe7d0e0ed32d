//! What the configuration and Microsoft's checker say of a flaw beside the build.

use vigie_assess::OwnerFacts;
use vigie_model::evidence::{Fact, FactKind};
use vigie_model::finding::Statement;

use crate::evidence::{assessed_with, complete, pack};

/// The notes on exposure to a flaw, of evidence with these facts, each with the path of its file.
fn notes(cve: &str, facts: &[(FactKind, &str, &str)]) -> Vec<Statement> {
    let mut files = complete();
    for (kind, value, path) in facts {
        let mut file = files[2].clone();
        (*path).clone_into(&mut file.entry.path);
        let value = (*value).to_owned();
        file.facts = vec![Fact { kind: *kind, value, time: None, place: "line 3".into() }];
        files.push(file);
    }
    let mut pack = pack();
    pack.cves = vec![cve.to_owned()];
    let assessment = assessed_with(files, &OwnerFacts::default(), pack);
    let notes = assessment.worst().unwrap().exposure.notes.clone();
    let of_settings = ["mitigation_", "tokens_", "checker_"];
    notes.into_iter().filter(|note| of_settings.iter().any(|start| note.key.starts_with(start))).collect()
}

fn rule(enabled: &str, condition: &str) -> String {
    format!(
        "\tinbound\tadd\tPowerShell - inbound\t{enabled}\tECMAScript\ttrue\t.*\t{condition}\tAbortRequest\t\t"
    )
}

const GOOD: &str = "{UrlDecode:{REQUEST_URI}} ~ (?=.*autodiscover)(?=.*powershell)";
const FIRST: &str = r"{REQUEST_URI} ~ .*autodiscover\.json.*\@.*Powershell.*";
const SITE: &str = "C/inetpub/wwwroot/web.config";

#[test]
fn a_mitigation_holds_only_with_the_pattern_that_was_not_got_around() {
    let keys = |facts: &[(FactKind, &str, &str)]| -> Vec<String> {
        notes("CVE-2022-41040", facts).into_iter().map(|note| note.key.clone()).collect()
    };
    let rewrite = FactKind::RewriteRule;
    let (good, first, off) = (rule("true", GOOD), rule("true", FIRST), rule("false", GOOD));
    assert_eq!(keys(&[(rewrite, &good, SITE)]), ["mitigation_holds"]);
    assert_eq!(keys(&[(rewrite, &first, SITE)]), ["mitigation_passes"]);
    assert_eq!(keys(&[(rewrite, &off, SITE)]), ["mitigation_off"]);
    assert_eq!(keys(&[(rewrite, &first, SITE), (rewrite, &good, SITE)]), ["mitigation_holds"]);
    let narrowed = rule("true", &format!("{GOOD} && {{HTTP_HOST}} ~ mail"));
    assert_eq!(keys(&[(rewrite, &narrowed, SITE)]), ["mitigation_passes"]);
    let cleared = "\tinbound\tclear\t\ttrue\tECMAScript\tfalse\t\t\t\t\t";
    let below = (rewrite, cleared, "C/V15/FrontEnd/HttpProxy/autodiscover/web.config");
    assert_eq!(keys(&[(rewrite, &good, SITE), below]), ["mitigation_off"]);
    assert_eq!(keys(&[]), Vec::<String>::new());
}

#[test]
fn extended_protection_is_told_where_it_is_weaker_than_required() {
    let token = FactKind::TokenChecking;
    let weak = notes(
        "CVE-2024-21410",
        &[
            (token, "Default Web Site/EWS\tNone", "a.config"),
            (token, "Default Web Site/ECP\tRequire", "a.config"),
        ],
    );
    assert_eq!(weak, [Statement::new("tokens_unchecked").with("places", "Default Web Site/EWS (None)")]);
    // Stricter than asked is right; a single right place says nothing of the others.
    assert_eq!(notes("CVE-2024-21410", &[(token, "Default Web Site/EWS\tRequire", "a.config")]), []);
    assert_eq!(notes("CVE-2021-26855", &[(token, "Default Web Site/EWS\tNone", "a.config")]), []);
}

#[test]
fn a_flaw_that_microsofts_checker_found_open_is_told() {
    let told = notes("CVE-2021-26855", &[(FactKind::OpenFlaw, "CVE-2021-26855", "HealthChecker.xml")]);
    assert_eq!(told, [Statement::new("checker_found_open").with("cve", "CVE-2021-26855").with("when", "?")]);
}
