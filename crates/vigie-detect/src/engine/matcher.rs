//! All predicates on one column as one matcher: a value goes in, the predicates that it satisfies come out.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::Regex;
use rustc_hash::FxHashMap;

use super::{glob, literals};
use crate::ir::{Compare, DASHES, Network, Pattern, Piece, Predicate, TimePart, fold};
use crate::naive;

/// Predicates on one column. Numbers are indices into the list it was made of.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    size: usize,
    /// Satisfied by every value that is there.
    present: Vec<u32>,
    /// Satisfied by none.
    absent: Vec<u32>,
    /// ASCII literals without case.
    folded: Literals,
    /// Literals beyond ASCII without case: only values beyond ASCII can hold them.
    wide: Literals,
    /// Literals with case.
    cased: Literals,
    /// Whole values without case.
    whole: FxHashMap<Box<[u8]>, Vec<u32>>,
    /// Whole values with case.
    whole_cased: FxHashMap<Box<[u8]>, Vec<u32>>,
    numbers: Vec<(Compare, f64, u32)>,
    networks: Vec<(Network, u32)>,
    bools: Vec<(bool, u32)>,
    times: Vec<(TimePart, i64, u32)>,
    checks: Vec<Check>,
    /// Checks that no literal gates.
    open: Vec<u32>,
}

/// What is too much for the automaton.
#[derive(Debug)]
struct Check {
    predicate: u32,
    kind: CheckKind,
}

#[derive(Debug)]
enum CheckKind {
    Pattern(Pattern),
    Regex(Regex),
}

#[derive(Debug, Default)]
struct Literals {
    automaton: Option<AhoCorasick>,
    /// By the automaton's pattern: what a find means.
    uses: Vec<Vec<Use>>,
}

/// What it means when a literal is found.
#[derive(Clone, Copy, Debug)]
enum Use {
    Anywhere(u32),
    AtStart(u32),
    AtEnd(u32),
    Gate(u32),
}

/// Room that matching needs; one for each thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    folded: String,
    stamps: Vec<u32>,
    stamp: u32,
    pending: Vec<u32>,
}

/// Variants of a pattern with dashes that are written out as literals.
const VARIANTS_MAX: usize = 125;
/// Automata up to this many bytes of literals are tables (fast, large), beyond it compact.
const TABLE_BYTES_MAX: usize = 1 << 17;

#[derive(Default)]
struct Building {
    folded: FxHashMap<Vec<u8>, Vec<Use>>,
    wide: FxHashMap<Vec<u8>, Vec<Use>>,
    cased: FxHashMap<Vec<u8>, Vec<Use>>,
}

