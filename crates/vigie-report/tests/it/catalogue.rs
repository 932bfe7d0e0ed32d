//! The catalogues: no key missing, none unused, the same placeholders, and the typography of each language.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vigie_model::coverage::DayState;
use vigie_model::diagnostic::Code;
use vigie_model::directive::{Evidence, Status};
use vigie_model::finding::Statement;
use vigie_model::rule::{Confidence, Level};
use vigie_model::verdict::Verdict;
use vigie_report::catalog::{REASONS, STATEMENTS, catalog, placeholders};
use vigie_report::{Lang, Role};

use crate::sample;

#[test]
fn both_languages_hold_the_same_keys_and_placeholders() {
    let (english, french) = (catalog(Lang::En), catalog(Lang::Fr));
    assert!(english.len() > 250);
    let keys = |lang| catalog(lang).keys().collect::<Vec<_>>();
    assert_eq!(keys(Lang::En), keys(Lang::Fr));
    for (key, text) in english {
        assert_eq!(placeholders(text), placeholders(&french[key]), "{key}");
        assert!(!text.trim().is_empty() && !french[key].trim().is_empty(), "{key}");
    }
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Keys that the code writes out: every string of the sources that looks like one.
fn written_keys() -> BTreeSet<String> {
    const SECTIONS: &[&str] = &["ui", "section", "intro", "col", "label", "summary", "phrase", "directive"];
    let mut files = Vec::new();
    sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut keys = BTreeSet::new();
    for file in files {
        for piece in fs::read_to_string(file).unwrap().split('"') {
            let is_key = piece.split_once('.').is_some_and(|(section, name)| {
                SECTIONS.contains(&section)
                    && name
                        .chars()
                        .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
            });
            if is_key && !name_of_output(piece) {
                keys.insert(piece.to_owned());
            }
        }
    }
    keys
}

/// `summary.txt` and the like are files, not keys.
fn name_of_output(piece: &str) -> bool {
    ["txt", "json", "html", "csv", "md"].iter().any(|end| piece.ends_with(&format!(".{end}")))
}

/// Keys that the code builds from closed sets.
fn family_keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut add = |family: &str, members: &[&str], parts: &[&str]| {
        for member in members {
            for part in parts {
                let part = if part.is_empty() { String::new() } else { format!(".{part}") };
                keys.insert(format!("{family}.{member}{part}"));
            }
        }
    };
    add("verdict", &Verdict::ALL.iter().map(|one| one.key()).collect::<Vec<_>>(), &["word", "sentence"]);
    add("stage", &["no_trace", "attempted", "reached", "foothold", "used", "impact"], &["word", "gloss"]);
    add("day", &DayState::ALL.iter().map(|one| one.word()).collect::<Vec<_>>(), &["word", "gloss", "letter"]);
    add("actor", &["attacker", "attempt", "scanner", "visitor", "prober"], &[""]);
    add("exposure", &["exposed", "unpatched", "not_exposed", "unknown"], &[""]);
    let states = ["open", "unsupported", "sources_disagree", "needs_setting", "unknown", "fixed"];
    add("tie", &["page", "agent", "network"], &[""]);
    add("cve_state", &states, &[""]);
    add("reachable", &["yes", "no", "unknown"], &[""]);
    add("level", &Level::ALL.iter().map(|one| one.word()).collect::<Vec<_>>(), &[""]);
    let sure = [Confidence::Low, Confidence::Medium, Confidence::High];
    add("confidence", &sure.map(Confidence::word), &[""]);
    add("role", &Role::ALL.iter().map(|one| one.word()).collect::<Vec<_>>(), &[""]);
    add("join", &["request", "canary", "file", "page", "actor"], &[""]);
    add("host_from", &["option", "collection", "events", "path"], &[""]);
    add("place", &["line", "record", "offset", "file"], &[""]);
    let months: Vec<String> = (1..=12).map(|month| month.to_string()).collect();
    let months: Vec<&str> = months.iter().map(String::as_str).collect();
    add("month", &months, &[""]);
    add("weekday", &months[..7], &[""]);
    add("fact", &["reachable", "reachable_since", "patched_on", "build"], &[""]);
    add("code", &Code::ALL.iter().map(|one| one.id()).collect::<Vec<_>>(), &["title", "help"]);
    add("statement", &STATEMENTS.iter().map(|(key, _)| *key).collect::<Vec<_>>(), &[""]);
    add("status", &Status::ALL.iter().map(|one| one.key()).collect::<Vec<_>>(), &["word", "gloss"]);
    add("proof", Evidence::KEYS, &[""]);
    add("reason", &REASONS.iter().map(|(key, _)| *key).collect::<Vec<_>>(), &[""]);
    keys
}

