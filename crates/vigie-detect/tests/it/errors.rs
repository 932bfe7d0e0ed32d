//! What a rule author reads when a rule does not load. The golden texts are in `golden/errors/`.

use std::path::Path;

use crate::help::{load, rule};

/// A mistake by its name in the golden folder, and the file that holds it.
fn cases() -> Vec<(&'static str, String)> {
    vec![
        ("unknown-modifier", rule("s:\n  F|containz: a\ncondition: s")),
        ("condition-unreadable", rule("s:\n  F: a\ncondition: s and and t")),
        ("condition-names-nothing", rule("s:\n  F: a\ncondition: s and filter")),
        ("selector-fits-nothing", rule("s:\n  F: a\ncondition: 1 of filter_*")),
        ("look-around", rule("s:\n  F|re: 'a(?!b)'\ncondition: s")),
        ("regex-unclosed", rule("s:\n  F|re: 'a(b'\ncondition: s")),
        ("bad-network", rule("s:\n  F|cidr: 10.0.0.0/40\ncondition: s")),
        ("bad-number", rule("s:\n  F|gt: many\ncondition: s")),
        ("two-comparisons", rule("s:\n  F|contains|re: a\ncondition: s")),
        ("flag-without-regex", rule("s:\n  F|contains|i: a\ncondition: s")),
        ("no-title", rule("s:\n  F: a\ncondition: s").replace("title: T\n", "")),
        ("no-condition", rule("s:\n  F: a")),
        ("bad-level", rule("s:\n  F: a\ncondition: s").replace("high", "huge")),
        ("bad-yaml", rule("s:\n  F: a\ncondition: s").replace("level: high", "level: [high")),
        ("not-a-rule", "just text\n".to_owned()),
        (
            "second-document",
            format!(
                "{}---\n{}",
                rule("s:\n  F: a\ncondition: s"),
                rule("s:\n  F|x: a\ncondition: s").replace("id: t", "id: u")
            ),
        ),
    ]
}

/// More of what rule authors write, most of it YAML's doing or older Sigma's.
fn usual_mistakes() -> Vec<(&'static str, String)> {
    let plain = || rule("s:\n  F: a\ncondition: s");
    vec![
        ("back-reference", rule("s:\n  F|re: '(a)\\1'\ncondition: s")),
        ("regex-too-large", rule("s:\n  F|re: '(?:a{1000}){1000}'\ncondition: s")),
        ("modifier-like-no-other", rule("s:\n  F|fuzzy: a\ncondition: s")),
        ("tab-for-indentation", plain().replace("    F: a", "\tF: a")),
        ("wildcard-without-quotes", rule("s:\n  F: *abc*\ncondition: s")),
        ("percent-without-quotes", rule("s:\n  F|expand: %ours%\ncondition: s")),
        ("backslash-in-double-quotes", rule("s:\n  F: \"C:\\Windows\\x.exe\"\ncondition: s")),
        ("key-twice", rule("s:\n  F: a\n  F: b\ncondition: s")),
        ("colon-without-quotes", plain().replace("title: T", "title: T: part two")),
        ("no-detection", "title: T\nid: t\nlogsource: {}\n".to_owned()),
        ("detection-of-text", "title: T\nid: t\nlogsource: {}\ndetection: everything\n".to_owned()),
        ("no-logsource", plain().replace("logsource: {}\n", "")),
        ("bad-status", plain().replace("level: high", "level: high\nstatus: finished")),
        ("old-aggregation", rule("s:\n  F: a\ncondition: s | count() > 5")),
        ("parenthesis-open", rule("s:\n  F: a\ncondition: (s or s")),
        ("of-nothing", rule("s:\n  F: a\ncondition: all of")),
        ("exists-of-text", rule("s:\n  F|exists: maybe\ncondition: s")),
        ("compares-null", rule("s:\n  F|gt: null\ncondition: s")),
        ("hour-of-text", rule("s:\n  F|hour: noon\ncondition: s")),
        ("two-encodings", rule("s:\n  F|wide|utf16be|contains: a\ncondition: s")),
        ("fieldref-behind", rule("s:\n  F|contains|fieldref: G\ncondition: s")),
        ("encoding-of-a-number", rule("s:\n  F|gt|base64: 5\ncondition: s")),
        (
            "arrays-of-sigma-three",
            rule("s:\n  F[any]: a\ncondition: s").replace("title: T", "title: T\nsigma-version: 3"),
        ),
    ]
}

#[test]
fn usual_mistakes_are_shown_with_place_and_hint() {
    let mut taken = Vec::new();
    for (name, file) in usual_mistakes() {
        match load(&[&file]) {
            Ok(_) => taken.push(name),
            Err(error) => check(name, &error),
        }
    }
    assert_eq!(taken, [""; 0], "these load, and should not");
}

#[test]
fn mistakes_are_shown_with_place_and_hint() {
    for (name, file) in cases() {
        check(name, &load(&[&file]).expect_err(name));
    }
    let one = rule("s:\n  F: a\ncondition: s");
    let one = one.replace("id: t", "id: 5d2a2bd8");
    check("same-id-twice", &load(&[&one, &one]).expect_err("the same id twice"));
}

/// Compares with the golden file; `UPDATE_EXPECT=1` accepts what is there.
pub(crate) fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/golden/errors/{name}.txt"));
    let actual = format!("{actual}\n");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &actual).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), actual, "{name}");
}
