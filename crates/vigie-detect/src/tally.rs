//! What a run counted of each rule, and from that whether the rule could have fired.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::rule::{Liveness, RuleInfo};

use crate::correlation::Notes;
use crate::load::RuleSet;

/// Counts of one or several scanners. Merging does not depend on the order.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    rules: BTreeMap<u32, Count>,
    /// What correlations need of the matches of the rules that they name.
    pub(crate) notes: Notes,
    /// By correlation: its hits.
    correlated: BTreeMap<u32, u64>,
    /// Whether correlations were run.
    ran: bool,
}

#[derive(Clone, Debug, Default)]
struct Count {
    evaluated: u64,
    matched: u64,
    bound: BTreeSet<String>,
    /// Fields that the rule needs and that a schema of its log source lacked.
    missing: BTreeSet<String>,
    /// Streams of its log source in which it can never hold.
    dead: BTreeSet<String>,
}

impl Tally {
    /// Adds the counts of another.
    pub fn merge(&mut self, other: Tally) {
        self.notes.merge(other.notes);
        self.ran |= other.ran;
        for (rule, hits) in other.correlated {
            *self.correlated.entry(rule).or_default() += hits;
        }
        for (rule, count) in other.rules {
            let mine = self.rules.entry(rule).or_default();
            mine.evaluated += count.evaluated;
            mine.matched += count.matched;
            mine.bound.extend(count.bound);
            mine.missing.extend(count.missing);
            mine.dead.extend(count.dead);
        }
    }

    /// Correlations were run.
    pub(crate) fn ran_correlations(&mut self) {
        self.ran = true;
    }

    /// A correlation hit.
    pub(crate) fn hit_by_correlation(&mut self, rule: u32) {
        *self.correlated.entry(rule).or_default() += 1;
    }

    /// A rule was bound to a stream and tried on this many of its events, or files where it speaks of content.
    pub fn tried(&mut self, rule: u32, stream: &str, events: u64, matched: u64) {
        let count = self.rules.entry(rule).or_default();
        count.evaluated += events;
        count.matched += matched;
        if !count.bound.contains(stream) {
            count.bound.insert(stream.to_owned());
        }
    }

    /// A rule means the stream but cannot hold there, since the fields are missing or constant.
    pub(crate) fn cannot_hold(&mut self, rule: u32, stream: &str, missing: &[String]) {
        let count = self.rules.entry(rule).or_default();
        count.dead.insert(stream.to_owned());
        count.missing.extend(missing.iter().cloned());
    }
}

/// The liveness of every rule, in the order of the rule set.
pub(crate) fn liveness(rules: &RuleSet, tally: &Tally) -> Vec<Liveness> {
    let one = |(index, info): (usize, &RuleInfo)| {
        if let Some(members) = rules.correlated_by(index) {
            return of_correlation(info, index, &members, tally);
        }
        let count = tally.rules.get(&u32::try_from(index).unwrap_or(u32::MAX));
        Liveness {
            id: info.id.clone(),
            title: info.title.clone(),
            level: info.level,
            pack: info.pack.clone(),
            bound: count.map(|count| count.bound.iter().cloned().collect()).unwrap_or_default(),
            evaluated: count.map_or(0, |count| count.evaluated),
            matched: count.map_or(0, |count| count.matched),
            cannot_fire: cannot_fire(rules, index, count),
        }
    };
    rules.rules.iter().enumerate().map(one).collect()
}

/// A correlation is tried on the matches of its rules, wherever these are bound.
fn of_correlation(info: &RuleInfo, index: usize, members: &[u32], tally: &Tally) -> Liveness {
    let counts = || members.iter().filter_map(|member| tally.rules.get(member));
    let bound: BTreeSet<String> = counts().flat_map(|count| count.bound.iter().cloned()).collect();
    let of_correlations: u64 = members.iter().filter_map(|member| tally.correlated.get(member)).sum();
    let evaluated = counts().map(|count| count.matched).sum::<u64>() + of_correlations;
    let no_member = bound.is_empty() && evaluated == 0;
    let beyond = (tally.notes.beyond > 0).then_some("matches beyond four million were not correlated");
    let reason = if no_member {
        Some("none of the rules that it joins can fire here")
    } else if tally.ran {
        beyond
    } else {
        Some("correlations were not run over this evidence")
    };
    Liveness {
        id: info.id.clone(),
        title: info.title.clone(),
        level: info.level,
        pack: info.pack.clone(),
        bound: bound.into_iter().collect(),
        evaluated,
        matched: u32::try_from(index)
            .ok()
            .and_then(|index| tally.correlated.get(&index))
            .copied()
            .unwrap_or(0),
        cannot_fire: reason.map(str::to_owned),
    }
}

fn cannot_fire(rules: &RuleSet, index: usize, count: Option<&Count>) -> Option<String> {
    if let Some(name) = rules.unfilled(index).first() {
        return Some(format!("the placeholder %{name}% has no values"));
    }
    match count {
        Some(count) if !count.bound.is_empty() => None,
        Some(count) if !count.missing.is_empty() => {
            let fields: Vec<&str> = count.missing.iter().map(String::as_str).collect();
            Some(format!("the evidence has no field {}", fields.join(", ")))
        }
        Some(_) => Some("the evidence has its log but none of the events it speaks of".into()),
        None => Some(rules.no_source_reason(index)),
    }
}
