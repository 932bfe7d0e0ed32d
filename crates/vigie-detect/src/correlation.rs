//! Sigma's correlation rules: counts, values and sequences over the matches of other rules.
//!
//! While events are scanned, the matches of the rules that a correlation names are noted, small ([`Seen`]), in the
//! scanner's tally. When all evidence of a host was read, [`crate::RuleSet::correlate`] puts the notes of all files
//! in the order of time and slides the windows over them, so it does not matter in which order files, threads or
//! clocks came. A window reaches back from each event by the time span, its far end included. A correlation hits
//! where its condition begins to hold, once until it ceases to.

mod seen;
mod window;

use std::collections::BTreeMap;

use rsigma_parser::{
    ConditionExpr, ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType,
};
use rsigma_parser::{Quantifier, SelectorPattern, WindowMode};
use vigie_model::Hit;
use vigie_model::rule::RuleInfo;

use crate::error::LoadError;
use crate::ir::{Compare, Expr, LogSource, Rule};
pub(crate) use seen::Notes;
pub use seen::{NO_FILE, SEEN_MAX, Seen};
pub(crate) use window::run_all;

/// A hit of a correlation: the event that completed it, and in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlated {
    /// The file, as [`crate::Scanner::set_file`] named it; [`NO_FILE`] when it did not.
    pub file: u64,
    /// The hit, placed at the completing event.
    pub hit: Hit,
}

/// A correlation as written, before the rules that it names are found.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub info: RuleInfo,
    pub rule: CorrelationRule,
    /// Where to point when something is wrong.
    pub place: LoadError,
}

/// A correlation over rules of the set.
#[derive(Clone, Debug)]
pub(crate) struct Correlation {
    /// Its own index in the rule set.
    pub rule: u32,
    pub kind: Kind,
    /// The rules that it joins, in the order of the rule file.
    pub members: Vec<Member>,
    /// Names of the fields that events are grouped by.
    pub group_by: Vec<String>,
    /// Microseconds.
    pub span: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub rule: u32,
    /// Where the values of `group_by` lie among the fields noted of the rule.
    pub group: Vec<usize>,
    /// Where the counted value lies.
    pub value: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    EventCount(Limits),
    ValueCount(Limits),
    Sum(Limits),
    Average(Limits),
    /// The rank, 0 to 100, with linear interpolation.
    Percentile(usize, Limits),
    /// All members, in any order.
    Temporal,
    /// So many of the members, in any order.
    Some(Limits),
    /// A condition over members by index.
    Condition(Expr),
    /// All members in this order.
    Ordered,
}

/// Comparisons that must all hold.
pub(crate) type Limits = Vec<(Compare, bool, f64)>;

/// Finds the rules that correlations name, notes in them which fields to keep, and adds the correlations to the set.
pub(crate) fn resolve(written: &[Written], rules: &mut Vec<Rule>) -> (Vec<Correlation>, Vec<LoadError>) {
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for (index, rule) in (0_u32..).zip(rules.iter()) {
        names.entry(rule.info.id.clone()).or_insert(index);
        if !rule.name.is_empty() {
            names.entry(rule.name.clone()).or_insert(index);
        }
    }
    let first = u32::try_from(rules.len()).unwrap_or(u32::MAX);
    for (index, one) in (first..).zip(written) {
        names.entry(one.info.id.clone()).or_insert(index);
        if let Some(name) = &one.rule.name {
            names.entry(name.clone()).or_insert(index);
        }
        rules.push(placeholder(one));
    }
    let (mut made, mut errors) = (Vec::new(), Vec::new());
    for (index, one) in (first..).zip(written) {
        match make(index, one, &names, rules) {
            Ok(correlation) => made.push(correlation),
            Err(message) => errors.push(LoadError { message, ..one.place.clone() }),
        }
    }
    match in_order(made) {
        Ok(made) => (made, errors),
        Err((rule, made)) => {
            let place = written.get((rule - first) as usize).map(|one| one.place.clone());
            let message = "the correlation waits for itself, through the rules that it names".to_owned();
            errors.extend(place.map(|place| LoadError { message, ..place }));
            (made, errors)
        }
    }
}

