//! Was this server open: which builds it ran and when, when it was fixed, who could reach it.
//!
//! Two facts carry most of the weight. Builds only go up: a server seen unfixed at some moment was unfixed at
//! every earlier one. And before the day a fix came out, nobody had it.

use std::collections::BTreeMap;

use vigie_model::evidence::FactKind;
use vigie_model::exposure::{BuildSeen, Exposure, ExposureState, Reachable};
use vigie_model::finding::Statement;
use vigie_model::hit::EvidencePlace;
use vigie_model::pack::{Pack, Product, Window};
use vigie_model::{Day, Time};

use crate::builds::{self, Build, Holds};
use crate::facts::OwnerFacts;
use crate::host::HostEvidence;
use crate::settings;
use crate::sightings::{self, Sighting};
use crate::tally::Tally;

/// The exposure of a host to a pack's campaign.
pub fn expose(pack: &Pack, host: &HostEvidence<'_>, tally: &Tally, owner: &OwnerFacts) -> Exposure {
    let mut notes = Vec::new();
    let seen = builds_seen(pack, &sightings::of(host), &mut notes);
    let open_until = seen.iter().filter(|b| b.fixed == Some(false)).filter_map(|b| b.to.or(b.from)).max();
    notes.extend(tools_run(host));
    notes.extend(settings::notes(pack, host));
    let (reachable, reachable_proof) = reach(host, tally, owner, &mut notes);
    let mut exposure = Exposure {
        state: ExposureState::Unknown,
        from: None,
        to: None,
        reachable,
        reachable_proof,
        outside_until: host.outside_until(),
        builds: seen,
        patched_at: None,
        notes,
    };
    // Where there is no window, there is nothing to be open in.
    if let Some(window) = &pack.window {
        let existed = match pack.product {
            Product::Exchange => existed_before(tally, window.fix),
            Product::SharePoint => false,
        };
        exposure.patched_at = fixed_from(&exposure.builds, open_until, window.fix)
            .or_else(|| owner_fix(owner, open_until, &mut exposure.notes));
        let patch = patch_state(window, open_until, exposure.patched_at, existed);
        exposure.state = state(patch, reachable);
        let since = reachable_since(tally, owner);
        (exposure.from, exposure.to) = interval(window, exposure.state, exposure.patched_at, since).unzip();
    }
    exposure
}

fn state(patch: Patch, reachable: Reachable) -> ExposureState {
    match (patch, reachable) {
        (Patch::BeforeWindow, _) | (_, Reachable::No) => ExposureState::NotExposed,
        (Patch::OpenInWindow, Reachable::Yes) => ExposureState::Exposed,
        (Patch::OpenInWindow, Reachable::Unknown) => ExposureState::Unpatched,
        (Patch::Unknown, Reachable::Yes | Reachable::Unknown) => ExposureState::Unknown,
    }
}

/// The moment from which the server was fixed and stayed so: the first sight of a fixed build after the last one
/// of an open build, since updates can be uninstalled. A fixed build from before its fix existed is a wrong clock.
fn fixed_from(seen: &[BuildSeen], open_until: Option<Time>, fix: Day) -> Option<Time> {
    let after = |time: &Time| open_until.is_none_or(|open| *time > open);
    seen.iter()
        .filter(|build| build.fixed == Some(true))
        .filter_map(|build| build.from.filter(after).or(build.to.filter(after)))
        .filter(|time| *time >= fix.start())
        .min()
}

enum Patch {
    BeforeWindow,
    OpenInWindow,
    Unknown,
}

fn patch_state(window: &Window, open_until: Option<Time>, fixed_from: Option<Time>, existed: bool) -> Patch {
    let start = window.from.start();
    let zero_day = window.fix >= window.from;
    if fixed_from.is_some_and(|fixed| fixed <= start) {
        Patch::BeforeWindow
    } else if open_until.is_some_and(|open| zero_day || open >= start) || (existed && zero_day) {
        // Seen unfixed, at whatever time: if that was before the window, the fix cannot have come before the
        // fix existed, and the window of a zero-day opened earlier than that. Where the fix came first, a server
        // seen unfixed before the attacks may have been fixed by the day on which they began.
        Patch::OpenInWindow
    } else {
        Patch::Unknown
    }
}

/// The days at risk that follow; `None` when none is.
fn interval(
    window: &Window,
    state: ExposureState,
    fixed_from: Option<Time>,
    reachable_since: Option<Day>,
) -> Option<(Day, Day)> {
    match state {
        ExposureState::NotExposed => None,
        ExposureState::Exposed | ExposureState::Unpatched | ExposureState::Unknown => {
            let to = match state {
                ExposureState::Unknown | ExposureState::NotExposed => window.until,
                ExposureState::Exposed | ExposureState::Unpatched => {
                    fixed_from.map_or(window.until, |fixed| fixed.day().min(window.until))
                }
            };
            // A day after the risk ended cannot be when it began.
            let since = reachable_since.filter(|since| *since <= to);
            Some((since.map_or(window.from, |since| since.max(window.from)), to))
        }
    }
}

/// The owner's word on when the server could first be reached, where no outside request contradicts it.
fn reachable_since(tally: &Tally, owner: &OwnerFacts) -> Option<Day> {
    let seen = tally.public_client.as_ref().and_then(|client| client.time).map(Time::day);
    owner.reachable_since.filter(|since| seen.is_none_or(|seen| seen >= *since))
}

/// Whether Exchange itself wrote something before the fix existed.
fn existed_before(tally: &Tally, fix: Day) -> bool {
    tally
        .streams
        .iter()
        .filter(|(id, _)| id.starts_with("exchange."))
        .filter_map(|(_, stream)| stream.first)
        .any(|first| first < fix.start())
}

