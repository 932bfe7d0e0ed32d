//! Where everybody stands: a pure function of directives, assessments, declarations and one moment.

use std::collections::BTreeMap;

use vigie_model::Time;
use vigie_model::directive::{
    Action, ActionInForce, ActionResult, Contradiction, Directive, DirectiveReport, DirectiveResult,
    DirectiveState, Evidence, InTime, OrganisationResult, Per, STATUS_SCHEMA, ServerResult, SetAside, Status,
    StatusCount,
};
use vigie_model::finding::Statement;

use crate::declarations::{Answer, Declaration};
use crate::known::Known;
use crate::register::{self, Everybody, Host, Organisation, Registered};

mod judge;

/// Whether a build holds the fix of a CVE; none when nobody can tell.
pub type Held = fn(&str, &str) -> Option<bool>;

/// What the question is asked of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The directives that are asked about.
    pub directives: &'a [Directive],
    /// Assessments, in any order.
    pub known: &'a [Known],
    /// Declarations, in the order of their file.
    pub declarations: &'a [Declaration],
    /// Whose servers are whose.
    pub register: &'a [Registered],
    /// The table of builds.
    pub held: Held,
}

/// Where everybody stands at a moment, as far as it was known then.
pub fn status(material: &Material<'_>, at: Time) -> DirectiveReport {
    let mut set_aside = Vec::new();
    let known = known_at(material.known, at, &mut set_aside);
    let declarations = declared_at(material.declarations, at, &mut set_aside);
    let Everybody { organisations, doubts } = register::sort_out(material.register, &declarations, &known);
    set_aside.extend(doubts);
    set_aside.sort();
    let one = |directive: &Directive| of_directive(directive, &organisations, material.held, at);
    DirectiveReport {
        schema: STATUS_SCHEMA.to_owned(),
        at,
        tlp: strictest(&known),
        directives: material.directives.iter().map(one).collect(),
        set_aside,
    }
}

/// Assessments that existed, oldest first.
fn known_at<'a>(all: &'a [Known], at: Time, set_aside: &mut Vec<SetAside>) -> Vec<&'a Known> {
    let mut known = Vec::new();
    for one in all {
        let reason = match one.dated {
            Some(dated) if dated <= at => {
                known.push(one);
                continue;
            }
            Some(dated) => Statement::new("dated_later").with("when", dated),
            None => Statement::new("undated"),
        };
        set_aside.push(SetAside { source: one.path.clone(), host: one.host.clone(), reason });
    }
    known.sort_by(|a, b| (a.dated, &a.path).cmp(&(b.dated, &b.path)));
    known
}

fn declared_at<'a>(all: &'a [Declaration], at: Time, set_aside: &mut Vec<SetAside>) -> Vec<&'a Declaration> {
    let mut known = Vec::new();
    for one in all {
        if one.time <= at {
            known.push(one);
            continue;
        }
        let reason = Statement::new("declared_later").with("organisation", &one.organisation);
        let reason = reason.with("action", &one.action).with("when", one.time);
        set_aside.push(SetAside { source: one.source.clone(), host: one.host.clone(), reason });
    }
    known
}

/// Markings from the least to the most strict; an unknown word counts as the strictest.
const MARKINGS: &[&str] = &["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];

fn strictest(known: &[&Known]) -> String {
    let rank = |word: &str| {
        MARKINGS.iter().position(|known| known.eq_ignore_ascii_case(word)).unwrap_or(MARKINGS.len())
    };
    let strictest = known.iter().map(|one| one.tlp.as_str()).max_by_key(|word| rank(word));
    strictest.unwrap_or("AMBER").to_uppercase()
}

fn of_directive(
    directive: &Directive,
    organisations: &BTreeMap<String, Organisation<'_>>,
    held: Held,
    at: Time,
) -> DirectiveResult {
    let state = match &directive.closed {
        _ if at < directive.issued.time => DirectiveState::NotIssued,
        Some(closed) if at >= closed.at.time => DirectiveState::Closed,
        Some(_) | None => DirectiveState::InForce,
    };
    let mut contradictions = Vec::new();
    let mut results: Vec<OrganisationResult> = Vec::new();
    if state != DirectiveState::NotIssued {
        for organisation in organisations.values() {
            let asked = Asked { directive, organisation, held, at };
            results.push(asked.answer(&mut contradictions));
        }
    }
    results.sort_by(|a, b| weight(a).cmp(&weight(b)));
    contradictions.sort_by(|a: &Contradiction, b| {
        (!a.stands, &a.organisation, &a.host, &a.action).cmp(&(
            !b.stands,
            &b.organisation,
            &b.host,
            &b.action,
        ))
    });
    DirectiveResult {
        id: directive.id.clone(),
        title: directive.title.clone(),
        version: directive.version,
        state,
        actions: directive.actions.iter().filter_map(|action| in_force(action, at)).collect(),
        counts: counts(&results),
        contradictions,
        organisations: results,
    }
}

/// The worst first, those with more of it first among them.
fn weight(result: &OrganisationResult) -> (Status, std::cmp::Reverse<usize>, &str) {
    let worst = result.actions.iter().filter(|action| action.status == result.worst).count();
    (result.worst, std::cmp::Reverse(worst), &result.organisation)
}

fn counts(results: &[OrganisationResult]) -> Vec<StatusCount> {
    let all = || results.iter().flat_map(|result| &result.actions);
    let count = |status: &Status| StatusCount {
        status: *status,
        count: all().filter(|action| action.status == *status).count() as u64,
    };
    Status::ALL.iter().map(count).collect()
}

fn in_force(action: &Action, at: Time) -> Option<ActionInForce> {
    let order = action.order_at(at)?;
    let due = order.due.as_ref();
    Some(ActionInForce {
        id: action.id.clone(),
        title: action.title.clone(),
        due: due.map(|due| format!("{} {}", due.text, due.zone)).unwrap_or_default(),
        due_utc: due.map(|due| due.time),
        supplement: order.supplement.clone().unwrap_or_default(),
        evidence: action.evidence.key().to_owned(),
        provable: action.evidence.provable(),
        unverified: action.unverified.clone(),
    })
}

/// One directive asked of one organisation.
struct Asked<'a> {
    directive: &'a Directive,
    organisation: &'a Organisation<'a>,
    held: Held,
    at: Time,
}

