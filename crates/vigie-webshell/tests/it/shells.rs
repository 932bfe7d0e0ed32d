//! Generated shapes and their mutations are found; findings say line and parameter.

use vigie_example::webshell::{MUTATIONS, mutate, shapes};
use vigie_webshell::{Class, Container, Tongue, Verdict, analyze};

/// Only each so many mutations run in everyday tests; `cargo xtask corpus` runs all.
const EVERY: u64 = 9;

#[test]
fn every_shape_is_found_and_so_are_its_mutations() {
    let mut missed = Vec::new();
    for shape in shapes() {
        for number in (0..MUTATIONS).step_by(usize::try_from(EVERY).unwrap()) {
            let page = mutate(&shape.page(), number);
            if analyze(shape.file, &page).verdict == Verdict::NotSeen {
                missed.push(format!("{} #{number}", shape.name));
            }
        }
    }
    assert!(missed.is_empty(), "not seen: {missed:#?}");
}

fn found(name: &str) -> vigie_webshell::Analysis {
    let shape = shapes().find(|shape| shape.name == name).unwrap();
    analyze(shape.file, shape.page().as_bytes())
}

#[test]
fn a_finding_is_one_sentence_with_line_and_parameter() {
    let analysis = found("jscript eval of an item");
    assert_eq!(analysis.verdict, Verdict::WebShell);
    assert_eq!(
        analysis.findings[0].sentence(Tongue::En),
        "line 1: what the client sends in 'pw' is run as code"
    );
    assert_eq!(
        analysis.findings[0].sentence(Tongue::Fr),
        "ligne 1 : ce que le client envoie dans « pw » est exécuté comme du code"
    );
}

#[test]
fn an_export_of_a_virtual_directory_is_named_as_one() {
    let analysis = found("oab export");
    assert_eq!(analysis.container, Container::VirtualDirectory);
    assert_eq!(analysis.findings[0].line, 6);
    let harmless = b"Name : OAB\nInternalAuthenticationMethods : x\nExtendedProtectionTokenChecking : None\nExternalUrl : https://mail.example.org/OAB\n";
    let analysis = analyze("oab.aspx", harmless);
    assert_eq!((analysis.verdict, analysis.container), (Verdict::NotSeen, Container::VirtualDirectory));
}

#[test]
fn classes_are_told_apart() {
    for (name, class) in [
        ("command page", Class::RunsCommand),
        ("encrypted assembly in memory", Class::LoadsAssembly),
        ("socket tunnel", Class::Tunnel),
        ("file writer", Class::WritesFile),
        ("machine keys", Class::ShowsKeys),
        ("style sheet from base64", Class::RunsStylesheet),
        ("file manager", Class::ManagesFiles),
        ("sql console", Class::SqlConsole),
        ("view state formatter", Class::Deserializes),
        ("handler that drops a page", Class::DropsShell),
        ("security programs looked for", Class::LooksForDefenses),
    ] {
        let analysis = found(name);
        assert!(
            analysis.findings.iter().any(|finding| finding.class == class),
            "{name}: {:?}",
            analysis.findings
        );
    }
}

#[test]
fn encoded_scripts_are_read() {
    let shape = shapes().find(|shape| shape.name == "vbscript eval").unwrap();
    let inner = shape.page().trim_start_matches("<%").trim_end_matches("%>").to_owned();
    let page = format!("<%@ LANGUAGE = VBScript.Encode %>\n<%{}%>", vigie_webshell::encode_script(&inner));
    let analysis = analyze("e.asp", page.as_bytes());
    assert_eq!(analysis.verdict, Verdict::WebShell);
    assert_eq!(analysis.findings[0].line, 2);
}