fn builds_seen(pack: &Pack, sightings: &[Sighting], notes: &mut Vec<Statement>) -> Vec<BuildSeen> {
    let mut builds: Vec<Build> = sightings.iter().map(|seen| seen.build).collect();
    builds.sort_unstable();
    for build in &builds {
        note_build(*build, pack, notes);
    }
    if pack.setting.is_some() && !builds.is_empty() {
        notes.push(Statement::new("needs_setting"));
    }
    let newest = sightings.iter().max_by_key(|seen| seen.build);
    if let Some(seen) = newest.filter(|seen| !seen.proven) {
        notes.push(Statement::new("build_from_header").with("build", seen.build));
    }
    sightings.iter().map(|seen| seen.told(fixed(seen.build, pack))).collect()
}

fn fixed(build: Build, pack: &Pack) -> Option<bool> {
    let (open, unknown) = builds::open_cves(build, &pack.cves);
    let by_build_alone = !pack.cves.is_empty() && pack.setting.is_none();
    match (open.is_empty(), unknown.is_empty() && by_build_alone) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    }
}

fn note_build(build: Build, pack: &Pack, notes: &mut Vec<Statement>) {
    let name = builds::name(build);
    if name.is_empty() {
        notes.push(Statement::new("unknown_build").with("build", build));
    }
    if builds::is_march_special(build) {
        notes.push(Statement::new("march_su_special").with("build", build).with("cu", &name));
    }
    for cve in &pack.cves {
        if let Holds::Conflict(low, high) = builds::holds(build, cve) {
            let note = Statement::new("conflicting_sources").with("build", build);
            notes.push(note.with("low", low).with("high", high));
            return;
        }
    }
}

/// Clean-up tools that left their traces: what they removed is not there to be found.
fn tools_run(host: &HostEvidence<'_>) -> Vec<Statement> {
    let facts = host.files.iter().flat_map(|file| &file.facts);
    let mut last: BTreeMap<&str, Option<Time>> = BTreeMap::new();
    for fact in facts.filter(|fact| fact.kind == FactKind::ToolRun) {
        let known = last.entry(&fact.value).or_default();
        *known = (*known).max(fact.time);
    }
    let tell = |(tool, time): (&str, Option<Time>)| {
        let when = time.map_or_else(|| "?".to_owned(), |time| time.to_string());
        Statement::new("tool_ran").with("tool", tool).with("when", when)
    };
    last.into_iter().map(tell).collect()
}

/// The owner's word on the patch day, where no evidence contradicts it.
fn owner_fix(owner: &OwnerFacts, open_until: Option<Time>, notes: &mut Vec<Statement>) -> Option<Time> {
    let day = owner.patched_on?;
    notes.push(owner_states("patched_on", day));
    let moment = day.end();
    open_until.is_none_or(|open| open < moment).then_some(moment)
}

fn owner_states(fact: &str, value: impl ToString) -> Statement {
    Statement::new("owner_states").with("fact", fact).with("value", value)
}

fn reach(
    host: &HostEvidence<'_>,
    tally: &Tally,
    owner: &OwnerFacts,
    notes: &mut Vec<Statement>,
) -> (Reachable, Option<EvidencePlace>) {
    if let Some(stated) = owner.reachable {
        notes.push(owner_states("reachable", stated));
    }
    if let Some(since) = owner.reachable_since {
        notes.push(owner_states("reachable_since", since));
    }
    if let Some(proof) = host.public_client() {
        return (Reachable::Yes, Some(proof));
    }
    if let Some(address) = &tally.private_client {
        notes.push(Statement::new("behind_proxy").with("address", address));
    }
    match owner.reachable {
        Some(true) => (Reachable::Yes, None),
        Some(false) => (Reachable::No, None),
        None => (Reachable::Unknown, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Time> {
        Time::parse(text.as_bytes())
    }

    fn window() -> Window {
        let day = |text| Day::parse(text).unwrap();
        Window {
            from: day("2021-01-03"),
            until: day("2021-04-13"),
            fix: day("2021-03-02"),
            why: vigie_model::pack::Text::default(),
        }
    }

    #[test]
    fn seen_unfixed_late_means_open_all_along() {
        let patch = patch_state(&window(), at("2021-03-08T00:00:00Z"), at("2021-03-10T22:00:00Z"), false);
        assert!(matches!(patch, Patch::OpenInWindow));
        let (from, to) =
            interval(&window(), ExposureState::Exposed, at("2021-03-10T22:00:00Z"), None).unwrap();
        assert_eq!((from.to_string(), to.to_string()), ("2021-01-03".into(), "2021-03-10".into()));
    }

    #[test]
    fn where_the_fix_came_first_an_open_server_may_have_been_fixed_in_time() {
        let day = |text| Day::parse(text).unwrap();
        let window = Window { fix: day("2020-12-08"), ..window() };
        let late = at("2021-02-10T00:00:00Z");
        assert!(matches!(patch_state(&window, at("2020-11-01T00:00:00Z"), late, true), Patch::Unknown));
        assert!(matches!(patch_state(&window, at("2021-01-20T00:00:00Z"), late, true), Patch::OpenInWindow));
    }

    #[test]
    fn a_fixed_build_of_later_years_says_nothing_of_the_window() {
        assert!(matches!(patch_state(&window(), None, at("2023-01-11T00:00:00Z"), false), Patch::Unknown));
    }

    #[test]
    fn a_server_that_ran_before_the_fix_existed_was_open() {
        assert!(matches!(
            patch_state(&window(), None, at("2021-03-03T00:00:00Z"), true),
            Patch::OpenInWindow
        ));
    }
}