/// The status of each action on each server, by the keys of both.
type Standing = BTreeMap<(String, String), Status>;

impl Asked<'_> {
    fn answer(&self, contradictions: &mut Vec<Contradiction>) -> OrganisationResult {
        let mut standing = Standing::new();
        let mut results: Vec<(usize, ActionResult)> = Vec::new();
        let actions = || self.directive.actions.iter().enumerate();
        // What another action can make needless is asked last.
        let (first, last): (Vec<_>, Vec<_>) =
            actions().partition(|(_, action)| action.released_by.is_empty());
        for (index, action) in first.into_iter().chain(last) {
            results.push((index, self.action(action, &mut standing, contradictions)));
        }
        results.sort_by_key(|(index, _)| *index);
        let actions: Vec<ActionResult> = results.into_iter().map(|(_, result)| result).collect();
        OrganisationResult {
            organisation: self.organisation.name.clone(),
            group: self.group().to_owned(),
            worst: actions.iter().map(|action| action.status).min().unwrap_or(Status::NotDue),
            actions,
        }
    }

    /// The organisation's group: the register's word, else the directive's first.
    fn group(&self) -> &str {
        let groups = &self.directive.groups;
        let named = groups.iter().find(|group| self.organisation.groups.contains(&group.id));
        named.or(groups.first()).map_or("", |group| &group.id)
    }

    fn action(
        &self,
        action: &Action,
        standing: &mut Standing,
        contradictions: &mut Vec<Contradiction>,
    ) -> ActionResult {
        let all: Vec<&Known> =
            self.organisation.hosts.values().flat_map(|host| host.known.iter().copied()).collect();
        let whole = Host { name: String::new(), known: all };
        let of_hosts = || self.organisation.hosts.iter().map(|(key, host)| (key.as_str(), host));
        let servers: Vec<(&str, &Host<'_>)> = match action.per {
            Per::Server if !self.organisation.hosts.is_empty() => of_hosts().collect(),
            Per::Server | Per::Organisation => vec![("", &whole)],
        };
        let mut results: Vec<ServerResult> = Vec::new();
        for (key, host) in servers {
            let result = self.server(action, (key, host), standing, contradictions);
            standing.insert((action.id.clone(), key.to_owned()), result.status);
            results.push(result);
        }
        results.sort_by(|a, b| (a.status, &a.host).cmp(&(b.status, &b.host)));
        let in_time =
            results.iter().filter_map(|result| result.in_time).max_by_key(|in_time| match in_time {
                InTime::Yes => 0,
                InTime::CannotTell => 1,
                InTime::No => 2,
            });
        ActionResult {
            action: action.id.clone(),
            status: results.first().map_or(Status::NotDue, |result| result.status),
            in_time,
            servers: results,
        }
    }

    fn server(
        &self,
        action: &Action,
        (key, host): (&str, &Host<'_>),
        standing: &Standing,
        contradictions: &mut Vec<Contradiction>,
    ) -> ServerResult {
        let released = action.released_by.iter().find(|other| {
            let on = |key: &str| standing.get(&((*other).clone(), key.to_owned())).copied();
            matches!(on(key).or(on("")), Some(Status::Proven | Status::DeclaredOnly))
        });
        let case = judge::Case {
            directive: self.directive,
            action,
            group: self.group(),
            host,
            declared: self.declared(action, key),
            signs: self.signs(action, host, key),
            released: released.map(String::as_str),
            at: self.at,
        };
        let (result, found) = judge::judge(&case, self.held);
        let name = &self.organisation.name;
        contradictions
            .extend(found.into_iter().map(|one| Contradiction { organisation: name.clone(), ..one }));
        result
    }

    /// Declarations on an action that speak of a server, oldest first; of the organisation all that it said.
    fn declared(&self, action: &Action, key: &str) -> Vec<&Declaration> {
        let speaks = |one: &&&Declaration| {
            one.directive == self.directive.id
                && one.action == action.id
                && (one.host.is_empty() || key.is_empty() || register::key(&one.host) == key)
        };
        self.organisation.declarations.iter().filter(speaks).copied().collect()
    }

    /// Whether signs of a compromise are known: by an assessment, or by the organisation's own word.
    fn signs(&self, action: &Action, host: &Host<'_>, key: &str) -> bool {
        let vigie_model::directive::Condition::Signs { pack } = &action.applies else { return false };
        let results =
            self.directive.actions.iter().filter(
                |action| matches!(&action.evidence, Evidence::Result { pack: known } if known == pack),
            );
        let told = results
            .into_iter()
            .any(|action| self.declared(action, key).last().is_some_and(|last| last.answer == Answer::No));
        told || judge::is_compromised(&host.known, pack)
    }
}
