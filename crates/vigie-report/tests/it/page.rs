//! `report.html` as a browser would read it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use vigie_report::{Lang, Role};

use crate::sample;

/// An element with its attributes, in order of the page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Tokens with scripts and styles read as a browser reads them: raw, up to their end.
fn tokens(html: &str) -> Vec<Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter)
        .map(|token| token.unwrap_or_else(|never| match never {}))
        .collect()
}

/// The elements of a page, and the text between them.
pub(crate) fn read(html: &str) -> (Vec<Element>, String) {
    let mut elements = Vec::new();
    let mut text = String::new();
    let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                let attributes =
                    tag.attributes.iter().map(|(name, value)| (word(name), word(value))).collect();
                elements.push(Element { tag: word(&tag.name), attributes });
            }
            Token::String(piece) => text.push_str(&word(&piece)),
            Token::Error(error) => panic!("not well formed: {error:?}"),
            Token::EndTag(_) | Token::Comment(_) | Token::Doctype(_) => text.push(' '),
        }
    }
    (elements, text)
}

/// Elements that must be closed, in order: a page that a browser has to mend is wrong.
fn assert_balanced(html: &str, what: &str) {
    const VOID: &[&str] = &["meta", "link", "br", "input", "img", "hr"];
    let mut open: Vec<String> = Vec::new();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                if !VOID.contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert_eq!(open.pop().as_deref(), Some(name.as_str()), "{what}");
            }
            Token::String(_) | Token::Error(_) | Token::Comment(_) | Token::Doctype(_) => {}
        }
    }
    assert!(open.is_empty(), "{what}: {open:?}");
}

/// Every sample in every language, for every reader.
fn pages() -> &'static [(String, String)] {
    static PAGES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    PAGES.get_or_init(render_pages)
}

fn render_pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for name in sample::NAMES {
        let assessment = sample::assessment(name);
        for lang in Lang::ALL {
            for role in Role::ALL {
                let what = format!("{name} {} {}", lang.code(), role.word());
                pages.push((what, sample::render(&assessment, "html", *lang, *role)));
            }
        }
    }
    pages
}

#[test]
fn every_page_is_well_formed_and_reaches_for_nothing() {
    for (what, html) in pages() {
        assert_balanced(html, what);
        let (elements, _) = read(html);
        for element in &elements {
            let allowed =
                !["img", "link", "iframe", "object", "embed", "base", "form", "input", "audio", "video"]
                    .contains(&element.tag.as_str());
            assert!(allowed, "{what}: {element:?}");
            for (name, value) in &element.attributes {
                assert!(!name.starts_with("on") && name != "style" && name != "src", "{what}: {element:?}");
                assert!(name != "href" || value.starts_with('#'), "{what}: {element:?}");
            }
        }
        let scripts = elements.iter().filter(|element| element.tag == "script").count();
        assert_eq!(scripts, 1, "{what}: only our own script");
    }
}

#[test]
fn the_policy_allows_our_own_style_and_script_and_nothing_else() {
    for (what, html) in pages() {
        let (elements, _) = read(html);
        let policy = elements
            .iter()
            .find(|element| {
                element.attributes.get("http-equiv").is_some_and(|value| value == "Content-Security-Policy")
            })
            .map(|element| element.attributes["content"].clone())
            .unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{what}: {policy}");
        assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{what}: {policy}");
        assert!(html.find("Content-Security-Policy") < html.find("<style"), "{what}: the policy comes first");
    }
}

#[test]
fn a_page_can_be_walked_by_ear_and_keyboard() {
    for (what, html) in pages() {
        let (elements, _) = read(html);
        let count = |tag: &str| elements.iter().filter(|element| element.tag == tag).count();
        assert_eq!((count("main"), count("h1"), count("header"), count("footer")), (1, 1, 1, 1), "{what}");
        let lang = &elements[0].attributes["lang"];
        assert!(what.contains(&format!(" {lang} ")), "{what}: {lang}");
        for svg in elements.iter().filter(|element| element.tag == "svg") {
            let named =
                svg.attributes.contains_key("aria-label") || svg.attributes.contains_key("aria-hidden");
            assert!(named, "{what}: a picture without words: {svg:?}");
        }
        for th in elements.iter().filter(|element| element.tag == "th") {
            assert!(th.attributes.contains_key("scope"), "{what}: {th:?}");
        }
        let ids: Vec<&String> = elements.iter().filter_map(|element| element.attributes.get("id")).collect();
        let unique: BTreeSet<&&String> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{what}: an id twice");
        for link in elements.iter().filter(|element| element.tag == "a") {
            let target = link.attributes["href"].trim_start_matches('#');
            assert!(ids.iter().any(|id| *id == target), "{what}: a link to nowhere: {link:?}");
        }
    }
}

