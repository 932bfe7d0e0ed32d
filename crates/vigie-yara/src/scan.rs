//! Rules over the bytes of files: what matched, where, and what limit was met.

use std::fmt::Write as _;
use std::time::Duration;

use yara_x::errors::ScanError;
use yara_x::{Pattern, Rule, Scanner};

use crate::YaraRules;

/// Larger files are not looked at, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Seconds that all rules together may take over one file.
const SECONDS_PER_FILE: u64 = 20;
/// Matches of one string that are looked for in one file.
const MATCHES_PER_STRING_MAX: usize = 20_000;
/// Strings told with a hit.
const STRINGS_TOLD_MAX: usize = 8;
/// Bytes of a match that are told.
const BYTES_TOLD_MAX: usize = 48;

/// Runs rules on one thread.
pub struct YaraScanner<'r> {
    rules: &'r YaraRules,
    scanner: Scanner<'r>,
    limits: Limits,
}

/// What a file may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) seconds: u64,
    pub(crate) matches: usize,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place in [`YaraRules::infos`].
    pub rule: u32,
    /// Where the first of its strings lies, in bytes; 0 when it has none.
    pub offset: u64,
    /// Its strings: `$a at 0x2f "eval(Request"`.
    pub strings: String,
    /// Its tags.
    pub tags: String,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// All rules were tried: the hits in the order of the rules, and which strings matched more often than is looked for.
    Whole(Vec<Found>, Vec<String>),
    /// The time was over.
    TimedOut(String),
    /// The engine gave up.
    Failed(String),
}

impl YaraRules {
    /// A scanner for one thread.
    pub fn scanner(&self) -> YaraScanner<'_> {
        self.scanner_within(Limits { seconds: SECONDS_PER_FILE, matches: MATCHES_PER_STRING_MAX })
    }

    pub(crate) fn scanner_within(&self, limits: Limits) -> YaraScanner<'_> {
        let mut scanner = Scanner::new(&self.rules);
        scanner.set_timeout(Duration::from_secs(limits.seconds));
        scanner.max_matches_per_pattern(limits.matches);
        // A string whose presence is all that counts is not looked for again: a file full of it costs nothing more.
        scanner.fast_scan(true);
        YaraScanner { rules: self, scanner, limits }
    }
}

impl YaraScanner<'_> {
    /// Runs all rules over a file's bytes.
    pub fn scan(&mut self, bytes: &[u8]) -> Scanned {
        let results = match self.scanner.scan(bytes) {
            Ok(results) => results,
            Err(ScanError::Timeout) => {
                return Scanned::TimedOut(format!("not done after {} seconds", self.limits.seconds));
            }
            Err(error) => return Scanned::Failed(error.to_string()),
        };
        let mut found = Vec::new();
        let mut capped = Vec::new();
        for rule in results.matching_rules() {
            let Some(place) = self.rules.place(rule.namespace(), rule.identifier()) else { continue };
            note_capped(&rule, self.limits.matches, &mut capped);
            found.push(hit(&rule, place));
        }
        // A rule that counts its strings may have stayed silent for the limit. Only a file that is long enough can hold so many.
        if bytes.len() >= self.limits.matches {
            for rule in results.non_matching_rules() {
                note_capped(&rule, self.limits.matches, &mut capped);
            }
        }
        found.sort_by_key(|found| found.rule);
        capped.sort();
        Scanned::Whole(found, capped)
    }
}

fn note_capped(rule: &Rule<'_, '_>, max: usize, capped: &mut Vec<String>) {
    for pattern in rule.patterns().include_private(true) {
        if pattern.matches().len() >= max {
            capped.push(format!("{} {}: {max} matches", rule.identifier(), pattern.identifier()));
        }
    }
}

fn hit(rule: &Rule<'_, '_>, place: u32) -> Found {
    let mut strings = String::new();
    let mut first: Option<usize> = None;
    let matched = || rule.patterns().filter(|pattern| pattern.matches().len() > 0);
    for (index, pattern) in matched().enumerate() {
        let start = pattern.matches().map(|found| found.range().start).min();
        first = first.into_iter().chain(start).min();
        if index < STRINGS_TOLD_MAX {
            tell(&pattern, &mut strings);
        }
    }
    let more = matched().count().saturating_sub(STRINGS_TOLD_MAX);
    if more > 0 {
        // Writing into a string cannot fail.
        let _ = write!(strings, "; and {more} more strings");
    }
    let tags: Vec<&str> = rule.tags().map(|tag| tag.identifier()).collect();
    Found { rule: place, offset: first.unwrap_or(0) as u64, strings, tags: tags.join(", ") }
}

/// `$a at 0x2f "eval(Request"`
fn tell(pattern: &Pattern<'_, '_>, strings: &mut String) {
    let Some(found) = pattern.matches().next() else { return };
    let separator = if strings.is_empty() { "" } else { "; " };
    // Writing into a string cannot fail.
    let _ = write!(
        strings,
        "{separator}{} at 0x{:x} {}",
        pattern.identifier(),
        found.range().start,
        shown(found.data())
    );
}

/// Text in quotes where it is text, hexadecimal elsewhere.
fn shown(bytes: &[u8]) -> String {
    let head = bytes.get(..BYTES_TOLD_MAX).unwrap_or(bytes);
    let more = if bytes.len() > head.len() { "…" } else { "" };
    let is_text = head.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
    if is_text {
        let text: String = head.iter().flat_map(|byte| byte.escape_ascii()).map(char::from).collect();
        return format!("\"{text}\"{more}");
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{{ {} }}{more}", hex.join(" "))
}
