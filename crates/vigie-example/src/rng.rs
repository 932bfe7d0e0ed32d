//! A small random source of fixed sequence: the same seed gives the same evidence on every machine.

use crate::ident::Guid;

/// `SplitMix64` (Steele, Lea and Flood, 2014): one word of state, passes `BigCrush`, never changes between versions
/// as a library's generator may.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A sequence of its own for every seed.
    pub const fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// A sequence for one purpose, so that adding a draw for one does not shift all others.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Rng {
        Rng(self.0 ^ hash(purpose.as_bytes()))
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 up to but without `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of a product: no modulo bias worth speaking of, and no division.
        let product = u128::from(self.word()) * u128::from(end);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// One of the items; the slice must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        &items[index]
    }

    /// True in `per_thousand` of 1,000 draws.
    pub fn chance(&mut self, per_thousand: u64) -> bool {
        self.below(1000) < per_thousand
    }

    /// A random (version 4) GUID.
    pub fn guid(&mut self) -> Guid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.word().to_le_bytes());
        bytes[8..].copy_from_slice(&self.word().to_le_bytes());
        bytes[7] = bytes[7] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Guid(bytes)
    }

    /// Lower-case letters and digits, a letter first.
    pub fn name(&mut self, len: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..len)
            .map(|place| {
                let choice = if place == 0 { &LETTERS[..26] } else { LETTERS };
                char::from(*self.pick(choice))
            })
            .collect()
    }
}

/// A 64-bit hash of a name: not for hostile input.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| mix(state ^ u64::from(*byte)))
}

const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_sequence() {
        // The reference outputs of splitmix64.c for seed 1234567.
        let mut rng = Rng::new(1_234_567);
        assert_eq!([rng.word(), rng.word()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn stays_within_bounds() {
        let mut rng = Rng::new(1);
        assert!((0..10_000).all(|_| (3..=5).contains(&rng.within(3, 5))));
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.name(7).len(), 7);
    }
}