/// The correlation's row in the rule set: it never matches an event by itself.
fn placeholder(written: &Written) -> Rule {
    let source = LogSource { category: "correlation".into(), ..LogSource::default() };
    let name = written.rule.name.clone().unwrap_or_default();
    Rule { name, ..Rule::new(written.info.clone(), source, Expr::Const(false)) }
}

fn make(
    index: u32,
    written: &Written,
    names: &BTreeMap<String, u32>,
    rules: &mut [Rule],
) -> Result<Correlation, String> {
    let rule = &written.rule;
    if rule.window != WindowMode::Sliding {
        return Err("only sliding windows are part of Sigma".into());
    }
    let asked = match &rule.condition {
        CorrelationCondition::Threshold { field, .. } => field.clone().unwrap_or_default(),
        CorrelationCondition::Extended(_) => Vec::new(),
    };
    let named = rule.aliases.iter().flat_map(|alias| alias.mapping.keys().map(move |of| (&alias.alias, of)));
    let mut strange: Vec<_> = named.filter(|(_, of)| !rule.rules.contains(*of)).collect();
    strange.sort();
    if let Some((alias, of)) = strange.first() {
        return Err(format!("the alias `{alias}` names `{of}`, which is not in `rules`"));
    }
    // Everything that may be wrong is asked before any rule is silenced.
    let kind = kind(rule, asked.is_empty())?;
    let find = |name: &String| {
        names.get(name).copied().ok_or_else(|| format!("no rule `{name}` is loaded for the correlation"))
    };
    let found: Vec<u32> = rule.rules.iter().map(find).collect::<Result<_, _>>()?;
    let mut members = Vec::new();
    for (name, found) in rule.rules.iter().zip(found) {
        let Some(base) = rules.get_mut(found as usize) else { continue };
        base.silent |= !rule.generate;
        let noted = base.noted.get_or_insert_default();
        let mut place_of = |field: &String| {
            let field = alias(rule, name, field);
            noted.iter().position(|known| *known == field).unwrap_or_else(|| {
                noted.push(field);
                noted.len() - 1
            })
        };
        let group = rule.group_by.iter().map(&mut place_of).collect();
        let value = asked.iter().map(&mut place_of).collect();
        members.push(Member { rule: found, group, value });
    }
    if members.is_empty() {
        return Err("the correlation names no rule".into());
    }
    let seconds = i64::try_from(rule.timespan.seconds).unwrap_or(i64::MAX);
    let span = seconds.saturating_mul(1_000_000);
    Ok(Correlation { rule: index, kind, members, group_by: rule.group_by.clone(), span })
}

/// What a field of the correlation is called in one of its rules.
fn alias(rule: &CorrelationRule, member: &str, field: &str) -> String {
    let alias = rule.aliases.iter().find(|alias| alias.alias == field);
    alias.and_then(|alias| alias.mapping.get(member)).cloned().unwrap_or_else(|| field.to_owned())
}

fn kind(rule: &CorrelationRule, without_field: bool) -> Result<Kind, String> {
    let (limits, percentile) = match &rule.condition {
        CorrelationCondition::Extended(condition) => {
            return match rule.correlation_type {
                CorrelationType::Temporal => Ok(Kind::Condition(over_members(condition, rule)?)),
                _ => Err("only a temporal correlation may have a condition over rule names".into()),
            };
        }
        CorrelationCondition::Threshold { predicates, percentile, .. } => (limits(predicates), *percentile),
    };
    let needs_field = || {
        let message = "the correlation counts values: its condition must name the `field`";
        if without_field { Err(message.to_owned()) } else { Ok(()) }
    };
    Ok(match rule.correlation_type {
        CorrelationType::EventCount => Kind::EventCount(limits),
        CorrelationType::ValueCount => needs_field().map(|()| Kind::ValueCount(limits))?,
        CorrelationType::ValueSum => needs_field().map(|()| Kind::Sum(limits))?,
        CorrelationType::ValueAvg => needs_field().map(|()| Kind::Average(limits))?,
        CorrelationType::ValueMedian => needs_field().map(|()| Kind::Percentile(50, limits))?,
        CorrelationType::ValuePercentile => {
            let rank = usize::try_from(percentile.unwrap_or(50)).unwrap_or(100).min(100);
            needs_field().map(|()| Kind::Percentile(rank, limits))?
        }
        // Without a condition the parser asks for one match of each rule: all of them.
        CorrelationType::Temporal if limits == [(Compare::GreaterOrEqual, true, 1.0)] => Kind::Temporal,
        CorrelationType::Temporal => Kind::Some(limits),
        CorrelationType::TemporalOrdered => Kind::Ordered,
    })
}

