//! Which lines of a text may matter: one pass over the raw text, before it is cut into columns.
//!
//! Most rules need some literal in the row (`cmd.exe`, `/ecp/y.js`), and most rows hold none. For each rule the
//! cheapest set of literals is chosen of which a match needs one, for each literal a *gram*, a piece of four bytes;
//! grams that several literals share and that the text at hand seldom holds come first. All grams are looked for at
//! once in the text without case, by the vectorised search of `aho-corasick`. Where that finds nothing, no rule can
//! match, so neither columns nor values have to be looked at. What is marked for nothing only costs time.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};
use memchr::{memchr, memchr_iter, memmem};

use super::literals;
use super::node::Node;
use crate::ir::{Network, Piece, Predicate};

/// Grams of one search; the vectorised search takes no more.
const GRAMS_MAX: usize = 128;
const GRAM_BYTES: usize = 4;
/// Shorter literals are everywhere.
const LITERAL_BYTES_MIN: usize = 2;
/// Bytes of the text at hand by which grams are chosen.
const SAMPLE_BYTES: usize = 128 << 10;
/// What a find in the sample costs beside looking for one gram more.
const FIND_COST: u64 = 16;
/// The same for a literal that is no whole gram: those are looked for in a pass of their own.
const SHORT_COST: u64 = 10_000;

/// Finds the lines that rules may match.
#[derive(Debug)]
pub(crate) struct Skimmer {
    searchers: Vec<Searcher>,
}

/// Room for the text without case.
#[derive(Debug, Default)]
pub(crate) struct Lowered(Vec<u8>);

impl Skimmer {
    /// For rules bound to a schema; `None` when some rule may match a row without any literal, or when there are too
    /// many literals.
    pub(crate) fn new(nodes: &[Node<'_>], text: &str) -> Option<Skimmer> {
        let sample = Sample::of(text);
        let mut literals = BTreeSet::new();
        for node in nodes {
            literals.extend(needs_of(node, &sample)?.1);
        }
        let (short, long): (Vec<_>, Vec<_>) =
            literals.into_iter().partition(|literal| literal.len() < GRAM_BYTES);
        let mut searchers = Vec::new();
        for grams in [short, grams_of(&long, &sample)] {
            if grams.len() > GRAMS_MAX {
                return None;
            }
            if !grams.is_empty() {
                searchers.push(searcher(&grams)?);
            }
        }
        Some(Skimmer { searchers })
    }

    /// Marks one byte at least in each line that a rule may match, in ascending order.
    pub(crate) fn mark(&self, text: &str, lowered: &mut Lowered, marks: &mut Vec<u32>) {
        let lowered = &mut lowered.0;
        marks.clear();
        lowered.clear();
        lowered.extend_from_slice(text.as_bytes());
        lowered.make_ascii_lowercase();
        for searcher in &self.searchers {
            let mut from = 0;
            while let Some(found) = searcher.find_in(&*lowered, Span::from(from..lowered.len())) {
                from = mark_line(found.start(), lowered, marks);
            }
        }
        if !text.is_ascii() {
            mark_beyond_ascii(lowered, marks);
        }
        marks.sort_unstable();
    }
}

/// Marks a place; gives where the next line begins.
fn mark_line(at: usize, text: &[u8], marks: &mut Vec<u32>) -> usize {
    marks.push(u32::try_from(at).unwrap_or(u32::MAX));
    text.get(at..).and_then(|rest| memchr(b'\n', rest)).map_or(text.len(), |length| at + length + 1)
}

/// Some letters beyond ASCII fall together with ASCII ones without case, so their lines are always read.
fn mark_beyond_ascii(text: &[u8], marks: &mut Vec<u32>) {
    let mut from = 0;
    while let Some(length) = text.get(from..).and_then(|rest| rest.iter().position(|byte| !byte.is_ascii())) {
        from = mark_line(from + length, text, marks);
    }
}

fn searcher(grams: &[Vec<u8>]) -> Option<Searcher> {
    let mut config = Config::new();
    config.match_kind(MatchKind::LeftmostFirst).heuristic_pattern_limits(false);
    config.builder().extend(grams).build()
}

/// A set of literals one of which is in every row that matches, the cheapest that was found, with its cost.
fn needs_of(node: &Node<'_>, sample: &Sample) -> Option<(u64, Vec<Vec<u8>>)> {
    match node {
        Node::Const(false) => Some((0, Vec::new())),
        Node::Leaf(_, predicate) => {
            let texts = literals_of(predicate, sample)?;
            Some((texts.iter().map(|text| sample.cost(text)).sum(), texts))
        }
        Node::And(parts) => parts.iter().filter_map(|part| needs_of(part, sample)).min(),
        Node::Or(parts) | Node::AtLeast(_, parts) => {
            let mut sum = (0, Vec::new());
            for part in parts {
                let (cost, texts) = needs_of(part, sample)?;
                sum.0 += cost;
                sum.1.extend(texts);
            }
            sum.1.sort_unstable();
            sum.1.dedup();
            Some(sum)
        }
        Node::Const(true) | Node::Row(_) | Node::Not(_) => None,
    }
}

/// ASCII literals in lower case one of which is in every value that satisfies the predicate.
fn literals_of(predicate: &Predicate, sample: &Sample) -> Option<Vec<Vec<u8>>> {
    let found = match predicate {
        Predicate::Text(pattern) => {
            let texts = pattern.pieces.iter().filter_map(|piece| match piece {
                Piece::Text(bytes) => Some(bytes.as_slice()),
                Piece::One | Piece::Many | Piece::Dash => None,
            });
            let runs =
                texts.flat_map(|text| text.split(|byte| !byte.is_ascii())).map(<[u8]>::to_ascii_lowercase);
            let long_enough = runs.filter(|run| run.len() >= LITERAL_BYTES_MIN);
            vec![long_enough.min_by_key(|run| (sample.cost(run), std::cmp::Reverse(run.len())))?]
        }
        Predicate::Regex(source) => literals::required(source)?,
        Predicate::Network(network) => network_literals(*network)?,
        Predicate::Number(..)
        | Predicate::Bool(_)
        | Predicate::Exists(_)
        | Predicate::Null
        | Predicate::OtherField(_)
        | Predicate::TimePart(..) => return None,
    };
    // No value of a line holds a line end; a gram with one would hide what lies behind it.
    let fits = |literal: &Vec<u8>| literal.len() >= LITERAL_BYTES_MIN && !literal.contains(&b'\n');
    found.iter().all(fits).then_some(found)
}

/// Bits before the four bytes of an IPv4 address that is mapped into IPv6.
const MAPPED_BITS: u8 = 96;

/// How every address of a network is written: its first bytes with their dots, or, for an IPv4 address in the
/// clothes of IPv6, its `ffff:`; the first group of an IPv6 address and its colon.
fn network_literals(network: Network) -> Option<Vec<Vec<u8>>> {
    let bytes = network.address.to_be_bytes();
    if network.address >> 32 == 0xFFFF {
        let whole = usize::from(network.bits.checked_sub(MAPPED_BITS)? / 8);
        let mut text = String::new();
        for (index, byte) in (0..4).zip(&bytes[12..]).take(whole) {
            text.push_str(&byte.to_string());
            if index < 3 {
                text.push('.');
            }
        }
        return Some(vec![text.into_bytes(), b"ffff:".to_vec()]);
    }
    let first = u16::from_be_bytes([bytes[0], bytes[1]]);
    (network.bits >= 16 && first != 0).then(|| vec![format!("{first:x}:").into_bytes()])
}

/// How often grams are in the text at hand.
struct Sample {
    text: Vec<u8>,
    /// By a hash of four bytes.
    counts: Vec<u32>,
}

const COUNTS_BITS: u32 = 16;

fn bucket(gram: [u8; GRAM_BYTES]) -> usize {
    (u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1) >> (32 - COUNTS_BITS)) as usize
}

