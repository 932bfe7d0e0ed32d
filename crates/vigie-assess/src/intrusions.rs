//! Several actors on one server: attackers' addresses that belong together, each group with its own story.
//!
//! Addresses are changed in minutes; a planted page, a tool's own user agent and a rented network are not. Two attackers are
//! tied when they used the same page, when they came with the same user agent of a tool within a week (of a browser within the
//! hour) that nobody else had who left a trace, or when they came from one network within a week. Scanners, visitors and whoever only tried
//! never join: they come with everybody's agents.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use vigie_model::Time;
use vigie_model::assessment::{ActorKind, PackVerdict};
use vigie_model::finding::Finding;
use vigie_model::intrusion::{Intrusion, Tie, TieKind};
use vigie_model::rule::Stage;

use crate::findings::{self, Trace};
use crate::host::counts;
use crate::tally::{ClientKind, client_kind};

/// Ties told of one intrusion.
const TIES_MAX: usize = 50;
/// Characters of a page or agent that are compared and told.
const VALUE_MAX: usize = 300;
/// Microseconds within which the same browser ties two addresses.
const SAME_BROWSER: i64 = 3_600_000_000;
/// Microseconds within which the same network or the same tool does: addresses are rented, and many use one library.
const SAME_WEEK: i64 = 7 * 86_400_000_000;
/// What a page that runs on the server ends with.
const PAGES: [&str; 6] = [".aspx", ".ashx", ".asmx", ".asp", ".cshtml", ".soap"];

/// What is known of one attacker.
#[derive(Default)]
struct Attacker {
    stage: Stage,
    first: Option<Time>,
    last: Option<Time>,
    findings: BTreeSet<String>,
    pages: BTreeSet<String>,
    /// Agents, with the first and last time of each.
    agents: BTreeMap<String, Span>,
}

/// First and last time.
type Span = (Option<Time>, Option<Time>);

