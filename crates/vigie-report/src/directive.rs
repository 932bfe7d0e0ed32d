//! Directives for people and programs: what is ordered, and who has done what of it.

mod html;
mod order;
mod text;

use std::io;

use vigie_model::directive::{
    ActionInForce, ActionResult, DirectiveReport, DirectiveResult, DirectiveState, InTime, ServerResult,
    Status,
};

use crate::catalog::{self, fill};
use crate::escape;
use crate::{Lang, tell};

pub use html::html;
pub use order::{list, show};
pub use text::text;

/// The status as JSON: values raw.
pub fn json(report: &DirectiveReport, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

fn status(lang: Lang, status: Status) -> &'static str {
    catalog::find(lang, &format!("status.{}.word", status.key())).unwrap_or(status.word())
}

fn status_gloss(lang: Lang, status: Status) -> &'static str {
    catalog::find(lang, &format!("status.{}.gloss", status.key())).unwrap_or(status.word())
}

fn state(lang: Lang, state: DirectiveState) -> &'static str {
    match state {
        DirectiveState::NotIssued => catalog::text(lang, "directive.not_issued"),
        DirectiveState::InForce => catalog::text(lang, "directive.in_force"),
        DirectiveState::Closed => catalog::text(lang, "directive.closed"),
    }
}

/// What evidence can prove of a kind.
fn proof(lang: Lang, key: &str) -> String {
    catalog::find(lang, &format!("proof.{key}")).map_or_else(|| escape::visible(key), str::to_owned)
}

fn in_time(lang: Lang, in_time: Option<InTime>) -> Option<&'static str> {
    match in_time? {
        InTime::Yes => None,
        InTime::No => Some(catalog::text(lang, "directive.late_done")),
        InTime::CannotTell => Some(catalog::text(lang, "directive.time_unknown")),
    }
}

/// The deadline in the words of the order, `5 March 2021, 12:00 EST`.
fn due(lang: Lang, action: &ActionInForce) -> String {
    if action.due.is_empty() {
        return catalog::text(lang, "directive.no_deadline").to_owned();
    }
    let (wall, zone) = action.due.rsplit_once(' ').unwrap_or((&action.due, ""));
    let (day, clock) = wall.split_once('T').unwrap_or((wall, ""));
    let day = vigie_model::Day::parse(day).map_or_else(|| day.to_owned(), |day| tell::date(lang, day));
    match clock.get(..5) {
        Some(clock) => format!("{day}, {clock}\u{a0}{zone}"),
        None => format!("{day} ({zone})"),
    }
}

fn organisation(lang: Lang, name: &str) -> &str {
    if name.is_empty() { catalog::text(lang, "directive.no_owner") } else { name }
}

fn host(lang: Lang, name: &str) -> &str {
    if name.is_empty() { catalog::text(lang, "directive.whole") } else { name }
}

/// The first reason of a server's status, and whether it was in time.
fn because(lang: Lang, server: &ServerResult, escape: fn(&str) -> String) -> String {
    let mut told: Vec<String> =
        server.reasons.iter().map(|reason| tell::sentence(lang, "reason", reason, escape)).collect();
    told.extend(in_time(lang, server.in_time).map(str::to_owned));
    if !server.note.is_empty() {
        told.push(fill(lang, "directive.note", &[("note", &escape(&server.note))]));
    }
    told.join(" ")
}

/// A label and its colon, which French sets apart.
fn label(lang: Lang, key: &'static str) -> String {
    let colon = match lang {
        Lang::En => ":",
        Lang::Fr => "\u{a0}:",
    };
    format!("{}{colon}", catalog::text(lang, key))
}

/// The names of actions, each with what has to be said of its time.
fn names(lang: Lang, actions: &[&ActionResult]) -> String {
    let name = |action: &&ActionResult| match in_time(lang, action.in_time) {
        Some(late) => format!("{} ({late})", action.action),
        None => action.action.clone(),
    };
    actions.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The action as it is ordered.
fn ordered<'a>(directive: &'a DirectiveResult, action: &str) -> Option<&'a ActionInForce> {
    directive.actions.iter().find(|known| known.id == action)
}

/// What of an organisation has to be looked at, and the rest.
fn open_and_rest(actions: &[ActionResult]) -> (Vec<&ActionResult>, Vec<&ActionResult>) {
    let mut open: Vec<&ActionResult> = Vec::new();
    let mut rest: Vec<&ActionResult> = Vec::new();
    for action in actions {
        match action.status {
            Status::Contradicted | Status::Late | Status::Due => open.push(action),
            Status::DeclaredOnly | Status::Proven | Status::Exempt | Status::NotDue => rest.push(action),
        }
    }
    open.sort_by_key(|action| action.status);
    rest.sort_by_key(|action| action.status);
    (open, rest)
}
