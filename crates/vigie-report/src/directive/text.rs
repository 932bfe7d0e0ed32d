//! The status of directives for a terminal: counts, contradictions first, then organisation by organisation.

use std::io;

use vigie_model::directive::{
    ActionResult, Contradiction, DirectiveReport, DirectiveResult, OrganisationResult, SetAside, Status,
};

use super::{because, due, host, names, open_and_rest, ordered, organisation, state, status};
use crate::catalog::{self, fill};
use crate::escape::{clip, name, shown};
use crate::render::text::wrap;
use crate::{Color, Lang, Style, tell};

/// Things set aside that are told; the JSON holds them all.
const SET_ASIDE_MAX: usize = 20;
/// Servers named under one action.
const SERVERS_MAX: usize = 8;
/// Characters of a name.
const NAME_MAX: usize = 60;

/// Writes it.
pub fn text(report: &DirectiveReport, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = style.lang;
    let when = tell::moment(lang, report.at);
    let mut lines = vec![fill(lang, "directive.as_known", &[("when", &when)])];
    for directive in &report.directives {
        of_directive(directive, style, &mut lines);
    }
    set_aside(&report.set_aside, style, &mut lines);
    let mut text = lines.join("\n");
    text.push('\n');
    out.write_all(text.as_bytes())
}

fn paint(style: &Style, status: Status, text: &str) -> String {
    let code = match status {
        Status::Contradicted | Status::Late => "31",
        Status::Due | Status::DeclaredOnly => "33",
        Status::Proven | Status::Exempt => "32",
        Status::NotDue => return text.to_owned(),
    };
    match style.color {
        Color::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Color::Never => text.to_owned(),
    }
}

fn of_directive(directive: &DirectiveResult, style: &Style, lines: &mut Vec<String>) {
    let lang = style.lang;
    lines.push(String::new());
    let title = tell::local(lang, &directive.title);
    lines.push(format!("{}: {title} ({})", directive.id, state(lang, directive.state)));
    if directive.actions.is_empty() {
        return;
    }
    if directive.organisations.is_empty() {
        lines.push(format!("  {}", catalog::text(lang, "directive.none")));
        return;
    }
    for count in directive.counts.iter().filter(|count| count.count > 0) {
        let word = paint(style, count.status, status(lang, count.status));
        lines.push(format!("{:>7}  {word}", tell::count(lang, count.count)));
    }
    lines.push(String::new());
    lines.push(catalog::text(lang, "directive.contradictions").to_uppercase());
    if directive.contradictions.is_empty() {
        lines.push(format!("  {}", catalog::text(lang, "directive.contradictions_none")));
    }
    for one in &directive.contradictions {
        contradiction(one, style, lines);
    }
    lines.push(String::new());
    lines.push(catalog::text(lang, "directive.organisations").to_uppercase());
    for one in &directive.organisations {
        of_organisation(directive, one, style, lines);
    }
}

/// Lines under a first one, indented.
fn push(text: &str, indent: usize, style: &Style, lines: &mut Vec<String>) {
    let room = style.width.clamp(60, 200).saturating_sub(indent);
    for line in wrap(text, room) {
        lines.push(format!("{:indent$}{line}", ""));
    }
}

fn contradiction(one: &Contradiction, style: &Style, lines: &mut Vec<String>) {
    let lang = style.lang;
    let when = fill(lang, "directive.declared_on", &[("when", &tell::moment(lang, one.declared))]);
    let stands = if one.stands { "directive.stands" } else { "directive.past" };
    let head = format!(
        "{} / {}: {}, {when} ({})",
        clip(&name(organisation(lang, &one.organisation)), NAME_MAX),
        clip(&name(host(lang, &one.host)), NAME_MAX),
        one.action,
        catalog::text(lang, stands)
    );
    push(&head, 2, style, lines);
    push(&tell::sentence(lang, "reason", &one.shows, shown), 6, style, lines);
    let proof = [&one.proof.assessment, &one.proof.path, &one.proof.place];
    let proof: Vec<String> =
        proof.into_iter().filter(|part| !part.is_empty()).map(|part| name(part)).collect();
    push(&proof.join(", "), 6, style, lines);
}

fn of_organisation(
    directive: &DirectiveResult,
    one: &OrganisationResult,
    style: &Style,
    lines: &mut Vec<String>,
) {
    let lang = style.lang;
    let group = if one.group.is_empty() { String::new() } else { format!(" ({})", one.group) };
    lines.push(String::new());
    lines.push(format!("{}{group}", clip(&name(organisation(lang, &one.organisation)), NAME_MAX)));
    let (open, rest) = open_and_rest(&one.actions);
    for action in open {
        of_action(directive, action, style, lines);
    }
    for group in rest.chunk_by(|a, b| a.status == b.status) {
        let Some(first) = group.first() else { continue };
        let word = status(lang, first.status);
        let line = format!("{}: {}", paint(style, first.status, word), names(lang, group));
        push(&line, 2, style, lines);
    }
}

fn of_action(directive: &DirectiveResult, action: &ActionResult, style: &Style, lines: &mut Vec<String>) {
    let lang = style.lang;
    let by = ordered(directive, &action.action)
        .filter(|ordered| !ordered.due.is_empty())
        .map(|ordered| fill(lang, "directive.due_by", &[("due", &due(lang, ordered))]))
        .map(|by| format!(" ({by})"))
        .unwrap_or_default();
    let word = paint(style, action.status, status(lang, action.status));
    push(&format!("{word}: {}{by}", action.action), 2, style, lines);
    let open = action.servers.iter().filter(|server| server.status <= Status::Due);
    for server in open.clone().take(SERVERS_MAX) {
        let why = because(lang, server, shown);
        let of = clip(&name(host(lang, &server.host)), NAME_MAX);
        match (why.is_empty(), server.host.is_empty()) {
            (true, true) => {}
            (true, false) => push(&of, 6, style, lines),
            (false, _) => push(&format!("{of}: {why}"), 6, style, lines),
        }
    }
    more(lang, open.count(), SERVERS_MAX, lines);
}

fn more(lang: Lang, all: usize, told: usize, lines: &mut Vec<String>) {
    if let Some(more) = all.checked_sub(told).filter(|more| *more > 0) {
        lines.push(format!("      {}", tell::counted(lang, "directive.more", more as u64)));
    }
}

fn set_aside(all: &[SetAside], style: &Style, lines: &mut Vec<String>) {
    let lang = style.lang;
    if all.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(catalog::text(lang, "directive.set_aside").to_uppercase());
    for one in all.iter().take(SET_ASIDE_MAX) {
        let host = if one.host.is_empty() { String::new() } else { format!(" ({})", name(&one.host)) };
        let why = tell::sentence(lang, "reason", &one.reason, shown);
        push(&format!("{}{host}: {why}", name(&one.source)), 2, style, lines);
    }
    more(lang, all.len(), SET_ASIDE_MAX, lines);
}
