//! Where the other side reads Sigma otherwise, each difference with an example and whose fault it is.
//!
//! A test asks both sides every example, so the list cannot grow old: when the other side mends one, it must be taken
//! off here.

use std::net::IpAddr;

use crate::rule::{Detection, Item, Rule, Scalar};

/// Who reads it wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The other side, by specification or pySigma.
    Theirs,
    /// Nobody: the specification is silent, and our choice has a reason.
    Choice,
}

/// A difference.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// Whose fault it is.
    pub fault: Fault,
    /// Why we read it so.
    pub why: &'static str,
    /// `detection` without its condition, as YAML in flow style.
    pub selection: &'static str,
    /// The event, as JSON.
    pub event: &'static str,
    /// What we say; `None` when the rule is refused.
    pub ours: Option<bool>,
    /// What they say.
    pub theirs: Option<bool>,
}

const fn theirs(name: &'static str, why: &'static str, example: [&'static str; 2], ours: bool) -> Known {
    let [selection, event] = example;
    Known { name, fault: Fault::Theirs, why, selection, event, ours: Some(ours), theirs: Some(!ours) }
}

const fn choice(name: &'static str, why: &'static str, example: [&'static str; 2], ours: bool) -> Known {
    Known { fault: Fault::Choice, ..theirs(name, why, example, ours) }
}

/// Every difference that is known.
pub const KNOWN: &[Known] = &[
    theirs(
        "windash-slash",
        r"pySigma changes `-` and `/` alike (`\B[-/]\b`); they change only `-`",
        [r#"{"F|windash|contains": " /enc"}"#, r#"{"F": "x -enc"}"#],
        true,
    ),
    theirs(
        "windash-in-a-word",
        r"pySigma changes a dash between a non-word and a word character only; they change every one",
        [r#"{"F|windash|contains": "foo-bar"}"#, r#"{"F": "foo/bar"}"#],
        false,
    ),
    theirs(
        "base64offset-tail",
        "the last symbol depends on what follows, so pySigma cuts it; they keep it",
        [r#"{"F|base64offset|contains": "foobar12"}"#, r#"{"F": "Zm9vYmFyMTJ6"}"#],
        true,
    ),
    theirs(
        "wildcards-with-startswith",
        "`startswith` adds a wildcard at the end; they anchor a value that has wildcards at its end instead of its start",
        [r#"{"F|startswith": "a?b"}"#, r#"{"F": "axbc"}"#],
        true,
    ),
    theirs(
        "wildcards-with-endswith",
        "`endswith` adds a wildcard at the start; likewise",
        [r#"{"F|endswith": "a?b"}"#, r#"{"F": "caxb"}"#],
        true,
    ),
    theirs(
        "all-keywords",
        "all keywords must be in the log, wherever; they want them all in one value, and each to be the whole of it",
        [r#"{"|all": ["one", "two"]}"#, r#"{"F": "a one", "G": "two b"}"#],
        true,
    ),
    theirs(
        "numbers-as-keywords",
        "a keyword is looked for in the text of the log, a number too; theirs never match",
        ["[4711]", r#"{"F": "error 4711"}"#],
        true,
    ),
    theirs(
        "wildcards-and-line-ends",
        "a wildcard stands for any characters; theirs stop at the end of a line",
        [r#"{"F": "a*b"}"#, r#"{"F": "a\nb"}"#],
        true,
    ),
    theirs(
        "case-of-wildcards",
        "the long s is no s: they compare texts with wildcards by the rules of regular expressions, others by lower case",
        [r#"{"F": "s*"}"#, r#"{"F": "\u017fx"}"#],
        false,
    ),
    theirs(
        "final-sigma",
        "lower case of a whole word ends in another sigma than the same letters within a word",
        [r#"{"F|contains": "ΟΔΟΣ"}"#, r#"{"F": "οδοσα"}"#],
        true,
    ),
    theirs(
        "null-among-values",
        "values are alternatives, null too; theirs holds alone only, for a field that is not there",
        [r#"{"F": [null, "a"]}"#, r#"{"G": "x"}"#],
        true,
    ),
    theirs(
        "neq-of-nothing",
        "`neq` is the opposite of the same line without it; theirs never holds for a field that is not there",
        [r#"{"F|neq": "a"}"#, r#"{"G": "x"}"#],
        true,
    ),
    theirs(
        "fieldref-of-nothing",
        "two fields that are both absent have no value to be equal",
        [r#"{"F|fieldref": "G"}"#, r#"{"F": null, "G": null}"#],
        false,
    ),
    theirs(
        "single-address",
        "pySigma takes a single address for a network",
        [r#"{"F|cidr": "10.0.0.7"}"#, r#"{"F": "10.0.0.7"}"#],
        true,
    )
    .refused(),
    choice(
        "address-with-port",
        "logs write addresses with ports, zones and in lists, and as IPv6; theirs must be bare",
        [r#"{"F|cidr": "10.0.0.0/8"}"#, r#"{"F": "10.0.0.7:443"}"#],
        true,
    ),
    choice(
        "numbers-with-blanks",
        "old events pad numbers with blanks",
        [r#"{"F|gt": 5}"#, r#"{"F": " 7 "}"#],
        true,
    ),
    choice(
        "words-for-numbers",
        "`inf` and `nan` in a log are words",
        [r#"{"F|gt": 5}"#, r#"{"F": "inf"}"#],
        false,
    ),
    choice(
        "times-of-sysmon",
        "Sysmon writes `2021-03-03 05:12:44.123`",
        [r#"{"F|hour": 5}"#, r#"{"F": "2021-03-03 05:12:44.123"}"#],
        true,
    ),
    theirs(
        "expand",
        "a placeholder takes values that the user configures; they take the field of the event that has its name",
        [r#"{"F|expand": "%G%"}"#, r#"{"F": "x", "G": "x"}"#],
        false,
    ),
    choice(
        "all-of-one",
        "`all` of one value says the same as without it; the specification forbids it",
        [r#"{"F|contains|all": ["a"]}"#, r#"{"F": "xa"}"#],
        true,
    )
    .refused(),
];

impl Known {
    /// They do not take the rule.
    const fn refused(mut self) -> Known {
        self.theirs = None;
        self
    }
}

/// Why the sides may differ about a generated rule on a row of `columns`, where the question cannot be put in other words.
pub fn may_differ(rule: &Rule, columns: &[&str], row: &[Option<String>]) -> Option<&'static str> {
    let cell = |field: &str| {
        let at = columns.iter().position(|column| *column == field)?;
        row.get(at)?.as_deref()
    };
    let detections = || rule.detections.iter().map(|(_, detection)| detection);
    let all_words = detections().any(|one| matches!(one, Detection::AllKeywords(_)));
    if all_words && row.iter().flatten().count() > 1 {
        return Some("all-keywords");
    }
    let items = detections().flat_map(Detection::items);
    items.into_iter().find_map(|item| item_may_differ(item, &cell))
}

fn item_may_differ<'a>(item: &Item, cell: &impl Fn(&str) -> Option<&'a str>) -> Option<&'static str> {
    if item.has("fieldref") {
        let others = item.values.iter().filter_map(Scalar::text);
        let nothing = cell(&item.field).is_none() && others.into_iter().any(|other| cell(other).is_none());
        return nothing.then_some("fieldref-of-nothing");
    }
    let text = cell(&item.field)?;
    let number = item.values.iter().any(|value| matches!(value, Scalar::Int(_) | Scalar::Float(_)));
    if number && text.trim() != text && text.trim().parse::<f64>().is_ok() {
        return Some("numbers-with-blanks");
    }
    if number && text.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
        return Some("words-for-numbers");
    }
    let bare = text.parse::<IpAddr>().is_ok() || vigie_detect::naive::addresses(text).next().is_none();
    (item.has("cidr") && !bare).then_some("address-with-port")
}
