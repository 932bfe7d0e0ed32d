//! For each way in and each day at risk: was the evidence there that would show its use?

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::coverage::{
    CoverageRun, CoverageSummary, DayRun, DayState, Density, StreamCoverage, WayCoverage,
};
use vigie_model::pack::{Pack, Way};
use vigie_model::rule::Stage;
use vigie_model::{Day, Time};

use crate::tally::{StreamTally, Tally};

/// A busy stream that is silent for this many hours in a row within a day was not read for the whole day:
/// health probes write every few minutes, and a restart for updates takes less.
pub const SILENT_HOURS_MAX: u32 = 4;

/// And one that is silent for more than half of a day in all.
pub const SILENT_HOURS_A_DAY_MAX: u32 = 12;

/// Days at risk that are looked at one by one; a pack whose window is longer is a mistake in the pack.
pub const RISK_DAYS_MAX: usize = 3_660;

/// The coverage of a pack's ways over the days at risk; `stages` gives the highest stage seen per way.
pub fn ways(
    pack: &Pack,
    tally: &Tally,
    risk: Option<(Day, Day)>,
    stages: &BTreeMap<String, Stage>,
) -> Vec<WayCoverage> {
    let end = evidence_end(tally);
    pack.way
        .iter()
        .map(|way| WayCoverage {
            way: way.id.clone(),
            cve: way.cve.clone(),
            title: way.title.clone(),
            blind: way.blind.clone(),
            runs: risk.map(|(from, to)| runs(way, tally, end, (from, to))).unwrap_or_default(),
            stage: stages.get(&way.id).copied().unwrap_or_default(),
        })
        .collect()
}

/// The coverage in figures.
pub fn summary(ways: &[WayCoverage], risk: Option<(Day, Day)>) -> CoverageSummary {
    let days = risk.map_or(0, |(from, to)| from.through(to).take(RISK_DAYS_MAX).count() as u64);
    let mut uncovered: BTreeSet<Day> = BTreeSet::new();
    let mut ways_covered = 0;
    for way in ways {
        let open: Vec<Day> = way
            .runs
            .iter()
            .filter(|run| run.state != DayState::Covered)
            .flat_map(|run| run.from.through(run.to))
            .collect();
        ways_covered += u64::from(open.is_empty());
        uncovered.extend(open);
    }
    CoverageSummary {
        complete: days > 0 && !ways.is_empty() && uncovered.is_empty(),
        days,
        days_covered: days - uncovered.len() as u64,
        ways: ways.len() as u64,
        ways_covered,
    }
}

/// What each stream held, for the report.
pub fn streams(tally: &Tally) -> Vec<StreamCoverage> {
    tally
        .streams
        .iter()
        .map(|(id, stream)| StreamCoverage {
            stream: id.clone(),
            density: stream.density,
            files: stream.files,
            events: stream.events,
            first: stream.first,
            last: stream.last,
            gaps: gaps(stream),
            damaged: merged(&stream.damaged),
        })
        .collect()
}

/// The last moment that the busy streams reach: until then a sparse stream's silence is silence.
fn evidence_end(tally: &Tally) -> Option<Time> {
    let last_of = |density: Density| {
        tally
            .streams
            .values()
            .filter(|stream| stream.density == density)
            .filter_map(|stream| stream.last)
            .max()
    };
    last_of(Density::Busy).or_else(|| last_of(Density::Sparse))
}

fn runs(way: &Way, tally: &Tally, end: Option<Time>, risk: (Day, Day)) -> Vec<CoverageRun> {
    let mut runs: Vec<CoverageRun> = Vec::new();
    for day in risk.0.through(risk.1).take(RISK_DAYS_MAX) {
        let (state, lacking) = best_alternative(way, tally, end, day);
        match runs.last_mut() {
            Some(run) if run.state == state && run.lacking == lacking => run.to = day,
            _ => runs.push(CoverageRun { from: day, to: day, state, lacking }),
        }
    }
    runs
}

/// The state of a day: that of the best alternative, which is as good as its worst stream.
fn best_alternative(way: &Way, tally: &Tally, end: Option<Time>, day: Day) -> (DayState, Vec<String>) {
    way.needs
        .iter()
        .map(|alternative| {
            let states: Vec<DayState> =
                alternative.iter().map(|need| need_state(need, tally, end, day)).collect();
            let worst = states.iter().copied().max().unwrap_or(DayState::Absent);
            let lacking = alternative
                .iter()
                .zip(&states)
                .filter(|(_, state)| **state != DayState::Covered)
                .map(|(need, _)| need.clone())
                .collect::<Vec<_>>();
            (worst, lacking)
        })
        .min_by_key(|(state, lacking)| (*state, lacking.len()))
        .unwrap_or((DayState::Absent, Vec::new()))
}

/// The state of a need on a day: the best among the streams it names. What was lost on no known day may have been
/// lost on this one.
fn need_state(need: &str, tally: &Tally, end: Option<Time>, day: Day) -> DayState {
    let is_of = |id: &str| id == need || id.strip_prefix(need).is_some_and(|rest| rest.starts_with('/'));
    let streams = tally.streams.iter().filter(|(id, _)| is_of(id));
    let best = streams.map(|(id, stream)| stream_state(stream, daily(id), end, day)).min();
    let best = best.unwrap_or(DayState::Absent);
    let lost = tally.lost.iter().any(|lost| lost == "*" || is_of(lost) || need.starts_with(lost.as_str()));
    if lost { best.max(DayState::Damaged) } else { best }
}

/// Whether a sparse stream has events every day all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Daily {
    Yes,
    No,
}

/// Exchange's own logs have a file a day, and health probes or scheduled work write to each: a silent day is a
/// file that is missing. The setup log is the exception.
fn daily(id: &str) -> Daily {
    if id.starts_with("exchange.") && !id.starts_with("exchange.setup") { Daily::Yes } else { Daily::No }
}

