//! One action on one server: the only place where a status is decided.

use vigie_model::Time;
use vigie_model::build::Build;
use vigie_model::directive::{
    Action, Condition, Contradiction, Directive, Evidence, InTime, Order, ServerResult, Status,
};
use vigie_model::finding::Statement;
use vigie_model::verdict::Verdict;

use super::Held;
use crate::declarations::{Answer, Declaration};
use crate::known::Known;
use crate::register::Host;
use crate::weigh::{Against, Weighed, at_least, weigh};

/// What is to be judged.
pub(super) struct Case<'a> {
    pub(super) directive: &'a Directive,
    pub(super) action: &'a Action,
    pub(super) group: &'a str,
    pub(super) host: &'a Host<'a>,
    /// Oldest first.
    pub(super) declared: Vec<&'a Declaration>,
    /// Whether signs of a compromise are known.
    pub(super) signs: bool,
    /// The action that makes this one needless, when it is done.
    pub(super) released: Option<&'a str>,
    pub(super) at: Time,
}

/// Whether an assessment of a server proves a compromise.
pub(super) fn is_compromised(known: &[&Known], pack: &str) -> bool {
    let mut packs = known.iter().flat_map(|one| &one.packs);
    packs.any(|known| known.pack == pack && known.verdict == Verdict::Compromised)
}

/// The status, and the declarations that evidence contradicts.
pub(super) fn judge(case: &Case<'_>, held: Held) -> (ServerResult, Vec<Contradiction>) {
    let Some(order) = case.action.order_at(case.at) else {
        let reason =
            case.action.orders.first().map(|order| Statement::new("not_issued").with("from", order.from));
        return (case.result(Status::NotDue, reason.into_iter().collect()), Vec::new());
    };
    let weighed = weigh(&case.action.evidence, &case.host.known, held, case.at);
    let contradictions = case.contradictions(&weighed);
    let (status, mut reasons) = case.status(order, &weighed, &contradictions);
    reasons.extend(weighed.notes.iter().cloned());
    if case.host.known.is_empty() && case.action.evidence != Evidence::Declared && status != Status::NotDue {
        reasons.push(Statement::new("no_assessment"));
    }
    let mut result = case.result(status, reasons);
    result.in_time = case.in_time(order, status, &weighed);
    result.proof = match status {
        Status::Proven => weighed.done.map(|done| done.proof),
        Status::Contradicted | Status::Late | Status::Due => weighed.against.map(|against| against.proof),
        Status::DeclaredOnly | Status::Exempt | Status::NotDue => None,
    };
    (result, contradictions)
}

