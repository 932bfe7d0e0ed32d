//! Sketches of pages for finding kin: structure, names of parameters, habits; comparable between owners without showing content.

mod cluster;
mod keyed;

pub use cluster::{Cluster, cluster};
pub use keyed::{KeyedSketch, Likeness};

use std::collections::BTreeSet;

use crate::evidence::Finding;
use crate::lex::{Tok, tokens};
use crate::page::Page;

/// Values of a `MinHash` signature.
pub const SIGNATURE: usize = 64;
/// Tokens of one shingle.
const SHINGLE: usize = 5;
/// The most tokens that go into a sketch.
const MAX_SKETCHED: usize = 60_000;

/// What of a page is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// `MinHash` over shingles of tokens, names and constants left out.
    pub structure: [u64; SIGNATURE],
    /// How many shingles there were; with few of them, likeness says little.
    pub shingles: usize,
    /// Names under which the page reads from the client.
    pub parameters: Vec<String>,
    /// Constants that are particular: keys, passwords, marks.
    pub keys: Vec<String>,
    /// What it does, by class.
    pub habits: Vec<&'static str>,
}

/// The sketch of a page.
pub(crate) fn sketch(page: &Page, inputs: &BTreeSet<String>, findings: &[Finding]) -> Sketch {
    let mut words = Vec::new();
    let mut keys = BTreeSet::new();
    for piece in &page.pieces {
        for token in tokens(&piece.text, 1, piece.lang) {
            if words.len() >= MAX_SKETCHED {
                break;
            }
            match token.tok {
                Tok::Id(name) => words.push(if is_common(&name) { hash(name.as_bytes(), 1) } else { 2 }),
                Tok::Str(text) => {
                    if is_key(&text) && keys.len() < 32 {
                        keys.insert(text.to_string());
                    }
                    words.push(3);
                }
                Tok::Num(_) => words.push(4),
                Tok::Regex(_) => words.push(5),
                Tok::Op(op) => words.push(hash(op.as_bytes(), 6)),
                Tok::End => {}
            }
        }
    }
    let mut structure = [u64::MAX; SIGNATURE];
    let mut seen = BTreeSet::new();
    for shingle in words.windows(SHINGLE.min(words.len().max(1))) {
        let base = shingle.iter().fold(0u64, |all, word| mix(all ^ *word));
        if !seen.insert(base) {
            continue;
        }
        for (n, slot) in structure.iter_mut().enumerate() {
            let salted = mix(base ^ mix(u64::try_from(n).unwrap_or(0).wrapping_add(1)));
            *slot = (*slot).min(salted);
        }
    }
    let mut habits: Vec<&'static str> = findings.iter().map(|finding| finding.class.word()).collect();
    habits.sort_unstable();
    habits.dedup();
    Sketch {
        structure,
        shingles: seen.len(),
        parameters: inputs.iter().cloned().collect(),
        keys: keys.into_iter().collect(),
        habits,
    }
}

impl Sketch {
    /// How much of the structure two pages share, 0 to 1: an estimate of Jaccard's index.
    pub fn structure_likeness(&self, other: &Sketch) -> f64 {
        if self.shingles == 0 || other.shingles == 0 {
            return 0.0;
        }
        let same = self.structure.iter().zip(&other.structure).filter(|(a, b)| a == b).count();
        share(same, SIGNATURE)
    }
}

/// A share of a small number.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    let number = |value: usize| u32::try_from(value).map_or(f64::MAX, f64::from);
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// Names that belong to the language or the framework stay; those that an author chose do not.
fn is_common(name: &str) -> bool {
    const COMMON: &[&str] = &[
        "request",
        "response",
        "server",
        "session",
        "eval",
        "execute",
        "executeglobal",
        "process",
        "start",
        "startinfo",
        "form",
        "item",
        "files",
        "saveas",
        "mappath",
        "frombase64string",
        "getstring",
        "assembly",
        "load",
        "invoke",
        "createinstance",
        "new",
        "if",
        "else",
        "for",
        "while",
        "try",
        "catch",
        "function",
        "var",
        "dim",
        "set",
        "end",
        "sub",
        "then",
        "string",
        "byte",
        "void",
        "return",
        "write",
        "read",
        "inputstream",
        "createobject",
        "filename",
        "arguments",
        "socket",
        "connect",
        "send",
        "context",
        "ihttphandler",
        "public",
        "class",
        "using",
        "end",
        "next",
    ];
    COMMON.contains(&name)
}

/// Whether a constant is particular to an author: a hexadecimal key, a mark, a password.
fn is_key(text: &str) -> bool {
    let length = text.len();
    let hex = (16..=64).contains(&length) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mark = text.starts_with("->|") || text.starts_with("|<-") || text == "->|" || text == "|<-";
    hex || mark
}

fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut out = 0xcbf2_9ce4_8422_2325 ^ mix(seed);
    for byte in bytes {
        out = (out ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(out)
}

/// A finalizer that spreads every bit.
fn mix(value: u64) -> u64 {
    let mut x = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
