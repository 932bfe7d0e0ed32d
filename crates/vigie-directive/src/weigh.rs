//! What the evidence of a server says of one action: that it is done, that it is not, or nothing.

use vigie_model::build::Build;
use vigie_model::coverage::{CoverageRun, DayState};
use vigie_model::directive::{Evidence, StatusProof};
use vigie_model::exposure::BuildSeen;
use vigie_model::finding::Statement;
use vigie_model::verdict::Verdict;
use vigie_model::{Day, Time};

use crate::known::{Known, KnownPack, Stated};
use crate::status::Held;

/// Days of a triage's span at most: a directive asks for months.
pub(crate) const SPAN_DAYS_MAX: usize = 1_100;
/// Lacking spans that are told.
const LACKING_MAX: usize = 3;

/// What evidence says.
#[derive(Debug, Default)]
pub(crate) struct Weighed {
    /// It is done.
    pub(crate) done: Option<Done>,
    /// It was not done.
    pub(crate) against: Option<Against>,
    /// What else a reader should know.
    pub(crate) notes: Vec<Statement>,
}

/// Proof that it is done.
#[derive(Debug)]
pub(crate) struct Done {
    /// The first moment at which that was so.
    pub(crate) since: Time,
    pub(crate) shows: Statement,
    pub(crate) proof: StatusProof,
}

/// Proof that it was not done.
#[derive(Debug)]
pub(crate) struct Against {
    /// The last moment at which that was so; none where it holds whenever it was declared.
    pub(crate) at: Option<Time>,
    pub(crate) shows: Statement,
    pub(crate) proof: StatusProof,
}

/// Weighs what is known of one server at a moment.
pub(crate) fn weigh(evidence: &Evidence, known: &[&Known], held: Held, at: Time) -> Weighed {
    match evidence {
        Evidence::Fixed { cves } => builds(known, at, &|build| all_held(build, cves, held)),
        Evidence::AtLeast { builds: least } => {
            builds(known, at, &|build| Build::parse(build).map(|build| at_least(build, least)))
        }
        Evidence::NotBelow { builds: least } => {
            refuted_only(builds(known, at, &|build| Build::parse(build).map(|build| at_least(build, least))))
        }
        Evidence::Triage { pack, ways, from, to } => triage(known, pack, ways, (*from, *to)),
        Evidence::Result { pack } => result(known, pack),
        Evidence::Disconnected => disconnected(known),
        Evidence::LogsKept { days, stream } => logs_kept(known, *days, stream),
        Evidence::Declared => Weighed::default(),
    }
}

/// Whether a build holds all fixes; none when the tables cannot tell.
fn all_held(build: &str, cves: &[String], held: Held) -> Option<bool> {
    let each: Vec<Option<bool>> = cves.iter().map(|cve| held(build, cve)).collect();
    if each.contains(&Some(false)) {
        return Some(false);
    }
    (!each.is_empty() && each.iter().all(|one| *one == Some(true))).then_some(true)
}

/// Whether a build is one of these or later in its line: of the same cumulative update the revision decides, of another
/// one it has to be later than all of its line, and a line that is not listed counts when it is later than all.
pub(crate) fn at_least(build: Build, least: &[Build]) -> bool {
    if let Some(same) = least.iter().find(|one| one.update() == build.update()) {
        return build >= *same;
    }
    let line = least.iter().filter(|one| one.product() == build.product()).max();
    line.or_else(|| least.iter().max()).is_some_and(|last| build > *last)
}

/// What meets a least demand is not shown to meet all of it: it is told, and proves nothing.
fn refuted_only(mut weighed: Weighed) -> Weighed {
    weighed.notes.extend(weighed.done.take().map(|done| done.shows));
    weighed
}

/// One build as one assessment saw it.
struct Sight<'a> {
    seen: &'a BuildSeen,
    known: &'a Known,
    /// The first and the last sight of it, as far as these were by the moment that is asked about.
    from: Option<Time>,
    to: Option<Time>,
    meets: Option<bool>,
}

impl Sight<'_> {
    fn last(&self) -> Option<Time> {
        self.to.or(self.from)
    }

    /// Why it counts for nothing, if so.
    fn passed_over(&self) -> Option<Statement> {
        let note = |key: &str| Statement::new(key).with("build", &self.seen.build);
        if self.meets.is_none() {
            return Some(note("build_untold"));
        }
        if self.last().is_some() {
            return None;
        }
        Some(match self.seen.from.or(self.seen.to) {
            Some(when) => note("build_later").with("when", when),
            None => note("build_undated"),
        })
    }

    fn proof(&self) -> StatusProof {
        StatusProof {
            assessment: self.known.path.clone(),
            path: self.seen.proof.path.clone(),
            place: self.seen.proof.place.clone(),
        }
    }

    fn says(&self, key: &str, when: Time) -> Statement {
        Statement::new(key).with("build", &self.seen.build).with("when", when)
    }
}

