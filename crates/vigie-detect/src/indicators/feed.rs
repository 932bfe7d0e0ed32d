//! Feeds of indicators that users give: the format is recognised by content, every indicator is accounted for.
//!
//! Each indicator becomes a rule of the run, one that cannot be evaluated a rule that cannot fire, with its reason; one
//! that a feed says twice is counted. So what was given, what runs and what does not add up.

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::FxHashSet;
use serde_json::Value;
use vigie_model::rule::{Confidence, Level, RuleInfo};

use super::{csv, misp, mstic, stix};
use crate::error::LoadError;
use crate::ir::{Expr, LogSource, Rule, Validity};
use crate::pack;
use crate::place::Text;

/// The largest feed, in bytes.
const FEED_BYTES_MAX: u64 = 128 << 20;
/// Indicators of one feed that are taken.
const INDICATORS_MAX: usize = 250_000;
/// Mistakes of one feed that are told.
const MISTAKES_MAX: usize = 100;
/// The longest title, in characters.
const TITLE_MAX: usize = 200;

/// What became of one feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedSummary {
    /// The file, as it was named.
    pub path: String,
    /// `STIX bundle`, `MISP`, `MSTIC feed`, `CSV`.
    pub format: &'static str,
    /// Indicators that run.
    pub evaluated: u64,
    /// Indicators that cannot, each with a reason in the rules' liveness.
    pub unevaluated: u64,
    /// Indicators that the feed says more than once; they run once.
    pub repeated: u64,
}

/// What one feed gave.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    pub(crate) summary: FeedSummary,
    /// Those that run.
    pub(crate) rules: Vec<Rule>,
    /// Those that cannot, with the reason.
    pub(crate) dead: Vec<(RuleInfo, String)>,
    pub(crate) errors: Vec<LoadError>,
    conditions: FxHashSet<Expr>,
    ids: BTreeSet<String>,
}

/// What a feed says of an indicator besides its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) level: Level,
    pub(super) confidence: Confidence,
    pub(super) attack: Vec<String>,
    pub(super) valid: Validity,
}

impl Known {
    fn info(self, source: &str) -> RuleInfo {
        RuleInfo {
            id: self.id,
            title: self.title.chars().take(TITLE_MAX).collect(),
            description: self.description,
            level: self.level,
            confidence: self.confidence,
            attack: self.attack,
            source: source.to_owned(),
            ..RuleInfo::default()
        }
    }
}

impl Feed {
    /// Whether an indicator of this feed asks the same.
    pub(super) fn has(&self, condition: &Expr) -> bool {
        self.conditions.contains(condition)
    }

    /// Takes an indicator.
    pub(super) fn add(&mut self, known: Known, condition: Expr) {
        if !self.is_new(&known) {
            return;
        }
        self.conditions.insert(condition.clone());
        self.summary.evaluated += 1;
        let source = LogSource { indicator: true, ..LogSource::default() };
        let valid = known.valid;
        self.rules.push(Rule { valid, ..Rule::new(known.info(&self.summary.path), source, condition) });
    }

    /// Takes an indicator that cannot be evaluated.
    pub(super) fn add_dead(&mut self, known: Known, reason: String) {
        if self.is_new(&known) {
            self.summary.unevaluated += 1;
            self.dead.push((known.info(&self.summary.path), reason));
        }
    }

    fn is_new(&mut self, known: &Known) -> bool {
        if self.ids.len() >= INDICATORS_MAX {
            let message = format!("more than {INDICATORS_MAX} indicators");
            self.mistake("", &message, "split the feed into several files");
            return false;
        }
        let new = self.ids.insert(known.id.clone());
        self.summary.repeated += u64::from(!new);
        new
    }

    /// A mistake at a place of a JSON document.
    pub(super) fn mistake(&mut self, pointer: &str, message: &str, hint: &str) {
        if self.errors.len() < MISTAKES_MAX {
            let place = if pointer.is_empty() { String::new() } else { format!("#{pointer}") };
            let path = format!("{}{place}", self.summary.path);
            self.errors.push(LoadError::of_file(&path, message, hint));
        }
    }
}

