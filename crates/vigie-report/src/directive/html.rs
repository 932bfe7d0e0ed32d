//! The status of directives as a page that works offline, in the frame of the reports.

use std::io;

use vigie_model::directive::{
    ActionResult, DirectiveReport, DirectiveResult, OrganisationResult, SetAside, Status, StatusProof,
};

use super::{
    because, due, host, names, open_and_rest, ordered, organisation, proof, state, status, status_gloss,
};
use crate::catalog::{self, fill};
use crate::escape::{clip, shown};
use crate::markup::Page;
use crate::render::html::shell;
use crate::{Style, tell};

/// Contradictions, organisations and things set aside on the page; the JSON holds them all.
const ROWS_MAX: usize = 2_000;
/// Servers told under one action.
const SERVERS_MAX: usize = 50;
/// Characters of a value.
const VALUE_MAX: usize = 300;

/// Writes it.
pub fn html(report: &DirectiveReport, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = style.lang;
    let count = report.directives.iter().map(|one| one.organisations.len()).max().unwrap_or(0);
    let organisations = tell::counted(lang, "directive.organisation_count", count as u64);
    let title = fill(lang, "directive.title", &[("organisations", &organisations)]);
    let frame = shell::Frame { lang, title: &title, tlp: &report.tlp };
    let mut page = Page::default();
    shell::document(&frame, &mut page, |page| {
        page.within("section", &[("class", "part")], |page| {
            page.leaf("h1", &[], &title);
            let lead = fill(lang, "directive.lead", &[("when", &tell::moment(lang, report.at))]);
            page.leaf("p", &[("class", "intro")], &lead);
        });
        for directive in &report.directives {
            page.within("section", &[("class", "part")], |page| of_directive(directive, style, page));
        }
        if !report.set_aside.is_empty() {
            page.within("section", &[("class", "part")], |page| set_aside(&report.set_aside, style, page));
        }
    });
    out.write_all(page.into_string().as_bytes())
}

fn of_directive(directive: &DirectiveResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    page.leaf("h2", &[], &tell::local(lang, &directive.title));
    page.leaf("p", &[("class", "intro")], state(lang, directive.state));
    if directive.actions.is_empty() {
        return;
    }
    if directive.organisations.is_empty() {
        page.leaf("p", &[], catalog::text(lang, "directive.none"));
        return;
    }
    tiles(directive, style, page);
    contradictions(directive, style, page);
    page.leaf("h3", &[], catalog::text(lang, "directive.organisations"));
    let columns =
        ["directive.col_organisation", "directive.col_status", "directive.col_open", "directive.col_done"];
    page.within("div", &[("class", "servers")], |page| {
        shell::table(lang, &columns, page, |page| {
            for one in directive.organisations.iter().take(ROWS_MAX) {
                row(directive, one, style, page);
            }
        });
    });
    more(directive.organisations.len(), style, page);
    orders(directive, style, page);
}

fn tiles(directive: &DirectiveResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    let all: u64 = directive.counts.iter().map(|count| count.count).sum();
    let label = tell::counted(lang, "directive.pair_count", all);
    page.within("ul", &[("class", "tiles"), ("aria-label", &label)], |page| {
        for count in &directive.counts {
            let key = [("class", count.status.key()), ("title", status_gloss(lang, count.status))];
            page.within("li", &key, |page| {
                page.leaf("strong", &[], &tell::count(lang, count.count));
                page.text(status(lang, count.status));
            });
        }
    });
    page.leaf("p", &[("class", "small")], &label);
}

fn more(all: usize, style: &Style, page: &mut Page) {
    if let Some(more) = all.checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        page.leaf("p", &[("class", "small")], &tell::counted(style.lang, "directive.more", more as u64));
    }
}

fn contradictions(directive: &DirectiveResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    page.leaf("h3", &[], catalog::text(lang, "directive.contradictions"));
    if directive.contradictions.is_empty() {
        page.leaf("p", &[], catalog::text(lang, "directive.contradictions_none"));
        return;
    }
    page.leaf("p", &[("class", "intro")], catalog::text(lang, "directive.contradictions_intro"));
    let columns = [
        "directive.col_organisation",
        "directive.col_server",
        "directive.col_action",
        "directive.col_declared",
        "directive.col_shows",
    ];
    shell::table(lang, &columns, page, |page| {
        for one in directive.contradictions.iter().take(ROWS_MAX) {
            page.within("tr", &[], |page| {
                page.leaf("td", &[], &clip(organisation(lang, &one.organisation), VALUE_MAX));
                page.leaf("td", &[], &clip(host(lang, &one.host), VALUE_MAX));
                page.leaf("td", &[], &one.action);
                page.leaf("td", &[], &tell::moment(lang, one.declared));
                page.within("td", &[], |page| {
                    page.text(&tell::sentence(lang, "reason", &one.shows, shown));
                    let stands = if one.stands { "directive.stands" } else { "directive.past" };
                    page.leaf("span", &[("class", "small")], catalog::text(lang, stands));
                    page.leaf("span", &[("class", "code small")], &place(&one.proof));
                });
            });
        }
    });
    more(directive.contradictions.len(), style, page);
}

