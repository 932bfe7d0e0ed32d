//! The lower end when units leave between lists: whom one list names may be told, cleaned up, and gone before the next.
//!
//! Those that leave because of a list are on no later one. The overlap shrinks, and every estimate over all lists rises,
//! Chao's bound with it. The lists that came after never saw them: their own bound counts those that were left, and those are fewer
//! than there ever were. So the lower end is the smallest over the lists that remain when the earlier ones are left out;
//! where the dates are not known, any one list may have been the earlier one.

use super::chao;
use crate::loglinear::Profile;
use crate::table::CaptureTable;

/// Lists whose middles, from the first to the last, are no further apart saw the same day.
pub const SAME_TIME: f64 = 1.0;

/// The fastest that units were measured to leave, in days until half are gone: exposed servers of March 2021.
pub const FASTEST_HALF_LIFE: f64 = 7.4;
/// The slowest: compromised servers in Italy in the same month.
pub const SLOWEST_HALF_LIFE: f64 = 24.1;

/// What is known of when lists saw their units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dates {
    /// Middle of each list's window, in days, by the list's name. A list that is not named has no date; one that was
    /// made of several stands here once for each.
    pub middles: Vec<(String, f64)>,
    /// Days in which half the units leave, when the user knows it.
    pub half_life: Option<f64>,
    /// The user says that nobody left between the lists.
    pub together: bool,
}

/// What the lists say of when they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At least one list has no date.
    Unknown,
    /// All within [`SAME_TIME`].
    Together,
    /// Some later than others.
    Apart,
}

/// What the dates of a table's lists say.
pub fn timing(table: &CaptureTable, dates: &Dates) -> Timing {
    if dates.together {
        return Timing::Together;
    }
    match moments(table, dates).as_deref() {
        None => Timing::Unknown,
        // The whole spread, not each step: lists of 1, 2, 3 and 4 March are three days apart.
        Some([first, .., last]) if last - first > SAME_TIME => Timing::Apart,
        Some(_) => Timing::Together,
    }
}

/// A lower end, and which lists had to be left out for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowest {
    /// The lower end; never below those seen over all lists.
    pub low: f64,
    /// Lower end of the bound over all lists: what would hold if nobody left.
    pub over_all: f64,
    /// Names of the lists that were left out; empty when the bound over all lists is the smallest.
    pub without: Vec<String>,
    /// Share that stays between the last two dates, by which the lower end gives way; 1 when they are of one day or unknown.
    pub stays: f64,
}

impl Lowest {
    /// Missed links make one unit look like two: both ends give way by their share.
    pub fn allowing_for_missed_links(self, missed: f64, floor: u64) -> Self {
        let less = |x: f64| (x * (1.0 - missed)).max(floor as f64);
        Self { low: less(self.low), over_all: less(self.over_all), ..self }
    }
}

/// The smallest lower end of Chao's bound, given the bound over all lists.
pub fn lowest(table: &CaptureTable, over_all: Option<&Profile>, dates: &Dates) -> Lowest {
    let floor = table.seen() as f64;
    let over_all = over_all.map_or(floor, |p| p.interval.low).max(floor);
    let mut found = Lowest { low: over_all, over_all, without: Vec::new(), stays: 1.0 };
    for left in left_out(table, dates) {
        let keep: Vec<usize> = (0..table.width()).filter(|i| !left.contains(i)).collect();
        let Some(later) = table.project(&keep).and_then(|t| t.without_empty_lists()) else { continue };
        let Ok(bound) = chao::lower_bound(&later) else { continue };
        let low = bound.profile.interval.low.max(floor);
        if low < found.low {
            let without = left.iter().map(|&i| table.lists()[i].clone()).collect();
            found = Lowest { low, without, ..found };
        }
    }
    let stays = share_that_stays(table, dates);
    Lowest { low: (found.low * stays).max(floor), stays, ..found }
}

/// The share that stays between the last two dates. Nothing later tells who left there, and they may be just those of one list.
fn share_that_stays(table: &CaptureTable, dates: &Dates) -> f64 {
    match (timing(table, dates), moments(table, dates).as_deref()) {
        (Timing::Apart, Some([.., before, last])) => {
            (-(last - before) / dates.half_life.unwrap_or(FASTEST_HALF_LIFE)).exp2()
        }
        (Timing::Apart | Timing::Together | Timing::Unknown, _) => 1.0,
    }
}

/// Sets of lists to leave out: all earlier than a date, or each list alone where dates are not known. Two lists are
/// always left, since one has no bound.
fn left_out(table: &CaptureTable, dates: &Dates) -> Vec<Vec<usize>> {
    let width = table.width();
    let alone = |lists: &[usize]| -> Vec<Vec<usize>> {
        if width < 3 { Vec::new() } else { lists.iter().map(|&i| vec![i]).collect() }
    };
    match (timing(table, dates), in_order(table, dates)) {
        (Timing::Together, _) => Vec::new(),
        (Timing::Unknown, _) | (Timing::Apart, None) => alone(&(0..width).collect::<Vec<usize>>()),
        (Timing::Apart, Some(order)) => {
            // A list made of several may have seen some units before the others and some after them.
            let several: Vec<usize> = order.iter().filter(|l| l.last > l.first).map(|l| l.list).collect();
            let cuts = (1..width.saturating_sub(1))
                .filter(|&earlier| order[earlier].first > order[earlier - 1].first)
                .map(|earlier| order[..earlier].iter().map(|l| l.list).collect());
            cuts.chain(alone(&several)).collect()
        }
    }
}

/// A list of the table with its earliest and latest middle: one day, unless it was made of several lists.
#[derive(Clone, Copy, Debug)]
struct Dated {
    first: f64,
    last: f64,
    list: usize,
}