const FORMATS: &str = "read are STIX 2.1 bundles, MISP events, the MSTIC feed (CSV, JSON), and CSV with the columns of a pack's \
     indicators.csv: type,value,stage,way,level,title,note";

/// Reads the file of a feed.
pub(crate) fn load(path: &Path) -> Feed {
    let mut feed = Feed {
        summary: FeedSummary { path: path.display().to_string(), ..<_>::default() },
        ..<_>::default()
    };
    let size = std::fs::metadata(path).map(|metadata| metadata.len());
    let bytes = match size {
        Ok(size) if size > FEED_BYTES_MAX => {
            let message = format!("{size} bytes, at most {FEED_BYTES_MAX} are read");
            feed.mistake("", &message, "split the feed into several files");
            return feed;
        }
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => read(&mut feed, &bytes),
        Err(error) => feed.mistake("", &format!("the feed cannot be read: {error}"), FORMATS),
    }
    feed
}

/// Reads the bytes of a feed. One that holds nothing is a mistake: something else was meant.
pub(crate) fn read(feed: &mut Feed, bytes: &[u8]) {
    read_any(feed, bytes);
    if feed.rules.is_empty() && feed.dead.is_empty() && feed.errors.is_empty() {
        feed.mistake("", "the feed holds no indicator", FORMATS);
    }
}

fn read_any(feed: &mut Feed, bytes: &[u8]) {
    let path = feed.summary.path.clone();
    let text = match pack::as_text(&path, bytes) {
        Ok(text) => text,
        Err(error) => return feed.errors.push(error),
    };
    if !text.trim_start().starts_with(['{', '[']) {
        return read_csv(feed, &path, text);
    }
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            let place = Text { path: &path, body: text, lines_before: 0 };
            let message = format!("not JSON: {error}");
            let (line, column) = (error.line().saturating_sub(1), error.column().saturating_sub(1));
            return feed.errors.push(place.error_at(line, column, message, FORMATS));
        }
    };
    if stix::is_it(&document) {
        feed.summary.format = "STIX bundle";
        stix::read(&document, feed);
    } else if mstic::is_it(&document) {
        feed.summary.format = "MSTIC feed";
        mstic::read(&document, feed);
    } else if misp::is_it(&document) {
        feed.summary.format = "MISP";
        misp::read(&document, feed);
    } else {
        feed.mistake("", "no feed that is known", FORMATS);
    }
}

fn read_csv(feed: &mut Feed, path: &str, text: &str) {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
    if mstic::is_header(&csv::cells(first.unwrap_or_default())) {
        feed.summary.format = "MSTIC feed";
        return mstic::read_csv(text, feed);
    }
    feed.summary.format = "CSV";
    let (rules, errors) = csv::read(path, text, None);
    feed.errors.extend(errors.into_iter().take(MISTAKES_MAX));
    for rule in rules {
        let Rule { info, condition, .. } = rule;
        let known = Known {
            id: info.id,
            title: info.title,
            description: info.description,
            level: info.level,
            confidence: info.confidence,
            attack: Vec::new(),
            valid: Validity::default(),
        };
        feed.add(known, condition);
    }
}

/// ATT&CK technique ids in a text: `T1505`, `T1505.003`.
pub(super) fn techniques(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.') {
        let digits =
            |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        let Some(id) = word.trim_end_matches('.').strip_prefix('T') else { continue };
        let is_one = match id.split_once('.') {
            Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
            None => digits(id, 4),
        };
        if is_one {
            found.insert(format!("T{id}"));
        }
    }
    found.into_iter().collect()
}

/// An indicator's kind and value as a rule's id.
pub(super) fn id(kind: &str, value: &str) -> String {
    format!("indicator:{kind}:{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_are_found() {
        let text = r#"misp-galaxy:mitre="Web Shell - T1505.003", T1190, T12345, AT1003, T1505.3"#;
        assert_eq!(techniques(text), ["T1190", "T1505.003"]);
    }
}