/// Done from the first sight of a build that meets the demand after the last sight of one that does not: updates can be
/// taken back. What was seen after the moment that is asked about does not count.
fn builds(known: &[&Known], at: Time, meets: &dyn Fn(&str) -> Option<bool>) -> Weighed {
    let mut sights: Vec<Sight<'_>> = Vec::new();
    let by_then = |time: Option<Time>| time.filter(|time| *time <= at);
    for one in known {
        sights.extend(one.builds.iter().map(|seen| Sight {
            seen,
            known: one,
            from: by_then(seen.from),
            to: by_then(seen.to),
            meets: meets(&seen.build),
        }));
    }
    let mut weighed = Weighed::default();
    let open = sights.iter().filter(|sight| sight.meets == Some(false));
    let open = open.filter_map(|sight| Some((sight.last()?, sight))).max_by_key(|(last, _)| *last);
    if let Some((at, sight)) = &open {
        let shows = sight.says("build_open", *at);
        weighed.against = Some(Against { at: Some(*at), shows, proof: sight.proof() });
    }
    let open_until = open.map(|(at, _)| at);
    let after = |time: &Time| open_until.is_none_or(|open| *time > open);
    let met = sights.iter().filter(|sight| sight.meets == Some(true));
    let first = |sight: &Sight<'_>| sight.from.filter(after).or(sight.to.filter(after));
    let met = met.filter_map(|sight| Some((first(sight)?, sight))).min_by_key(|(first, _)| *first);
    if let Some((since, sight)) = met {
        let shows = sight.says("build_meets", since);
        weighed.done = Some(Done { since, shows, proof: sight.proof() });
    }
    if sights.is_empty() && !known.is_empty() {
        weighed.notes.push(Statement::new("no_build"));
    }
    for note in sights.iter().filter_map(Sight::passed_over) {
        if !weighed.notes.contains(&note) {
            weighed.notes.push(note);
        }
    }
    weighed
}

fn of_pack<'a>(known: &[&'a Known], pack: &str) -> Vec<(&'a Known, &'a KnownPack)> {
    known.iter().filter_map(|one| Some((*one, one.packs.iter().find(|known| known.pack == pack)?))).collect()
}

/// The proof that is an assessment as a whole.
fn whole(known: &Known) -> StatusProof {
    StatusProof { assessment: known.path.clone(), ..StatusProof::default() }
}

/// Every day of the span has to be covered for every way in, by any of the assessments; days on which the server was
/// provably not at risk need no cover.
fn triage(known: &[&Known], pack: &str, ways: &[String], span: (Day, Day)) -> Weighed {
    let mut weighed = Weighed::default();
    let mut asked = of_pack(known, pack);
    asked.sort_by_key(|(one, _)| one.dated);
    let Some((last, _)) = asked.last() else {
        if !known.is_empty() {
            weighed.notes.push(Statement::new("pack_not_asked").with("pack", pack));
        }
        return weighed;
    };
    if let Some((one, _)) = whole_with(&asked, ways, span).and_then(|index| asked.get(index)) {
        let shows = Statement::new("triage_covered").with("from", span.0).with("to", span.1);
        if let Some(since) = one.dated {
            weighed.done = Some(Done { since, shows, proof: whole(one) });
        }
        return weighed;
    }
    let lacking: Vec<(&str, Day, Day)> = ways.iter().flat_map(|way| lacking(&asked, way, span)).collect();
    let say = |(way, from, to): &(&str, Day, Day)| {
        Statement::new("triage_lacking").with("way", way).with("from", from).with("to", to)
    };
    weighed.notes.extend(lacking.iter().skip(1).take(LACKING_MAX - 1).map(say));
    if let Some(shows) = lacking.first().map(say) {
        weighed.against = Some(Against { at: None, shows, proof: whole(last) });
    }
    weighed
}

/// The first assessment with which, and those before it, every day is covered for every way in; none when days lack.
fn whole_with(asked: &[(&Known, &KnownPack)], ways: &[String], span: (Day, Day)) -> Option<usize> {
    let mut needed = 0;
    for way in ways {
        for day in span.0.through(span.1).take(SPAN_DAYS_MAX) {
            needed = needed.max(asked.iter().position(|(_, pack)| covered(pack, way, day))?);
        }
    }
    Some(needed)
}