impl Matcher {
    /// The matcher of these predicates.
    pub(crate) fn new<'a>(predicates: impl IntoIterator<Item = &'a Predicate>) -> Matcher {
        let (mut matcher, mut building) = (Matcher::default(), Building::default());
        for (index, predicate) in (0_u32..).zip(predicates) {
            matcher.size += 1;
            matcher.add(index, predicate, &mut building);
        }
        matcher.folded = Literals::new(building.folded, true);
        matcher.wide = Literals::new(building.wide, false);
        matcher.cased = Literals::new(building.cased, false);
        matcher
    }

    fn add(&mut self, index: u32, predicate: &Predicate, building: &mut Building) {
        match predicate {
            Predicate::Text(pattern) => self.add_pattern(index, pattern, building),
            Predicate::Regex(source) => self.add_regex(index, source, building),
            Predicate::Network(network) => self.networks.push((*network, index)),
            Predicate::Number(compare, number) => self.numbers.push((*compare, number.get(), index)),
            Predicate::Bool(wanted) => self.bools.push((*wanted, index)),
            Predicate::Exists(true) => self.present.push(index),
            Predicate::Exists(false) | Predicate::Null => self.absent.push(index),
            Predicate::TimePart(part, wanted) => self.times.push((*part, *wanted, index)),
            // Compares two cells of a row: never a predicate on one column.
            Predicate::OtherField(_) => {}
        }
    }

    fn add_pattern(&mut self, index: u32, pattern: &Pattern, building: &mut Building) {
        let Some(variants) = variants(pattern) else {
            let longest = pattern.pieces.iter().filter_map(text_of).max_by_key(|text| text.len());
            let gates = longest.map(|text| vec![text.to_vec()]);
            let check = Check { predicate: index, kind: CheckKind::Pattern(pattern.clone()) };
            self.add_check(check, gates, pattern.cased, building);
            return;
        };
        for literal in variants {
            if pattern.from_start && pattern.to_end {
                let whole = if pattern.cased { &mut self.whole_cased } else { &mut self.whole };
                whole.entry(literal.into_boxed_slice()).or_default().push(index);
            } else if literal.is_empty() {
                self.present.push(index);
            } else {
                let used = match (pattern.from_start, pattern.to_end) {
                    (true, _) => Use::AtStart(index),
                    (_, true) => Use::AtEnd(index),
                    (false, false) => Use::Anywhere(index),
                };
                building.set(pattern.cased, &literal).entry(literal).or_default().push(used);
            }
        }
    }

    fn add_regex(&mut self, index: u32, source: &str, building: &mut Building) {
        // Loading compiled it already; a pattern that fails here was never loaded.
        let Ok(regex) = Regex::new(source) else { return };
        let check = Check { predicate: index, kind: CheckKind::Regex(regex) };
        self.add_check(check, literals::required(source), false, building);
    }

    fn add_check(&mut self, check: Check, gates: Option<Vec<Vec<u8>>>, cased: bool, building: &mut Building) {
        let number = u32::try_from(self.checks.len()).unwrap_or(u32::MAX);
        self.checks.push(check);
        match gates {
            Some(gates) => {
                for gate in gates {
                    building.set(cased, &gate).entry(gate).or_default().push(Use::Gate(number));
                }
            }
            None => self.open.push(number),
        }
    }

    /// Predicates that hold for an absent value.
    pub(crate) fn absent(&self) -> &[u32] {
        &self.absent
    }

    /// The predicates that hold for a value, in ascending order.
    pub(crate) fn satisfied(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<u32>) {
        out.clear();
        out.extend_from_slice(&self.present);
        scratch.begin(self.size + self.checks.len());
        let ascii = text.is_ascii();
        if ascii {
            self.find(&self.folded, text.as_bytes(), scratch, out);
        } else {
            scratch.folded.clear();
            scratch.folded.extend(text.chars().flat_map(char::to_lowercase));
            let folded = std::mem::take(&mut scratch.folded);
            self.find(&self.folded, folded.as_bytes(), scratch, out);
            self.find(&self.wide, folded.as_bytes(), scratch, out);
            scratch.folded = folded;
        }
        self.find(&self.cased, text.as_bytes(), scratch, out);
        self.rest(text, ascii, scratch, out);
        out.sort_unstable();
        out.dedup();
    }

    fn find(&self, literals: &Literals, text: &[u8], scratch: &mut Scratch, out: &mut Vec<u32>) {
        let Some(automaton) = &literals.automaton else { return };
        for found in automaton.find_overlapping_iter(text) {
            for used in literals.uses.get(found.pattern().as_usize()).into_iter().flatten() {
                match *used {
                    Use::Anywhere(index) if scratch.first_time(index) => out.push(index),
                    Use::AtStart(index) if found.start() == 0 => out.push(index),
                    Use::AtEnd(index) if found.end() == text.len() => out.push(index),
                    Use::Gate(check) => {
                        let stamp = check.saturating_add(u32::try_from(self.size).unwrap_or(u32::MAX));
                        if scratch.first_time(stamp) {
                            scratch.pending.push(check);
                        }
                    }
                    Use::Anywhere(_) | Use::AtStart(_) | Use::AtEnd(_) => {}
                }
            }
        }
    }

    /// Everything but literals inside the value.
    fn rest(&self, text: &str, ascii: bool, scratch: &mut Scratch, out: &mut Vec<u32>) {
        let needs_folded = !self.whole.is_empty() || !scratch.pending.is_empty() || !self.open.is_empty();
        if ascii && needs_folded {
            scratch.folded.clear();
            scratch.folded.push_str(text);
            scratch.folded.make_ascii_lowercase();
        }
        if !self.whole.is_empty() {
            out.extend(self.whole.get(scratch.folded.as_bytes()).into_iter().flatten());
        }
        if !self.whole_cased.is_empty() {
            out.extend(self.whole_cased.get(text.as_bytes()).into_iter().flatten());
        }
        for check in scratch.pending.iter().chain(&self.open) {
            let Some(check) = self.checks.get(*check as usize) else { continue };
            let holds = match &check.kind {
                CheckKind::Regex(regex) => regex.is_match(text),
                CheckKind::Pattern(pattern) if pattern.cased => glob::fits(pattern, text.as_bytes()),
                CheckKind::Pattern(pattern) => glob::fits(pattern, scratch.folded.as_bytes()),
            };
            if holds {
                out.push(check.predicate);
            }
        }
        self.values(text, out);
    }

    /// Numbers, addresses, truths and times.
    fn values(&self, text: &str, out: &mut Vec<u32>) {
        if !self.numbers.is_empty()
            && let Some(value) = naive::number_of(text)
        {
            out.extend(self.numbers.iter().filter(|(c, number, _)| c.holds(value, *number)).map(|(_, _, i)| i));
        }
        out.extend(self.networks.iter().filter(|(net, _)| naive::network_holds(net, text)).map(|(_, i)| i));
        if !self.bools.is_empty()
            && let Some(value) = naive::bool_of(text)
        {
            out.extend(self.bools.iter().filter(|(wanted, _)| *wanted == value).map(|(_, i)| i));
        }
        out.extend(
            self.times.iter().filter(|(part, n, _)| naive::time_part(text, *part) == Some(*n)).map(|(_, _, i)| i),
        );
    }
}

