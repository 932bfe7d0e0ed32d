//! Windows that slide over the notes of a host, group by group.

use std::collections::{BTreeMap, VecDeque};

use vigie_model::Hit;

use super::{Correlated, Correlation, Kind, Limits, Notes, Seen};
use crate::ir::{Expr, Rule};
use crate::naive;

/// An event of one group, as its correlation sees it.
struct Event<'a> {
    /// Which of the correlation's members it matched.
    member: usize,
    seen: &'a Seen,
    /// The counted value.
    value: Option<String>,
}

/// Runs every correlation, those over correlations last; their own hits are noted for them.
pub(crate) fn run_all(correlations: &[Correlation], rules: &[Rule], notes: &mut Notes) -> Vec<Correlated> {
    let mut hits = Vec::new();
    // Notes came from several threads: this order is that of the evidence.
    notes.seen.sort_by(|a, b| {
        (a.time, a.file, a.offset, a.number, a.rule).cmp(&(b.time, b.file, b.offset, b.number, b.rule))
    });
    for correlation in correlations {
        let found = run(correlation, notes);
        let noted = rules.get(correlation.rule as usize).and_then(|rule| rule.noted.as_ref());
        for (hit, mut seen) in found {
            if let Some(noted) = noted {
                let value = |field: &String| hit.hit.field(field).map(str::to_owned);
                let values: Vec<Option<String>> = noted.iter().map(value).collect();
                seen.values = values.iter().map(|v| v.as_deref().map(|text| notes.number(text))).collect();
                let at = notes.seen.partition_point(|other| other.time <= seen.time);
                notes.seen.insert(at, seen);
            }
            hits.push(hit);
        }
    }
    hits
}

fn run(correlation: &Correlation, notes: &Notes) -> Vec<(Correlated, Seen)> {
    let mut groups: BTreeMap<Vec<Option<&str>>, Vec<Event<'_>>> = BTreeMap::new();
    for seen in &notes.seen {
        let text =
            |place: &usize| seen.values.get(*place).copied().flatten().map(|number| notes.text(number));
        for (member, of) in correlation.members.iter().enumerate().filter(|(_, of)| of.rule == seen.rule) {
            let key = of.group.iter().map(text).collect();
            let value: Option<Vec<&str>> = of.value.iter().map(text).collect();
            let value = value.filter(|parts| !parts.is_empty()).map(|parts| parts.join("\u{1f}"));
            groups.entry(key).or_default().push(Event { member, seen, value });
        }
    }
    let mut hits = Vec::new();
    for (key, events) in &mut groups {
        if matches!(correlation.kind, Kind::Ordered) {
            // Logs often tell whole seconds: within one moment, the order asked for is given the benefit.
            events.sort_by_key(|event| (event.seen.time, event.member));
        }
        slide(correlation, events, |last, first, size| {
            let hit = hit(correlation, notes, key, (first, last, size));
            hits.push((Correlated { file: last.file, hit }, Seen { rule: correlation.rule, ..last.clone() }));
        });
    }
    hits.sort_by(|(a, _), (b, _)| {
        (a.hit.time, a.file, a.hit.offset, a.hit.number, &a.hit.fields).cmp(&(
            b.hit.time,
            b.file,
            b.hit.offset,
            b.hit.number,
            &b.hit.fields,
        ))
    });
    hits
}

fn hit(
    correlation: &Correlation,
    notes: &Notes,
    key: &[Option<&str>],
    (first, last, size): (&Seen, &Seen, usize),
) -> Hit {
    let grouped = correlation.group_by.iter().zip(key);
    let mut fields: Vec<(String, String)> =
        grouped.filter_map(|(name, value)| Some((name.clone(), (*value)?.to_owned()))).collect();
    fields.push(("first".into(), first.time.to_string()));
    fields.push(("last".into(), last.time.to_string()));
    fields.push(("events".into(), size.to_string()));
    Hit {
        rule: correlation.rule,
        time: Some(last.time),
        stream: notes.text(last.stream).to_owned(),
        number: last.number,
        offset: last.offset,
        fields,
    }
}

