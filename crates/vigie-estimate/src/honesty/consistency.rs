//! The only truth a user has: the length of each list, counted through the other lists.
//!
//! The units of one list are kept, the other lists are the captures, and the method's interval is compared with how many
//! units there are. A method that misses here has no claim to hold where nobody can look.

use crate::methods::leavers::Dates;
use crate::methods::recommend::{fast, lowest_of, recommend_above};
use crate::table::CaptureTable;

/// Fewer units of a list seen by the others say nothing.
pub const MIN_UNITS: u64 = 30;

/// Above this many lists the model space is too large to be searched once for each list.
const MAX_LISTS: usize = 8;

/// What the interval rests on, and how much is computed at once.
#[derive(Clone, Copy, Debug)]
pub struct Premises<'a> {
    /// The odds ratio folded into the upper end.
    pub odds: f64,
    /// Middles of the lists' windows.
    pub dates: &'a Dates,
    /// Threads.
    pub threads: usize,
}

/// One list counted through the others.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsistencyRow {
    /// The list whose length is known.
    pub list: String,
    /// Its length.
    pub truth: u64,
    /// Units of it that other lists hold.
    pub seen: u64,
    /// The method's middle, if it gives one.
    pub estimate: Option<f64>,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: Option<f64>,
}

impl ConsistencyRow {
    /// Whether the interval holds the truth.
    pub fn holds(&self) -> bool {
        self.low <= self.truth as f64 && self.high.is_some_and(|high| self.truth as f64 <= high)
    }

    /// Whether the lower end is at or below the truth.
    pub fn low_is_safe(&self) -> bool {
        self.low <= self.truth as f64
    }
}

/// Counts each list through the others with the recommended interval.
pub fn rows(table: &CaptureTable, premises: Premises<'_>) -> Vec<ConsistencyRow> {
    if !(3..=MAX_LISTS).contains(&table.width()) {
        return Vec::new();
    }
    (0..table.width())
        .filter_map(|list| {
            let sub = table.given(list)?.without_empty_lists()?;
            let truth = table.on_all(1 << list);
            (sub.width() >= 2 && sub.seen() >= MIN_UNITS)
                .then(|| row(&sub, &table.lists()[list], truth, premises))
        })
        .collect()
}

/// One table whose answer is known.
pub fn row(sub: &CaptureTable, list: &str, truth: u64, premises: Premises<'_>) -> ConsistencyRow {
    let fits = fast(sub, premises.threads);
    let low = lowest_of(sub, &fits, premises.dates).low;
    let recommended = recommend_above(low, sub.seen(), &fits, premises.odds);
    ConsistencyRow {
        list: list.to_owned(),
        truth,
        seen: sub.seen(),
        estimate: recommended.as_ref().map(|r| r.estimate),
        low,
        high: recommended.map(|r| r.high),
    }
}