fn stream_state(stream: &StreamTally, daily: Daily, end: Option<Time>, day: Day) -> DayState {
    let damaged = stream.damaged.iter().any(|(from, to)| (*from..=*to).contains(&day));
    let (Some(first), Some(last)) = (stream.first, stream.last) else {
        // State without a time of its own still is the state at collection.
        return match stream.density {
            Density::State if stream.events > 0 => DayState::Covered,
            Density::State | Density::Busy | Density::Sparse => DayState::Absent,
        };
    };
    match stream.density {
        Density::State => DayState::Covered,
        _ if day < first.day() => DayState::Before,
        _ if damaged => DayState::Damaged,
        Density::Busy if day > last.day() => DayState::After,
        Density::Busy => busy_state(stream.days.get(&day).copied().unwrap_or(0)),
        Density::Sparse if daily == Daily::Yes && day > last.day() => DayState::After,
        Density::Sparse if daily == Daily::Yes && !stream.days.contains_key(&day) => DayState::Gap,
        Density::Sparse if day > last.max(end.unwrap_or(last)).day() => DayState::After,
        Density::Sparse if day == first.day() && first.hour() > 0 => DayState::Partial,
        Density::Sparse => DayState::Covered,
    }
}

/// From the hours of a day that have events.
fn busy_state(hours: u32) -> DayState {
    if hours == 0 {
        return DayState::Gap;
    }
    let (mut silent, mut longest) = (0, 0);
    for hour in 0..24 {
        silent = if hours >> hour & 1 == 1 { 0 } else { silent + 1 };
        longest = longest.max(silent);
    }
    let all = 24 - (hours & 0x00ff_ffff).count_ones();
    if longest > SILENT_HOURS_MAX || all > SILENT_HOURS_A_DAY_MAX {
        DayState::Partial
    } else {
        DayState::Covered
    }
}

fn gaps(stream: &StreamTally) -> Vec<DayRun> {
    if stream.density != Density::Busy {
        return Vec::new();
    }
    let mut gaps = Vec::new();
    let mut previous: Option<Day> = None;
    for day in stream.days.keys() {
        if let Some(previous) = previous
            && previous.next() < *day
        {
            gaps.push(DayRun { from: previous.next(), to: Day(day.0.saturating_sub(1)) });
        }
        previous = Some(*day);
    }
    gaps
}

fn merged(ranges: &[(Day, Day)]) -> Vec<DayRun> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<DayRun> = Vec::new();
    for (from, to) in sorted {
        match runs.last_mut() {
            Some(run) if from <= run.to.next() => run.to = run.to.max(to),
            _ => runs.push(DayRun { from, to }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn stream(density: Density, days: &[(&str, u32)]) -> StreamTally {
        let days: BTreeMap<Day, u32> = days.iter().map(|(text, hours)| (day(text), *hours)).collect();
        let first = days.keys().next().map(|d| d.start());
        let last = days.keys().last().map(|d| d.end());
        StreamTally { density, files: 1, events: 1, first, last, days, damaged: Vec::new() }
    }

    const ALL_HOURS: u32 = 0x00ff_ffff;

    #[test]
    fn a_busy_log_has_days_before_gaps_and_days_after() {
        let mut log = stream(
            Density::Busy,
            &[("2021-02-01", ALL_HOURS), ("2021-02-02", 0x00ff_f000), ("2021-02-04", ALL_HOURS)],
        );
        log.damaged.push((day("2021-02-04"), day("2021-02-04")));
        let state = |text: &str| stream_state(&log, Daily::No, None, day(text));
        assert_eq!(state("2021-01-31"), DayState::Before);
        assert_eq!(state("2021-02-01"), DayState::Covered);
        assert_eq!(state("2021-02-02"), DayState::Partial);
        assert_eq!(state("2021-02-03"), DayState::Gap);
        assert_eq!(state("2021-02-04"), DayState::Damaged);
        assert_eq!(state("2021-02-05"), DayState::After);
        assert_eq!(gaps(&log), [DayRun { from: day("2021-02-03"), to: day("2021-02-03") }]);
    }

    #[test]
    fn a_sparse_log_is_silent_until_the_evidence_ends() {
        let log = stream(Density::Sparse, &[("2021-02-01", 1)]);
        let end = Some(day("2021-02-20").end());
        assert_eq!(stream_state(&log, Daily::No, end, day("2021-02-19")), DayState::Covered);
        assert_eq!(stream_state(&log, Daily::No, end, day("2021-02-21")), DayState::After);
        assert_eq!(stream_state(&log, Daily::No, end, day("2021-01-21")), DayState::Before);
    }

    #[test]
    fn a_daily_log_that_ends_or_skips_a_day_is_not_covered_there() {
        let log = stream(Density::Sparse, &[("2021-02-01", 1), ("2021-02-03", 1)]);
        let end = Some(day("2021-02-20").end());
        let state = |text: &str| stream_state(&log, Daily::Yes, end, day(text));
        assert_eq!(state("2021-02-02"), DayState::Gap);
        assert_eq!(state("2021-02-03"), DayState::Covered);
        assert_eq!(state("2021-02-04"), DayState::After);
    }

    #[test]
    fn hours_here_and_there_are_no_day() {
        assert_eq!(busy_state(1 << 4 | 1 << 9 | 1 << 14 | 1 << 19), DayState::Partial);
    }

    #[test]
    fn a_short_restart_is_no_gap() {
        assert_eq!(busy_state(ALL_HOURS & !0b1111_0000), DayState::Covered);
        assert_eq!(busy_state(ALL_HOURS & !0b1_1111_0000), DayState::Partial);
    }
}