fn text_of(piece: &Piece) -> Option<&[u8]> {
    match piece {
        Piece::Text(bytes) => Some(bytes),
        Piece::One | Piece::Many | Piece::Dash => None,
    }
}

/// The literals that a pattern stands for; `None` when it needs a check.
fn variants(pattern: &Pattern) -> Option<Vec<Vec<u8>>> {
    let mut variants = vec![Vec::new()];
    for piece in &pattern.pieces {
        match piece {
            Piece::Text(bytes) => variants.iter_mut().for_each(|variant| variant.extend_from_slice(bytes)),
            Piece::Dash if variants.len() * DASHES.len() <= VARIANTS_MAX => {
                let with = |variant: &Vec<u8>, dash: &char| {
                    let mut longer = variant.clone();
                    longer.extend_from_slice(dash.encode_utf8(&mut [0; 4]).as_bytes());
                    longer
                };
                variants = variants.iter().flat_map(|v| DASHES.iter().map(|d| with(v, d))).collect();
            }
            Piece::One | Piece::Many | Piece::Dash => return None,
        }
    }
    Some(variants)
}

impl Building {
    fn set(&mut self, cased: bool, literal: &[u8]) -> &mut FxHashMap<Vec<u8>, Vec<Use>> {
        match (cased, literal.is_ascii()) {
            (true, _) => &mut self.cased,
            (false, true) => &mut self.folded,
            (false, false) => &mut self.wide,
        }
    }
}

impl Literals {
    fn new(found: FxHashMap<Vec<u8>, Vec<Use>>, without_case: bool) -> Literals {
        if found.is_empty() {
            return Literals::default();
        }
        let mut sorted: Vec<(Vec<u8>, Vec<Use>)> = found.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let bytes: usize = sorted.iter().map(|(literal, _)| literal.len()).sum();
        let kind = if bytes <= TABLE_BYTES_MAX { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        // Building fails only past four billion states, which no rule set reaches.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .ascii_case_insensitive(without_case)
            .build(sorted.iter().map(|(literal, _)| literal))
            .ok();
        Literals { automaton, uses: sorted.into_iter().map(|(_, uses)| uses).collect() }
    }
}

impl Scratch {
    fn begin(&mut self, size: usize) {
        self.pending.clear();
        if self.stamps.len() < size {
            self.stamps.resize(size, 0);
        }
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }

    fn first_time(&mut self, index: u32) -> bool {
        match self.stamps.get_mut(index as usize) {
            Some(stamp) if *stamp != self.stamp => {
                *stamp = self.stamp;
                true
            }
            _ => false,
        }
    }
}

/// Whether one value satisfies one predicate: for what the schema settles.
pub(crate) fn constant_fits(predicate: &Predicate, text: &str) -> bool {
    match predicate {
        Predicate::Text(pattern) if pattern.cased => glob::fits(pattern, text.as_bytes()),
        Predicate::Text(pattern) => glob::fits(pattern, fold(text).as_bytes()),
        other => naive::text_fits(other, text),
    }
}