impl Sample {
    fn of(text: &str) -> Sample {
        let bytes = text.as_bytes();
        let text = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes).to_ascii_lowercase();
        let mut counts = vec![0; 1 << COUNTS_BITS];
        for gram in text.array_windows() {
            counts[bucket(*gram)] += 1;
        }
        Sample { text, counts }
    }

    fn count(&self, gram: &[u8]) -> u64 {
        match gram.try_into() {
            Ok(four) => u64::from(self.counts[bucket(four)]),
            Err(_) => memmem::find_iter(&self.text, gram).count() as u64,
        }
    }

    /// What it costs to look for a literal by its rarest gram.
    fn cost(&self, literal: &[u8]) -> u64 {
        let found = grams_in(literal).map(|gram| self.count(gram)).min().unwrap_or(0);
        let alone = if literal.len() < GRAM_BYTES { SHORT_COST } else { 1 };
        alone + FIND_COST * found
    }
}

/// The grams of a literal; a shorter one is its own.
fn grams_in(literal: &[u8]) -> impl Iterator<Item = &[u8]> {
    literal.windows(GRAM_BYTES.min(literal.len()))
}

/// Grams of which each literal holds one: over and over the one that is in most of the literals that are left, for
/// how often it is in the sample.
fn grams_of(literals: &[Vec<u8>], sample: &Sample) -> Vec<Vec<u8>> {
    let mut holders: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (index, literal) in literals.iter().enumerate() {
        for gram in grams_in(literal) {
            let holders = holders.entry(gram).or_default();
            if holders.last() != Some(&index) {
                holders.push(index);
            }
        }
    }
    let mut candidates: Vec<(&[u8], u64, Vec<usize>)> =
        holders.into_iter().map(|(gram, held)| (gram, 1 + FIND_COST * sample.count(gram), held)).collect();
    let mut open = vec![true; literals.len()];
    let mut chosen = Vec::new();
    // Each turn closes one literal at least.
    while chosen.len() <= GRAMS_MAX {
        for (_, _, held) in &mut candidates {
            held.retain(|index| open[*index]);
        }
        candidates.retain(|(_, _, held)| !held.is_empty());
        let worth = |(_, cost, held): &(&[u8], u64, Vec<usize>)| (held.len() as u64) * (1 << 20) / cost;
        let Some((gram, _, held)) = candidates.iter().max_by_key(|candidate| worth(candidate)) else { break };
        chosen.push(gram.to_vec());
        for index in held {
            open[*index] = false;
        }
    }
    chosen
}

/// Whether so many of a text's lines are marked that marking was for nothing.
pub(crate) fn is_worthless(marks: &[u32], text: &str) -> bool {
    marks.len() > memchr_iter(b'\n', text.as_bytes()).count() / 2
}