/// The lists by their earliest date; `None` when one has none.
fn in_order(table: &CaptureTable, dates: &Dates) -> Option<Vec<Dated>> {
    let dated = |(list, name): (usize, &String)| {
        let days = || dates.middles.iter().filter(|(of, _)| of == name).map(|(_, day)| *day);
        Some(Dated { first: days().reduce(f64::min)?, last: days().reduce(f64::max)?, list })
    };
    let mut order: Vec<Dated> = table.lists().iter().enumerate().map(dated).collect::<Option<_>>()?;
    order.sort_by(|a, b| a.first.total_cmp(&b.first).then(a.list.cmp(&b.list)));
    Some(order)
}

/// Every date of the table's lists, in order; `None` when a list has none.
fn moments(table: &CaptureTable, dates: &Dates) -> Option<Vec<f64>> {
    let order = in_order(table, dates)?;
    let days = |l: &Dated| std::iter::once(l.first).chain((l.last > l.first).then_some(l.last));
    let mut days: Vec<f64> = order.iter().flat_map(days).collect();
    days.sort_by(f64::total_cmp);
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 units, four lists of 250, independent; then a fifth of the first list's units are on no other list.
    fn cleaned() -> CaptureTable {
        let cells: Vec<(usize, u64)> = (1_usize..16)
            .map(|cell| {
                let expected = (1_000 * 3_u64.pow(4 - cell.count_ones()) + 128) / 256;
                let kept = if cell & 1 == 1 { expected * 4 / 5 } else { expected };
                (cell, if cell == 1 { kept + 50 } else { kept })
            })
            .collect();
        CaptureTable::from_cells(&["A", "B", "C", "D"], &cells).unwrap()
    }

    fn days(of: &[(&str, f64)]) -> Dates {
        let middles = of.iter().map(|&(name, day)| (name.to_owned(), day)).collect();
        Dates { middles, ..Dates::default() }
    }

    #[test]
    fn what_the_first_list_cleaned_up_is_left_out() {
        let table = cleaned();
        let bound = chao::lower_bound(&table).unwrap();
        let over = |dates: &Dates| lowest(&table, Some(&bound.profile), dates);
        let dated = days(&[("A", 1.0), ("B", 9.0), ("C", 9.0), ("D", 9.5)]);
        assert_eq!(timing(&table, &dated), Timing::Apart);
        let later = over(&dated);
        assert_eq!(later.without, ["A"]);
        assert!(later.low < 950.0 && later.low < later.over_all, "{later:?}");
        // The half day between the last two counts too, since the lists are more than a day apart in all.
        assert!((later.stays - (-0.5 / FASTEST_HALF_LIFE).exp2()).abs() < 1e-12, "{later:?}");
        // Without dates any list may be the one: before anybody leaves last, the lower end can only be lower still.
        assert_eq!(timing(&table, &days(&[("A", 1.0)])), Timing::Unknown);
        let unknown = over(&Dates::default());
        assert!(unknown.low <= later.low / later.stays && unknown.without.len() == 1, "{unknown:?}");
        // Lists of one day need no such care.
        let together = days(&[("A", 1.0), ("B", 1.0), ("C", 1.0), ("D", 1.5)]);
        assert_eq!(timing(&table, &together), Timing::Together);
        assert!(over(&Dates { together: true, ..dated }).without.is_empty());
        assert!(over(&together).without.is_empty() && (over(&together).stays - 1.0).abs() < 1e-12);
    }

    #[test]
    fn lists_a_day_apart_each_are_not_of_one_day() {
        let table = cleaned();
        let daily = days(&[("A", 1.0), ("B", 2.0), ("C", 3.0), ("D", 4.0)]);
        assert_eq!(timing(&table, &daily), Timing::Apart);
        assert_eq!(left_out(&table, &daily), [vec![0], vec![0, 1]]);
        let low = lowest(&table, Some(&chao::lower_bound(&table).unwrap().profile), &daily);
        assert_eq!(low.without.first().map(String::as_str), Some("A"));
        assert!((low.stays - (-1.0 / FASTEST_HALF_LIFE).exp2()).abs() < 1e-12 && low.low < 950.0, "{low:?}");
    }

    #[test]
    fn a_list_made_of_several_has_the_dates_of_all() {
        let table = cleaned();
        // A was made of two lists, on the first day and on the ninth: the others are between them.
        let several = days(&[("A", 1.0), ("A", 9.0), ("B", 1.0), ("C", 1.5), ("D", 1.5)]);
        assert_eq!(timing(&table, &several), Timing::Apart);
        assert_eq!(left_out(&table, &several), [vec![0, 1], vec![0]]);
        assert!((share_that_stays(&table, &several) - (-7.5 / FASTEST_HALF_LIFE).exp2()).abs() < 1e-12);
    }

    #[test]
    fn two_lists_are_always_left() {
        let table = cleaned();
        let each = days(&[("A", 1.0), ("B", 9.0), ("C", 19.0), ("D", 29.0)]);
        let sets: Vec<usize> = left_out(&table, &each).iter().map(Vec::len).collect();
        assert_eq!(sets, [1, 2]);
        // Between the last two nobody later tells who left: ten days are more than half of them by the fastest rate known.
        let last = lowest(&table, Some(&chao::lower_bound(&table).unwrap().profile), &each);
        assert!((last.stays - (-10.0 / FASTEST_HALF_LIFE).exp2()).abs() < 1e-12);
        let two = table.project(&[0, 1]).unwrap();
        assert!(left_out(&two, &Dates::default()).is_empty() && left_out(&two, &each).is_empty());
    }
}