fn place(proof: &StatusProof) -> String {
    let parts = [&proof.assessment, &proof.path, &proof.place];
    let parts: Vec<String> =
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| clip(part, VALUE_MAX)).collect();
    parts.join(", ")
}

fn chip(one: Status, style: &Style, page: &mut Page) {
    let class = format!("chip {}", one.key());
    page.leaf("span", &[("class", &class)], status(style.lang, one));
}

fn row(directive: &DirectiveResult, one: &OrganisationResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    let (open, rest) = open_and_rest(&one.actions);
    page.within("tr", &[], |page| {
        page.within("td", &[], |page| {
            page.text(&clip(organisation(lang, &one.organisation), VALUE_MAX));
            if !one.group.is_empty() {
                page.leaf("span", &[("class", "small")], &one.group);
            }
        });
        page.within("td", &[], |page| chip(one.worst, style, page));
        page.within("td", &[], |page| {
            page.within("ul", &[("class", "plain orders")], |page| {
                for action in open {
                    page.within("li", &[], |page| of_action(directive, action, style, page));
                }
            });
        });
        page.within("td", &[], |page| {
            for group in rest.chunk_by(|a, b| a.status == b.status) {
                let Some(first) = group.first() else { continue };
                page.within("details", &[], |page| {
                    page.within("summary", &[], |page| {
                        chip(first.status, style, page);
                        page.text(&format!(" {}", group.len()));
                    });
                    if first.status == Status::NotDue {
                        page.leaf("p", &[("class", "small")], &names(lang, group));
                    } else {
                        for action in group {
                            page.within("p", &[("class", "small")], |page| told(action, style, page));
                        }
                    }
                });
            }
        });
    });
}

/// What is open: the action with its deadline, and why for each server.
fn of_action(directive: &DirectiveResult, action: &ActionResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    chip(action.status, style, page);
    let title = ordered(directive, &action.action).map(|known| tell::local(lang, &known.title));
    page.leaf("strong", &[], &title.unwrap_or_else(|| action.action.clone()));
    let mut open = action.servers.iter().filter(|server| server.status <= Status::Due).peekable();
    let said = open.peek().is_some_and(|server| !server.host.is_empty() || !server.reasons.is_empty());
    if !said {
        return;
    }
    for server in open.take(SERVERS_MAX) {
        let why = because(lang, server, shown);
        let colon = if why.is_empty() { "" } else { ": " };
        let of = clip(host(lang, &server.host), VALUE_MAX);
        let line = format!("{of}{colon}{}", clip(&why, 2 * VALUE_MAX));
        page.leaf("span", &[("class", "small")], &line);
    }
}

/// What is done: the action, and what shows it on each server.
fn told(action: &ActionResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    page.leaf("strong", &[], &action.action);
    for server in action.servers.iter().take(SERVERS_MAX) {
        let why = because(lang, server, shown);
        let host = if server.host.is_empty() { String::new() } else { format!(" {}:", server.host) };
        page.text(&clip(&format!("{host} {why}"), 2 * VALUE_MAX));
    }
}

/// Each action with its deadline and what evidence can and cannot prove of it.
fn orders(directive: &DirectiveResult, style: &Style, page: &mut Page) {
    let lang = style.lang;
    page.within("details", &[("class", "quiet"), ("data-print", "open")], |page| {
        page.leaf("summary", &[], catalog::text(lang, "directive.actions"));
        let columns = ["directive.col_action", "directive.col_due", "directive.col_proof"];
        shell::table(lang, &columns, page, |page| {
            for action in &directive.actions {
                page.within("tr", &[], |page| {
                    page.within("td", &[], |page| {
                        page.text(&tell::local(lang, &action.title));
                        page.leaf("span", &[("class", "code small")], &action.id);
                    });
                    page.within("td", &[], |page| {
                        page.text(&due(lang, action));
                        let utc = action.due_utc.map(|time| tell::moment(lang, time)).unwrap_or_default();
                        page.leaf("span", &[("class", "small")], &utc);
                    });
                    page.within("td", &[], |page| {
                        page.text(&proof(lang, &action.evidence));
                        if let Some(unverified) = &action.unverified {
                            let label = super::label(lang, "directive.unverified");
                            let line = format!("{label} {}", tell::local(lang, unverified));
                            page.leaf("span", &[("class", "small")], &line);
                        }
                    });
                });
            }
        });
    });
}

fn set_aside(all: &[SetAside], style: &Style, page: &mut Page) {
    let lang = style.lang;
    page.leaf("h2", &[], catalog::text(lang, "directive.set_aside"));
    page.leaf("p", &[("class", "intro")], catalog::text(lang, "directive.set_aside_intro"));
    let columns = ["directive.col_source", "directive.col_server", "directive.col_why"];
    shell::table(lang, &columns, page, |page| {
        for one in all.iter().take(ROWS_MAX) {
            page.within("tr", &[], |page| {
                page.leaf("td", &[("class", "code")], &clip(&one.source, VALUE_MAX));
                page.leaf("td", &[], &clip(&one.host, VALUE_MAX));
                page.leaf("td", &[], &tell::sentence(lang, "reason", &one.reason, shown));
            });
        }
    });
    more(all.len(), style, page);
}
