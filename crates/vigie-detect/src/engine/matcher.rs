//! All predicates on one column as one matcher: a value goes in, the predicates that it satisfies come out.

use rustc_hash::FxHashMap;

use super::expression::Expression;
use super::grams::{Anchor, Case, Literals};
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
    folded: Used,
    /// Literals beyond ASCII without case: only values beyond ASCII can hold them.
    wide: Used,
    /// Literals with case.
    cased: Used,
    /// Whole values without case.
    whole: FxHashMap<Box<[u8]>, Vec<u32>>,
    /// Whole values with case.
    whole_cased: FxHashMap<Box<[u8]>, Vec<u32>>,
    numbers: Vec<(Compare, f64, u32)>,
    /// By number of leading bits: those bits, and the predicates that ask for them.
    networks: Vec<(u8, FxHashMap<u128, Vec<u32>>)>,
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
    /// Gated expressions mostly never run.
    Regex(Expression),
}

/// Literals and what a find of each means.
#[derive(Debug, Default)]
struct Used {
    literals: Option<Literals>,
    /// By literal.
    uses: Vec<Vec<Use>>,
}

/// What it means when a literal is found.
#[derive(Clone, Copy, Debug)]
enum Use {
    Holds(u32),
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
type Place = (Vec<u8>, Anchor);
type Found = FxHashMap<Place, Vec<Use>>;

#[derive(Default)]
struct Building {
    folded: Found,
    wide: Found,
    cased: Found,
}

impl Matcher {
    /// The matcher of these predicates.
    pub(crate) fn new<'a>(predicates: impl IntoIterator<Item = &'a Predicate>) -> Matcher {
        let (mut matcher, mut building) = (Matcher::default(), Building::default());
        for (index, predicate) in (0_u32..).zip(predicates) {
            matcher.size += 1;
            matcher.add(index, predicate, &mut building);
        }
        matcher.folded = Used::new(building.folded, Case::Folded);
        matcher.wide = Used::new(building.wide, Case::Folded);
        matcher.cased = Used::new(building.cased, Case::Kept);
        matcher
    }

    fn add(&mut self, index: u32, predicate: &Predicate, building: &mut Building) {
        match predicate {
            Predicate::Text(pattern) => self.add_pattern(index, pattern, building),
            Predicate::Regex(source) => self.add_regex(index, source, building),
            Predicate::Network(network) => self.add_network(index, network),
            Predicate::Number(compare, number) => self.numbers.push((*compare, number.get(), index)),
            Predicate::Bool(wanted) => self.bools.push((*wanted, index)),
            Predicate::Exists(true) => self.present.push(index),
            Predicate::Exists(false) | Predicate::Null => self.absent.push(index),
            Predicate::TimePart(part, wanted) => self.times.push((*part, *wanted, index)),
            // Compares two cells of a row: never a predicate on one column.
            Predicate::OtherField(_) => {}
        }
    }

    fn add_network(&mut self, index: u32, network: &Network) {
        let top = naive::top_bits(network.address, network.bits);
        if let Some((_, tops)) = self.networks.iter_mut().find(|(bits, _)| *bits == network.bits) {
            tops.entry(top).or_default().push(index);
        } else {
            self.networks.push((network.bits, FxHashMap::from_iter([(top, vec![index])])));
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
                let anchor = match (pattern.from_start, pattern.to_end) {
                    (true, _) => Anchor::Start,
                    (_, true) => Anchor::End,
                    (false, false) => Anchor::Anywhere,
                };
                let found = building.set(pattern.cased, &literal);
                found.entry((literal, anchor)).or_default().push(Use::Holds(index));
            }
        }
    }

    fn add_regex(&mut self, index: u32, source: &str, building: &mut Building) {
        let check = Check { predicate: index, kind: CheckKind::Regex(Expression::new(source)) };
        self.add_check(check, literals::required(source), false, building);
    }

    fn add_check(&mut self, check: Check, gates: Option<Vec<Vec<u8>>>, cased: bool, building: &mut Building) {
        let number = u32::try_from(self.checks.len()).unwrap_or(u32::MAX);
        self.checks.push(check);
        match gates {
            Some(gates) => {
                for gate in gates {
                    let found = building.set(cased, &gate);
                    found.entry((gate, Anchor::Anywhere)).or_default().push(Use::Gate(number));
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

    fn find(&self, used: &Used, text: &[u8], scratch: &mut Scratch, out: &mut Vec<u32>) {
        let Some(literals) = &used.literals else { return };
        let checks_from = u32::try_from(self.size).unwrap_or(u32::MAX);
        literals.find(text, |literal| {
            for used in used.uses.get(literal as usize).into_iter().flatten() {
                match *used {
                    Use::Holds(index) => {
                        if scratch.first_time(index) {
                            out.push(index);
                        }
                    }
                    Use::Gate(check) => {
                        if scratch.first_time(check.saturating_add(checks_from)) {
                            scratch.pending.push(check);
                        }
                    }
                }
            }
        });
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
                CheckKind::Regex(expression) if ascii => expression.is_match_in_ascii(text),
                CheckKind::Regex(expression) => expression.is_match_in_any(text),
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
            out.extend(
                self.numbers.iter().filter(|(c, number, _)| c.holds(value, *number)).map(|(_, _, i)| i),
            );
        }
        if !self.networks.is_empty() {
            for address in naive::addresses(text) {
                for (bits, tops) in &self.networks {
                    out.extend(tops.get(&naive::top_bits(address, *bits)).into_iter().flatten());
                }
            }
        }
        if !self.bools.is_empty()
            && let Some(value) = naive::bool_of(text)
        {
            out.extend(self.bools.iter().filter(|(wanted, _)| *wanted == value).map(|(_, i)| i));
        }
        out.extend(
            self.times
                .iter()
                .filter(|(part, n, _)| naive::time_part(text, *part) == Some(*n))
                .map(|(_, _, i)| i),
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
    fn set(&mut self, cased: bool, literal: &[u8]) -> &mut Found {
        match (cased, literal.is_ascii()) {
            (true, _) => &mut self.cased,
            (false, true) => &mut self.folded,
            (false, false) => &mut self.wide,
        }
    }
}

impl Used {
    fn new(found: Found, case: Case) -> Used {
        if found.is_empty() {
            return Used::default();
        }
        let mut sorted: Vec<(Place, Vec<Use>)> = found.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let (literals, uses): (Vec<_>, Vec<_>) = sorted.into_iter().unzip();
        Used { literals: Some(Literals::new(&literals, case)), uses }
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
