//! Sketches that two owners can compare without showing what they hold.
//!
//! Every value is hashed with a key that both agreed on (SHA-256 over key and value, cut to 64 bits). Who does not know the key
//! learns how many values there are and which sketches under the same key share some. Who knows it can also test a guess: whether a
//! page has a parameter named so, or holds a page that the guesser has himself. It never shows a text that nobody guessed.

use sha2::{Digest, Sha256};

use super::{Sketch, share};

/// A sketch under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedSketch {
    /// The structure, each value hashed at its place.
    pub structure: Vec<u64>,
    /// Parameters, hashed and sorted.
    pub parameters: Vec<u64>,
    /// Keys, hashed and sorted.
    pub keys: Vec<u64>,
    /// How many shingles there were, rounded down to a power of two.
    pub size: u32,
}

/// How alike two sketches are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Of structure, 0 to 1.
    pub structure: f64,
    /// Of the names of parameters, 0 to 1.
    pub parameters: f64,
    /// How many keys are shared.
    pub keys: usize,
}

impl Sketch {
    /// The sketch under a key that the owners who compare agreed on.
    pub fn keyed(&self, key: &[u8]) -> KeyedSketch {
        let structure = self
            .structure
            .iter()
            .enumerate()
            .map(|(at, value)| hashed(key, &format!("s{at}"), &value.to_le_bytes()))
            .collect();
        let of = |kind: &str, all: &[String]| {
            let mut out: Vec<u64> =
                all.iter().map(|text| hashed(key, kind, text.to_lowercase().as_bytes())).collect();
            out.sort_unstable();
            out
        };
        let size = u32::try_from(self.shingles).unwrap_or(u32::MAX).checked_ilog2().unwrap_or(0);
        KeyedSketch { structure, parameters: of("p", &self.parameters), keys: of("k", &self.keys), size }
    }
}

impl KeyedSketch {
    /// Compares two sketches made under the same key.
    pub fn likeness(&self, other: &KeyedSketch) -> Likeness {
        let same = self.structure.iter().zip(&other.structure).filter(|(a, b)| a == b).count();
        let both = |a: &[u64], b: &[u64]| a.iter().filter(|value| b.binary_search(value).is_ok()).count();
        Likeness {
            structure: share(same, self.structure.len().max(1)),
            parameters: share(
                both(&self.parameters, &other.parameters),
                self.parameters.len().max(other.parameters.len()),
            ),
            keys: both(&self.keys, &other.keys),
        }
    }
}

fn hashed(key: &[u8], kind: &str, value: &[u8]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(u64::try_from(key.len()).unwrap_or(0).to_le_bytes());
    hasher.update(key);
    hasher.update(kind.as_bytes());
    hasher.update([0]);
    hasher.update(value);
    let digest = hasher.finalize();
    digest.iter().take(8).fold(0u64, |all, byte| all << 8 | u64::from(*byte))
}