#[test]
fn every_reader_finds_every_finding_and_its_proofs() {
    let assessment = sample::assessment("compromised-hotel");
    for role in Role::ALL {
        let html = sample::render(&assessment, "html", Lang::En, *role);
        let (elements, text) = read(&html);
        for finding in &assessment.findings {
            let id = format!("finding-{}", finding.id);
            assert!(elements.iter().any(|element| element.attributes.get("id") == Some(&id)), "{id}");
            for proof in &finding.proofs {
                assert!(text.contains(&proof.evidence.sha256) && text.contains(&proof.rule_id), "{id}");
                assert!(text.contains(&proof.evidence.path), "{id}");
            }
        }
        for entry in &assessment.manifest {
            assert!(text.contains(&entry.path) && text.contains(entry.sha256.as_deref().unwrap_or("")));
        }
        for wanted in ["TLP:AMBER", "vigie check hotel.zip", "vigie 0.1.0", &assessment.packs[0].sha256] {
            assert!(text.contains(wanted), "{wanted}");
        }
        assert_eq!(text.matches("TLP:AMBER").count(), 3, "at the top, at the bottom and in the annex");
    }
}

#[test]
fn the_owner_reads_one_page_and_the_responder_everything() {
    let assessment = sample::assessment("compromised-hotel");
    let folded = |role| {
        let (elements, _) = read(&sample::render(&assessment, "html", Lang::En, role));
        elements
            .iter()
            .filter(|element| element.tag == "details" && !element.attributes.contains_key("open"))
            .filter(|element| element.attributes.get("class").is_some_and(|class| class == "fold"))
            .count()
    };
    assert_eq!((folded(Role::Owner), folded(Role::Responder)), (8, 0));
    let place = |role, id: &str| {
        let html = sample::render(&assessment, "html", Lang::En, role);
        html.find(&format!("id=\"{id}\"")).unwrap()
    };
    assert!(place(Role::Owner, "steps") < place(Role::Owner, "happened"));
    assert!(place(Role::Responder, "findings") < place(Role::Responder, "steps"));
    assert!(place(Role::Authority, "exposure") < place(Role::Authority, "steps"));
}

#[test]
fn thousands_of_files_stay_usable() {
    let mut assessment = sample::assessment("compromised-hotel");
    let entry = assessment.manifest[0].clone();
    assessment.manifest = vec![entry; 5_000];
    let (elements, text) = read(&sample::render(&assessment, "html", Lang::En, Role::Owner));
    let rows = elements.iter().filter(|element| element.tag == "tr").count();
    assert!((2_000..2_300).contains(&rows), "{rows}");
    assert!(text.contains("The first 2,000 of 5,000 are shown. All of them are in assessment.json."));
}

#[test]
fn a_window_of_ages_is_drawn_in_part_and_told_in_full() {
    let mut assessment = sample::assessment("late-logs");
    for way in &mut assessment.verdicts[0].ways {
        way.runs.truncate(1);
        way.runs[0].from = vigie_model::Day::parse("0001-01-01").unwrap();
        way.runs[0].to = vigie_model::Day::parse("9999-12-31").unwrap();
    }
    let html = sample::render(&assessment, "html", Lang::En, Role::Responder);
    assert!(html.len() < 4_000_000, "{}", html.len());
    assert!(
        html.contains("31\u{a0}December\u{a0}9999") && html.contains("Only the first 1,100 days are drawn")
    );
    let text = sample::render(&assessment, "text", Lang::En, Role::Owner);
    assert!(text.contains("9999"));
}
