//! What the engine never does: open evidence elsewhere than in `collection/`, execute, connect, take the time.

use crate::tidy::none;
use crate::tree;

/// The crates that stand between evidence and report.
const ENGINE: &[&str] = &[
    "vigie-model",
    "vigie-parse",
    "vigie-detect",
    "vigie-yara",
    "vigie-assess",
    "vigie-directive",
    "vigie-report",
    "vigie-estimate",
    "vigie-webshell",
    "vigie",
];

/// What nothing in the engine does.
const NEVER: &[&str] =
    &["process::Command", "TcpListener", "TcpStream", "ToSocketAddrs", "UdpSocket", "UnixStream"];

/// Where files may be touched, each with the reason.
const FILES: &[(&str, &str)] = &[
    ("crates/vigie-parse/src/collection", "the only place that opens evidence"),
    ("crates/vigie-detect/src", "packs and rules are read from where the user said"),
    ("crates/vigie-estimate/src", "lists of victims, named by the user; no evidence"),
    ("crates/vigie/src", "the command line reads options and writes its output folder"),
];

/// Where the clock may be read, each with the reason.
const CLOCK: &[(&str, &str)] = &[
    ("crates/vigie/src/engine", "progress on a terminal; never in a report"),
    (
        "crates/vigie-parse/src/deadline.rs",
        "only with --deadline-per-file; the report names what was stopped",
    ),
    (
        "crates/vigie/src/cli/mod.rs",
        "the age of what is known, on the terminal; the moment asked about without --at, printed",
    ),
];

#[test]
fn engine_never_executes_or_connects() {
    let offences = lines_with(NEVER, &[]);
    none("nothing in the engine executes or connects", &offences);
}

#[test]
fn only_collections_open_evidence() {
    let offences = lines_with(&["std::fs", "File::open"], FILES);
    none("files are touched only in the places listed here", &offences);
}

#[test]
fn reports_do_not_hang_on_the_clock() {
    let offences = lines_with(&["Instant::now", "SystemTime::now", "Zoned::now", "Timestamp::now"], CLOCK);
    none("the clock is read only in the places listed here", &offences);
}

/// Lines of the engine's sources that hold one of the words, outside the excepted places and outside tests.
fn lines_with(words: &[&str], excepted: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for path in tree::rust_files().unwrap() {
        let shown = tree::shown(&path);
        let in_engine = ENGINE.iter().any(|name| shown.starts_with(&format!("crates/{name}/src/")));
        if !in_engine || excepted.iter().any(|(place, _)| shown.starts_with(place)) {
            continue;
        }
        let text = tree::read(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            let comment = line.trim_start().starts_with("//");
            if !comment && words.iter().any(|word| line.contains(word)) {
                found.push(format!("{shown}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    found
}
