//! Reads `directives/<id>.toml`, strictly: unknown keys, unknown names, builds that are none, demands that ask for nothing
//! and impossible dates are errors with their place. The names that packs and tables explain (campaigns, ways in, streams,
//! CVEs) are not known here: a test of the program holds those of every bundled directive against them.
//!
//! # A directive
//! `id` (the file's name), `version` (a date), `title`, `issuer`, `summary`, `scope`, `issued`, `[[group]]`, `[[action]]`,
//! `[[supplement]]` with `[[supplement.change]]`, `[closed]`, `[[report]]`, `[[unverified]]`, `references`. Every text is
//! `{ en, fr }`; every moment is `{ at, zone }`, where a date alone means its first moment for what begins and its last
//! for a deadline. An action that a supplement brought names it in `since`. `[kev]` makes one action of each line of a
//! table of dues (see `table`).

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use vigie_model::Day;
use vigie_model::directive::{
    Action, Closure, Condition, Directive, Evidence, Group, Moment, Order, Per, Supplement,
};
use vigie_model::pack::Text;

use crate::error::{Mistake, Mistakes};
use crate::table;
use crate::weigh::SPAN_DAYS_MAX;
use crate::zone::{self, DayMeans};

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

const SEE: &str = "see the top of load.rs for the format";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDirective {
    id: Spanned<String>,
    version: Day,
    title: Text,
    issuer: Text,
    summary: Text,
    scope: Text,
    issued: RawMoment,
    closed: Option<RawClosure>,
    #[serde(default)]
    group: Vec<RawGroup>,
    #[serde(default)]
    action: Vec<RawAction>,
    #[serde(default)]
    supplement: Vec<RawSupplement>,
    kev: Option<RawKev>,
    #[serde(default)]
    report: Vec<Text>,
    #[serde(default)]
    unverified: Vec<Text>,
    references: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMoment {
    at: Spanned<String>,
    zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClosure {
    at: Spanned<String>,
    zone: String,
    note: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    id: String,
    title: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAction {
    id: Spanned<String>,
    since: Option<Spanned<String>>,
    title: Text,
    detail: Text,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
    applies: Option<Spanned<Condition>>,
    #[serde(default)]
    also_groups: Vec<Spanned<String>>,
    #[serde(default)]
    per: Per,
    evidence: Spanned<Evidence>,
    #[serde(default)]
    released_by: Vec<Spanned<String>>,
    due: Option<RawMoment>,
    unverified: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSupplement {
    id: String,
    title: Text,
    issued: RawMoment,
    #[serde(default)]
    change: Vec<RawChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChange {
    action: Spanned<String>,
    due: RawMoment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKev {
    pub(crate) table: Spanned<String>,
    pub(crate) zone: String,
    pub(crate) title: Text,
    pub(crate) detail: Text,
    pub(crate) unverified: Text,
}

/// The ids of the bundled directives, in order.
pub fn bundled_ids() -> Vec<&'static str> {
    BUNDLED.iter().filter_map(|(name, _)| name.strip_suffix(".toml")).collect()
}

/// Every bundled directive, in the order of their issue.
///
/// # Errors
/// Every mistake of every file: the files are embedded, and a test reads them.
pub fn bundled() -> Result<Vec<Directive>, Mistakes> {
    let mut directives = Vec::new();
    let mut mistakes = Vec::new();
    for (name, text) in BUNDLED.iter().filter(|(name, _)| name.strip_suffix(".toml").is_some()) {
        match read(name, text) {
            Ok(directive) => directives.push(directive),
            Err(Mistakes(found)) => mistakes.extend(found),
        }
    }
    directives.sort_by(|a, b| (a.issued.time, &a.id).cmp(&(b.issued.time, &b.id)));
    if mistakes.is_empty() { Ok(directives) } else { Err(Mistakes(mistakes)) }
}

/// The text of a bundled file.
pub(crate) fn bundled_file(name: &str) -> Option<&'static str> {
    BUNDLED.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
}

/// Reads one directive; `name` is its file's, `ed-21-02.toml`.
///
/// # Errors
/// Every mistake with its line and column.
pub fn read(name: &str, text: &str) -> Result<Directive, Mistakes> {
    let path = format!("directives/{name}");
    let raw: RawDirective = toml::from_str(text).map_err(|error| {
        let byte = error.span().map_or(0, |span| span.start);
        Mistakes::from(Mistake::at(&path, text, byte, error.message(), SEE))
    })?;
    let mut reader = Reader { path, text, mistakes: Vec::new() };
    let directive = reader.directive(name, raw);
    if reader.mistakes.is_empty() {
        return Ok(directive);
    }
    reader.mistakes.sort();
    Err(Mistakes(reader.mistakes))
}

/// One file while its names and moments are checked.
pub(crate) struct Reader<'a> {
    pub(crate) path: String,
    pub(crate) text: &'a str,
    pub(crate) mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    pub(crate) fn wrong(&mut self, byte: usize, message: impl Into<String>, hint: &str) {
        self.mistakes.push(Mistake::at(&self.path, self.text, byte, message, hint));
    }

    fn moment(&mut self, at: &Spanned<String>, zone: &str, means: DayMeans) -> Moment {
        zone::moment(at.get_ref(), zone, means).unwrap_or_else(|message| {
            self.wrong(
                at.span().start,
                message,
                "write 2021-03-05T12:00:00 or 2021-03-05, and the zone's name",
            );
            Moment { text: String::new(), zone: String::new(), time: vigie_model::Time::MIN }
        })
    }

    fn directive(&mut self, name: &str, raw: RawDirective) -> Directive {
        if Some(raw.id.get_ref().as_str()) != name.strip_suffix(".toml") {
            let message = format!("the directive calls itself `{}`, its file `{name}`", raw.id.get_ref());
            self.wrong(raw.id.span().start, message, "give both the same name");
        }
        let issued = self.moment(&raw.issued.at, &raw.issued.zone, DayMeans::Start);
        let closed = raw.closed.map(|closed| Closure {
            at: self.moment(&closed.at, &closed.zone, DayMeans::Start),
            note: closed.note,
        });
        let (supplements, changes) = self.supplements(raw.supplement);
        self.names(&raw.action, &raw.group, &supplements);
        let mut actions: Vec<Action> =
            raw.action.into_iter().map(|action| self.action(action, &issued, &supplements)).collect();
        self.changes(changes, &mut actions);
        if let Some(kev) = &raw.kev {
            actions.extend(table::actions(kev, self));
        }
        Directive {
            id: raw.id.into_inner(),
            version: raw.version,
            title: raw.title,
            issuer: raw.issuer,
            summary: raw.summary,
            scope: raw.scope,
            issued,
            closed,
            groups: raw.group.into_iter().map(|group| Group { id: group.id, title: group.title }).collect(),
            actions,
            supplements,
            report_items: raw.report,
            unverified: raw.unverified,
            references: raw.references,
        }
    }

    fn supplements(&mut self, raw: Vec<RawSupplement>) -> (Vec<Supplement>, Vec<(Supplement, RawChange)>) {
        let mut supplements = Vec::new();
        let mut changes = Vec::new();
        for one in raw {
            let issued = self.moment(&one.issued.at, &one.issued.zone, DayMeans::Start);
            let supplement = Supplement { id: one.id, issued, title: one.title };
            changes.extend(one.change.into_iter().map(|change| (supplement.clone(), change)));
            supplements.push(supplement);
        }
        (supplements, changes)
    }

    /// Every name that an action uses has to be there.
    fn names(&mut self, actions: &[RawAction], groups: &[RawGroup], supplements: &[Supplement]) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for action in actions {
            let id = action.id.get_ref();
            if !seen.insert(id) {
                self.wrong(action.id.span().start, format!("two actions are called `{id}`"), "rename one");
            }
        }
        for action in actions {
            for group in action.groups.iter().chain(&action.also_groups) {
                if !groups.iter().any(|known| known.id == *group.get_ref()) {
                    let message = format!("no group is called `{}`", group.get_ref());
                    self.wrong(group.span().start, message, "use the id of a [[group]]");
                }
            }
            for other in &action.released_by {
                if !seen.contains(other.get_ref().as_str()) {
                    let message = format!("no action is called `{}`", other.get_ref());
                    self.wrong(other.span().start, message, "use the id of an [[action]]");
                }
            }
            if let Some(since) = &action.since
                && !supplements.iter().any(|known| known.id == *since.get_ref())
            {
                let message = format!("no supplement is called `{}`", since.get_ref());
                self.wrong(since.span().start, message, "use the id of a [[supplement]]");
            }
        }
    }

    fn action(&mut self, raw: RawAction, issued: &Moment, supplements: &[Supplement]) -> Action {
        self.demands(&raw);
        let since = raw.since.map(Spanned::into_inner);
        let by = supplements.iter().find(|one| Some(&one.id) == since.as_ref());
        let from = by.map_or(issued.time, |one| one.issued.time);
        let due = raw.due.map(|due| self.moment(&due.at, &due.zone, DayMeans::End));
        let plain = |names: Vec<Spanned<String>>| names.into_iter().map(Spanned::into_inner).collect();
        Action {
            id: raw.id.into_inner(),
            title: raw.title,
            detail: raw.detail,
            groups: plain(raw.groups),
            applies: raw.applies.map(Spanned::into_inner).unwrap_or_default(),
            also_groups: plain(raw.also_groups),
            per: raw.per,
            evidence: raw.evidence.into_inner(),
            released_by: plain(raw.released_by),
            orders: vec![Order { from, supplement: since, due }],
            unverified: raw.unverified,
        }
    }

    /// A demand that asks for nothing would be met by everybody.
    fn demands(&mut self, raw: &RawAction) {
        if let Some(applies) = &raw.applies
            && matches!(applies.get_ref(), Condition::Below { builds } if builds.is_empty())
        {
            self.wrong(applies.span().start, "`builds` is empty", "name at least one build");
        }
        let (message, hint) = match raw.evidence.get_ref() {
            Evidence::Fixed { cves } if cves.is_empty() => ("`cves` is empty", "name at least one CVE"),
            Evidence::AtLeast { builds } | Evidence::NotBelow { builds } if builds.is_empty() => {
                ("`builds` is empty", "name at least one build")
            }
            Evidence::Triage { ways, .. } if ways.is_empty() => {
                ("`ways` is empty", "name at least one way in of the pack")
            }
            Evidence::Triage { from, to, .. } if !spans_days(*from, *to) => {
                ("`from` and `to` are no span of days", "from the first to the last day, three years at most")
            }
            Evidence::LogsKept { days: 0, .. } => ("`days` is 0", "logs of how many days are to be kept?"),
            Evidence::Fixed { .. }
            | Evidence::AtLeast { .. }
            | Evidence::NotBelow { .. }
            | Evidence::Triage { .. }
            | Evidence::Result { .. }
            | Evidence::Disconnected
            | Evidence::LogsKept { .. }
            | Evidence::Declared => return,
        };
        self.wrong(raw.evidence.span().start, message, hint);
    }

    fn changes(&mut self, changes: Vec<(Supplement, RawChange)>, actions: &mut [Action]) {
        for (supplement, change) in changes {
            let due = self.moment(&change.due.at, &change.due.zone, DayMeans::End);
            let order =
                Order { from: supplement.issued.time, supplement: Some(supplement.id), due: Some(due) };
            let found = actions.iter_mut().find(|action| action.id == *change.action.get_ref());
            if let Some(action) = found {
                action.orders.push(order);
            } else {
                let message = format!("no action is called `{}`", change.action.get_ref());
                self.wrong(change.action.span().start, message, "use the id of an [[action]]");
            }
        }
        for action in actions {
            action.orders.sort_by_key(|order| order.from);
        }
    }
}

/// Whether there is at least one day between two, and no more than are looked at.
fn spans_days(from: Day, to: Day) -> bool {
    usize::try_from(i64::from(to.0) - i64::from(from.0)).is_ok_and(|days| days < SPAN_DAYS_MAX)
}
