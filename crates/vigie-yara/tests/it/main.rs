//! YARA rules as people write them: what loads, what matches, what is said when it does not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
mod rules;

use vigie_yara::{Compiled, Found, Owner, RuleFile, Scanned, YaraRules, compile};

/// Compiles one file of the user's, `r.yar`.
fn compiled(text: &str) -> Compiled {
    compile(&[file("r.yar", text)])
}

fn file(path: &str, text: &str) -> RuleFile {
    RuleFile { path: path.to_owned(), text: text.to_owned(), owner: Owner::User }
}

/// Rules that must load.
fn loaded(text: &str) -> YaraRules {
    let compiled = compiled(text);
    assert_eq!(compiled.mistakes, [], "{text}");
    compiled.rules
}

/// The hits in these bytes, no limit met.
fn hits(rules: &YaraRules, bytes: &[u8]) -> Vec<Found> {
    match rules.scanner().scan(bytes) {
        Scanned::Whole(found, capped) => {
            assert!(capped.is_empty(), "{capped:?}");
            found
        }
        other => panic!("{other:?}"),
    }
}
