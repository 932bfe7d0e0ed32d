//! What a run counted of each rule, and from that whether the rule could have fired.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::rule::Liveness;

use crate::load::RuleSet;

/// Counts of one or several scanners. Merging does not depend on the order.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    rules: BTreeMap<u32, Count>,
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
        for (rule, count) in other.rules {
            let mine = self.rules.entry(rule).or_default();
            mine.evaluated += count.evaluated;
            mine.matched += count.matched;
            mine.bound.extend(count.bound);
            mine.missing.extend(count.missing);
            mine.dead.extend(count.dead);
        }
    }

    /// A rule was bound to a stream and tried on this many of its events.
    pub(crate) fn tried(&mut self, rule: u32, stream: &str, events: u64, matched: u64) {
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
    let one = |(index, info): (usize, &vigie_model::rule::RuleInfo)| {
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