/// Calls `hit` with the last and first event of the window, and its size, where the condition begins to hold.
fn slide(correlation: &Correlation, events: &[Event<'_>], mut hit: impl FnMut(&Seen, &Seen, usize)) {
    let mut state = State::new(correlation.members.len());
    let mut window: VecDeque<&Event<'_>> = VecDeque::new();
    let mut held = false;
    for event in events {
        while let Some(oldest) = window.front()
            && event.seen.time.micros().saturating_sub(oldest.seen.time.micros()) > correlation.span
        {
            state.remove(oldest);
            window.pop_front();
        }
        window.push_back(event);
        state.add(event);
        let holds = state.holds(&correlation.kind, correlation.span, event);
        if holds && !held {
            let first = window.front().map_or(event.seen, |oldest| oldest.seen);
            hit(event.seen, first, window.len());
        }
        held = holds;
    }
}

/// What a window holds, kept up to date event by event.
struct State {
    events: usize,
    by_member: Vec<usize>,
    values: BTreeMap<String, usize>,
    numbers: Vec<f64>,
    sum: f64,
    /// For sequences: the latest start of a chain that has reached each member.
    chains: Vec<Option<i64>>,
}

impl State {
    fn new(members: usize) -> State {
        State {
            events: 0,
            by_member: vec![0; members],
            values: BTreeMap::new(),
            numbers: Vec::new(),
            sum: 0.0,
            chains: vec![None; members],
        }
    }

    fn add(&mut self, event: &Event<'_>) {
        self.events += 1;
        self.by_member[event.member] += 1;
        if let Some(value) = &event.value {
            *self.values.entry(value.clone()).or_default() += 1;
            if let Some(number) = naive::number_of(value) {
                let at = self.numbers.partition_point(|other| *other < number);
                self.numbers.insert(at, number);
                self.sum += number;
            }
        }
        self.chains[event.member] = match event.member.checked_sub(1) {
            None => Some(event.seen.time.micros()),
            Some(before) => self.chains[before].max(self.chains[event.member]),
        };
    }

    fn remove(&mut self, event: &Event<'_>) {
        self.events -= 1;
        self.by_member[event.member] -= 1;
        let Some(value) = &event.value else { return };
        if let Some(count) = self.values.get_mut(value) {
            *count -= 1;
            if *count == 0 {
                self.values.remove(value);
            }
        }
        if let Some(number) = naive::number_of(value) {
            let at = self.numbers.partition_point(|other| *other < number);
            if at < self.numbers.len() {
                self.numbers.remove(at);
            }
            // Summed again when it empties, so that rounding does not pile up.
            self.sum = if self.numbers.is_empty() { 0.0 } else { self.sum - number };
        }
    }

    fn holds(&self, kind: &Kind, span: i64, event: &Event<'_>) -> bool {
        match kind {
            Kind::EventCount(limits) => within(count(self.events), limits),
            Kind::ValueCount(limits) => within(count(self.values.len()), limits),
            Kind::Sum(limits) => !self.numbers.is_empty() && within(self.sum, limits),
            Kind::Average(limits) => {
                !self.numbers.is_empty() && within(self.sum / count(self.numbers.len()), limits)
            }
            Kind::Percentile(rank, limits) => {
                percentile(&self.numbers, *rank).is_some_and(|value| within(value, limits))
            }
            Kind::Temporal => self.by_member.iter().all(|events| *events > 0),
            Kind::Some(limits) => {
                within(count(self.by_member.iter().filter(|events| **events > 0).count()), limits)
            }
            Kind::Condition(expr) => condition_holds(expr, &self.by_member),
            Kind::Ordered => {
                let last = event.member + 1 == self.chains.len();
                let begun = self.chains.last().copied().flatten();
                last && begun.is_some_and(|begun| event.seen.time.micros().saturating_sub(begun) <= span)
            }
        }
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn within(value: f64, limits: &Limits) -> bool {
    limits.iter().all(|(compare, wanted, limit)| compare.holds(value, *limit) == *wanted)
}

/// The percentile of sorted numbers, with linear interpolation between neighbors.
fn percentile(sorted: &[f64], rank: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let hundredths = rank.min(100) * last;
    let (below, beyond) = (hundredths / 100, count(hundredths % 100) / 100.0);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(low + (high - low) * beyond)
}

/// A condition whose tests name members by index.
fn condition_holds(expr: &Expr, by_member: &[usize]) -> bool {
    match expr {
        Expr::Const(value) => *value,
        Expr::Test(test) => {
            let index = test.field.as_ref().and_then(|index| index.parse::<usize>().ok());
            index.and_then(|index| by_member.get(index)).is_some_and(|events| *events > 0)
        }
        Expr::And(parts) => parts.iter().all(|part| condition_holds(part, by_member)),
        Expr::Or(parts) => parts.iter().any(|part| condition_holds(part, by_member)),
        Expr::AtLeast(count, parts) => {
            parts.iter().filter(|part| condition_holds(part, by_member)).count() >= *count
        }
        Expr::Not(inner) => !condition_holds(inner, by_member),
    }
}