/// The intrusions of a host, in the order of their first trace.
pub(crate) fn intrusions(
    verdicts: &[PackVerdict],
    traces: &[Trace<'_>],
    findings: &[Finding],
) -> Vec<Intrusion> {
    let mut attackers: BTreeMap<&str, Attacker> = BTreeMap::new();
    for actor in verdicts.iter().flat_map(|verdict| &verdict.actors) {
        if actor.kind == ActorKind::Attacker {
            let known = attackers.entry(&actor.name).or_default();
            known.stage = known.stage.max(actor.stage);
            known.first = earlier(known.first, actor.first);
            known.last = known.last.max(actor.last);
            known.findings.extend(actor.findings.iter().cloned());
        }
    }
    let common = note_habits(&mut attackers, traces);
    for attacker in attackers.values_mut() {
        attacker.agents.retain(|agent, _| !common.contains(agent));
    }
    let names: Vec<&str> = attackers.keys().copied().collect();
    let known: Vec<&Attacker> = attackers.values().collect();
    let ties = ties(&names, &known);
    let order: BTreeMap<&str, usize> =
        findings.iter().enumerate().map(|(index, finding)| (finding.id.as_str(), index)).collect();
    let mut told: Vec<Intrusion> =
        groups(names.len(), &ties).iter().map(|group| tell(group, (&names, &known), &ties, &order)).collect();
    told.sort_by(|a, b| (a.first, &a.actors).cmp(&(b.first, &b.actors)));
    for (index, intrusion) in told.iter_mut().enumerate() {
        intrusion.id = format!("I{}", index + 1);
    }
    told
}

/// Notes each attacker's pages and agents. Returns the agents that others came with too.
fn note_habits(attackers: &mut BTreeMap<&str, Attacker>, traces: &[Trace<'_>]) -> BTreeSet<String> {
    let mut common = BTreeSet::new();
    for trace in traces {
        let Some(name) = trace.actor.as_deref() else { continue };
        let agent =
            ["cs(User-Agent)", "UserAgent"].iter().find_map(|field| trace.hit.field(field)).and_then(agent);
        match attackers.get_mut(name) {
            None => common.extend(agent),
            Some(attacker) => {
                if let Some(agent) = agent {
                    let (first, last) = attacker.agents.entry(agent).or_default();
                    *first = earlier(*first, trace.hit.time);
                    *last = (*last).max(trace.hit.time);
                }
                let used = counts(trace.rule) && trace.rule.stage.unwrap_or_default() >= Stage::Used;
                let page = findings::object(trace.hit).filter(|object| used && is_page(object));
                attacker.pages.extend(page.map(|page| clip(&page.to_ascii_lowercase())));
            }
        }
    }
    common
}

/// An agent as both kinds of log have it: IIS writes `+` for blanks.
fn agent(written: &str) -> Option<String> {
    let agent = clip(&written.replace('+', " "));
    (agent.len() > 3).then_some(agent)
}

fn clip(text: &str) -> String {
    text.chars().take(VALUE_MAX).collect()
}

fn is_page(object: &str) -> bool {
    let path = object.split('?').next().unwrap_or_default().to_ascii_lowercase();
    PAGES.iter().any(|end| path.ends_with(end))
}

fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// An attacker, and when what it shares was seen of it.
type Member = (usize, Span);

/// What is shared: kind, value, and the attackers that share it, two or more.
type Shared = (TieKind, String, Vec<usize>);

fn ties(names: &[&str], known: &[&Attacker]) -> Vec<Shared> {
    let mut sharing: BTreeMap<(TieKind, String), Vec<Member>> = BTreeMap::new();
    for (index, (name, attacker)) in names.iter().zip(known).enumerate() {
        let whole = (attacker.first, attacker.last);
        let pages = attacker.pages.iter().map(|page| (TieKind::Page, page.clone(), whole));
        let agents = attacker.agents.iter().map(|(agent, span)| (TieKind::Agent, agent.clone(), *span));
        let network = network(name).map(|network| (TieKind::Network, network, whole));
        for (kind, value, span) in pages.chain(agents).chain(network) {
            sharing.entry((kind, value)).or_default().push((index, span));
        }
    }
    let mut ties = Vec::new();
    for ((kind, value), members) in sharing {
        let within = match kind {
            TieKind::Page => None,
            TieKind::Agent if value.starts_with("Mozilla/") => Some(SAME_BROWSER),
            TieKind::Agent | TieKind::Network => Some(SAME_WEEK),
        };
        for together in split_by_time(members, within) {
            if together.len() > 1 {
                ties.push((kind, value.clone(), together));
            }
        }
    }
    ties
}

/// Members in runs between whose times lies no more than `within`.
fn split_by_time(mut members: Vec<Member>, within: Option<i64>) -> Vec<Vec<usize>> {
    let Some(within) = within else { return vec![members.into_iter().map(|(member, _)| member).collect()] };
    members.sort_by_key(|(_, (first, _))| *first);
    let mut runs: Vec<Vec<usize>> = Vec::new();
    let mut end: Option<Time> = None;
    for (member, (first, last)) in members {
        let near = end.zip(first).is_some_and(|(end, first)| first.micros() - end.micros() <= within);
        match runs.last_mut().filter(|_| near) {
            Some(run) => run.push(member),
            None => runs.push(vec![member]),
        }
        end = end.max(last);
    }
    runs
}

/// The network of a public address: /24 of IPv4, /48 of IPv6. Private ones stand for proxies and neighbors.
fn network(name: &str) -> Option<String> {
    if client_kind(name) != ClientKind::Public {
        return None;
    }
    match name.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

/// Attackers joined by ties, each in one group.
fn groups(count: usize, ties: &[Shared]) -> Vec<Vec<usize>> {
    let mut of: Vec<usize> = (0..count).collect();
    for (_, _, members) in ties {
        let lowest = members.iter().map(|member| of[*member]).min().unwrap_or_default();
        let joined: BTreeSet<usize> = members.iter().map(|member| of[*member]).collect();
        for group in &mut of {
            if joined.contains(group) {
                *group = lowest;
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (member, group) in of.into_iter().enumerate() {
        groups.entry(group).or_default().push(member);
    }
    groups.into_values().collect()
}

fn tell(
    group: &[usize],
    (names, known): (&[&str], &[&Attacker]),
    ties: &[Shared],
    order: &BTreeMap<&str, usize>,
) -> Intrusion {
    let members = || group.iter().map(|member| known[*member]);
    let mut findings: Vec<String> = members().flat_map(|one| one.findings.iter().cloned()).collect();
    findings.sort_by_key(|id| order.get(id.as_str()).copied());
    findings.dedup();
    let pages: BTreeSet<&String> = members().flat_map(|one| &one.pages).collect();
    let mine = ties.iter().filter(|(_, _, shared)| shared.iter().any(|member| group.contains(member)));
    Intrusion {
        id: String::new(),
        stage: members().map(|one| one.stage).max().unwrap_or_default(),
        first: members().filter_map(|one| one.first).min(),
        last: members().filter_map(|one| one.last).max(),
        actors: group.iter().map(|member| names[*member].to_owned()).collect(),
        ties: mine
            .take(TIES_MAX)
            .map(|(kind, value, shared)| Tie {
                kind: *kind,
                value: value.clone(),
                actors: shared.iter().map(|member| names[*member].to_owned()).collect(),
            })
            .collect(),
        pages: pages.into_iter().take(TIES_MAX).cloned().collect(),
        findings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attacker(day: &str, page: &str, agent: &str) -> Attacker {
        let time = Time::parse(format!("{day}:00:00Z").as_bytes());
        let set = |value: &str| [value.to_owned()].into_iter().filter(|value| !value.is_empty()).collect();
        let agents =
            [(agent.to_owned(), (time, time))].into_iter().filter(|(agent, _)| !agent.is_empty()).collect();
        Attacker { first: time, last: time, pages: set(page), agents, ..Attacker::default() }
    }

    fn grouped(attackers: &[(&str, Attacker)]) -> Vec<Vec<usize>> {
        let names: Vec<&str> = attackers.iter().map(|(name, _)| *name).collect();
        let known: Vec<&Attacker> = attackers.iter().map(|(_, attacker)| attacker).collect();
        groups(names.len(), &ties(&names, &known))
    }

    #[test]
    fn the_same_page_ties_whatever_the_time() {
        let both = [
            ("203.0.113.9", attacker("2021-03-03T05", "/owa/auth/a.aspx", "")),
            ("198.51.100.7", attacker("2021-05-20T05", "/owa/auth/a.aspx", "")),
            ("192.0.2.44", attacker("2021-03-03T05", "/owa/auth/b.aspx", "")),
        ];
        assert_eq!(grouped(&both), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn a_tool_ties_within_the_week_and_a_browser_within_the_hour() {
        let browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        let of = |agent: &str| {
            grouped(&[
                ("203.0.113.9", attacker("2021-03-03T05", "", agent)),
                ("198.51.100.7", attacker("2021-03-03T06", "", agent)),
                ("192.0.2.44", attacker("2021-03-05T05", "", agent)),
            ])
        };
        assert_eq!(of("antSword/v2.1"), [vec![0, 1, 2]]);
        assert_eq!(of(browser), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn one_network_ties_within_a_week_and_ties_chain() {
        let chain = [
            ("203.0.113.9", attacker("2021-03-03T05", "/a.aspx", "")),
            ("203.0.113.77", attacker("2021-03-04T05", "", "")),
            ("198.51.100.7", attacker("2021-03-30T05", "/a.aspx", "")),
            ("203.0.113.200", attacker("2021-06-01T05", "", "")),
        ];
        assert_eq!(grouped(&chain), [vec![0, 1, 2], vec![3]]);
    }
}
