//! Rules on single source files: length, first line, words, tests that cannot fail.

use crate::tidy::none;
use crate::tree;

const FILE_LINES_MAX: usize = 600;

/// Files that may be longer, each with the reason. Only ever made shorter.
const LONGER: &[(&str, &str)] = &[];

/// Words that never reach the main branch; spelled in two halves so that this file passes.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!("),
    concat!("un", "implemented!("),
    concat!("#[ig", "nore"),
    concat!("#[should_", "panic"),
    concat!("dbg", "!("),
    concat!("FIX", "ME"),
];

/// Type names that say nothing of what the type is.
const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Util"];

/// File names that say nothing of what is in them.
const EMPTY_FILES: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

#[test]
fn files_are_short() {
    let mut offences = Vec::new();
    for path in tree::rust_files().unwrap() {
        let (shown, lines) = (tree::shown(&path), tree::read(&path).unwrap().lines().count());
        if lines > FILE_LINES_MAX && !LONGER.iter().any(|(name, _)| *name == shown) {
            offences.push(format!("{shown}: {lines} lines"));
        }
    }
    none("a source file has at most 600 lines", &offences);
}

#[test]
fn long_file_exceptions_are_still_needed() {
    for (name, reason) in LONGER {
        let lines = tree::read(&tree::root().join(name)).unwrap().lines().count();
        assert!(lines > FILE_LINES_MAX, "{name} is short now: take it off the list ({reason})");
    }
}

#[test]
fn first_line_says_what_the_file_is_for() {
    let mut offences = Vec::new();
    for path in tree::rust_files().unwrap() {
        let text = tree::read(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") || first.len() < "//! What it is".len() {
            offences.push(format!("{}: {first}", tree::shown(&path)));
        }
    }
    none("a source file opens with `//!` and what it is for", &offences);
}

#[test]
fn nothing_is_unfinished() {
    let mut offences = Vec::new();
    for path in tree::rust_files().unwrap() {
        for (index, line) in tree::read(&path).unwrap().lines().enumerate() {
            if UNFINISHED.iter().any(|word| line.contains(word)) {
                offences.push(format!("{}:{}: {}", tree::shown(&path), index + 1, line.trim()));
            }
        }
    }
    none("nothing unfinished, skipped or left from debugging", &offences);
}

#[test]
fn names_say_what_things_are() {
    let mut offences = Vec::new();
    for path in tree::rust_files().unwrap() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if EMPTY_FILES.contains(&stem.as_str()) {
            offences.push(tree::shown(&path));
        }
        for (index, line) in tree::read(&path).unwrap().lines().enumerate() {
            if let Some(name) = type_name(line)
                && EMPTY_WORDS.iter().any(|word| name.contains(word))
            {
                offences.push(format!("{}:{}: {name}", tree::shown(&path), index + 1));
            }
        }
    }
    none("no Manager, Helper, Util, common", &offences);
}

#[test]
fn fixtures_have_spoken_names() {
    let mut offences = Vec::new();
    for path in tree::files("crates").unwrap() {
        let shown = tree::shown(&path);
        let Some((_, below)) = shown.split_once("/fixtures/") else { continue };
        let mut folders: Vec<&str> = below.split('/').collect();
        folders.pop();
        if folders.iter().any(|name| name.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '_')) {
            offences.push(shown);
        }
    }
    none("a fixture's folder says what is special about it, `truncated` and not `12`", &offences);
}

#[test]
fn public_functions_take_no_bool() {
    let mut offences = Vec::new();
    for path in tree::rust_files().unwrap() {
        for signature in public_signatures(&tree::read(&path).unwrap()) {
            let parameters = signature.split("->").next().unwrap_or_default();
            if parameters.contains(": bool") {
                offences.push(format!("{}: {parameters}", tree::shown(&path)));
            }
        }
    }
    none("a caller reads `Color::Never`, not `false`: no bool parameters in public functions", &offences);
}

/// The heads of a file's public functions, each on one line.
fn public_signatures(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let heads = code.split("pub fn ").skip(1).filter_map(|rest| rest.split('{').next());
    heads.map(|head| head.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn signatures_are_found() {
    let text = "pub fn a(\n  b: bool,\n) -> bool {\n}\nfn c(d: bool) {}\npub fn e() -> bool {}";
    assert_eq!(public_signatures(text), ["a( b: bool, ) -> bool", "e() -> bool"]);
}

/// The name of the type that a line declares.
fn type_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    let rest = ["struct ", "enum ", "trait ", "type "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[test]
fn type_names_are_found() {
    assert_eq!(type_name("pub(crate) struct EventManager<'a> {"), Some("EventManager"));
    assert_eq!(type_name("    enum Shape {"), Some("Shape"));
    assert_eq!(type_name("let structure = 1;"), None);
}
