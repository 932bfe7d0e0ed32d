//! Notes of matches, small: one for each event that matches a rule that some correlation names.

use std::collections::BTreeMap;

use vigie_model::Time;

/// Notes of one host that are kept; what comes later is counted and reported, not correlated.
pub const SEEN_MAX: usize = 4_000_000;

/// The file of events whose scanner was not told any.
pub const NO_FILE: u64 = u64::MAX;

/// One match of a rule that a correlation names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The rule.
    pub rule: u32,
    /// When; events without a time cannot be correlated and are not noted.
    pub time: Time,
    /// The file, as the engine numbers it.
    pub file: u64,
    /// Line or record.
    pub number: u64,
    /// Byte offset.
    pub offset: u64,
    /// The stream, as a number of the notes' texts.
    pub stream: u32,
    /// Values of the fields that correlations read, as numbers of the notes' texts.
    pub values: Box<[Option<u32>]>,
}

/// Notes and the texts that they name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub seen: Vec<Seen>,
    texts: Vec<String>,
    numbers: BTreeMap<String, u32>,
    /// Matches beyond [`SEEN_MAX`].
    pub beyond: u64,
}

impl Notes {
    /// The number of a text.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }

    /// Adds a note, if there is room.
    pub(crate) fn push(&mut self, seen: Seen) {
        if self.seen.len() < SEEN_MAX {
            self.seen.push(seen);
        } else {
            self.beyond += 1;
        }
    }

    /// Adds the notes of another.
    pub(crate) fn merge(&mut self, other: Notes) {
        self.beyond += other.beyond;
        let renumbered: Vec<u32> = other.texts.iter().map(|text| self.number(text)).collect();
        let of = |number: u32| renumbered.get(number as usize).copied().unwrap_or(u32::MAX);
        for mut seen in other.seen {
            seen.stream = of(seen.stream);
            for value in seen.values.iter_mut().flatten() {
                *value = of(*value);
            }
            self.push(seen);
        }
    }
}