/// Runs of days of the span that no assessment covers for a way in.
fn lacking<'a>(asked: &[(&Known, &KnownPack)], way: &'a str, span: (Day, Day)) -> Vec<(&'a str, Day, Day)> {
    let mut found: Vec<(&str, Day, Day)> = Vec::new();
    for day in span.0.through(span.1).take(SPAN_DAYS_MAX) {
        if asked.iter().any(|(_, pack)| covered(pack, way, day)) {
            continue;
        }
        match found.last_mut() {
            Some((_, _, to)) if to.next() == day => *to = day,
            _ => found.push((way, day, day)),
        }
    }
    found
}

fn covered(pack: &KnownPack, way: &str, day: Day) -> bool {
    let within = |run: &&CoverageRun| run.from <= day && day <= run.to;
    let Some(way) = pack.ways.iter().find(|known| known.way == way) else { return false };
    if let Some(run) = way.runs.iter().find(within) {
        return run.state == DayState::Covered;
    }
    // A day outside the days at risk needs no cover, where that they are these rests on evidence.
    let outside = match pack.risk {
        Some((from, to)) => day < from || to < day,
        None => pack.verdict == Verdict::NotExposed,
    };
    pack.stated == Stated::No && outside
}

fn result(known: &[&Known], pack: &str) -> Weighed {
    let mut weighed = Weighed::default();
    let asked = of_pack(known, pack);
    if asked.is_empty() && !known.is_empty() {
        weighed.notes.push(Statement::new("pack_not_asked").with("pack", pack));
    }
    for (one, of_pack) in asked {
        let proof = whole(one);
        match of_pack.verdict {
            Verdict::Compromised => {
                let shows = Statement::new("found_compromised").with("pack", pack);
                weighed.against = Some(Against { at: None, shows, proof });
            }
            Verdict::NoEvidence | Verdict::NotExposed if of_pack.stated == Stated::No => {
                let shows = Statement::new("found_nothing").with("pack", pack);
                let earlier = weighed.done.as_ref().map(|done| done.since);
                if let Some(since) = one.dated.filter(|dated| earlier.is_none_or(|earlier| *dated < earlier))
                {
                    weighed.done = Some(Done { since, shows, proof });
                }
            }
            Verdict::PresumedCompromised
            | Verdict::Attempted
            | Verdict::InsufficientEvidence
            | Verdict::NoEvidence
            | Verdict::NotExposed => {
                let note = Statement::new("found_otherwise").with("pack", pack);
                weighed.notes.push(note.with("verdict", of_pack.verdict.word()));
            }
        }
    }
    // What one assessment found, another that saw less does not take back.
    if weighed.against.is_some() {
        weighed.done = None;
    }
    weighed
}

/// That nobody from outside was answered proves nothing: logs may lack. That somebody was proves that it was reachable.
fn disconnected(known: &[&Known]) -> Weighed {
    let last = known.iter().filter_map(|one| Some((one.outside_until?, one))).max_by_key(|(when, _)| *when);
    let against = last.map(|(when, one)| Against {
        at: Some(when),
        shows: Statement::new("outside_answered").with("when", when),
        proof: whole(one),
    });
    Weighed { against, ..Weighed::default() }
}

fn logs_kept(known: &[&Known], days: u32, stream: &str) -> Weighed {
    let mut weighed = Weighed::default();
    for one in known {
        let spans = one.streams.iter().filter(|(name, ..)| name == stream);
        for (from, to) in spans.filter_map(|(_, first, last)| first.zip(*last)) {
            let reach = u32::try_from(to.day().0.saturating_sub(from.day().0).max(0)).unwrap_or(0);
            let shows = Statement::new("logs_reach").with("days", reach).with("stream", stream);
            if reach >= days && weighed.done.is_none() {
                weighed.done = Some(Done { since: to, shows, proof: whole(one) });
            } else if reach < days {
                weighed.notes.push(shows);
            }
        }
    }
    weighed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_met_by_its_own_update_or_a_later_one() {
        let least = ["15.1.2507.55", "15.2.1544.25", "15.2.1748.24"].map(|one| Build::parse(one).unwrap());
        for (build, meets) in [
            ("15.1.2507.55", true),
            ("15.1.2507.44", false),
            ("15.1.2375.38", false),
            ("15.2.1544.25", true),
            ("15.2.1544.14", false),
            ("15.2.1748.23", false),
            ("15.2.1748.26", true),
            ("15.2.2562.17", true),
            ("15.2.1258.39", false),
            ("15.0.1497.48", false),
        ] {
            assert_eq!(at_least(Build::parse(build).unwrap(), &least), meets, "{build}");
        }
        assert!(!at_least(least[0], &[]), "where nothing is asked, nothing is met");
    }
}