fn limits(predicates: &[(ConditionOperator, u64)]) -> Limits {
    let one = |(operator, count): &(ConditionOperator, u64)| {
        let (compare, wanted) = match operator {
            ConditionOperator::Lt => (Compare::Less, true),
            ConditionOperator::Lte => (Compare::LessOrEqual, true),
            ConditionOperator::Gt => (Compare::Greater, true),
            ConditionOperator::Gte => (Compare::GreaterOrEqual, true),
            ConditionOperator::Eq => (Compare::Equal, true),
            ConditionOperator::Neq => (Compare::Equal, false),
        };
        (compare, wanted, f64::from(u32::try_from(*count).unwrap_or(u32::MAX)))
    };
    predicates.iter().map(one).collect()
}

/// A condition over rule names to one over the members' indices: a test on the field named by the index.
fn over_members(condition: &ConditionExpr, rule: &CorrelationRule) -> Result<Expr, String> {
    let member = |index: usize| {
        let field = Some(index.to_string());
        Expr::Test(crate::ir::Test { field, predicate: crate::ir::Predicate::Exists(true) })
    };
    let all = |parts: &[ConditionExpr]| -> Result<Vec<Expr>, String> {
        parts.iter().map(|part| over_members(part, rule)).collect()
    };
    match condition {
        ConditionExpr::And(parts) => Ok(Expr::And(all(parts)?)),
        ConditionExpr::Or(parts) => Ok(Expr::Or(all(parts)?)),
        ConditionExpr::Not(inner) => Ok(Expr::Not(Box::new(over_members(inner, rule)?))),
        ConditionExpr::Identifier(name) => {
            let index = rule.rules.iter().position(|known| known == name);
            index.map(member).ok_or_else(|| format!("the condition names `{name}`, which is not in `rules`"))
        }
        ConditionExpr::Selector { quantifier, pattern } => {
            let fits = |name: &String| match pattern {
                SelectorPattern::Them => true,
                SelectorPattern::Pattern(pattern) => rsigma_parser::detection_name_matches(pattern, name),
            };
            let chosen: Vec<Expr> = rule
                .rules
                .iter()
                .enumerate()
                .filter(|(_, name)| fits(name))
                .map(|(index, _)| member(index))
                .collect();
            let count = match quantifier {
                Quantifier::Any => 1,
                Quantifier::All => chosen.len(),
                Quantifier::Count(count) => usize::try_from(*count).unwrap_or(usize::MAX),
            };
            Ok(Expr::AtLeast(count, chosen))
        }
    }
}

/// Correlations after those that they name; the error is one that waits for itself, and the others.
fn in_order(mut waiting: Vec<Correlation>) -> Result<Vec<Correlation>, (u32, Vec<Correlation>)> {
    let mut ordered: Vec<Correlation> = Vec::new();
    while !waiting.is_empty() {
        let pending: Vec<u32> = waiting.iter().map(|correlation| correlation.rule).collect();
        let ready = |c: &Correlation| c.members.iter().all(|member| !pending.contains(&member.rule));
        let (now, later): (Vec<Correlation>, Vec<Correlation>) = waiting.into_iter().partition(ready);
        if now.is_empty() {
            return Err((pending[0], ordered));
        }
        ordered.extend(now);
        waiting = later;
    }
    Ok(ordered)
}
