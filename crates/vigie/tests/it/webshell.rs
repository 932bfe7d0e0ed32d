//! Pages through the analyzer: a proven shell decides the verdict, honest pages and places without a table say nothing.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use vigie::engine::{Config, Content, Progress, check, content};
use vigie_detect::{RuleSet, Sources};
use vigie_example::webshell::shapes;
use vigie_model::Assessment;
use vigie_model::rule::{Role, Stage};
use vigie_model::verdict::Verdict;

fn assess(folder: &Path) -> Assessment {
    let mut rules = RuleSet::load(&Sources::default()).unwrap();
    let mut content = Content::default();
    content::webshell::add(&mut rules, &mut content);
    let config = Config { content, threads: 1, host: Some("H".to_owned()), ..Config::default() };
    check(&[folder.to_owned()], &Arc::new(rules), &config, &Progress::hidden()).assessments.remove(0)
}

fn page(name: &str) -> String {
    shapes().find(|shape| shape.name == name).unwrap().page()
}

#[test]
fn a_proven_shell_is_a_foothold_and_says_line_parameter_and_hash() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.aspx"), page("several commands in a switch")).unwrap();
    let assessment = assess(folder.path());
    assert_eq!(assessment.verdict(), Verdict::Compromised);
    let finding = assessment
        .findings
        .iter()
        .find(|finding| finding.proofs[0].rule_id == "webshell:writes-file")
        .unwrap();
    assert_eq!(finding.stage, Stage::Foothold);
    assert!(finding.sha256.is_some());
    let fields = &finding.proofs[0].fields;
    assert_eq!(
        fields["Says"],
        "line 10: what the client sends in 'a2' is written to a file whose path the client chooses"
    );
    assert!(fields["Dit"].starts_with("ligne 10 : ce que le client envoie dans « a2 »"));
    assert!(finding.localized["fr"].title.starts_with("Ce que le client envoie"));
    let rule = assessment.rules.iter().find(|rule| rule.id == "webshell:writes-file").unwrap();
    assert_eq!((rule.evaluated, rule.matched), (1, 1));
}

#[test]
fn honest_pages_say_nothing_and_what_is_only_suspicious_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.aspx"),
        "<%@ Page Language=\"C#\" %><% Response.Write(Request[\"q\"]); %>",
    )
    .unwrap();
    assert!(assess(folder.path()).findings.is_empty());
    fs::write(folder.path().join("b.aspx"), page("security programs looked for")).unwrap();
    let assessment = assess(folder.path());
    let finding = &assessment.findings[0];
    assert_eq!((finding.role, finding.stage), (Role::Context, Stage::NoTrace));
    assert_ne!(assessment.verdict(), Verdict::Compromised);
}

#[test]
fn the_place_of_a_page_is_told_by_microsofts_own_list() {
    let folder = tempfile::tempdir().unwrap();
    let auth =
        folder.path().join("C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth");
    fs::create_dir_all(&auth).unwrap();
    let honest = "<%@ Page Language=\"C#\" %><p>hello</p>";
    for name in ["logon.aspx", "RedirSuiteServerProxy.aspx", "zz12.aspx"] {
        fs::write(auth.join(name), honest).unwrap();
    }
    let assessment = assess(folder.path());
    let mut told: Vec<&str> = assessment
        .findings
        .iter()
        .flat_map(|finding| &finding.proofs)
        .map(|proof| proof.rule_id.as_str())
        .filter(|id| id.starts_with("webshell:"))
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["webshell:look-alike", "webshell:other-hash", "webshell:unlisted"]);
}