impl Case<'_> {
    fn result(&self, status: Status, reasons: Vec<Statement>) -> ServerResult {
        let last = self.declared.last();
        ServerResult {
            host: self.host.name.clone(),
            status,
            in_time: None,
            reasons,
            declared: last.map(|last| last.time),
            note: last.map(|last| last.note.clone()).unwrap_or_default(),
            proof: None,
        }
    }

    fn status(
        &self,
        order: &Order,
        weighed: &Weighed,
        contradictions: &[Contradiction],
    ) -> (Status, Vec<Statement>) {
        let answer = self.declared.last().map(|last| last.answer);
        let shown = |against: &Against| against.shows.clone();
        if contradictions.iter().any(|one| one.stands) {
            return (Status::Contradicted, weighed.against.iter().map(shown).collect());
        }
        if answer == Some(Answer::Exempt) {
            return (Status::Exempt, Vec::new());
        }
        if let (Evidence::Result { .. }, Some(Answer::No)) = (&self.action.evidence, answer) {
            // Who says that signs were found is not shown wrong by evidence that shows none: others may have looked further.
            return match (&weighed.against, &weighed.done) {
                (Some(against), _) => (Status::Proven, vec![against.shows.clone()]),
                (None, done) => (Status::DeclaredOnly, done.iter().map(|done| done.shows.clone()).collect()),
            };
        }
        if let Some(done) = &weighed.done {
            return (Status::Proven, vec![done.shows.clone()]);
        }
        if self.is_answered(answer) {
            return (Status::DeclaredOnly, Vec::new());
        }
        if let Some(reason) = self.unbound() {
            return (Status::NotDue, vec![reason]);
        }
        let mut reasons: Vec<Statement> = weighed.against.iter().map(shown).collect();
        if answer == Some(Answer::No) {
            reasons.push(Statement::new("declared_no"));
        }
        let passed = order.due.as_ref().filter(|due| self.at > due.time);
        match (&self.directive.closed, passed) {
            (Some(closed), passed) if self.at >= closed.at.time => {
                let key = if passed.is_some() { "closed_late" } else { "closed" };
                reasons.insert(0, Statement::new(key).with("when", closed.at.time));
                (Status::NotDue, reasons)
            }
            (_, Some(_)) => (Status::Late, reasons),
            (_, None) => (Status::Due, reasons),
        }
    }

    /// Whether what was declared answers the order; the result of a triage may be either.
    fn is_answered(&self, answer: Option<Answer>) -> bool {
        match answer {
            Some(Answer::Yes) => true,
            Some(Answer::No) => matches!(self.action.evidence, Evidence::Result { .. }),
            Some(Answer::Exempt) | None => false,
        }
    }

    /// Why the action does not bind here; none when it does.
    fn unbound(&self) -> Option<Statement> {
        let action = self.action;
        if !action.groups.is_empty() && !action.groups.iter().any(|group| group == self.group) {
            return Some(Statement::new("other_group").with("group", self.group));
        }
        if let Some(released) = self.released {
            return Some(Statement::new("released").with("action", released));
        }
        if action.also_groups.iter().any(|group| group == self.group) {
            return None;
        }
        match &action.applies {
            Condition::Exchange | Condition::Hybrid => None,
            Condition::Signs { .. } => (!self.signs).then(|| Statement::new("no_signs")),
            Condition::Below { builds } => {
                let seen = self.host.known.iter().flat_map(|one| &one.builds);
                let seen = seen.filter(|seen| seen.from.or(seen.to).is_none_or(|first| first <= self.at));
                let last = seen.max_by_key(|seen| seen.to.or(seen.from))?;
                let meets = at_least(Build::parse(&last.build)?, builds);
                meets.then(|| Statement::new("update_exists").with("build", &last.build))
            }
        }
    }

    /// Each declaration that something was done, held against what evidence shows of later moments.
    fn contradictions(&self, weighed: &Weighed) -> Vec<Contradiction> {
        let Some(against) = &weighed.against else { return Vec::new() };
        let last = self.declared.last().map(|last| (last.time, last.line));
        let mut found = Vec::new();
        for one in self.declared.iter().filter(|one| one.answer == Answer::Yes) {
            if against.at.is_some_and(|at| at <= one.time) {
                continue;
            }
            found.push(Contradiction {
                organisation: String::new(),
                host: self.host.name.clone(),
                action: self.action.id.clone(),
                declared: one.time,
                shows: against.shows.clone(),
                proof: against.proof.clone(),
                stands: weighed.done.is_none() && last == Some((one.time, one.line)),
            });
        }
        // One is enough: the last that was wrong.
        found.pop().into_iter().collect()
    }

    fn in_time(&self, order: &Order, status: Status, weighed: &Weighed) -> Option<InTime> {
        let due = order.due.as_ref()?.time;
        let by = |one: &Declaration| match one.time {
            time if time <= due => InTime::Yes,
            time if one.day_only && time.day().start() <= due => InTime::CannotTell,
            _ => InTime::No,
        };
        let answered = self.declared.iter().find(|one| self.is_answered(Some(one.answer)));
        match status {
            Status::Proven => {
                let open = weighed.against.as_ref().and_then(|against| against.at);
                match weighed.done.as_ref().map(|done| done.since) {
                    Some(since) if since <= due => Some(InTime::Yes),
                    _ if open.is_some_and(|open| open > due) => Some(InTime::No),
                    Some(_) => Some(InTime::CannotTell),
                    // A result that was told and is true counts by when it was told.
                    None => answered.map(|one| by(one)),
                }
            }
            Status::DeclaredOnly => answered.map(|one| by(one)),
            Status::Contradicted | Status::Late | Status::Due | Status::Exempt | Status::NotDue => None,
        }
    }
}