#[test]
fn no_key_is_missing_and_none_is_unused() {
    let known: BTreeSet<String> = written_keys().union(&family_keys()).cloned().collect();
    let held: BTreeSet<String> = catalog(Lang::En).keys().cloned().collect();
    let missing: Vec<&String> = known.difference(&held).collect();
    // Streams are named by what parsers call them; `_zero` is a statement's other form.
    let unused: Vec<&String> = held
        .difference(&known)
        .filter(|key| {
            !key.starts_with("stream.") && !key.strip_suffix("_zero").is_some_and(|key| known.contains(key))
        })
        .collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}, unused: {unused:?}");
}

#[test]
fn statements_take_the_values_that_the_assessment_gives() {
    for (family, sentences) in [("statement", STATEMENTS), ("reason", REASONS)] {
        for (key, values) in sentences {
            let mut values = values.to_vec();
            values.sort_unstable();
            for lang in Lang::ALL {
                assert_eq!(placeholders(&catalog(*lang)[&format!("{family}.{key}")]), values, "{key}");
            }
        }
    }
}

/// Every statement, and one that nobody knows, is told in full in every output.
#[test]
fn no_statement_is_lost_or_half_told() {
    let mut assessment = sample::assessment("compromised-hotel");
    let reasons = &mut assessment.verdicts[0].reasons;
    reasons.clear();
    for (key, values) in STATEMENTS {
        reasons.push(values.iter().fold(Statement::new(key), |statement, name| statement.with(name, "7")));
    }
    reasons.push(Statement::new("from_tomorrow").with("planet", "Mars"));
    reasons.push(Statement::new("patched_at"));
    for lang in Lang::ALL {
        for format in ["text", "html", "markdown"] {
            let out = sample::render(&assessment, format, *lang, Role::Owner);
            assert!(out.contains("from tomorrow") && out.contains("Mars"), "{format}");
            let braces = out.matches("{when}").count();
            assert_eq!(braces, 1, "only the statement without its value shows a placeholder, in {format}");
        }
    }
}

#[test]
fn english_diagnostics_are_the_models_own_words() {
    for code in Code::ALL {
        assert_eq!(catalog(Lang::En)[&format!("code.{}.title", code.id())], code.title());
        assert_eq!(catalog(Lang::En)[&format!("code.{}.help", code.id())], code.help());
    }
}

#[test]
fn french_keeps_its_spaces_and_quotes() {
    for (key, text) in catalog(Lang::Fr) {
        let chars: Vec<char> = text.chars().collect();
        for pair in chars.windows(2) {
            let [before, after] = *pair else { continue };
            let double = matches!(after, ';' | '?' | '!' | '»' | '%');
            assert!(!(double && before == ' '), "{key}: an ordinary space before {after}: {text}");
            assert!(!(before == '«' && after != '\u{a0}'), "{key}: no no-break space after «: {text}");
            assert!(!(after == '»' && before != '\u{a0}'), "{key}: no no-break space before »: {text}");
            assert!(!(before == ' ' && after == ':'), "{key}: an ordinary space before a colon: {text}");
        }
        assert!(!text.contains('\'') && !text.contains("..."), "{key}: typewriter marks: {text}");
    }
}
